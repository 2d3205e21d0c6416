/** Spans of real clients. */
import { join } from "node:path";
import { projectFolder } from "../../../render/record";
import { execOrThrow } from "../../../cli/machine/run";
import type { Checkout } from "./checkout";

/** A span to send. */
export interface ClientSpan {
  readonly service: string;
  readonly name: string;
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
  readonly error?: boolean;
}

/** Where clients send to, and ask for their rates. */
export interface Endpoints {
  readonly grpc: string;
  readonly http: string;
  readonly thrift: string;
  readonly sampling: string;
}

/** The clients of one stack, each in a process of its own. */
export class Clients {
  private readonly endpoints: Endpoints;

  /** @param environment Variables of the clients, such as their credential. */
  constructor(
    stack: Checkout,
    private readonly environment: Readonly<Record<string, string>> = {},
  ) {
    this.endpoints = {
      grpc: stack.url("otlp-grpc"),
      http: `${stack.url("otlp-http")}/v1/traces`,
      thrift: `${stack.url("jaeger-thrift-http")}/api/traces`,
      sampling: stack.url("jaeger-sampling"),
    };
  }

  /** Sends a span with the OpenTelemetry SDK over OTLP; returns its trace id. */
  otel(protocol: "grpc" | "http", span: ClientSpan): Promise<string> {
    return this.start(protocol, span);
  }

  /** Sends a span with Jaeger's old client, Thrift over HTTP; returns its trace id. */
  jaegerThrift(span: ClientSpan): Promise<string> {
    return this.start("thrift", span);
  }

  /** The rate, 0 to 1, with which an SDK that polls Jaeger's remote sampling begins a trace: OpenTelemetry's, or Jaeger's old client. */
  async remoteRate(client: "remote" | "jaeger-remote", span: ClientSpan): Promise<number> {
    return Number(await this.start(client, span));
  }

  private start(client: string, span: ClientSpan): Promise<string> {
    const program = join("tests", "e2e", "lib", "clients.ts");
    return execOrThrow("npx", ["tsx", program, client, JSON.stringify(span), JSON.stringify(this.endpoints)], {
      cwd: projectFolder,
      env: this.environment,
    });
  }
}
