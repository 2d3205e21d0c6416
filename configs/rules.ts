/** Prometheus' recording and alerting rules. docs/decisions/0006-alerts.md says why each is as it is. */
import { cleanerMetric, type cleanerGauges } from "./cleaner-metrics";
import { oldestIndexHours } from "./index-cleaner";
import { accepted, byInstance, collector, jaeger, queueCapacity, queueSize, refused, refusedRequests, total } from "./promql";
import { hygieneAlert } from "./rules-hygiene";
import { fullSampling, undecidedShare } from "./rules-sampling";
import { instanceCapacity, samplingStrategy } from "./sampling";
import type { Settings } from "./settings";
import { hasSamplers, jaegerServices } from "./topology-kubernetes";
import { toYaml } from "./yaml";

/**
 * Share of its memory limit that what lives on the Collector's heap may take for long. From half of it on garbage has no room to pile up; at
 * three fifths its memory limiter refuses.
 */
const highMemory = 0.5;

/** Hours without a run of the cleaner that did its work: a day, and two hours for runs that are tried again. */
const overdue = 26;

/**
 * The latest of what the cleaner reported in some hours: a day, and two hours. It reports now and then, as a Kubernetes job once per run, and
 * to whichever Collector takes it: the same gauge may stand as several series. Of times the latest is the highest.
 */
const cleaner = (gauge: keyof typeof cleanerGauges, hours = overdue) =>
  `max(last_over_time(${cleanerMetric(gauge)}{job="index-cleaner"}[${hours}h]))`;
const both = (metric: string) => `${metric}{job=~"otel-collector|jaeger"}`;

// The debug exporter "sends" each span too. What does not get from one tier to the next is refused, and no loss.
const toJaeger = ', exporter!~"debug|load_balancing"';
const sent = collector("otelcol_exporter_sent_spans_total", toJaeger);
const sendFailed = collector("otelcol_exporter_send_failed_spans_total", toJaeger);
const enqueueFailed = collector("otelcol_exporter_enqueue_failed_spans_total", toJaeger);
const failed = collector("otelcol_receiver_failed_spans_total");
const undecided = collector("otelcol_processor_tail_sampling_sampling_trace_dropped_too_early_total");
const oversized = collector("otelcol_processor_tail_sampling_traces_dropped_too_large_total");
const handed = jaeger("jaeger_storage_spans_attempts_total");
const inserted = jaeger("jaeger_storage_bulk_index_inserts_total");
const rejected = jaeger("jaeger_storage_bulk_index_errors_total");
const writes = jaeger("jaeger_storage_bulk_index_latency_ok_seconds_count");
const writeBuckets = jaeger("jaeger_storage_bulk_index_latency_ok_seconds_bucket");
const failedWrites = jaeger("jaeger_storage_bulk_index_latency_err_seconds_count");
const failedReads = jaeger("jaeger_storage_requests_total", ', result="err"');

/** Names of recorded series that other rules use. The first says of which processes Prometheus has seen all of the last five minutes. */
const watched = "tracing:watched";
const storageErrors = "tracing:storage_errors_5m";
const lost = "tracing:lost_5m";
const unwritten = "tracing:jaeger_unwritten_spans";

const totalRates = (...counters: string[]) => `(${counters.map((counter) => total(`rate(${counter}[5m])`)).join(" + ")})`;

/**
 * What a counter has grown by in five minutes, by instance. Counters of failures begin to exist with the first failure, at its size, which
 * `increase` misses: one that was not there five minutes ago counts as a whole, where its process was watched all the time.
 */
const grown = (counter: string) =>
  byInstance(`(${counter} unless last_over_time(${counter}[1m] offset 5m) and on (job, instance) ${watched}) or increase(${counter}[5m])`);

/** A target that does not answer, or that Prometheus does not know: of any kind there is under the job, by label. */
const down = (job: string, kinds: readonly string[] = [""]) =>
  [`up{job="${job}"} == 0`, ...kinds.map((kind) => `absent(up{job="${job}"${kind}})`)].join(" or ");

