/**
 * The rate that a trace is kept at: the one truth that the Collector's policies, the table of rates and the tests' oracle are held to.
 *
 * A trace's rule is the first that any SERVER span in it matches, across services. Errors and slowness only raise its rate. All samplers
 * hash the trace id with one salt, so a trace kept at 10 % is kept at 50 % too, and the highest of several rates is exact.
 */
import { canaryService } from "./canary";
import { matches } from "./operations";
import { rulesOf, type Rule, type SamplingModel } from "./model";

/**
 * Attributes that name a request's method and path: the current semantic conventions first, then those before 1.23. Jaeger's old clients, and
 * WSGI servers before 1.23, may give the URL alone.
 */
export const requestAttributes = {
  method: ["http.request.method", "http.method"],
  path: ["url.path", "http.target", "http.route", "url.full", "http.url"],
} as const;

/** What of a span decides: only SERVER spans match rules or are slow; SERVER, CONSUMER and root spans can be errors. */
export interface DecidingSpan {
  readonly kind: "SERVER" | "CLIENT" | "CONSUMER" | "PRODUCER" | "INTERNAL";
  /** Whether it has no parent. */
  readonly root: boolean;
  /** Whether its status is ERROR. */
  readonly failed: boolean;
  /** Its resource's `service.name`. */
  readonly service: string;
  /** Milliseconds from its start to its end. */
  readonly duration: number;
  /** Attributes under old or new names, or both; see `requestAttributes`. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Whether a rule matches a span. */
function ruleMatches(rule: Rule, span: DecidingSpan): boolean {
  if (span.kind !== "SERVER" || (rule.service !== undefined && rule.service !== span.service)) return false;
  const { operation } = rule;
  if (!operation) return true;
  const values = (names: readonly string[]) => names.flatMap((name) => span.attributes[name] ?? []);
  return values(requestAttributes.method).some((method) => values(requestAttributes.path).some((path) => matches(operation, method, path)));
}

/**
 * Percent, 0–100, of traces like this one that are kept. With a cap it is the most; what the cap then drops is counted by the Collector.
 *
 * With `decide: app` it is the rate of the SDK in front, which sees nothing but the trace's first SERVER span when it starts: neither
 * errors nor time, nor the services behind.
 *
 * The canary's traces are always kept.
 *
 * @param spans The trace's spans in the order in which they start.
 */
export function effectiveRate(model: SamplingModel, spans: readonly DecidingSpan[]): number {
  if (spans.some((span) => span.service === canaryService)) return 100;
  if (model.decide === "app") return ruleRate(model, spans.filter((span) => span.kind === "SERVER").slice(0, 1));
  const failed = spans.some((span) => span.failed && (span.root || span.kind === "SERVER" || span.kind === "CONSUMER"));
  const { slow } = model;
  const isSlow = slow !== undefined && spans.some((span) => span.kind === "SERVER" && span.duration >= slow.threshold);
  return Math.max(ruleRate(model, spans), failed ? model.errors : 0, isSlow ? slow.percent : 0);
}

const ruleRate = (model: SamplingModel, spans: readonly DecidingSpan[]): number =>
  rulesOf(model).find((rule) => spans.some((span) => ruleMatches(rule, span)))?.percent ?? model.default;
