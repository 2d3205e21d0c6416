/** Requests of any bytes to a stack's receivers: what no SDK would send. */
import { randomBytes } from "node:crypto";
import { Client, compressionAlgorithms, credentials, type ServiceError } from "@grpc/grpc-js";
import { requestBytes, type Attributes, type Span, type Text } from "../../support/otlp-bytes";
import type { Checkout } from "./checkout";

/** An id of no special kind. */
export const newTraceId = (): string => randomBytes(16).toString("hex");

/** The time now, in nanoseconds. */
export const now = (): bigint => BigInt(Date.now()) * 1_000_000n;

/** The bytes of an OTLP request: spans of one service. What a span leaves out is as an SDK would have it. */
export function spansOf(service: Text, spans: readonly Span[], resource: Attributes = []): Buffer {
  const filled = spans.map(({ start = now(), ...span }) => ({
    traceId: newTraceId(),
    spanId: randomBytes(8).toString("hex"),
    name: "raw",
    kind: 2,
    start,
    end: start + 1_000_000n,
    ...span,
  }));
  return requestBytes({ resource: { attributes: [["service.name", service], ...resource] }, spans: filled });
}

/** Sends a request over HTTP; the status of the answer. */
export async function sendByHttp(stack: Checkout, body: Buffer, encoding?: "gzip"): Promise<number> {
  const answer = await fetch(`${stack.url("otlp-http")}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf", ...(encoding ? { "content-encoding": encoding } : {}) },
    body: new Uint8Array(body),
    signal: AbortSignal.timeout(60_000),
  });
  return answer.status;
}

/** Sends a request over gRPC; the status of the answer: 0 is OK. */
export async function sendByGrpc(stack: Checkout, body: Buffer, encoding?: "gzip"): Promise<number> {
  const client = new Client(`127.0.0.1:${stack.port("otlp-grpc")}`, credentials.createInsecure(), {
    ...(encoding ? { "grpc.default_compression_algorithm": compressionAlgorithms.gzip } : {}),
  });
  const same = (bytes: Buffer) => bytes;
  try {
    return await new Promise<number>((resolve) => {
      const answered = (error: ServiceError | null) => resolve(error?.code ?? 0);
      client.makeUnaryRequest("/opentelemetry.proto.collector.trace.v1.TraceService/Export", same, same, body, answered);
    });
  } finally {
    client.close();
  }
}
