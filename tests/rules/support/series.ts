import { canaryCounters, canaryGauges } from "../../../configs/canary/metrics";
import { setupGauges } from "../../../configs/elasticsearch/setup-metrics";
import { snapshotGauges } from "../../../configs/elasticsearch/snapshot-metrics";
import { cleanerGauges } from "../../../configs/jaeger/cleaner-metrics";
import { serviceGraphGauges } from "../../../configs/jaeger/service-graph-metrics";
import { counterMetric, gaugeMetric } from "../../../configs/reported-gauges";

export const hour = 3600;

/** Series for promtool, in minutes. A scrape is every 15 s. */
const scrapes = (minutes: number) => minutes * 4;

/** One value for some minutes. */
export const flat = (minutes: number, value: number) => rise(minutes, value, 0);
/** Rises by a step at each scrape. */
export const rise = (minutes: number, from: number, step: number) => `${from}${step < 0 ? "" : "+"}${step}x${scrapes(minutes) - 1}`;
/** No series yet. */
export const absent = (minutes: number) => `_x${scrapes(minutes)}`;
/** The target no longer has the series, or no longer answers. */
export const gone = (minutes: number) => `stale _x${scrapes(minutes) - 1}`;
/** One behind the other. */
export const then = (...parts: string[]) => parts.join(" ");

const labels = {
  otelcol: 'job="otel-collector", instance="otel-collector:8888"',
  jaeger: 'job="jaeger", instance="jaeger:14269"',
  elasticsearch: 'job="elasticsearch-exporter", instance="elasticsearch-exporter:9114"',
} as const;

/** A series' selector. */
export const collector = (metric: string, more = "") => `${metric}{${labels.otelcol}${more}}`;
export const jaeger = (metric: string, more = "") => `${metric}{${labels.jaeger}${more}}`;

/** About a node, or about the whole cluster. */
export const elasticsearch = (metric: string, more = "") => `elasticsearch_${metric}{${labels.elasticsearch}${more}}`;
const node = ', name="node"';
export const nodes = elasticsearch("cluster_health_number_of_nodes");
export const status = (color: string) => elasticsearch("cluster_health_status", `, color="${color}"`);
export const heap = elasticsearch("jvm_memory_used_bytes", `${node}, area="heap"`);
export const disk = (what: "available" | "size") => elasticsearch(`filesystem_data_${what}_bytes`, `${node}, mount="/data"`);
export const gibibyte = 2 ** 30;

export const storage = (metric: string, more = "") => jaeger(`jaeger_storage_${metric}`, `, name="writer", role="tracestore"${more}`);
export const received = (metric: string) => collector(`otelcol_receiver_${metric}_spans_total`, ', receiver="otlp", transport="grpc"');
export const exporter = (metric: string) => collector(`otelcol_exporter_${metric}`, ', exporter="otlp_grpc"');
export const upOf = { collector: collector("up"), jaeger: jaeger("up"), elasticsearch: `up{${labels.elasticsearch}}` };

export type Series = Readonly<Record<string, string>>;

/** Buckets of the writes' latency: at each scrape so many of them, of which so many take no longer than 100 ms. */
export function writes(minutes: number, quick: number, slow: number): Series {
  const bucket = (le: string) => storage("bulk_index_latency_ok_seconds_bucket", `, le="${le}"`);
  return {
    [bucket("0.05")]: rise(minutes, 0, quick),
    [bucket("0.1")]: rise(minutes, 0, quick),
    [bucket("0.25")]: rise(minutes, 0, quick + slow),
    [bucket("+Inf")]: rise(minutes, 0, quick + slow),
    [storage("bulk_index_latency_ok_seconds_count")]: rise(minutes, 0, quick + slow),
    [storage("bulk_index_latency_ok_seconds_sum")]: rise(minutes, 0, quick * 0.03 + slow * 0.15),
  };
}

export const setup = (gauge: keyof typeof setupGauges) => `${gaugeMetric(setupGauges[gauge])}{job="index-cleaner"}`;
export const snapshots = (gauge: keyof typeof snapshotGauges) => `${gaugeMetric(snapshotGauges[gauge])}{job="index-cleaner"}`;
export const serviceGraph = `${gaugeMetric(serviceGraphGauges.lastSuccess)}{job="index-cleaner"}`;
export const cleaner = (gauge: keyof typeof cleanerGauges) => `${gaugeMetric(cleanerGauges[gauge])}{job="index-cleaner"}`;

