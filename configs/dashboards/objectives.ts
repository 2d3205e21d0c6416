/** How well the stack does its work: objectives, how fast their room for errors goes, and what the canary sees. */
import { canaryTimes, hasCanary } from "../canary/times";
import { compact } from "../compact";
import { canaryLatest, canaryTotal } from "../prometheus/alerts/canary";
import { all, bad, burn, left, objectiveDays, pages } from "../prometheus/alerts/objectives";
import { latestOf, rate } from "../prometheus/promql";
import type { StackSettings } from "../stack/schema";
import type { Dashboard, Section } from "./dashboard";

/** Legend that distinguishes the recorded series of an objective. */
const legend = "{{objective}} of {{of}}";

const noEvents = "too little happened to judge by";

const budgets = (settings: StackSettings): Section => ({
  title: `Objectives, over ${objectiveDays(settings)} days`,
  panels: [
    {
      title: "Room for errors left",
      description: "Above 0 %; below it (drawn down to -100 %) the objective is missed: find the cause before you change anything else.",
      unit: "percent",
      kind: "time series",
      // Of a young stack a few failures are a hundred times the room, which would flatten all else.
      queries: [{ expr: `100 * clamp_min(${left}, -1)`, legend }],
      limit: { value: 0, bad: "below" },
      empty: noEvents,
    },
    {
      title: "Burn rate",
      description: `At most 1; above ${pages[0].rate} for an hour, or ${pages[1].rate} for six, the alert ErrorBudgetBurn fires as critical.`,
      unit: "count",
      kind: "time series",
      queries: pageQueries,
      empty: noEvents,
    },
    {
      title: "Failures",
      description: "Close to 0 %; what each objective counts as a failure is in the runbook of ErrorBudgetBurn.",
      unit: "percent",
      kind: "time series",
      queries: [{ expr: `100 * ${bad} / (${all} > 0)`, legend }],
      empty: noEvents,
    },
  ],
});

const [first, second] = pages;
const pageQueries = [
  { expr: burn(first.long), legend: `${legend}, ${first.long}` },
  { expr: burn(second.long), legend: `${legend}, ${second.long}` },
] as const;

/** Traces of the canary a second, by what became of them. */
const outcome = (counter: Parameters<typeof canaryTotal>[0]) => ({ expr: rate(canaryTotal(counter), "5m"), legend: counter });

const canary = (settings: StackSettings): Section => ({
  title: "Canary",
  panels: [
    {
      title: "Found last",
      description: `Less than ${3 * settings.canary.interval + canaryTimes(settings).searchable} s ago; longer means that no trace can be found: \`make status\`.`,
      unit: "seconds",
      kind: "stat",
      queries: [{ expr: `time() - ${latestOf("canaryLastSuccess")}`, legend: "ago" }],
    },
    {
      title: "Time until a trace is found",
      description: `At most ${canaryTimes(settings).searchable} s: the decision wait, Elasticsearch's refresh and a second; more means that something queues.`,
      unit: "seconds",
      kind: "time series",
      queries: [{ expr: canaryLatest("canaryLatency"), legend: "from sending until found" }],
      limit: { value: canaryTimes(settings).searchable, bad: "above" },
    },
    {
      title: "What became of its traces",
      description: "All are found; missing ones are lost or late, and refused ones were never accepted: `make logs SERVICE=canary`.",
      unit: "traces/s",
      kind: "time series",
      queries: [outcome("found"), outcome("fresh"), outcome("missing"), outcome("refused")],
    },
  ],
});

/** Objectives and the canary. */
export const objectives = (settings: StackSettings): Dashboard => ({
  name: "objectives",
  title: "Tracing: objectives",
  description: "The share of spans that are stored, of traces found in time and of searches answered, compared with the objectives.",
  sections: compact([budgets(settings), hasCanary(settings) && canary(settings)]),
});
