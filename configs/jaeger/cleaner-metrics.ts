/** What the index cleaner tells of itself, as OTLP gauges. The only home of their names. */
import type { Gauge } from "../reported-gauges";

export const cleanerGauges = {
  /** Unix time of the last run that did its work. */
  lastSuccess: { name: "tracing.index_cleaner.last_success.timestamp", unit: "s" },
  /** Whether the last run did its work: 1 or 0. */
  lastRun: { name: "tracing.index_cleaner.last_run.success", unit: "" },
  /** Unix time at which the next run is due. */
  nextRun: { name: "tracing.index_cleaner.next_run.timestamp", unit: "s" },
  /**
   * Unix time at which the oldest of Jaeger's indices was made, whatever its prefix; the time of the report where there is none. A time
   * and no age: it stays true between reports.
   */
  oldestIndex: { name: "tracing.index.oldest.creation.timestamp", unit: "s" },
} as const satisfies Record<string, Gauge>;
