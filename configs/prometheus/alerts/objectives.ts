/**
 * Objectives: what share of events must be good, how much room for bad ones is left, and alerts on how fast it is used up. docs/decisions/0032-canary-and-objectives.md
 * says what is counted, and what is not.
 */
import { compact } from "../../compact";
import type { Alert, Cause } from "./alert";
import { canaryMissing, canaryTotal } from "./canary";
import { searchDown } from "./causes";
import { lossAlert, lost } from "./loss";
import { hasCanary } from "../../canary/times";
import { is, like, series, unlike } from "../metrics";
import { enqueueFailed, rate, sendFailed, sent, total, totalRates } from "../promql";
import type { StackSettings } from "../../stack/schema";

/** How often these rules are evaluated, in seconds. Their windows are long. */
const turn = 60;

/** Days of an objective's window, where Prometheus keeps metrics for as long. */
const usualDays = 28;

/** Events of a long window below which no alert is made of them: one bad one among few says nothing. */
const fewestEvents = 50;

/**
 * Bad events of a long window below which nobody is called. Of the canary's 240 traces an hour, four that are late are more than a page's rate of a
 * thousandth, and of 60 a single one: a restart of Jaeger makes more late than that.
 */
const fewestBad = 10;

/** Recorded: bad and all events, a second; the share of bad ones that an objective grants; and how much of the window's room is left. */
export const bad = "tracing:objective_bad:rate5m";
export const all = "tracing:objective_all:rate5m";
const granted = "tracing:objective_granted";
export const left = "tracing:objective_left";

/** Recorded: how many times faster than granted bad events come, over a window. */
export const burn = (window: string): string => `tracing:objective_burn:${window}`;

/**
 * Windows and rates of burning of "Alerting on SLOs" (https://sre.google/workbook/alerting-on-slos/, table 5-8): the long window says that it matters, the
 * short one that it still goes on. Of a window of 30 days they are 2, 5 and 10 % of the room.
 */
export const pages = [
  { long: "1h", short: "5m", rate: 14.4 },
  { long: "6h", short: "30m", rate: 6 },
] as const;
const ticket = (days: number) => ({ long: `${Math.min(3, days)}d`, short: "6h", rate: 1 }) as const;

/** Days that objectives are judged over. */
export const objectiveDays = ({ prometheus }: Pick<StackSettings, "prometheus">): number => Math.min(usualDays, prometheus.retention);

/** Events that an objective counts: their source, and the rates of bad events and of all events. */
interface Indicator {
  readonly objective: keyof StackSettings["objectives"];
  readonly of: string;
  readonly bad: string;
  readonly all: string;
}

/** Losses that are counted in traces; all others are in spans. */
const inTraces = "sampling|an oversized trace";

function indicators(settings: StackSettings): Indicator[] {
  const { spansPerTrace } = settings.sampling.expected;
  const some = (places: string) => total(`${lost}{place${places}} > 0`);
  const lostSpans = `(${some(unlike(inTraces))} + ${spansPerTrace} * ${some(like(inTraces))}) / 300`;
  const perSecond = (counter: Parameters<typeof canaryTotal>[0]) => rate(canaryTotal(counter), "5m");
  const outcomes = `(${perSecond("found")} + ${perSecond("missing")})`;
  const canary = hasCanary(settings);
  // Jaeger counts no question that it does not answer.
  const unanswered = canary ? ` + (${perSecond("unanswered")} or vector(0))` : "";
  return compact([
    { objective: "completeness", of: "spans", bad: lostSpans, all: `${totalRates(sent, sendFailed, enqueueFailed)} + ${lostSpans}` },
    canary && { objective: "completeness", of: "canary", bad: perSecond("missing"), all: outcomes },
    canary && { objective: "freshness", of: "canary", bad: `${outcomes} - ${perSecond("fresh")}`, all: outcomes },
    {
      objective: "queries",
      of: "Jaeger",
      bad: `${total(rate(series("reads", { result: is("err") }), "5m"))}${unanswered}`,
      all: `${total(rate(series("reads"), "5m"))}${unanswered}`,
    },
  ]);
}

/** Recording rules. */
export function objectiveRecords(settings: StackSettings): { record: string; expr: string; labels?: Record<string, string> }[] {
  const found = indicators(settings);
  const days = objectiveDays(settings);
  // A sample stands for a turn.
  const enough = (least: number) => (least > 0 ? `>= ${least} / ${turn}` : "> 0");
  const ratio = (window: string, least = 0) =>
    `sum_over_time(${bad}[${window}]) / (sum_over_time(${all}[${window}]) ${enough(least)}) / on (objective) group_left () ${granted}`;
  const tiers = [...pages, ticket(days)];
  const windows = new Map<string, number>(tiers.flatMap(({ short }) => [[short, 0]]));
  for (const { long } of tiers) windows.set(long, fewestEvents);
  return [
    ...found.flatMap(({ objective, of, ...events }) => [
      { record: bad, labels: { objective, of }, expr: events.bad },
      { record: all, labels: { objective, of }, expr: events.all },
    ]),
    ...[...new Set(found.map(({ objective }) => objective))].map((objective) => ({
      record: granted,
      labels: { objective },
      // Percent have two decimals: in hundredths, no digits come of the division.
      expr: `vector(${(10_000 - Math.round(settings.objectives[objective] * 100)) / 10_000})`,
    })),
    ...[...windows].map(([window, least]) => ({ record: burn(window), expr: ratio(window, least) })),
    { record: left, expr: `1 - ${ratio(`${days}d`)}` },
  ];
}

/** Alerts that say more of a failing objective than that it fails. */
const tellers = (settings: StackSettings): Cause[] => compact([{ name: lossAlert(settings).name }, hasCanary(settings) && canaryMissing]);

export function objectiveAlerts(settings: StackSettings): readonly Alert[] {
  const days = objectiveDays(settings);
  const burns = ({ long, short, rate: times }: { readonly long: string; readonly short: string; readonly rate: number }) =>
    `${burn(long)} > ${times} and ${burn(short)} > ${times}`;
  // A sample stands for a turn.
  const calls = (tier: (typeof pages)[number]) => `${burns(tier)} and sum_over_time(${bad}[${tier.long}]) >= ${fewestBad} / ${turn}`;
  const common = {
    name: "ErrorBudgetBurn",
    follows: [...searchDown(settings), ...tellers(settings)],
    value: `{{ $labels.objective }} of {{ $labels.of }}: {{ $value | humanize }} times as many failures as \`tracing:objectives\` allows over ${days} days.`,
    first: "the runbook says what the objective counts, and which alert names the cause.",
  };
  return [
    {
      ...common,
      expr: pages.map(calls).join(" or "),
      // As long as the alerts about outages take: they mute it.
      for: "2m",
      severity: "critical",
      remembers: "1h",
      summary: "An objective fails fast: its error budget will be used up within days",
    },
    {
      ...common,
      expr: burns(ticket(days)),
      for: "2m",
      severity: "warning",
      remembers: "6h",
      summary: "An objective fails slowly: its error budget will be used up before its window ends",
    },
  ];
}

/** Seconds between two evaluations, as Prometheus has it. */
export const objectiveInterval = `${turn}s`;
