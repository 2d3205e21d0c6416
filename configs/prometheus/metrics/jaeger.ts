/** Metrics of Jaeger. */
import type { Described } from "./metric";

export const jaegerCounters = {
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
} as const satisfies Record<string, Described>;

export const jaegerHistograms = {
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
} as const satisfies Record<string, Described>;
