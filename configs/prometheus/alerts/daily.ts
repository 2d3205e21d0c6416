/** Expressions about what runs once a day and reports that. */
import { series, type MetricName } from "../metrics";
import { latestOf } from "../promql";
import type { StackSettings } from "../../stack/schema";

/** Hours without a good run: a day, and two hours for runs that are tried again. */
export const overdue = 26;

/**
 * The latest of what was reported in some hours: a day, and two hours. A daily run reports now and then, as a Kubernetes job once per run, and
 * to whichever Collector takes it: the same gauge may stand as several series. Of times the latest is the highest.
 */
export const latestReport = (gauge: MetricName, hours = overdue) => latestOf(gauge, hours);

/**
 * No good run for long, or none known. On Docker the first run comes with the stack; on Kubernetes at its hour, so there none is missed
 * before the stack has been watched for as long.
 */
export function neverRan({ platform }: StackSettings, lastSuccess: MetricName): string {
  // Without labels, as the time is: so the alert stays the same one when the last report is too old to be known.
  const unknown = `max(absent_over_time(${series(lastSuccess)}[${overdue}h]))`;
  const expected =
    platform === "kubernetes" ? ` and on () last_over_time(${series("up", {}, ["otel-collector"])}[1h] offset ${overdue}h)` : "";
  return `time() - ${latestReport(lastSuccess)} > ${overdue} * 3600 or ${unknown}${expected}`;
}

/** Hours in which the result of a last run counts: less than a day, as what yesterday's run told another Collector says nothing. */
const resultFor = 20;

/** Whether the last run did its work: 1 or 0. */
export const lastRunResult = (lastRun: MetricName): string => latestReport(lastRun, resultFor);

/** The last run failed. */
export const lastRunFailed = (lastRun: MetricName): string => `${lastRunResult(lastRun)} == 0`;
