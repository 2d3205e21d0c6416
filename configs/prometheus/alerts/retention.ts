/** Whether old traces are deleted, by what the index cleaner reports. */
import type { Alert } from "./alert";
import { series, type MetricName } from "../metrics";
import { oldestIndexHours } from "../../jaeger/index-cleaner";
import type { StackSettings } from "../../stack/schema";

/** Hours without a run of the cleaner that did its work: a day, and two hours for runs that are tried again. */
const overdue = 26;

/**
 * The latest of what the cleaner reported in some hours: a day, and two hours. It reports now and then, as a Kubernetes job once per run, and
 * to whichever Collector takes it: the same gauge may stand as several series. Of times the latest is the highest.
 */
const cleaner = (gauge: MetricName & `cleaner${string}`, hours = overdue) => `max(last_over_time(${series(gauge)}[${hours}h]))`;

/**
 * No good run for long, or none known. On Docker the first run comes with the stack; on Kubernetes at its hour, so there none is missed
 * before the stack has been watched for as long.
 */
function neverCleaned({ platform }: StackSettings): string {
  // Without labels, as the time is: so the alert stays the same one when the last report is too old to be known.
  const unknown = `max(absent_over_time(${series("cleanerLastSuccess")}[${overdue}h]))`;
  const expected =
    platform === "kubernetes" ? ` and on () last_over_time(${series("up", {}, ["otel-collector"])}[1h] offset ${overdue}h)` : "";
  return `time() - ${cleaner("cleanerLastSuccess")} > ${overdue} * 3600 or ${unknown}${expected}`;
}

export function retentionAlerts(settings: StackSettings): readonly Alert[] {
  return [
    {
      name: "IndexCleanerFailed",
      // Less than a day: what yesterday's run told another Collector says nothing.
      expr: `${cleaner("cleanerLastRun", 20)} == 0`,
      for: "15m",
      severity: "warning",
      summary: "The index cleaner tries again and again, and fails",
      value: "Its last run failed; old traces stay.",
      first: "`make logs SERVICE=index-cleaner`: what does Elasticsearch answer?",
    },
    {
      name: "IndexCleanerOverdue",
      expr: neverCleaned(settings),
      for: "15m",
      severity: "warning",
      summary: `The index cleaner has not done its work for more than ${overdue} hours`,
      value: "{{ $value | humanizeDuration }} since its last good run; 1s: none is known.",
      first: "`make status`, then `make logs SERVICE=index-cleaner`.",
    },
    {
      name: "TraceIndexTooOld",
      expr: `time() - ${cleaner("cleanerOldestIndex")} > ${oldestIndexHours(settings)} * 3600`,
      for: "15m",
      severity: "warning",
      summary: `Traces are kept longer than ${settings.retention} days: an index is older than any should be`,
      value: `The oldest index is {{ $value | humanizeDuration }} old, expected less than ${oldestIndexHours(settings)} hours.`,
      first: "`make status`: did the cleaner run, and does the oldest index have a name that it knows?",
    },
  ];
}
