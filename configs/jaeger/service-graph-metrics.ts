/** What the service graph's script tells, as OTLP gauges. The only home of their names. */
import type { Gauge } from "../reported-gauges";

export const serviceGraphGauges = {
  /** Unix time at which the graph was last up to date in Elasticsearch. */
  lastSuccess: { name: "tracing.service_graph.last_success.timestamp", unit: "s" },
} as const satisfies Record<string, Gauge>;
