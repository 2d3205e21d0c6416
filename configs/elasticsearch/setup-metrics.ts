/** What the setup of Elasticsearch tells of itself, as OTLP gauges. The only home of their names. */
import type { Gauge } from "../reported-gauges";

export const setupGauges = {
  /** Unix time at which everything was last seen in place. */
  lastSuccess: { name: "tracing.elasticsearch_setup.last_success.timestamp", unit: "s" },
  /** Unix time at which something was last found missing or changed, and put right. Absent if that never happened. */
  lastRepair: { name: "tracing.elasticsearch_setup.last_repair.timestamp", unit: "s" },
} as const satisfies Record<string, Gauge>;
