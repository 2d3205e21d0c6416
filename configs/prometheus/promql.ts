/** Pieces of PromQL that rules and commands are made of. */

/**
 * Series of the Collector, and of Jaeger. Every selector names its job (configs/prometheus/config.ts): the same metric may be scraped twice, and
 * what applications send stands under a job of its own, whatever they call themselves.
 */
export const collector = (metric: string, more = "") => `${metric}{job="otel-collector"${more}}`;
export const jaeger = (metric: string, more = "") => `${metric}{job="jaeger"${more}}`;

/** Series about Elasticsearch, from its exporter. */
export const elasticsearch = (metric: string, more = "") => `${metric}{job="elasticsearch-exporter"${more}}`;

/** A sum for each process. */
export const byInstance = (value: string) => `sum by (job, instance) (${value})`;

/** A sum over all instances; 0 where there is nothing to add. */
export const total = (value: string) => `(sum(${value}) or vector(0))`;

/** What counters grow by in a second, all together. */
export const totalRates = (...counters: string[]) => `(${counters.map((counter) => total(`rate(${counter}[5m])`)).join(" + ")})`;

/** The recorded series that says of which processes Prometheus has seen all of the last five minutes. */
export const watched = "tracing:watched";

/**
 * What a counter has grown by in five minutes, by instance. Counters of failures begin to exist with the first failure, at its size, which
 * `increase` misses: one that was not there five minutes ago counts as a whole, where its process was watched all the time.
 */
export const grown = (counter: string) =>
  byInstance(`(${counter} unless last_over_time(${counter}[1m] offset 5m) and on (job, instance) ${watched}) or increase(${counter}[5m])`);

/** Spans that receivers took, that they refused, and that failed behind them. */
export const accepted = collector("otelcol_receiver_accepted_spans_total");
export const refused = collector("otelcol_receiver_refused_spans_total");
export const failed = collector("otelcol_receiver_failed_spans_total");

// The debug exporter "sends" each span too. What does not get from one tier to the next is refused, and no loss.
const toJaeger = ', exporter!~"debug|load_balancing"';

/** Spans that Jaeger was sent, that it refused for good, and that no queue took. */
export const sent = collector("otelcol_exporter_sent_spans_total", toJaeger);
export const sendFailed = collector("otelcol_exporter_send_failed_spans_total", toJaeger);
export const enqueueFailed = collector("otelcol_exporter_enqueue_failed_spans_total", toJaeger);

/** Requests that a receiver refused for good: what cannot be read, and what is larger than it takes. */
export const refusedRequests = [
  collector("http_server_request_duration_seconds_count", ', http_response_status_code="400"'),
  collector("rpc_server_call_duration_seconds_count", ', rpc_response_status_code=~"RESOURCE_EXHAUSTED|INVALID_ARGUMENT"'),
];

/** Bytes of spans that wait for Jaeger, and how many may. */
export const queueSize = collector("otelcol_exporter_queue_size");
export const queueCapacity = collector("otelcol_exporter_queue_capacity");

const tailSampling = (metric: string, more = "") => collector(`otelcol_processor_tail_sampling_${metric}`, more);

/** Undecided traces in memory. With a cap two processors write it without a label, and the last one's value stands. */
export const undecidedTraces = tailSampling("sampling_traces_on_memory");

/** Traces that were decided on. The processor of a cap adds to it: each trace that it is given is counted once more, see {@link cappedTraces}. */
export const decidedTraces = (more = "") => tailSampling("global_count_traces_sampled_total", more);

/** Traces that the processor of a cap was given: its first policy looks at each. */
export const cappedTraces = tailSampling("count_traces_sampled_total", ', policy="cap.errors"');
