/** The Collector's tail policies, made from the model. */
import { compact } from "../compact";
import { canaryCondition } from "./canary";
import type { Operation } from "./operations";
import { requestAttributes } from "./effective-rate";
import { rulesOf, type Rule, type SamplingModel } from "./model";

/** A tail_sampling policy of the Collector, as its config file has it. */
export interface TailPolicy {
  readonly name: string;
  readonly type: string;
  readonly [key: string]: unknown;
}

/** How tail_sampling waits: for the whole trace, or only until the first span that a policy keeps. */
export type SamplingStrategy = "span-ingest" | "trace-complete";

/**
 * One salt for every sampler of every tier. Different salts would decide independently: 50 % or 50 % would keep 75 %.
 */
export const hashSalt = "tracing";

/**
 * The strategy that the model allows. `span-ingest` decides when a span arrives and so loses least in a crash, but a trace once kept
 * stays kept: rates may only fall from rule to rule, down to the default. Otherwise the whole trace must be seen first; and so it must be
 * for a cap, which counts the spans of whole traces.
 */
export function samplingStrategy(model: SamplingModel): SamplingStrategy {
  if (model.cap !== undefined) return "trace-complete";
  if (model.decide === "app") return "span-ingest";
  const rates = [...rulesOf(model).map((rule) => rule.percent), model.default];
  return rates.every((rate, i) => i === 0 || rate <= (rates[i - 1] as number)) ? "span-ingest" : "trace-complete";
}

/**
 * The policies of the model. They are OR-ed by the processor, so a rule carries the exclusion of each earlier rule whose rate is lower:
 * without it a trace that both match would be kept at the higher rate.
 *
 * The first keeps the stack's canary, whatever the rates. It is no rule of the model: no table, forecast or strategy has it.
 *
 * Where the application decides, whatever arrives is kept.
 */
export function tailPolicies(model: SamplingModel): TailPolicy[] {
  if (model.decide === "app") return [{ name: "decided by the application", type: "always_sample" }];
  const rules = rulesOf(model).map((rule) => ({ ...rule, name: escaped(rule.name), condition: ruleCondition(rule) }));
  const exclusions = (before: number, percent: number) =>
    rules
      .slice(0, before)
      .filter((earlier) => earlier.percent < percent)
      .map((earlier) => ({
        name: `not ${earlier.name}`,
        type: "not",
        not: { not_sub_policy: condition(earlier.name, earlier.condition) },
      }));
  const { slow } = model;
  return compact([
    canaryPolicy,
    keep("errors", model.errors, [condition("error", errorCondition)]),
    slow && keep("slow", slow.percent, [condition("slow", slowCondition(slow.threshold))]),
    ...rules.map((rule, i) => keep(rule.name, rule.percent, [...exclusions(i, rule.percent), condition("request", rule.condition)])),
    keep("default", model.default, exclusions(rules.length, model.default)),
  ]);
}

/**
 * The policies of the second stage, which holds the cap. A limit inside OR-ed policies would be one limit each, and a `composite` shares
 * its limit out in fixed parts; so the first stage decides by rate, and this one lets whole traces through up to the cap. Errors and the canary pass
 * it always: they take up room in it, but are never cut.
 */
export function capPolicies(cap: number): TailPolicy[] {
  return [
    condition("errors", errorCondition),
    canaryPolicy,
    // One trace larger than the burst would never pass: two seconds' worth, as the processor has it by itself.
    { name: "cap", type: "rate_limiting", rate_limiting: { spans_per_second: cap, burst_capacity: 2 * cap } },
  ];
}

/** A policy that keeps `percent` of the traces that every sub-policy agrees on; none for 0 %. */
function keep(name: string, percent: number, subPolicies: TailPolicy[]): TailPolicy | undefined {
  if (percent === 0) return undefined;
  const probabilistic = { type: "probabilistic", probabilistic: { sampling_percentage: percent, hash_salt: hashSalt } };
  const parts: TailPolicy[] = percent === 100 ? subPolicies : [...subPolicies, { name: "rate", ...probabilistic }];
  const [only] = parts;
  if (only === undefined) return { name, type: "always_sample" };
  return parts.length === 1 ? { ...only, name } : { name, type: "and", and: { and_sub_policy: parts } };
}

/** The Collector puts variables in for dollar signs; two of them are one. */
const escaped = (name: string): string => name.replaceAll("$", "$$$$");

/** One condition on one span: separate attribute policies could be met by different spans of the trace. */
const condition = (name: string, ottl: string): TailPolicy => ({
  name,
  type: "ottl_condition",
  ottl_condition: { error_mode: "ignore", span: [ottl] },
});

/** Keeps the canary's traces. */
const canaryPolicy = condition("canary", canaryCondition);

/**
 * An error is a failed request, message or root span. Client spans do not count: they carry ERROR for every 4xx that a service expects.
 */
const errorCondition = "status.code == STATUS_CODE_ERROR and (kind == SPAN_KIND_SERVER or kind == SPAN_KIND_CONSUMER or IsRootSpan())";

/** One SERVER span says that its trace is slow, so that it can be known on arrival; the policy `latency` would need the whole trace. */
const slowCondition = (milliseconds: number) =>
  `kind == SPAN_KIND_SERVER and end_time_unix_nano - start_time_unix_nano >= ${milliseconds * 1_000_000}`;

const ruleCondition = ({ service, operation }: Rule): string =>
  compact([
    "kind == SPAN_KIND_SERVER",
    service !== undefined && `resource.attributes["service.name"] == "${service}"`,
    operation && requestCondition(operation),
  ]).join(" and ");

function requestCondition(operation: Operation): string {
  const method = requestAttributes.method.map((name) => `attributes["${name}"] == "${operation.method}"`);
  const path = requestAttributes.path.map((name) => `IsMatch(attributes["${name}"], "${operation.pathPattern}")`);
  return `(${method.join(" or ")}) and (${path.join(" or ")})`;
}
