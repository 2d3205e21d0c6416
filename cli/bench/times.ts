/** Times that a person or an application waits for: from an export to Jaeger, and of queries. Milliseconds. */
import { randomBytes } from "node:crypto";
import { SpanKind, type Attributes } from "@opentelemetry/api";
import { holds } from "../machine/retry";
import { sleep } from "../machine/run";
import { SpanSender } from "../running/span-sender";
import type { RunningStack } from "../running";
import { publishedUrl } from "../../configs/topology/docker";
import type { Settings } from "../../configs/stack/schema";

/** Half of the samples are quicker than `median`, 19 of 20 than `p95`. */
export interface Times {
  readonly median: number;
  readonly p95: number;
  readonly longest: number;
}

/** Quantiles of samples, by the nearest rank. */
export function times(samples: readonly number[]): Times {
  const sorted = [...samples].sort((a, b) => a - b);
  const rank = (q: number) => sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
  return { median: rank(0.5), p95: rank(0.95), longest: rank(1) };
}

const patience = () => AbortSignal.timeout(10_000);

/** The search for traces of a service within the last hour. */
function search(settings: Settings, service: string, more: Record<string, string>): string {
  const now = Date.now();
  const query = new URLSearchParams({
    "query.service_name": service,
    "query.start_time_min": new Date(now - 3_600_000).toISOString(),
    "query.start_time_max": new Date(now + 60_000).toISOString(),
    "query.search_depth": "20",
    ...more,
  });
  return `${publishedUrl(settings, "jaeger-ui")}/api/v3/traces?${query.toString()}`;
}

/**
 * The time from an application's export to Jaeger: from the moment a request with one trace of one span leaves until Jaeger's receiver
 * has counted it. Jaeger's metrics are read every few milliseconds, so a sample is too long by the time of one reading, never too short.
 * Nothing else may send meanwhile.
 */
export async function traceLatency(stack: RunningStack, samples: number): Promise<Times> {
  const metrics = `${publishedUrl(stack.settings, "jaeger-admin")}/metrics`;
  const counted = async () => {
    const text = await (await fetch(metrics, { signal: patience() })).text();
    const lines = text.matchAll(/^otelcol_receiver_accepted_spans_total\{[^}]*\} (\S+)$/gm);
    return [...lines].reduce((sum, [, value]) => sum + Number(value), 0);
  };
  const found: number[] = [];
  const sender = await newSender(stack);
  for (let i = 0; i < samples; i++) {
    // At random distances: in step with a timer of the stack, all samples would be the same one.
    await sleep(300 + Math.random() * 400);
    const before = await counted();
    const start = performance.now();
    await exportSpan(sender, { "bench.sample": String(i) });
    while ((await counted()) <= before) {
      if (performance.now() - start > 30_000) throw new Error("a span has not reached Jaeger within 30 s");
    }
    found.push(performance.now() - start);
  }
  return times(found);
}

/**
 * Queries as people make them in Jaeger, by their name, each asked several times.
 *
 * @param filled A service that the stack holds many traces of.
 */
export async function queryTimes(stack: RunningStack, filled: string, samples: number): Promise<Record<string, Times>> {
  const { settings } = stack;
  const tag = randomBytes(8).toString("hex");
  const id = await exportSpan(await newSender(stack), { correlation_id: tag });
  const trace = `${publishedUrl(settings, "jaeger-ui")}/api/v3/traces/${id}`;
  const stored = async () => (await fetch(trace, { signal: patience() })).ok;
  if (!(await holds(stored, { within: 60_000, every: 200 }))) throw new Error("a trace cannot be found in Jaeger within 60 s");
  const queries: Record<string, string> = {
    "a trace by its id": trace,
    "20 traces of a service": search(settings, filled, {}),
    "20 traces slower than 10 ms": search(settings, filled, { "query.duration_min": "10ms" }),
    "traces of a correlation id": search(settings, service, { "query.attributes": JSON.stringify({ correlation_id: tag }) }),
    "traces of an operation": search(settings, service, { "query.operation_name": operation }),
    "all services": `${publishedUrl(settings, "jaeger-ui")}/api/v3/services`,
  };
  const found: Record<string, Times> = {};
  for (const [name, url] of Object.entries(queries)) {
    const samplesOf: number[] = [];
    for (let i = 0; i < samples; i++) {
      const start = performance.now();
      const answer = await fetch(url, { signal: patience() });
      await answer.arrayBuffer();
      samplesOf.push(performance.now() - start);
      // 404: a search that finds nothing.
      if (!answer.ok && answer.status !== 404) throw new Error(`Jaeger answers ${answer.status} to ${url}`);
    }
    found[name] = times(samplesOf);
  }
  return found;
}

const service = "tracing-bench";
const operation = "GET bench/latency/";

const newSender = (stack: RunningStack) => SpanSender.to(stack, service, 10_000);

/** Exports a trace of one request; returns its id. */
const exportSpan = (sender: SpanSender, attributes: Attributes): Promise<string> =>
  sender.send((tracer) => {
    const end = Date.now();
    const span = tracer.startSpan(operation, {
      kind: SpanKind.SERVER,
      startTime: new Date(end - 5),
      attributes: { "http.request.method": "GET", "url.path": "/bench/latency/", ...attributes },
    });
    span.end(new Date(end));
    return span.spanContext().traceId;
  });
