/** Spans as an application makes and sends them: with the OpenTelemetry SDK, over OTLP/HTTP. */
import type { Tracer } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { AlwaysOnSampler, BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-node";
import { credentialHeaders } from "./credential";
import type { RunningStack } from "./running-stack";

/** Sends spans of one service to a running stack. */
export class SpanSender {
  private readonly ended = new InMemorySpanExporter();
  private readonly tracer: Tracer;
  private readonly exporter: OTLPTraceExporter;

  private constructor(
    /** Where it sends to. */
    readonly url: string,
    service: string,
    timeoutMillis: number,
    headers: Record<string, string>,
  ) {
    this.exporter = new OTLPTraceExporter({ url, timeoutMillis, headers });
    const provider = new BasicTracerProvider({
      resource: resourceFromAttributes({ "service.name": service }),
      // Not what OTEL_TRACES_SAMPLER says.
      sampler: new AlwaysOnSampler(),
      spanProcessors: [new SimpleSpanProcessor(this.ended)],
    });
    this.tracer = provider.getTracer(service);
  }

  /**
   * A sender with the stack's own credential, where it asks for one.
   *
   * @param timeoutMillis The exporter repeats a request until then if nothing answers, or if the Collector is overloaded.
   */
  static async to(stack: RunningStack, service: string, timeoutMillis: number): Promise<SpanSender> {
    const [collector, headers] = await Promise.all([stack.reach("otlp-http"), credentialHeaders(stack)]);
    return new SpanSender(`${collector}/v1/traces`, service, timeoutMillis, headers);
  }

  /**
   * Sends the spans that `make` starts and ends, in one request.
   *
   * @throws Error that says why the Collector did not accept them.
   */
  async send<T>(make: (tracer: Tracer) => T): Promise<T> {
    this.ended.reset();
    const made = make(this.tracer);
    const spans = this.ended.getFinishedSpans();
    const error = await new Promise<(Error & { code?: number | string; data?: string }) | undefined>((resolve) =>
      this.exporter.export(spans, (result) => resolve(result.error)),
    );
    if (!error) return made;
    if (typeof error.code !== "number") throw error;
    // The answer is protobuf: its printable characters are the message.
    throw new Error(`status ${error.code}: ${(error.data ?? "").replace(/[^\x20-\x7e]+/g, " ").slice(0, 200)}`, { cause: error });
  }
}
