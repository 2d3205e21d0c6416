/** Which traces are kept, against the rates of stack config. */
import { compact } from "../compact";
import { fullSampling, undecidedShare } from "../prometheus/alerts/sampling";
import { keptShare } from "../prometheus/decisions";
import { is, series } from "../prometheus/metrics";
import { cappedTraces, decidedTraces, rate, sumBy, total } from "../prometheus/promql";
import { rulesOf, type SamplingModel } from "../sampling";
import type { StackSettings } from "../stack/schema";
import type { Dashboard, Panel, Section } from "./dashboard";

/** A line at a height, for comparison. */
const constant = (value: number) => `vector(${value})`;

/** Lowest and highest configured percentage of any trace. */
function bounds(model: SamplingModel): { readonly lowest: number; readonly highest: number } {
  const rates = [model.default, ...rulesOf(model).map(({ percent }) => percent)];
  const raises = model.decide === "app" ? [] : [model.errors, model.slow?.percent ?? 0];
  return { lowest: Math.min(...rates), highest: Math.max(...rates, ...raises) };
}

/** A text in PromQL's quotes; `$` would refer to a group of the pattern. */
const quoted = (text: string) => JSON.stringify(text.replaceAll("$", "$$$$"));

/** The configured percentage of each policy, under the name that the Collector gives it. */
function configuredRates(model: SamplingModel): string {
  const { errors, slow } = model;
  const policies = compact([
    errors > 0 && { name: "errors", percent: errors },
    slow && { name: "slow", percent: slow.percent },
    ...rulesOf(model),
    { name: "default", percent: model.default },
  ]);
  return policies.map(({ name, percent }) => `label_replace(vector(${percent}), "policy", ${quoted(name)}, "", "")`).join(" or ");
}

/** Traces a second that a policy would keep, by policy. */
const keptByPolicy = sumBy("policy", rate(series("policyTraces", { sampled: is("true") }), "5m"));

/** The same as a share of the traces that were decided on, in percent. */
const shareByPolicy = `100 * ${keptByPolicy} / scalar(sum(${rate(decidedTraces(), "5m")}) > 0)`;

/** Traces a second that the cap gives up: its processor is given them, and keeps the others. */
const cutByCap = `sum(${rate(series("policyTraces", { policy: is("cap.cap"), sampled: is("false") }), "5m")})`;

function rates(settings: StackSettings): Section {
  const { sampling } = settings;
  const { lowest, highest } = bounds(sampling);
  const measured = keptShare(settings, "[5m]");
  const between = lowest === highest ? `${lowest} %, the rate of every trace` : `${lowest} to ${highest} %, the configured rates`;
  return {
    title: "Kept, against the configured rates",
    panels: compact([
      {
        title: "Kept now",
        description: `${between}; outside of that, compare the Collector's config with what \`make sampling\` prints.`,
        unit: "percent",
        kind: "stat",
        queries: [{ expr: measured, legend: "of the traces of five minutes" }],
        empty: "no trace was decided on",
      },
      {
        title: "Configured default",
        description:
          "The rate of traces that no rule matches, from `tracing:sampling.default`; `make sampling` shows what another would keep.",
        unit: "percent",
        kind: "stat",
        queries: [{ expr: constant(sampling.default), legend: "default" }],
      },
      {
        title: "Share of traces kept",
        description: "Between the other two lines; the fewer errors and named operations arrive, the closer to the default.",
        unit: "percent",
        kind: "time series",
        queries: [
          { expr: measured, legend: "kept" },
          { expr: constant(lowest), legend: "lowest configured" },
          { expr: constant(highest), legend: "highest configured" },
        ],
        empty: "no trace was decided on",
      },
      sampling.decide !== "app" && policies(sampling),
      {
        title: "Kept by policy",
        description:
          "Follows the traffic of each rule; a policy that keeps nothing while its requests arrive matches no span: check its spelling.",
        unit: "traces/s",
        kind: "time series",
        queries: [{ expr: keptByPolicy, legend: "{{policy}}" }],
      },
      sampling.cap !== undefined && capped(sampling.cap),
    ]),
  };
}

const policies = (model: SamplingModel): Panel => ({
  title: "Policies",
  description:
    "No policy keeps a larger share of all traces than its own rate, and `default` keeps about its rate; a larger share means that other policies are deployed.",
  unit: "percent",
  kind: "table",
  by: "policy",
  queries: [
    { expr: configuredRates(model), legend: "configured rate of its traces" },
    { expr: shareByPolicy, legend: "kept, of all traces" },
  ],
});

const capped = (cap: number): Panel => ({
  title: "Cut by the cap",
  description: `0 while less than ${cap} spans a second are kept; above it whole traces are dropped, so raise \`tracing:sampling.cap\` or lower rates.`,
  unit: "traces/s",
  kind: "time series",
  queries: [
    { expr: totalRate(cappedTraces), legend: "given to the cap" },
    { expr: cutByCap, legend: "cut" },
  ],
  empty: "no trace yet",
});

const totalRate = (counter: string) => total(rate(counter, "5m"));

const memory = (settings: StackSettings): Section => ({
  title: "Undecided traces",
  panels: [
    {
      title: "Memory for undecided traces",
      description: `Below ${fullSampling * 100} %; at 100 % receivers block, so set \`tracing:sampling.expected\` to the real load.`,
      unit: "percent",
      kind: "time series",
      queries: [{ expr: `100 * (${undecidedShare(settings)})`, legend: "{{instance}}" }],
      limit: { value: fullSampling * 100, bad: "above" },
      empty: "no trace yet",
    },
    {
      title: "Traces given up",
      description: "0; traces that made room for newer ones or exceeded `tracing:limits` are not kept completely.",
      unit: "traces/s",
      kind: "time series",
      queries: [
        { expr: totalRate(series("tracesDroppedEarly")), legend: "before they were decided on" },
        { expr: totalRate(series("tracesDroppedLarge")), legend: "too large" },
      ],
    },
  ],
});

/** Rates, policies, the cap, and the memory that decisions take. */
export const sampling = (settings: StackSettings): Dashboard => ({
  name: "sampling",
  title: "Tracing: sampling",
  description: "The share of traces that is kept, by policy, against the rates of stack config.",
  sections: [rates(settings), memory(settings)],
});
