/** OpenTelemetry's own exporters as clients: see exporting.ts, which runs them. */
import { fork, type ChildProcess } from "node:child_process";
import { join } from "node:path";

/** Where and how an exporter connects. PEM. */
export interface Connection {
  readonly protocol: "grpc" | "http";
  readonly port: number;
  readonly token?: string | undefined;
  readonly tls?: { readonly ca: string; readonly cert?: string | undefined; readonly key?: string | undefined } | undefined;
}

/** Spans to be sent. */
export interface Order {
  readonly order: number;
  readonly connection: Connection;
  readonly count: number;
  readonly name: string;
}

/** What came of an order. */
export interface Sent {
  readonly order: number;
  /** Why the exporter gave the spans up; undefined if they were taken. */
  readonly error?: string | undefined;
  /** Ids of the spans. */
  readonly ids: readonly string[];
}

/** A process with exporters. Connections stay open between orders. */
export class Exporters {
  private readonly child: ChildProcess = fork(join(__dirname, "exporting.ts"), { execArgv: ["--import", "tsx"] });
  private readonly waiting = new Map<number, (sent: Sent) => void>();
  private orders = 0;

  constructor() {
    this.child.on("message", (sent: Sent) => {
      this.waiting.get(sent.order)?.(sent);
      this.waiting.delete(sent.order);
    });
  }

  /** Sends new spans in one request. */
  send(connection: Connection, count: number, name: string): Promise<Sent> {
    const order = this.orders++;
    const sent = new Promise<Sent>((resolve) => this.waiting.set(order, resolve));
    this.child.send({ order, connection, count, name } satisfies Order);
    return sent;
  }

  close(): void {
    this.child.disconnect();
  }
}
