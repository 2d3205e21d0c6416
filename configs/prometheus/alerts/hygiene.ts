/** Spans that the Collector drops where they come in: configs/collector/hygiene.ts. */
import { increase } from "../promql";
import { dropReasons } from "../../collector/hygiene";
import { like, series } from "../metrics";

/** Spans that were dropped, by processor. The counter is there, at 0, from the first span on. */
export const droppedSpans = series("filteredSpans", { filter: like(Object.values(dropReasons).join("|")) });

export const hygieneAlert = {
  name: "SpansDroppedAtTheDoor",
  expr: `sum by (filter) (${increase(droppedSpans, "5m")}) > 0`,
  for: "0s",
  severity: "warning",
  summary: "An application sends spans that cannot be stored: they were acknowledged and dropped",
  value: "{{ $value | humanize }} spans in five minutes by {{ $labels.filter }}.",
  first: "the runbook says what the reason is, and how to find the application.",
} as const;
