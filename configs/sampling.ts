/**
 * Sampling: one model in stack config, and all that follows from it.
 *
 * SDKs send every span; the Collector decides on whole traces. A trace's rule is the first (lowest-numbered) operation that any SERVER
 * span in it matches, across services; errors only raise its rate. All samplers hash the trace id with one salt, so a trace kept at 10 %
 * is kept at 50 % too.
 */
import type { Operation } from "./operations";
import type { Settings } from "./settings";

/** The sampling part of the settings. */
export type SamplingModel = Settings["sampling"];

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
 * stays kept: rates may only fall from rule to rule, down to the default. Otherwise the whole trace must be seen first.
 */
export function samplingStrategy(model: SamplingModel): SamplingStrategy {
  const rates = [...model.operations.map((rule) => rule.percent), model.default];
  return rates.every((rate, i) => i === 0 || rate <= (rates[i - 1] as number)) ? "span-ingest" : "trace-complete";
}

/**
 * The policies of the model. They are OR-ed by the processor, so a rule carries the exclusion of each earlier rule whose rate is lower:
 * without it a trace that both match would be kept at the higher rate.
 */
export function tailPolicies(model: SamplingModel): TailPolicy[] {
  const rules = model.operations.map((rule, i) => ({
    name: `operation-${i + 1}`,
    percent: rule.percent,
    condition: serverSpanCondition(rule.operation),
  }));
  const exclusions = (before: number, percent: number) =>
    rules
      .slice(0, before)
      .filter((earlier) => earlier.percent < percent)
      .map((earlier) => ({
        name: `not-${earlier.name}`,
        type: "not",
        not: { not_sub_policy: condition(earlier.name, earlier.condition) },
      }));
  const policies = [
    all("errors", model.errors, [condition("error", errorCondition)]),
    ...rules.map((rule, i) => all(rule.name, rule.percent, [...exclusions(i, rule.percent), condition("request", rule.condition)])),
    all("default", model.default, exclusions(rules.length, model.default)),
  ];
  return policies.filter((policy) => policy !== undefined);
}

/** A policy that keeps `percent` of the traces that every sub-policy agrees on; none for 0 %. */
function all(name: string, percent: number, subPolicies: TailPolicy[]): TailPolicy | undefined {
  if (percent === 0) return undefined;
  const probabilistic = { type: "probabilistic", probabilistic: { sampling_percentage: percent, hash_salt: hashSalt } };
  const parts: TailPolicy[] = percent === 100 ? subPolicies : [...subPolicies, { name: "rate", ...probabilistic }];
  const [only] = parts;
  if (only === undefined) return { name, type: "always_sample" };
  return parts.length === 1 ? { ...only, name } : { name, type: "and", and: { and_sub_policy: parts } };
}

/** One condition on one span: separate attribute policies could be met by different spans of the trace. */
const condition = (name: string, ottl: string): TailPolicy => ({
  name,
  type: "ottl_condition",
  ottl_condition: { error_mode: "ignore", span: [ottl] },
});

/**
 * An error is a failed request, message or root span. Client spans do not count: they carry ERROR for every 4xx that a service expects.
 */
const errorCondition = "status.code == STATUS_CODE_ERROR and (kind == SPAN_KIND_SERVER or kind == SPAN_KIND_CONSUMER or IsRootSpan())";

/** Attributes that name a request's method and path: today's semantic conventions, then the ones before 1.23. */
export const requestAttributes = {
  method: ["http.request.method", "http.method"],
  path: ["url.path", "http.target", "http.route"],
} as const;

function serverSpanCondition(operation: Operation): string {
  const method = requestAttributes.method.map((name) => `attributes["${name}"] == "${operation.method}"`);
  const path = requestAttributes.path.map((name) => `IsMatch(attributes["${name}"], "${operation.pathPattern}")`);
  return `kind == SPAN_KIND_SERVER and (${method.join(" or ")}) and (${path.join(" or ")})`;
}

/**
 * What Jaeger's remote sampling serves to SDKs that poll it. The Collector decides, so SDKs are told to send everything.
 */
export function strategiesFile(): string {
  return `${JSON.stringify({ default_strategy: { type: "probabilistic", param: 1 } }, null, 2)}\n`;
}

/** Rates in force, by request. A stack output: `pulumi preview` shows the old and the new ones of an edit. */
export function rateTable(model: SamplingModel): Record<string, string> {
  const rate = (percent: number) => (model.errors > percent ? `${percent} % (with an error ${model.errors} %)` : `${percent} %`);
  return Object.fromEntries([
    ...model.operations.map((rule): [string, string] => [rule.operation.text, rate(rule.percent)]),
    ["any other", rate(model.default)],
  ]);
}
