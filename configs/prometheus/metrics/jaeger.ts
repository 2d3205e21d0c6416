/** Metrics of Jaeger. */
import type { Described } from "./metric";

export const jaegerCounters = {
  spansHanded: {
    name: "jaeger_storage_spans_attempts_total",
    labels: [],
    unit: "spans",
    since: "first span",
    meaning: "Spans passed to the writer.",
  },
  spansUnencodable: {
    name: "jaeger_storage_spans_errors_total",
    labels: [],
    unit: "spans",
    since: "failure",
    meaning: "Spans that cannot be encoded. Not counted by versions that write asynchronously.",
  },
  documentsWritten: {
    name: "jaeger_storage_bulk_index_inserts_total",
    labels: [],
    unit: "documents",
    since: "first span",
    meaning: "Documents in bulk requests, including requests that failed as a whole.",
  },
  documentsRejected: {
    name: "jaeger_storage_bulk_index_errors_total",
    labels: [],
    unit: "documents",
    since: "first span",
    meaning: "Documents that Elasticsearch rejected.",
  },
  reads: {
    name: "jaeger_storage_requests_total",
    labels: ["result", "operation"],
    unit: "requests",
    since: "first span",
    meaning: "Reads, by result.",
  },
  batchesFailed: {
    name: "otelcol_exporter_send_failed_spans_total",
    labels: ["exporter"],
    unit: "spans",
    since: "failure",
    meaning: "Spans in batches that Jaeger reported as failed, and that are sent again.",
  },
} as const satisfies Record<string, Described>;

export const jaegerHistograms = {
  writeSeconds: {
    name: "jaeger_storage_bulk_index_latency_ok_seconds",
    labels: ["le"],
    unit: "seconds",
    since: "first span",
    meaning: "Duration of successful bulk requests.",
  },
  failedWriteSeconds: {
    name: "jaeger_storage_bulk_index_latency_err_seconds",
    labels: ["le"],
    unit: "seconds",
    since: "failure",
    meaning: "Duration of failed bulk requests.",
  },
} as const satisfies Record<string, Described>;
