/** Metrics of the Collector. */
import type { Described } from "./metric";

/** Label of the second tier, where there is one. */
export const tier = "tier";

export const collector = {
  acceptedSpans: {
    name: "otelcol_receiver_accepted_spans_total",
    labels: ["receiver", "transport", tier],
    unit: "spans",
    since: "first span",
    meaning: "Spans that receivers accepted.",
  },
  refusedSpans: {
    name: "otelcol_receiver_refused_spans_total",
    labels: ["receiver", "transport", tier],
    unit: "spans",
    since: "first span",
    meaning: "Spans that receivers refused; clients retry.",
  },
  failedSpans: {
    name: "otelcol_receiver_failed_spans_total",
    labels: ["receiver", "transport", tier],
    unit: "spans",
    since: "first span",
    meaning: "Spans that failed after the receivers.",
  },
  httpRequests: {
    name: "http_server_request_duration_seconds_count",
    labels: ["http_response_status_code"],
    unit: "requests",
    since: "first span",
    meaning: "HTTP requests, by status. 400 is permanent.",
  },
  rpcRequests: {
    name: "rpc_server_call_duration_seconds_count",
    labels: ["rpc_response_status_code"],
    unit: "requests",
    since: "first span",
    meaning: "gRPC requests, by status. RESOURCE_EXHAUSTED and INVALID_ARGUMENT are permanent.",
  },
  sentSpans: {
    name: "otelcol_exporter_sent_spans_total",
    labels: ["exporter"],
    unit: "spans",
    since: "first span",
    meaning: "Spans that the next hop accepted.",
  },
  sendFailedSpans: {
    name: "otelcol_exporter_send_failed_spans_total",
    labels: ["exporter"],
    unit: "spans",
    since: "failure",
    meaning: "Spans that the next hop refused permanently.",
  },
  enqueueFailedSpans: {
    name: "otelcol_exporter_enqueue_failed_spans_total",
    labels: ["exporter"],
    unit: "spans",
    since: "failure",
    meaning: "Spans that could not be queued.",
  },
  filteredSpans: {
    name: "otelcol_processor_filter_spans_filtered_total",
    labels: ["filter"],
    unit: "spans",
    since: "first span",
    meaning: "Spans dropped on arrival, by reason.",
  },
  decidedTraces: {
    name: "otelcol_processor_tail_sampling_global_count_traces_sampled_total",
    labels: ["sampled"],
    unit: "traces",
    since: "first span",
    meaning: "Decided traces. With a cap, its processor counts each trace that it receives again.",
  },
  policyTraces: {
    name: "otelcol_processor_tail_sampling_count_traces_sampled_total",
    labels: ["policy", "sampled"],
    unit: "traces",
    since: "first span",
    meaning: "Traces that a policy evaluated.",
  },
  tracesDroppedEarly: {
    name: "otelcol_processor_tail_sampling_sampling_trace_dropped_too_early_total",
    labels: [],
    unit: "traces",
    since: "first span",
    meaning: "Undecided traces dropped to make room for newer ones.",
  },
  tracesDroppedLarge: {
    name: "otelcol_processor_tail_sampling_traces_dropped_too_large_total",
    labels: [],
    unit: "traces",
    since: "failure",
    meaning: "Traces dropped because they exceed the size limit.",
  },
} as const satisfies Record<string, Described>;

export const collectorGauges = {
  queueSize: {
    name: "otelcol_exporter_queue_size",
    labels: ["exporter"],
    unit: "bytes",
    since: "start",
    meaning: "Bytes of spans that wait for Jaeger.",
  },
  queueCapacity: {
    name: "otelcol_exporter_queue_capacity",
    labels: ["exporter"],
    unit: "bytes",
    since: "start",
    meaning: "Maximum bytes of spans that may wait for Jaeger.",
  },
  undecidedTraces: {
    name: "otelcol_processor_tail_sampling_sampling_traces_on_memory",
    labels: [],
    unit: "traces",
    since: "first span",
    meaning: "Undecided traces. With a cap, two processors write it without a label; the last value wins.",
  },
  heap: {
    name: "otelcol_process_runtime_heap_alloc_bytes",
    labels: [tier],
    unit: "bytes",
    since: "start",
    meaning: "Allocated heap, including garbage.",
  },
} as const satisfies Record<string, Described>;
