/** Senders of a stack that knows them: their tokens, by the commands of the documents, and requests at every port. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { is, series } from "../../../configs/prometheus/metrics";
import { run } from "../../../cli/machine/run";
import type { Systems } from "./systems";
import { scratch, type Checkout } from "./checkout";

/** What a client is told: the status of HTTP, or of gRPC, and its text. */
export type Told = readonly [status: number | `grpc ${number}`, text: string];

const headersOf = (token: string | undefined): Record<string, string> => (token === undefined ? {} : { authorization: `Bearer ${token}` });

async function byHttp(url: string, type: string, body: Buffer, token: string | undefined): Promise<Told> {
  const headers = { "content-type": type, ...headersOf(token) };
  const answer = await fetch(url, { method: "POST", headers, body: new Uint8Array(body), signal: AbortSignal.timeout(20_000) });
  const text = await answer.text();
  return [answer.status, answer.ok ? "" : text];
}

async function byGrpc(port: number, method: string, token: string | undefined): Promise<Told> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headersOf(token))) metadata.set(name, value);
  const same = (bytes: Buffer) => bytes;
  try {
    return await new Promise<Told>((resolve) => {
      const answered = (error: ServiceError | null) => resolve([`grpc ${error?.code ?? 0}`, error?.details ?? ""]);
      // A request without spans.
      client.makeUnaryRequest(method, same, same, Buffer.alloc(0), metadata, { deadline: Date.now() + 20_000 }, answered);
    });
  } finally {
    client.close();
  }
}

/** Thrift's binary form of a batch of no spans of the service "x": a field 1 that is a process with its name, and a field 2 that is an empty list. */
const emptyBatch = Buffer.from([12, 0, 1, 11, 0, 1, 0, 0, 0, 1, 0x78, 0, 15, 0, 2, 12, 0, 0, 0, 0, 0]);

/** Sends a request without spans to each port that takes spans, with a token or without one. */
export async function askEveryPort(stack: Checkout, token?: string): Promise<Readonly<Record<string, Told>>> {
  return {
    "otlp-grpc": await byGrpc(stack.port("otlp-grpc"), "/opentelemetry.proto.collector.trace.v1.TraceService/Export", token),
    "otlp-http": await byHttp(`${stack.url("otlp-http")}/v1/traces`, "application/x-protobuf", Buffer.alloc(0), token),
    "jaeger-grpc": await byGrpc(stack.port("jaeger-grpc"), "/jaeger.api_v2.CollectorService/PostSpans", token),
    "jaeger-thrift-http": await byHttp(`${stack.url("jaeger-thrift-http")}/api/traces`, "application/x-thrift", emptyBatch, token),
  };
}

/** The answers to a request that is refused for good, or taken, on each port. */
export const refused = (text: string): Readonly<Record<string, Told>> => ({
  "otlp-grpc": ["grpc 16", text],
  "otlp-http": [401, text],
  "jaeger-grpc": ["grpc 16", text],
  "jaeger-thrift-http": [401, text],
});
export const taken: Readonly<Record<string, Told>> = {
  "otlp-grpc": ["grpc 0", ""],
  "otlp-http": [200, ""],
  "jaeger-grpc": ["grpc 0", ""],
  "jaeger-thrift-http": [202, ""],
};

/**
 * Requests that Prometheus has counted since the proxy was reloaded.
 *
 * @param what What became of them: a verdict and, if it has one, a sender.
 */
export const countedAs = (systems: Systems, what: string): Promise<number> => systems.query(series("ingestRequests", { proxy: is(what) }));

/** A sender's tokens in the encrypted config of a stack, as docs/SETUP_AND_INTEGRATION.md sets them. */
export class Tokens {
  constructor(
    private readonly stack: Checkout,
    private readonly sender: string,
  ) {}

  set(index: number, token: string): Promise<void> {
    const file = join(scratch, "token-to-set");
    writeFileSync(file, token, { mode: 0o600 });
    return this.pulumi(["config", "set", "-s", this.stack.stack, "--secret", "--path", this.at(index)], file);
  }

  remove(index: number): Promise<void> {
    return this.pulumi(["config", "rm", "-s", this.stack.stack, "--path", this.at(index)]);
  }

  private at = (index: number) => `tracing:ingestTokens.${this.sender}[${index}]`;

  /** A token is read from a file: no command line has it. */
  private async pulumi(words: readonly string[], input = "/dev/null"): Promise<void> {
    const home = this.stack.home;
    const env = { PULUMI_BACKEND_URL: `file://${home}/backend`, PULUMI_CONFIG_PASSPHRASE_FILE: `${home}/passphrase` };
    const { ok, output } = await run("sh", ["-c", 'exec pulumi "$@" <"$0"', input, ...words], { cwd: this.stack.folder, env });
    if (!ok) throw new Error(`pulumi ${words.join(" ")}: ${output}`);
  }
}
