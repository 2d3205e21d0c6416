/** Pieces of PromQL that rules and commands are made of. */

/** Series of the Collector, and of Jaeger. Every selector names its job (configs/prometheus.ts): the same metric may be scraped twice. */
export const collector = (metric: string, more = "") => `${metric}{job="otel-collector"${more}}`;
export const jaeger = (metric: string, more = "") => `${metric}{job="jaeger"${more}}`;

/** A sum for each process. */
export const byInstance = (value: string) => `sum by (job, instance) (${value})`;

/** A sum over all instances; 0 where there is nothing to add. */
export const total = (value: string) => `(sum(${value}) or vector(0))`;

/** Spans that receivers took, and that they refused. */
export const accepted = collector("otelcol_receiver_accepted_spans_total");
export const refused = collector("otelcol_receiver_refused_spans_total");

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