/** The tiers of the Collector, by label, with the memory limit of each, MiB. */
const tiers = (settings: Settings): { group: "collector" | "sampler"; label: string; memory: number }[] =>
  hasSamplers(settings)
    ? [
        { group: "collector", label: ', tier!="sampler"', memory: settings.collector.memory },
        { group: "sampler", label: ', tier="sampler"', memory: settings.sampler.memory },
      ]
    : [{ group: "collector", label: "", memory: settings.collector.memory }];

/** The services of Jaeger, by label. */
const jaegers = (settings: Settings): string[] => {
  const services = jaegerServices(settings);
  return services.length === 1 ? [""] : services.map((service) => `, service="${service}"`);
};

/**
 * A Collector whose heap is more than a share of its limit: the least of a minute, as garbage comes and goes. Resident memory would count the
 * mapped pages of the program and of the queue's file, which the kernel takes back when it needs them.
 */
const takesMemory = (settings: Settings) =>
  tiers(settings)
    .map(({ label, memory }) => {
      const heap = `min_over_time(${collector("otelcol_process_runtime_heap_alloc_bytes", label)}[1m])`;
      return `${heap} / ${memory * 1024 * 1024} > ${highMemory}`;
    })
    .join(" or ");

const dropRate = `${totalRates(refused, failed, enqueueFailed, sendFailed)} / (${totalRates(accepted, refused, failed)} > 0)`;

/**
 * No good run for long, or none known. On Docker the first run comes with the stack; on Kubernetes at its hour, so there none is missed
 * before the stack has been watched for as long.
 */
function neverCleaned({ platform }: Settings): string {
  // Without labels, as the time is: so the alert stays the same one when the last report is too old to be known.
  const unknown = `max(absent_over_time(${cleanerMetric("lastSuccess")}{job="index-cleaner"}[${overdue}h]))`;
  const expected = platform === "kubernetes" ? ` and on () last_over_time(up{job="otel-collector"}[1h] offset ${overdue}h)` : "";
  return `time() - ${cleaner("lastSuccess")} > ${overdue} * 3600 or ${unknown}${expected}`;
}

/**
 * Failed writes and reads; or spans that come, or wait for a Jaeger that has been there for four minutes, while not one write goes well: the
 * writer stops after a failure. Four minutes, as the Collector looks for a Jaeger that was away for long every two only: gRPC's back-off is 120 s,
 * a fifth more by chance (https://github.com/grpc/grpc/blob/master/doc/connection-backoff.md), and a write is seen to go well after two scrapes.
 */
const storageFails =
  `sum(${storageErrors}) > 10 or ` +
  `(sum(increase(${handed}[2m])) > 0 or sum(${queueSize}) > 0 and min_over_time(${total('up{job="jaeger"}')}[4m:15s]) > 0) ` +
  `and sum(up{job="jaeger"}) > 0 unless sum(increase(${writes}[2m])) > 0`;

/**
 * Spans above the least that were unwritten in the last hour. Documents of services, and bulk requests that failed as a whole (Jaeger
 * counts them as inserted), only ever lower `unwritten`. After a restart it begins at 0 again, and the hour before says nothing. What five
 * seconds bring is on its way.
 */
const queueDepth =
  `((${unwritten} - min_over_time(${unwritten}[1h]) unless on (job, instance) ${byInstance(`resets(${handed}[1h])`)} > 0) or ${unwritten})` +
  ` > 100 + 5 * ${byInstance(`rate(${handed}[2m])`)}`;

/**
 * Where spans can be lost after they were acknowledged. Traces that sampling gave up count only where it waits for whole traces: where it
 * decides on arrival, every kept trace has left its memory by the time that it looks for it, and is counted there too.
 */
const losses = (settings: Settings): Record<string, string> => ({
  "the Collector's queue": enqueueFailed,
  "the Collector's exporter": sendFailed,
  ...(samplingStrategy(settings.sampling) === "trace-complete" ? { sampling: undecided } : {}),
  "an oversized trace": oversized,
  storage: rejected,
});

const errors = { documents: rejected, writes: failedWrites, reads: failedReads };

