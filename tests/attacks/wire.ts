/** Bytes to a port as no client sends them, and what comes back. */
import { connect, type Socket } from "node:net";
import { sleep } from "../../cli/machine/run";

/** Where an attack goes. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** What came back, and how often: a status of HTTP (`400`) or gRPC (`grpc 3`), or how the connection stands (`closed`, `open`). */
export type Seen = Record<string, number>;

/** Adds what was seen elsewhere. */
export function add(seen: Seen, outcome: string, times = 1): void {
  seen[outcome] = (seen[outcome] ?? 0) + times;
}

/** An attack's connection: all that it received, and whether the other side has ended it. */
export class Wire {
  received = Buffer.alloc(0);
  ended = false;
  connected = false;
  private constructor(readonly socket: Socket) {}

  static open({ host, port }: Address): Wire {
    const wire = new Wire(connect({ host, port, noDelay: true }));
    wire.socket.on("connect", () => (wire.connected = true));
    wire.socket.on("data", (chunk: Buffer) => {
      // What an answer begins with is enough.
      if (wire.received.length < 256 * 1024) wire.received = Buffer.concat([wire.received, chunk]);
    });
    wire.socket.on("error", () => (wire.ended = true));
    wire.socket.on("end", () => (wire.ended = true));
    wire.socket.on("close", () => (wire.ended = true));
    return wire;
  }

  send(bytes: Buffer | string): void {
    if (!this.ended) this.socket.write(bytes);
  }

  /** Waits until the other side answers or ends the connection, or for so long, ms. */
  async settled(patience: number, enough: (received: Buffer) => boolean = (received) => received.length > 0): Promise<void> {
    const end = Date.now() + patience;
    while (!this.ended && !enough(this.received) && Date.now() < end) await sleep(10);
  }

  /** Waits until the other side has read most of what was sent, has ended the connection, or answers where that is `enough`; or until a time, ms. */
  async drained(until: number, enough: () => boolean = () => false): Promise<void> {
    while (this.socket.writableLength > 1 << 20 && !this.ended && !enough() && Date.now() < until) await sleep(30);
  }

  /** Whether anything has come back, or the connection has ended. */
  get over(): boolean {
    return this.ended || this.received.length > 0;
  }

  close(): void {
    this.socket.destroy();
  }
}

/** The statuses of the answers in what a server of HTTP/1.1 sent. */
export const statuses = (received: Buffer): string[] =>
  [...received.toString("latin1").matchAll(/(?:^|\n|\})HTTP\/1\.[01] (\d{3})/g)].map(([, status]) => status ?? "");

/** Sends bytes on a connection of their own; the statuses of all answers, or how the connection stands after `patience`, ms. */
export async function exchange(address: Address, bytes: Buffer | string, patience = 5000): Promise<string[]> {
  const wire = Wire.open(address);
  wire.send(bytes);
  await wire.settled(patience);
  // A second answer, where there is one, comes at once.
  await sleep(50);
  const found = statuses(wire.received);
  wire.close();
  if (found.length > 0) return found;
  return [wire.ended ? "closed" : "open"];
}

/** A request of HTTP/1.1. */
export function request(method: string, path: string, headers: readonly string[], body: Buffer = Buffer.alloc(0)): Buffer {
  const sized = headers.some((line) => /^(content-length|transfer-encoding):/i.test(line)) || body.length === 0;
  const lines = [`${method} ${path} HTTP/1.1`, "Host: attacked", ...headers, ...(sized ? [] : [`Content-Length: ${body.length}`])];
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), body]);
}

/** Does something a number of times, so many at once. */
export async function times(count: number, atOnce: number, work: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: Math.min(atOnce, count) }, async () => {
      while (next < count) await work(next++);
    }),
  );
}

/** What a flood of connections does on each. */
export interface Flood {
  readonly count: number;
  /** Sent when it is open. */
  readonly hello?: Buffer | string;
  /** Sent each second from then on. */
  readonly drip?: Buffer | string;
  /** How long they are held, seconds. */
  readonly seconds: number;
}

/** Opens connections and holds them; how many the other side has answered or ended, and how many it kept. */
export async function flood(address: Address, { count, hello, drip, seconds }: Flood): Promise<Seen> {
  const wires: Wire[] = [];
  for (let i = 0; i < count; i++) {
    const wire = Wire.open(address);
    if (hello !== undefined) wire.socket.once("connect", () => wire.send(hello));
    wires.push(wire);
    if (i % 250 === 249) await sleep(20);
  }
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    await sleep(1000);
    if (drip !== undefined) for (const wire of wires) wire.send(drip);
  }
  const seen: Seen = {};
  for (const wire of wires) {
    const [status] = statuses(wire.received);
    add(seen, status ?? (wire.ended ? "closed" : wire.connected ? "open" : "not connected"));
    wire.close();
  }
  return seen;
}
