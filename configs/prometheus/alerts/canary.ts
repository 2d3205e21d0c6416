/** The canary: that its traces are found, and that it reports. */
import type { Alert, Cause } from "./alert";
import { collectorDown, searchDown } from "./causes";
import { lossAlert } from "./loss";
import { canaryTimes, hasCanary } from "../../canary/times";
import { series, type MetricName } from "../metrics";
import { increase, latestOf } from "../promql";
import type { StackSettings } from "../../stack/schema";

const counters = {
  sent: "canarySent",
  refused: "canaryRefused",
  found: "canaryFound",
  fresh: "canaryFresh",
  missing: "canaryMissing",
  unanswered: "canaryUnanswered",
} as const;

/** Recorded: a counter of the canary, whichever Collector took its last report. */
export const canaryTotal = (counter: keyof typeof counters): string => `tracing:canary_${counter}`;

/**
 * A metric of the canary, by its last report. A report goes to any one of several Collectors, and the others show for 15 minutes what they were told last:
 * the same metric may stand as several series, of which that beside the latest time of report counts.
 *
 * It counts also where its Collector is gone, until another one has a later report: the older value of another one would look like a counter that began
 * again, and all traces since the canary's start would count once more. Times of report are looked back for longer than values, so that no older value
 * is left when the latest is too old.
 */
export const canaryLatest = (metric: MetricName): string =>
  `max(last_over_time(${series(metric)}[30m]) and on (instance) topk(1, last_over_time(${series("canaryReported")}[1h])))`;

/** Recording rules. */
export const canaryRecords = (settings: StackSettings) =>
  hasCanary(settings)
    ? (Object.keys(counters) as (keyof typeof counters)[]).map((counter) => ({
        record: canaryTotal(counter),
        expr: canaryLatest(counters[counter]),
      }))
    : [];

/** Traces that are judged by for an outage, and for a loss of a few in a hundred. */
const judged = { outage: 8, loss: 240 } as const;

/** Shares of these that are missing, above which somebody is to know. The few that a restart of Jaeger makes late are no loss. */
const missingShare = { outage: 0.5, loss: 0.01 } as const;
const fewMissing = 2;

/** A report's age, in seconds, at which the canary counts as away. */
const reportAge = (interval: number): number => Math.max(120, 4 * interval);

/** Seconds in which the canary is to see that nothing can be found any more: its deadline, half of the traces judged, a report, and the alert's hold. */
export function outageSeen(settings: StackSettings): number {
  const { interval } = settings.canary;
  return canaryTimes(settings).deadline + outageWindow(interval) / 2 + 2 * interval + 60 + 30;
}

/** Its alert that nothing can be found: {@link canaryAlerts}. */
export const canaryMissing = { name: "CanaryMissing", service: "canary" } as const satisfies Cause;

const outageWindow = (interval: number): number => Math.max(60, judged.outage * interval);

export function canaryAlerts(settings: StackSettings): readonly Alert[] {
  if (!hasCanary(settings)) return [];
  const { interval } = settings.canary;
  const { deadline } = canaryTimes(settings);
  const [missing, found] = [canaryTotal("missing"), canaryTotal("found")];
  const share = (window: string) => `${increase(missing, window)} / (${increase(missing, window)} + ${increase(found, window)} > 0)`;
  const [outage, loss] = [`${outageWindow(interval)}s`, `${judged.loss * interval}s`];
  const follows = [...searchDown(settings), { name: lossAlert(settings).name }];
  const common = {
    name: canaryMissing.name,
    service: canaryMissing.service,
    follows,
    value: `{{ $value | humanizePercentage }} of its acknowledged traces could not be found after ${deadline} s.`,
    first: "`make logs SERVICE=canary` names the traces; `make status`: are the queue, Jaeger and Elasticsearch healthy?",
  };
  return [
    {
      ...common,
      expr: `${share(outage)} > ${missingShare.outage}`,
      for: "1m",
      severity: "critical",
      summary: "The canary's traces cannot be found, so applications' traces cannot be found either",
    },
    {
      ...common,
      // Half a trace less, as Prometheus extrapolates to the ends of a window.
      expr: `${share(loss)} > ${missingShare.loss} and ${increase(missing, loss)} > ${fewMissing + 0.5}`,
      // As long as it takes to see that nothing at all is found.
      for: "3m",
      severity: "warning",
      follows: [...follows, canaryMissing],
      remembers: "1h",
      summary: "Some of the canary's traces cannot be found, so some of the applications' are probably missing too",
    },
    {
      ...common,
      expr: `${increase(canaryTotal("refused"), outage)} > 0 unless ${increase(canaryTotal("sent"), outage)} > 0`,
      for: "1m",
      severity: "critical",
      summary: "The Collector accepts none of the canary's traces: it may refuse applications' traces too",
      value: `{{ $value | humanize }} refused in ${outage}, none accepted.`,
      first: "`make logs SERVICE=canary` shows the answers; `make status`: is the Collector healthy, is its queue full?",
    },
    {
      name: "CanaryAbsent",
      expr: `time() - ${latestOf("canaryReported")} > ${reportAge(interval)} or max(absent_over_time(${series("canaryReported")}[1h]))`,
      for: "5m",
      severity: "warning",
      service: "canary",
      follows: [collectorDown],
      summary: "The canary does not report: nothing checks whether traces can be found",
      value: "{{ $value | humanizeDuration }} since its last report (1s: none for an hour, or never).",
      first: "`make status`: are the canary and the Collector running? Then `make logs SERVICE=canary`.",
    },
  ];
}