/** Recording rules, in the order that they need. */
const records = (settings: Settings): readonly { record: string; expr: string; labels?: Record<string, string> }[] => [
  { record: "tracing:spans_per_second", expr: `sum(rate(${accepted}[1m])) or sum(up{job="otel-collector"}) * 0` },
  {
    // Where nothing is exported, nothing fails.
    record: "tracing:export_success_rate",
    expr: `${totalRates(sent)} / (${totalRates(sent, sendFailed, enqueueFailed)} > 0) or vector(1)`,
  },
  { record: watched, expr: `last_over_time(${both("up")}[1m] offset 5m) == 1 or ${both("otelcol_process_uptime_seconds_total")} < 330` },
  ...Object.entries(errors).map(([of, counter]) => ({ record: storageErrors, labels: { of }, expr: grown(counter) })),
  ...Object.entries(losses(settings)).map(([place, counter]) => ({ record: lost, labels: { place }, expr: grown(counter) })),
  { record: unwritten, expr: `${byInstance(handed)} - (${byInstance(inserted)} or ${byInstance(handed)} * 0)` },
];

/** An alert: how long its expression must hold, what it means, and what to look at first. `value` is a template of the found value. */
interface Alert {
  readonly name: string;
  readonly expr: string;
  readonly for: string;
  readonly severity: "critical" | "warning";
  readonly summary: string;
  readonly value: string;
  readonly first: string;
}

