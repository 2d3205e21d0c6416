/** Metrics that the Collector makes of spans. */
import { latencyBounds } from "../go-programs";
import { redactedKinds, redactedMark } from "./redaction";

/** What the names of span metrics begin with, as the connector writes them. */
export const spanMetricsNamespace = "traces.span.metrics";

const durationText = (seconds: number): string => (seconds < 1 ? `${seconds * 1000}ms` : `${seconds}s`);

/** The exporter adds unit and type: traces_span_metrics_calls_total, traces_span_metrics_duration_seconds. */
export const spanMetrics = {
  namespace: spanMetricsNamespace,
  // A span without marks has no labels for them, and no series of its own.
  calls_dimensions: redactedKinds.map((kind) => ({ name: redactedMark(kind) })),
  histogram: { unit: "s", explicit: { buckets: latencyBounds.map(durationText) } },
  aggregation_cardinality_limit: 2000,
  metrics_flush_interval: "15s",
  metrics_expiration: "15m",
};

/** Spans that wait for the other half of their call, for each MiB of the memory limit: half a KiB each, two percent of the limit together. */
const waitingPerMebibyte = 40;

/**
 * Calls between services, of the client's span and the server's, or the producer's and the consumer's. They are counted before sampling, where all
 * spans of a trace meet: traces_service_graph_request_total and others, by client and server.
 *
 * - `ttl`: SDKs send every five seconds, so the halves of a call arrive about as far apart. A message that waits longer is no call of this graph.
 * - `max_items`: beyond it a span is left out, and counted in otelcol_connector_servicegraph_dropped_spans_total. Nothing is refused.
 * - Nodes are services that send spans, and databases. Without virtual nodes a client cannot make new ones of each address that it calls.
 * - Few buckets: a pair of services has a dozen series for each outcome, and a pair without calls goes after 15 minutes.
 *
 * @param memory The Collector's memory limit, MiB.
 */
export const serviceGraph = (memory: number): object => ({
  store: { ttl: "10s", max_items: memory * waitingPerMebibyte },
  virtual_node_peer_attributes: [],
  database_name_attributes: ["db.namespace", "db.name"],
  latency_histogram_buckets: ["100ms", "1s"],
  metrics_flush_interval: "15s",
});