/** Of the canary, as one of several Collectors may show it. */
export const canary = (metric: keyof typeof canaryCounters, instance = "otel-collector:8890") =>
  `${counterMetric(canaryCounters[metric])}{job="index-cleaner", instance="${instance}"}`;
export const canaryReported = (instance = "otel-collector:8890") =>
  `${gaugeMetric(canaryGauges.reported)}{job="index-cleaner", instance="${instance}"}`;

/** A canary that has sent a trace at each scrape for some minutes, of which none is missing. */
export function singing(minutes: number): Series {
  const still = (["refused", "missing", "unanswered"] as const).map((name): [string, string] => [canary(name), flat(minutes, 0)]);
  const sings = (["sent", "found", "fresh"] as const).map((name): [string, string] => [canary(name), rise(minutes, 0, 1)]);
  return { ...Object.fromEntries([...still, ...sings]), [canaryReported()]: rise(minutes, 0, 15) };
}

/** What a stack at ten spans a second shows for some minutes. Half of the traces are sampled out. */
export function healthy(minutes: number): Series {
  const sampled = (decision: string) =>
    collector("otelcol_processor_tail_sampling_global_count_traces_sampled_total", `, decision="${decision}"`);
  return {
    [upOf.collector]: flat(minutes, 1),
    [upOf.jaeger]: flat(minutes, 1),
    [collector("otelcol_process_uptime_seconds_total")]: rise(minutes, 10_000, 15),
    [jaeger("otelcol_process_uptime_seconds_total")]: rise(minutes, 10_000, 15),
    [collector("otelcol_process_runtime_heap_alloc_bytes")]: flat(minutes, 40 * 1024 * 1024),
    [received("accepted")]: rise(minutes, 1000, 150),
    [received("refused")]: flat(minutes, 0),
    [received("failed")]: flat(minutes, 0),
    [sampled("sampled")]: rise(minutes, 100, 15),
    [sampled("not_sampled")]: rise(minutes, 100, 15),
    [collector("otelcol_processor_tail_sampling_sampling_trace_dropped_too_early_total")]: flat(minutes, 0),
    [collector("otelcol_processor_tail_sampling_sampling_traces_on_memory")]: flat(minutes, 100),
    [exporter("sent_spans_total")]: rise(minutes, 500, 75),
    [exporter("queue_size")]: flat(minutes, 0),
    [exporter("queue_capacity")]: flat(minutes, 2000),
    [storage("spans_attempts_total")]: rise(minutes, 500, 75),
    [storage("bulk_index_inserts_total")]: rise(minutes, 520, 75),
    [storage("bulk_index_errors_total")]: flat(minutes, 0),
    ...writes(minutes, 20, 0),
    [setup("lastSuccess")]: rise(minutes, 0, 15),
    [serviceGraph]: rise(minutes, 0, 15),
    ...singing(minutes),
    [upOf.elasticsearch]: flat(minutes, 1),
    [nodes]: flat(minutes, 1),
    ...Object.fromEntries(["green", "yellow", "red"].map((color) => [status(color), flat(minutes, Number(color === "green"))])),
    [heap]: flat(minutes, 0.5 * gibibyte),
    [elasticsearch("jvm_memory_max_bytes", `${node}, area="heap"`)]: flat(minutes, gibibyte),
    [disk("available")]: flat(minutes, 120 * gibibyte),
    [disk("size")]: flat(minutes, 200 * gibibyte),
    // promtool's time begins at 0.
    [snapshots("lastRun")]: flat(minutes, 1),
    [snapshots("lastSuccess")]: flat(minutes, 0),
    [cleaner("lastRun")]: flat(minutes, 1),
    [cleaner("lastSuccess")]: flat(minutes, 0),
    [cleaner("oldestIndex")]: flat(minutes, -100 * hour),
  };
}

/** The same without all that a job shows itself: `up` is Prometheus' own. */
export function without(job: "jaeger" | "otel-collector", minutes: number, series: Series): Series {
  const ends = (name: string, values: string) => (name.includes(`job="${job}"`) && !name.startsWith("up{") ? absent(minutes) : values);
  return Object.fromEntries(Object.entries(series).map(([name, values]) => [name, ends(name, values)]));
}
