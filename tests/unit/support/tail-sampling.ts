/** A small interpreter of tail_sampling policies, so that a test can ask what the Collector would keep. */
import type { TailPolicy } from "../../../configs/sampling";
import type { Span } from "../../support/sampling-models";

/** Whether any policy keeps the trace. `u` is where the trace id's hash lies, 0 ≤ u < 100. */
export function kept(policies: readonly TailPolicy[], trace: readonly Span[], u: number): boolean {
  return policies.some((policy) => agrees(policy, trace, u));
}

/** The same where decisions fall as spans arrive, one by one: a trace that was kept once stays kept. */
export function keptOnArrival(policies: readonly TailPolicy[], trace: readonly Span[], u: number): boolean {
  return trace.some((span) => kept(policies, [span], u));
}

function agrees(policy: TailPolicy, trace: readonly Span[], u: number): boolean {
  switch (policy.type) {
    case "always_sample":
      return true;
    case "and":
      return (policy.and as { and_sub_policy: TailPolicy[] }).and_sub_policy.every((part) => agrees(part, trace, u));
    case "not":
      return !agrees((policy.not as { not_sub_policy: TailPolicy }).not_sub_policy, trace, u);
    case "probabilistic":
      return u < (policy.probabilistic as { sampling_percentage: number }).sampling_percentage;
    case "ottl_condition": {
      const conditions = (policy.ottl_condition as { span: string[] }).span.map(compile);
      return trace.some((span) => conditions.some((condition) => condition(span)));
    }
    default:
      throw new Error(`no such policy here: ${policy.type}`);
  }
}

type Condition = (span: Span) => boolean;
const compiled = new Map<string, Condition>();

/** An OTTL condition as a function: its words are put into JavaScript's, and any other word is an error. */
function compile(ottl: string): Condition {
  const known = compiled.get(ottl);
  if (known) return known;
  const tokens = ottl.match(/"[^"]*"|[A-Za-z_][A-Za-z_.]*|[()[\],]|==|>=|\d+|\S/g) ?? [];
  const translated = tokens.map((token) => {
    const word = words[token];
    if (word === undefined && !/^["\d]/.test(token)) throw new Error(`no such word here: ${token} in ${ottl}`);
    return word ?? token;
  });
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- made of the words below only
  const condition = new Function("span", "IsMatch", `return ${translated.join(" ")}`) as (span: Span, match: typeof isMatch) => boolean;
  const bound = (span: Span) => condition(span, isMatch);
  compiled.set(ottl, bound);
  return bound;
}

const isMatch = (text: string | undefined, pattern: string) => text !== undefined && new RegExp(pattern).test(text);

const words: Readonly<Record<string, string>> = {
  ">=": ">=",
  "-": "-",
  end_time_unix_nano: "span.duration * 1e6",
  start_time_unix_nano: "0",
  "resource.attributes": "({ 'service.name': span.service })",
  and: "&&",
  or: "||",
  "==": "===",
  "(": "(",
  ")": ")",
  "[": "[",
  "]": "]",
  ",": ",",
  kind: "span.kind",
  "status.code": "span.failed",
  attributes: "span.attributes",
  STATUS_CODE_ERROR: "true",
  SPAN_KIND_SERVER: '"SERVER"',
  SPAN_KIND_CONSUMER: '"CONSUMER"',
  IsMatch: "IsMatch",
  IsRootSpan: "(() => span.root)",
};