function alerts(settings: Settings): readonly Alert[] {
  const { traces } = instanceCapacity(settings);
  return [
    {
      name: "OTELCollectorDown",
      expr: down(
        "otel-collector",
        tiers(settings).map(({ label }) => label),
      ),
      for: "2m",
      severity: "critical",
      summary: "The Collector does not answer: no span is taken",
      value: "up is {{ $value }} or unknown; expected 1.",
      first: "`make status`, then `make logs SERVICE=otel-collector`.",
    },
    {
      name: "OTELHighSpanDropRate",
      expr: `${dropRate} > 0.1`,
      for: "2m",
      severity: "critical",
      summary: "The Collector refuses or drops more than 10 % of the spans",
      value: "{{ $value | humanizePercentage }} of the spans that came in five minutes.",
      first: "`make status`: is the queue full, or the Collector short of memory?",
    },
    {
      name: "OTELRequestsRefused",
      expr: `${refusedRequests.map((counter) => total(grown(counter))).join(" + ")} > 0`,
      for: "0s",
      severity: "warning",
      summary: "A client sends what the Collector can never take: those spans are lost where they come from",
      value: "{{ $value | humanize }} requests in five minutes were unreadable, or larger than `tracing:limits.request`.",
      first: "the logs of the applications: which of them reports a refusal (HTTP 400, RESOURCE_EXHAUSTED)?",
    },
    {
      name: "OTELExporterQueueFull",
      expr: `${queueSize} / ${queueCapacity} > 0.9`,
      for: "1m",
      severity: "warning",
      summary: "The Collector's queue is more than 90 % full: soon it refuses spans",
      value: "{{ $value | humanizePercentage }} of its capacity.",
      first: "`make logs SERVICE=jaeger`: why does it take no spans?",
    },
    {
      name: "OTELCollectorHighMemory",
      expr: takesMemory(settings),
      for: "5m",
      severity: "warning",
      summary: `What the Collector holds in memory is more than ${highMemory * 100} % of its ${tiers(settings)
        .map(({ memory }) => memory)
        .join(" or ")} MiB`,
      value: "{{ $value | humanizePercentage }} of its limit.",
      first: `\`make status\`: how many spans come? Raise ${tiers(settings)
        .map(({ group }) => `\`tracing:${group}.memory\``)
        .join(" or ")} if that is the load to carry.`,
    },
    {
      name: "OTELSamplingFull",
      expr: `${undecidedShare(settings)} > ${fullSampling}`,
      for: "1m",
      severity: "warning",
      summary: `The Collector's memory for ${traces} undecided traces is more than ${fullSampling * 100} % full: soon receivers are held up`,
      value: "{{ $value | humanizePercentage }} of it.",
      first: "`make sampling`: what load is expected? Set `tracing:sampling.expected` to what comes, and it says what memory that takes.",
    },
    {
      name: "JaegerDown",
      expr: down("jaeger", jaegers(settings)),
      for: "2m",
      severity: "critical",
      summary: "Jaeger does not answer: spans wait in the Collector's queue",
      value: "up is {{ $value }} or unknown; expected 1.",
      first: "`make status`, then `make logs SERVICE=jaeger`.",
    },
    {
      name: "JaegerElasticsearchConnectionFailed",
      expr: storageFails,
      for: "1m",
      severity: "critical",
      summary: "Jaeger cannot work with Elasticsearch",
      value: "{{ $value | humanize }}: errors in five minutes, or spans that wait while nothing is written.",
      first: "`make status`: is Elasticsearch healthy? Then `make logs SERVICE=jaeger`.",
    },
    {
      name: "JaegerHighQueueDepth",
      expr: queueDepth,
      for: "5m",
      severity: "warning",
      summary: "Jaeger holds spans that Elasticsearch does not have",
      value: "{{ $value | humanize }} spans handed to Jaeger are not stored; they are in its memory, or lost.",
      first: "`make logs SERVICE=jaeger` and `make logs SERVICE=elasticsearch`. Do not restart Jaeger before: what it holds would be lost.",
    },
    {
      name: "HighTraceLatency",
      expr: `histogram_quantile(0.95, sum by (job, le) (rate(${writeBuckets}[5m]))) > 0.1`,
      for: "10m",
      severity: "warning",
      summary: "Traces are stored slowly: a write takes longer than 100 ms",
      value: "95 % of the writes took up to {{ $value | humanizeDuration }}.",
      first: "`make status` and `make logs SERVICE=elasticsearch`: load, memory, disk.",
    },
    {
      name: "IndexCleanerFailed",
      // Less than a day: what yesterday's run told another Collector says nothing.
      expr: `${cleaner("lastRun", 20)} == 0`,
      for: "15m",
      severity: "warning",
      summary: "The index cleaner tries again and again, and fails",
      value: "Its last run failed; old traces stay.",
      first: "`make logs SERVICE=index-cleaner`: what does Elasticsearch answer?",
    },
    {
      name: "IndexCleanerOverdue",
      expr: neverCleaned(settings),
      for: "15m",
      severity: "warning",
      summary: `The index cleaner has not done its work for more than ${overdue} hours`,
      value: "{{ $value | humanizeDuration }} since its last good run; 1s: none is known.",
      first: "`make status`, then `make logs SERVICE=index-cleaner`.",
    },
    {
      name: "TraceIndexTooOld",
      expr: `time() - ${cleaner("oldestIndex")} > ${oldestIndexHours(settings)} * 3600`,
      for: "15m",
      severity: "warning",
      summary: `Traces are kept longer than ${settings.retention} days: an index is older than any should be`,
      value: `The oldest index is {{ $value | humanizeDuration }} old, expected less than ${oldestIndexHours(settings)} hours.`,
      first: "`make status`: did the cleaner run, and does the oldest index have a name that it knows?",
    },
    {
      name: "TraceDataLoss",
      expr: `${lost} > 0`,
      for: "0s",
      severity: "critical",
      summary: "Spans were lost after they had been acknowledged",
      value: "{{ $value | humanize }} lost in five minutes at {{ $labels.place }} (sampling and oversized traces count traces).",
      first: "`make logs SERVICE=otel-collector` and `make logs SERVICE=jaeger`: the errors of the last minutes.",
    },
    hygieneAlert,
  ];
}

/** Text of `tracing_rules.yml`. */
export const rulesFile = (settings: Settings): string => toYaml({ groups: ruleGroups(settings) });

/** The groups of rules: one, so that alerts see what was recorded in the same turn. */
export function ruleGroups(settings: Settings): object[] {
  const rules = alerts(settings).map(({ name, expr, severity, summary, value, first, for: hold }) => ({
    alert: name,
    expr,
    for: hold,
    labels: { severity },
    annotations: { summary, description: `${value} First: ${first}`, runbook: `docs/runbooks/alerts.md#${name.toLowerCase()}` },
  }));
  return [{ name: "tracing", rules: [...records(settings), ...rules] }];
}
