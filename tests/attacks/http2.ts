/** Frames of HTTP/2, also those that no client sends. */
import { add, Wire, type Address, type Seen } from "./wire";

/** Types of frames. */
export const types = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goAway: 7, windowUpdate: 8, continuation: 9 } as const;

/** Flags of frames. */
export const flags = { endStream: 1, ack: 1, endHeaders: 4 } as const;

export function frame(type: number, flag: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flag, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

const number = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** A setting and its value. */
export function settings(...pairs: readonly (readonly [number, number])[]): Buffer {
  const payload = Buffer.concat(pairs.map(([id, value]) => Buffer.concat([Buffer.from([0, id]), number(value)])));
  return frame(types.settings, 0, 0, payload);
}

/** How a connection begins. */
export const hello = (...pairs: readonly (readonly [number, number])[]): Buffer =>
  Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), settings(...pairs)]);

/** A text of HPACK, without Huffman's code. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value, "latin1");
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) length.push((rest % 128) + 128);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}

/** Headers in HPACK: literal, or, with `indexed`, kept in the other side's table. */
export const headerBlock = (headers: readonly (readonly [string, string])[], indexed = false): Buffer =>
  Buffer.concat(headers.map(([name, value]) => Buffer.concat([Buffer.from([indexed ? 0x40 : 0]), text(name), text(value)])));

/** Reset of a stream, with CANCEL. */
export const reset = (stream: number): Buffer => frame(types.reset, 0, stream, number(8));

/** More room in a window. */
export const windowUpdate = (stream: number, bytes: number): Buffer => frame(types.windowUpdate, 0, stream, number(bytes));

/** The headers that gRPC's clients send. */
export const grpcHeaders = (path: string, token?: string, more: readonly (readonly [string, string])[] = []): Buffer =>
  headerBlock([
    [":method", "POST"],
    [":scheme", "http"],
    [":path", path],
    [":authority", "attacked"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
    ...(token === undefined ? [] : [["authorization", `Bearer ${token}`] as const]),
    ...more,
  ]);

/** The frames in what a server sent. */
export function frames(received: Buffer): { type: number; stream: number; payload: Buffer }[] {
  const found = [];
  for (let at = 0; at + 9 <= received.length;) {
    const length = received.readUIntBE(at, 3);
    if (at + 9 + length > received.length) break;
    const payload = received.subarray(at + 9, at + 9 + length);
    found.push({ type: received[at + 3] ?? 0, stream: received.readUInt32BE(at + 5) & 0x7fffffff, payload });
    at += 9 + length;
  }
  return found;
}

/** Notes what a connection came to: streams that were answered or reset, the connection's end and its reason. */
export function noteConnection(seen: Seen, wire: Wire): void {
  const all = frames(wire.received);
  const goAway = all.find(({ type }) => type === types.goAway);
  const answered = new Set(all.filter(({ type }) => type === types.headers).map(({ stream }) => stream)).size;
  const wasReset = new Set(all.filter(({ type }) => type === types.reset).map(({ stream }) => stream)).size;
  if (answered > 0) add(seen, "answered", answered);
  if (wasReset > 0) add(seen, "reset", wasReset);
  if (goAway) add(seen, `goaway ${goAway.payload.readUInt32BE(4)}`);
  else add(seen, wire.ended ? "closed" : "open");
}

/** Sends on a number of connections at once what `write` says, again and again for so long, and notes what came of each. */
export async function onConnections(
  address: Address,
  count: number,
  seconds: number,
  write: (wire: Wire, round: number) => void,
  first: Buffer = hello(),
): Promise<Seen> {
  const seen: Seen = {};
  const end = Date.now() + seconds * 1000;
  const one = async () => {
    while (Date.now() < end) {
      const wire = Wire.open(address);
      wire.send(first);
      for (let round = 0; !wire.ended && Date.now() < end; round++) {
        write(wire, round);
        await new Promise((resolve) => setTimeout(resolve, 20));
        // A server that reads no further needs no more.
        await wire.drained(end);
      }
      noteConnection(seen, wire);
      wire.close();
    }
  };
  await Promise.all(Array.from({ length: count }, one));
  return seen;
}
