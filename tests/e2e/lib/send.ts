import { join } from "node:path";
import { projectFolder } from "../../../render/record";
import { must } from "../../../scripts/lib/run";

/** A span to send. */
export interface ClientSpan {
  readonly service: string;
  readonly name: string;
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
  readonly error?: boolean;
}

const send = (client: "grpc" | "http" | "thrift" | "remote" | "jaeger-remote", span: ClientSpan): Promise<string> =>
  must("npx", ["tsx", join("tests", "e2e", "lib", "clients.ts"), client, JSON.stringify(span)], { cwd: projectFolder });

/** Sends a span with the OpenTelemetry SDK over OTLP; returns its trace id. */
export const otelClient = (protocol: "grpc" | "http", span: ClientSpan): Promise<string> => send(protocol, span);

/** Sends a span with Jaeger's old client, Thrift over HTTP; returns its trace id. */
export const jaegerThriftClient = (span: ClientSpan): Promise<string> => send("thrift", span);

/** The rate, 0 to 1, with which an SDK that polls Jaeger's remote sampling begins a trace: OpenTelemetry's, or Jaeger's old client. */
export const remoteRate = async (client: "remote" | "jaeger-remote", span: ClientSpan): Promise<number> => Number(await send(client, span));
