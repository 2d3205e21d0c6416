/**
 * Real clients, as an application would use them, in a process of their own: the SDK loads modules in a way that Jest's sandbox forbids.
 *
 *     npx tsx tests/e2e/lib/clients.ts grpc|http|thrift '{"service": …, "name": …}'      prints the trace id
 */
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { OTLPTraceExporter as GrpcExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as HttpExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { NodeTracerProvider, SimpleSpanProcessor, type SpanExporter } from "@opentelemetry/sdk-trace-node";
import { initTracer } from "jaeger-client";
import { ports } from "../../../configs/topology";
import type { ClientSpan } from "./send";

/** The OpenTelemetry SDK over OTLP. */
async function otelClient(protocol: "grpc" | "http", span: ClientSpan): Promise<string> {
  const exporter: SpanExporter =
    protocol === "grpc"
      ? new GrpcExporter({ url: `http://127.0.0.1:${ports.collector.otlpGrpc}` })
      : new HttpExporter({ url: `http://127.0.0.1:${ports.collector.otlpHttp}/v1/traces` });
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ "service.name": span.service }),
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  });
  const started = provider.getTracer("e2e").startSpan(span.name, { kind: SpanKind.SERVER, attributes: span.attributes ?? {} });
  if (span.error) started.setStatus({ code: SpanStatusCode.ERROR });
  started.end();
  await provider.forceFlush();
  await provider.shutdown();
  return started.spanContext().traceId;
}

/** Jaeger's old client, Thrift over HTTP to 14268. */
async function jaegerThriftClient(span: ClientSpan): Promise<string> {
  const tracer = initTracer(
    {
      serviceName: span.service,
      sampler: { type: "const", param: 1 },
      reporter: { collectorEndpoint: `http://127.0.0.1:${ports.collector.jaegerThriftHttp}/api/traces`, flushIntervalMs: 100 },
    },
    {},
  );
  const started = tracer.startSpan(span.name, { tags: { "span.kind": "server", ...span.attributes } });
  started.finish();
  const traceId = (started.context() as unknown as { traceIdStr: string }).traceIdStr;
  await new Promise<void>((resolve) => tracer.close(() => resolve()));
  return traceId.padStart(32, "0");
}

const [, , client, json = "{}"] = process.argv;
const span = JSON.parse(json) as ClientSpan;
(client === "thrift" ? jaegerThriftClient(span) : otelClient(client === "grpc" ? "grpc" : "http", span)).then(
  console.log,
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
