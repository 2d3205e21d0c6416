/** The canary's own metrics. */
import type { Counter, Gauge } from "../reported-gauges";

/** Sums since the canary started. */
export const canaryCounters = {
  /** Traces that the Collector acknowledged. */
  sent: { name: "tracing.canary.sent" },
  /** Traces that it did not. */
  refused: { name: "tracing.canary.refused" },
  /** Traces that Jaeger showed whole before their deadline. */
  found: { name: "tracing.canary.found" },
  /** Those of them that it showed within the time that the settings promise. */
  fresh: { name: "tracing.canary.fresh" },
  /** Traces that it did not show by their deadline. */
  missing: { name: "tracing.canary.missing" },
  /** Requests to Jaeger that got no answer at all. */
  unanswered: { name: "tracing.canary.unanswered" },
} as const satisfies Record<string, Counter>;

export const canaryGauges = {
  /** Seconds from sending the trace that was found last until it was found. */
  latency: { name: "tracing.canary.latency", unit: "s" },
  /** Unix time at which a trace was last found. */
  lastSuccess: { name: "tracing.canary.last_success.timestamp", unit: "s" },
  /** Unix time of the report: of several Collectors, the one with the latest has the counters that hold. */
  reported: { name: "tracing.canary.report.timestamp", unit: "s" },
} as const satisfies Record<string, Gauge>;
