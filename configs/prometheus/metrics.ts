/**
 * The catalogue of metrics: every metric that a rule, a command or a test reads. Names stand here only. `make render` writes docs/metrics.md from
 * it, and tests/e2e/running/metrics.test.ts looks for each metric on a running stack.
 */
import { cleanerMetric, type cleanerGauges } from "../jaeger/cleaner-metrics";

/** Scrape jobs. `kubelet` is a job of the cluster's own Prometheus. */
export type Job =
  "otel-collector" | "otel-collector-exporter" | "index-cleaner" | "jaeger" | "elasticsearch-exporter" | "prometheus" | "kubelet";

/** A metric as Prometheus has it. */
export interface Metric {
  /** Name in Prometheus; for a histogram without `_bucket`, `_count`, `_sum`. */
  readonly name: string;
  /** Jobs under which it is scraped: who emits it. */
  readonly jobs: readonly [Job, ...Job[]];
  readonly type: "counter" | "gauge" | "histogram";
  /** Unit, or what is counted. */
  readonly unit: string;
  /** Labels that selectors may name, besides job and instance. */
  readonly labels: readonly string[];
  /** When it first exists. A healthy stack lacks metrics that exist since a failure or a setting. */
  readonly since: "start" | "first span" | "failure" | "setting";
  readonly meaning: string;
}

const tier = "tier";

const collector = {
  acceptedSpans: {
    name: "otelcol_receiver_accepted_spans_total",
    labels: ["receiver", "transport", tier],
    unit: "spans",
    since: "first span",
    meaning: "Spans that receivers took.",
  },
  refusedSpans: {
    name: "otelcol_receiver_refused_spans_total",
    labels: ["receiver", "transport", tier],
    unit: "spans",
    since: "first span",
    meaning: "Spans that receivers refused, for clients to send again.",
  },
  failedSpans: {
    name: "otelcol_receiver_failed_spans_total",
    labels: ["receiver", "transport", tier],
    unit: "spans",
    since: "first span",
    meaning: "Spans that failed behind the receivers.",
  },
  httpRequests: {
    name: "http_server_request_duration_seconds_count",
    labels: ["http_response_status_code"],
    unit: "requests",
    since: "first span",
    meaning: "Requests over HTTP, by their answer. 400 is final.",
  },
  rpcRequests: {
    name: "rpc_server_call_duration_seconds_count",
    labels: ["rpc_response_status_code"],
    unit: "requests",
    since: "first span",
    meaning: "Requests over gRPC, by their answer. RESOURCE_EXHAUSTED and INVALID_ARGUMENT are final.",
  },
  sentSpans: {
    name: "otelcol_exporter_sent_spans_total",
    labels: ["exporter"],
    unit: "spans",
    since: "first span",
    meaning: "Spans that the next hop took.",
  },
  sendFailedSpans: {
    name: "otelcol_exporter_send_failed_spans_total",
    labels: ["exporter"],
    unit: "spans",
    since: "failure",
    meaning: "Spans that the next hop refused for good.",
  },
  enqueueFailedSpans: {
    name: "otelcol_exporter_enqueue_failed_spans_total",
    labels: ["exporter"],
    unit: "spans",
    since: "failure",
    meaning: "Spans that no queue took.",
  },
  filteredSpans: {
    name: "otelcol_processor_filter_spans_filtered_total",
    labels: ["filter"],
    unit: "spans",
    since: "first span",
    meaning: "Spans that were dropped where they came in, by reason.",
  },
  decidedTraces: {
    name: "otelcol_processor_tail_sampling_global_count_traces_sampled_total",
    labels: ["sampled"],
    unit: "traces",
    since: "first span",
    meaning: "Traces that were decided on. The processor of a cap counts each that it is given once more.",
  },
  policyTraces: {
    name: "otelcol_processor_tail_sampling_count_traces_sampled_total",
    labels: ["policy", "sampled"],
    unit: "traces",
    since: "first span",
    meaning: "Traces that a policy looked at.",
  },
  tracesDroppedEarly: {
    name: "otelcol_processor_tail_sampling_sampling_trace_dropped_too_early_total",
    labels: [],
    unit: "traces",
    since: "first span",
    meaning: "Traces that gave way to newer ones before they were decided on.",
  },
  tracesDroppedLarge: {
    name: "otelcol_processor_tail_sampling_traces_dropped_too_large_total",
    labels: [],
    unit: "traces",
    since: "failure",
    meaning: "Traces that were given up as larger than the largest that is allowed.",
  },
} as const satisfies Record<string, Omit<Metric, "jobs" | "type">>;

