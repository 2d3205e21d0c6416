/** Whether old traces are deleted, by what the index cleaner reports. */
import type { Alert } from "./alert";
import { collectorDown, elasticsearchDown } from "./causes";
import { lastRunFailed, latestReport, neverRan, overdue } from "./daily";
import { oldestIndexHours } from "../../jaeger/index-cleaner";
import type { StackSettings } from "../../stack/schema";

export function retentionAlerts(settings: StackSettings): readonly Alert[] {
  return [
    {
      name: "IndexCleanerFailed",
      expr: lastRunFailed("cleanerLastRun"),
      for: "15m",
      severity: "warning",
      summary: "The index cleaner keeps failing",
      value: "Its last run failed; old traces stay.",
      first: "`make logs SERVICE=index-cleaner`: what does Elasticsearch answer?",
      follows: [elasticsearchDown],
    },
    {
      name: "IndexCleanerOverdue",
      expr: neverRan(settings, "cleanerLastSuccess"),
      for: "15m",
      severity: "warning",
      summary: `The index cleaner has not succeeded for more than ${overdue} hours`,
      value: "{{ $value | humanizeDuration }} since its last successful run (1s: none is known).",
      first: "`make status`, then `make logs SERVICE=index-cleaner`.",
      follows: [elasticsearchDown, collectorDown],
    },
    {
      name: "TraceIndexTooOld",
      expr: `time() - ${latestReport("cleanerOldestIndex")} > ${oldestIndexHours(settings)} * 3600`,
      for: "15m",
      severity: "warning",
      summary: `An index is older than the retention of ${settings.retention} days allows`,
      value: `The oldest index is {{ $value | humanizeDuration }} old, expected less than ${oldestIndexHours(settings)} hours.`,
      first: "`make status`: did the cleaner run, and does the oldest index have the prefix that it deletes?",
      follows: [elasticsearchDown],
    },
  ];
}
