/** What the snapshots' script tells, as OTLP gauges. The only home of their names. */
import type { Gauge } from "../reported-gauges";

export const snapshotGauges = {
  /** Unix time at which the newest whole snapshot was done, as the repository has it. Absent where there is none. */
  lastSuccess: { name: "tracing.elasticsearch_snapshots.last_success.timestamp", unit: "s" },
  /** Whether the last run made one: 1 or 0. */
  lastRun: { name: "tracing.elasticsearch_snapshots.last_run.success", unit: "" },
} as const satisfies Record<string, Gauge>;