const collectorGauges = {
  queueSize: {
    name: "otelcol_exporter_queue_size",
    labels: ["exporter"],
    unit: "bytes",
    since: "start",
    meaning: "Spans that wait for Jaeger.",
  },
  queueCapacity: {
    name: "otelcol_exporter_queue_capacity",
    labels: ["exporter"],
    unit: "bytes",
    since: "start",
    meaning: "Spans that may wait for Jaeger.",
  },
  undecidedTraces: {
    name: "otelcol_processor_tail_sampling_sampling_traces_on_memory",
    labels: [],
    unit: "traces",
    since: "first span",
    meaning: "Undecided traces. With a cap two processors write it without a label, and the last one's value stands.",
  },
  heap: {
    name: "otelcol_process_runtime_heap_alloc_bytes",
    labels: [tier],
    unit: "bytes",
    since: "start",
    meaning: "Allocated heap, including garbage.",
  },
} as const satisfies Record<string, Omit<Metric, "jobs" | "type">>;

const jaegerCounters = {
  spansHanded: {
    name: "jaeger_storage_spans_attempts_total",
    labels: [],
    unit: "spans",
    since: "first span",
    meaning: "Spans that were handed to the writer.",
  },
  spansUnencodable: {
    name: "jaeger_storage_spans_errors_total",
    labels: [],
    unit: "spans",
    since: "failure",
    meaning: "Spans that no document can be made of. Not counted by versions that write asynchronously.",
  },
  documentsWritten: {
    name: "jaeger_storage_bulk_index_inserts_total",
    labels: [],
    unit: "documents",
    since: "first span",
    meaning: "Documents of bulk requests, also of those that failed as a whole.",
  },
  documentsRejected: {
    name: "jaeger_storage_bulk_index_errors_total",
    labels: [],
    unit: "documents",
    since: "first span",
    meaning: "Documents that Elasticsearch did not take.",
  },
  reads: {
    name: "jaeger_storage_requests_total",
    labels: ["result", "operation"],
    unit: "requests",
    since: "first span",
    meaning: "Reads, by whether they went well.",
  },
  batchesFailed: {
    name: "otelcol_exporter_send_failed_spans_total",
    labels: ["exporter"],
    unit: "spans",
    since: "failure",
    meaning: "Spans of batches that Jaeger said had failed, and that are sent again.",
  },
} as const satisfies Record<string, Omit<Metric, "jobs" | "type">>;

const jaegerHistograms = {
  writeSeconds: {
    name: "jaeger_storage_bulk_index_latency_ok_seconds",
    labels: ["le"],
    unit: "seconds",
    since: "first span",
    meaning: "How long bulk requests took that went well.",
  },
  failedWriteSeconds: {
    name: "jaeger_storage_bulk_index_latency_err_seconds",
    labels: ["le"],
    unit: "seconds",
    since: "failure",
    meaning: "How long bulk requests took that failed.",
  },
} as const satisfies Record<string, Omit<Metric, "jobs" | "type">>;

const elasticsearchGauges = {
  elasticsearchStatus: {
    name: "elasticsearch_cluster_health_status",
    labels: ["color"],
    unit: "0 or 1",
    since: "start",
    meaning: "Whether the cluster's status is that colour.",
  },
  elasticsearchNodes: {
    name: "elasticsearch_cluster_health_number_of_nodes",
    labels: [],
    unit: "nodes",
    since: "start",
    meaning: "Nodes that are in the cluster.",
  },
  elasticsearchHeapUsed: {
    name: "elasticsearch_jvm_memory_used_bytes",
    labels: ["area", "name"],
    unit: "bytes",
    since: "start",
    meaning: "The Java heap in use, garbage included.",
  },
  elasticsearchHeapMax: {
    name: "elasticsearch_jvm_memory_max_bytes",
    labels: ["area", "name"],
    unit: "bytes",
    since: "start",
    meaning: "The Java heap at most.",
  },
  elasticsearchDiskFree: {
    name: "elasticsearch_filesystem_data_available_bytes",
    labels: ["name"],
    unit: "bytes",
    since: "start",
    meaning: "Free room on a node's disk.",
  },
  elasticsearchDiskSize: {
    name: "elasticsearch_filesystem_data_size_bytes",
    labels: ["name"],
    unit: "bytes",
    since: "start",
    meaning: "Size of a node's disk.",
  },
} as const satisfies Record<string, Omit<Metric, "jobs" | "type">>;

const kubeletGauges = {
  volumeFree: {
    name: "kubelet_volume_stats_available_bytes",
    labels: ["namespace", "persistentvolumeclaim"],
    unit: "bytes",
    since: "setting",
    meaning: "Free room of a volume, where the cluster's own Prometheus watches.",
  },
  volumeSize: {
    name: "kubelet_volume_stats_capacity_bytes",
    labels: ["namespace", "persistentvolumeclaim"],
    unit: "bytes",
    since: "setting",
    meaning: "Size of a volume, where the cluster's own Prometheus watches.",
  },
} as const satisfies Record<string, Omit<Metric, "jobs" | "type">>;

