/**
 * Real clients, as an application would use them, in a process of their own: the SDK loads modules in a way that Jest's sandbox forbids.
 *
 *     npx tsx tests/e2e/lib/clients.ts grpc|http|thrift '{"service": …, "name": …}' '{"grpc": …}'      prints the trace id
 *     npx tsx tests/e2e/lib/clients.ts remote|jaeger-remote '{"service": …, "name": …}' '{"sampling": …}'  prints the rate, 0–1, that the SDK begins it with
 */
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { OTLPTraceExporter as GrpcExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as HttpExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { JaegerRemoteSampler } from "@opentelemetry/sampler-jaeger-remote";
import { NodeTracerProvider, SimpleSpanProcessor, TraceIdRatioBasedSampler, type SpanExporter } from "@opentelemetry/sdk-trace-node";
import { initTracer } from "jaeger-client";
import { answered } from "../../../cli/machine/retry";
import type { ClientSpan, Endpoints } from "./send";

const [, , client = "", json = "{}", addresses = "{}"] = process.argv;
const endpoints = JSON.parse(addresses) as Endpoints;

/** The OpenTelemetry SDK over OTLP. */
async function otelClient(protocol: "grpc" | "http", span: ClientSpan): Promise<string> {
  const exporter: SpanExporter =
    protocol === "grpc" ? new GrpcExporter({ url: endpoints.grpc }) : new HttpExporter({ url: endpoints.http });
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
      reporter: { collectorEndpoint: endpoints.thrift, flushIntervalMs: 100 },
    },
    {},
  );
  const started = tracer.startSpan(span.name, { tags: { "span.kind": "server", ...span.attributes } });
  started.finish();
  const traceId = (started.context() as unknown as { traceIdStr: string }).traceIdStr;
  await new Promise<void>((resolve) => tracer.close(() => resolve()));
  return traceId.padStart(32, "0");
}

/** The remote sampler of the OpenTelemetry SDK: what it says of itself once it has polled. It begins with a rate that is none of ours. */
async function otelRemote(span: ClientSpan): Promise<string> {
  const sampler = new JaegerRemoteSampler({
    endpoint: endpoints.sampling,
    serviceName: span.service,
    initialSampler: new TraceIdRatioBasedSampler(0.123456),
    poolingInterval: 200,
  });
  await changed(() => (sampler.toString().includes("0.123456") ? undefined : true));
  const text = sampler.toString();
  // A sampler by operation lists default and names; one without operations is a rate alone.
  const rates = [...text.matchAll(/[{,] ?([^,{}]+)=TraceIdRatioBased\{([\d.]+)\}/g)].map(
    ([, name = "", rate = ""]) => [name, rate] as const,
  );
  const byName = new Map(rates);
  return byName.get(span.name) ?? byName.get("default") ?? /TraceIdRatioBased\{([\d.]+)\}/.exec(text)?.[1] ?? text;
}

/** The remote sampler of Jaeger's old client: the rate that stands on a span that it sampled. */
async function jaegerRemote(span: ClientSpan): Promise<string> {
  const tracer = initTracer(
    {
      serviceName: span.service,
      sampler: {
        type: "remote",
        param: 0,
        hostPort: endpoints.sampling.replace("http://", ""),
        samplingPath: "/sampling",
        refreshIntervalMs: 200,
      },
      reporter: { collectorEndpoint: "http://127.0.0.1:1/" },
    } as Parameters<typeof initTracer>[0],
    {},
  );
  // Before it has polled it samples nothing.
  const rate = await changed(() => {
    for (let n = 0; n < 5000; n++) {
      const started = tracer.startSpan(span.name) as unknown as {
        context(): { isSampled(): boolean };
        _tags: { key: string; value: unknown }[];
      };
      if (started.context().isSampled()) return String(started._tags.find(({ key }) => key === "sampler.param")?.value);
    }
    return undefined;
  });
  return rate ?? "0";
}

/** Asks four times a second until a poller has an answer; undefined where it has none after 20 s. */
async function changed<T>(ask: () => T | undefined): Promise<T | undefined> {
  return answered(() => Promise.resolve(ask()), { within: 20_000, every: 250 });
}

const clients: Readonly<Record<string, (span: ClientSpan) => Promise<string>>> = {
  grpc: (span) => otelClient("grpc", span),
  http: (span) => otelClient("http", span),
  thrift: jaegerThriftClient,
  remote: otelRemote,
  "jaeger-remote": jaegerRemote,
};
(clients[client] ?? (() => Promise.reject(new Error(`no client ${client}`))))(JSON.parse(json) as ClientSpan).then(
  (answer) => {
    // Pollers would go on.
    process.stdout.write(`${answer}\n`, () => process.exit(0));
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
