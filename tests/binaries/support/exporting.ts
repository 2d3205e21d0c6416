/**
 * OpenTelemetry's exporters, in a process of their own: they import parts of themselves as they run, which a test's sandbox does not allow. Each message
 * is an order, and is answered with what came of it.
 */
import { randomBytes } from "node:crypto";
import { credentials, Metadata } from "@grpc/grpc-js";
import { OTLPTraceExporter as GrpcExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as HttpExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor, type ReadableSpan } from "@opentelemetry/sdk-trace-node";
import type { Connection, Order, Sent } from "./exporters";

interface Exporter {
  readonly export: GrpcExporter["export"];
  readonly shutdown: () => Promise<void>;
}

/** OpenTelemetry's exporter for a receiver. */
function exporterFor({ protocol, port, tls, token }: Connection): Exporter {
  const authorization = token === undefined ? undefined : `Bearer ${token}`;
  const [ca, key, cert] = [tls?.ca, tls?.key, tls?.cert].map((pem) => (pem === undefined ? undefined : Buffer.from(pem)));
  const scheme = tls ? "https" : "http";
  if (protocol === "http")
    return new HttpExporter({
      url: `${scheme}://localhost:${port}/v1/traces`,
      headers: authorization === undefined ? {} : { authorization },
      httpAgentOptions: { keepAlive: true, ca, key, cert },
    });
  const metadata = new Metadata();
  if (authorization !== undefined) metadata.set("authorization", authorization);
  return new GrpcExporter({
    url: `${scheme}://localhost:${port}`,
    metadata,
    credentials: tls ? credentials.createSsl(ca, key, cert) : credentials.createInsecure(),
  });
}

/** Spans of a name. */
function spansOf(count: number, name: string): ReadableSpan[] {
  const memory = new InMemorySpanExporter();
  const tracer = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] }).getTracer("test");
  for (let i = 0; i < count; i++) tracer.startSpan(name, { attributes: { id: randomBytes(8).toString("hex") } }).end();
  return memory.getFinishedSpans();
}

/** By what they connect to, and how: connections stay open between orders. */
const exporters = new Map<string, Exporter>();

async function send({ connection, count, name }: Order): Promise<Omit<Sent, "order">> {
  const key = JSON.stringify(connection);
  const exporter = exporters.get(key) ?? exporterFor(connection);
  exporters.set(key, exporter);
  const spans = spansOf(count, name);
  const error = await new Promise<string | undefined>((resolve) =>
    exporter.export(spans, (result) => resolve((result.code as number) === 0 ? undefined : (result.error?.message ?? "failed"))),
  );
  return { error, ids: spans.map((span) => span.spanContext().spanId) };
}

process.on("message", (order: Order) => void send(order).then((sent) => process.send?.({ ...sent, order: order.order })));
process.on("disconnect", () => process.exit());