const report = (gauge: keyof typeof cleanerGauges, unit: string, meaning: string) =>
  ({ name: cleanerMetric(gauge), labels: [], unit, since: "start", meaning }) as const;

const cleanerReports = {
  cleanerLastSuccess: report("lastSuccess", "seconds since 1970", "The last run of the index cleaner that did its work."),
  cleanerLastRun: report("lastRun", "0 or 1", "Whether its last run did its work."),
  cleanerNextRun: report("nextRun", "seconds since 1970", "When its next run is due."),
  cleanerOldestIndex: report("oldestIndex", "seconds since 1970", "When the oldest index was made."),
} as const satisfies Record<string, Omit<Metric, "jobs" | "type">>;

/** Metrics of one type under some jobs. */
const of = <const T extends Metric["type"], const J extends Metric["jobs"], const M extends Record<string, Omit<Metric, "jobs" | "type">>>(
  type: T,
  jobs: J,
  some: M,
) =>
  Object.fromEntries(Object.entries(some).map(([key, metric]) => [key, { ...metric, type, jobs }])) as {
    [K in keyof M]: M[K] & { type: T; jobs: J };
  };

/** All metrics, by the key that code uses. */
export const metrics = {
  ...of("counter", ["otel-collector"], collector),
  ...of("gauge", ["otel-collector"], collectorGauges),
  ...of("counter", ["jaeger"], jaegerCounters),
  ...of("histogram", ["jaeger"], jaegerHistograms),
  ...of("gauge", ["elasticsearch-exporter"], elasticsearchGauges),
  ...of("gauge", ["index-cleaner"], cleanerReports),
  ...of("gauge", ["kubelet"], kubeletGauges),
  ...of("counter", ["otel-collector", "jaeger"], {
    uptime: {
      name: "otelcol_process_uptime_seconds_total",
      labels: [],
      unit: "seconds",
      since: "start",
      meaning: "How long the process has run.",
    },
  }),
  ...of("counter", ["otel-collector-exporter"], {
    calls: {
      name: "traces_span_metrics_calls_total",
      labels: ["service_name", "span_name", "span_kind", "status_code"],
      unit: "spans",
      since: "first span",
      meaning: "Spans of applications, kept or not.",
    },
  }),
  ...of("histogram", ["otel-collector-exporter"], {
    callSeconds: {
      name: "traces_span_metrics_duration_seconds",
      labels: ["service_name", "span_name", "span_kind", "status_code", "le"],
      unit: "seconds",
      since: "first span",
      meaning: "How long spans of applications took.",
    },
  }),
  ...of("gauge", ["otel-collector", "otel-collector-exporter", "index-cleaner", "jaeger", "elasticsearch-exporter", "prometheus"], {
    up: {
      name: "up",
      labels: [tier, "service"],
      unit: "0 or 1",
      since: "start",
      meaning: "Whether an instance answers Prometheus.",
    },
  }),
} as const;

/** Key of a metric in the catalogue. */
export type MetricName = keyof typeof metrics;

/** A label matcher: see {@link is}, {@link isNot}, {@link like}, {@link unlike}. */
export type Matcher = `${"=" | "!=" | "=~" | "!~"}"${string}"`;

/** Matchers for a metric's labels. */
export type Matchers<M extends MetricName> = Partial<Record<(typeof metrics)[M]["labels"][number], Matcher>>;

export const is = (value: string): Matcher => `="${value}"`;
export const isNot = (value: string): Matcher => `!="${value}"`;
/** The whole value matches a regular expression. */
export const like = (pattern: string): Matcher => `=~"${pattern}"`;
export const unlike = (pattern: string): Matcher => `!~"${pattern}"`;

/**
 * A selector for a metric. It always names the job: the same metric may be scraped twice, and metrics of applications are under a separate job,
 * whatever their names.
 *
 * @param matchers Matchers for other labels.
 * @param jobs Jobs to select. Default: all jobs of the metric.
 */
export function series<M extends MetricName>(
  metric: M,
  matchers: Matchers<M> = {},
  jobs: readonly (typeof metrics)[M]["jobs"][number][] = metrics[metric].jobs,
): string {
  return selector(metrics[metric].name, jobs, matchers);
}

/** Key of a histogram. */
export type HistogramName = { [M in MetricName]: (typeof metrics)[M]["type"] extends "histogram" ? M : never }[MetricName];

/** One of a histogram's three series. */
export const histogram = (metric: HistogramName, part: "bucket" | "count" | "sum"): string =>
  selector(`${metrics[metric].name}_${part}`, metrics[metric].jobs, {});

function selector(name: string, jobs: readonly Job[], matchers: Readonly<Record<string, Matcher | undefined>>): string {
  const [only, ...others] = jobs;
  const job = others.length === 0 ? is(only ?? "") : like(jobs.join("|"));
  return `${name}{${["job" + job, ...Object.entries(matchers).map(([label, matcher]) => label + (matcher ?? ""))].join(", ")}}`;
}
