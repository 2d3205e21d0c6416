/** Pieces of PromQL that rules and commands are made of. The metrics themselves: configs/prometheus/metrics/. */
import { is, like, series, unlike, type MetricName } from "./metrics";

/** Growth per second of a counter over a window such as `5m`. */
export const rate = (counter: string, window: string) => `rate(${counter}[${window}])`;

/** Growth of a counter over a window. */
export const increase = (counter: string, window: string) => `increase(${counter}[${window}])`;

/** How often a counter started again at 0 within a window. */
export const resets = (counter: string, window: string) => `resets(${counter}[${window}])`;

/** The least value of a window, which may end some time ago (`offset`). */
export const minOver = (value: string, window: string, offset?: string) =>
  `min_over_time(${value}[${window}]${offset === undefined ? "" : ` offset ${offset}`})`;

/** The highest value of a window. */
export const maxOver = (value: string, window: string) => `max_over_time(${value}[${window}])`;

/** A sum for each value of some labels. */
export const sumBy = (labels: string, value: string) => `sum by (${labels}) (${value})`;

/** A quantile, 0–1, of a histogram's buckets over five minutes; for each value of some labels, if any are named. */
export const quantile = (share: number, buckets: string, ...labels: string[]) =>
  `histogram_quantile(${share}, ${sumBy([...labels, "le"].join(", "), rate(buckets, "5m"))})`;

/** The highest of what was reported in some hours: of times the latest, whichever Collector took the report. */
export const latestOf = (gauge: MetricName, hours = 1) => `max(last_over_time(${series(gauge)}[${hours}h]))`;

/** A sum for each process. */
export const byInstance = (value: string) => `sum by (job, instance) (${value})`;

/** A sum over all instances; 0 where there is nothing to add. */
export const total = (value: string) => `(sum(${value}) or vector(0))`;

/** Sum of the growth per second of several counters, over five minutes. */
export const totalRates = (...counters: string[]) => `(${counters.map((counter) => total(rate(counter, "5m"))).join(" + ")})`;

/** Recorded series: spans that receivers accept per second, and the share of exported spans that Jaeger accepts. */
export const spansPerSecond = "tracing:spans_per_second";
export const exportSuccessRate = "tracing:export_success_rate";

/** The recorded series of processes that Prometheus has watched for all of the last five minutes. */
export const watched = "tracing:watched";

/** Its rule: the process was up five minutes ago, or has started since. */
export const watchedRecord = {
  record: watched,
  expr: `last_over_time(${series("up", {}, ["otel-collector", "jaeger"])}[1m] offset 5m) == 1 or ${series("uptime")} < 330`,
};

/**
 * Growth of a counter in five minutes, by instance. `increase` misses the first failure, because a counter of failures only exists from then
 * on. If its process was watched all the time, a counter that is newer than five minutes counts in full.
 */
export const grown = (counter: string) =>
  byInstance(
    `(${counter} unless last_over_time(${counter}[1m] offset 5m) and on (job, instance) ${watched}) or ${increase(counter, "5m")}`,
  );

/** Spans that receivers took, that they refused, and that failed behind them. */
export const accepted = series("acceptedSpans");
export const refused = series("refusedSpans");
export const failed = series("failedSpans");

// The debug exporter "sends" each span too. What does not get from one tier to the next is refused, and no loss.
const toJaeger = { exporter: unlike("debug|load_balancing") };

/** Spans that Jaeger was sent, that it refused for good, and that no queue took. */
export const sent = series("sentSpans", toJaeger);
export const sendFailed = series("sendFailedSpans", toJaeger);
export const enqueueFailed = series("enqueueFailedSpans", toJaeger);

/** Requests that a receiver refused for good: what cannot be read, and what is larger than it takes. */
export const refusedRequests = [
  series("httpRequests", { http_response_status_code: is("400") }),
  series("rpcRequests", { rpc_response_status_code: like("RESOURCE_EXHAUSTED|INVALID_ARGUMENT") }),
];

/** Bytes of spans that wait for Jaeger, and how many may. */
export const queueSize = series("queueSize");
export const queueCapacity = series("queueCapacity");

/** Traces that were decided on, or those that were kept or not. */
export const decidedTraces = (sampled?: boolean) => series("decidedTraces", sampled === undefined ? {} : { sampled: is(String(sampled)) });

/** Traces that the processor of a cap was given: its first policy looks at each. */
export const cappedTraces = series("policyTraces", { policy: is("cap.errors") });
