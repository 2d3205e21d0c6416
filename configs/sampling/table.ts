/** The rates, and what a way of deciding loses, in words for people. */
import { compact } from "../compact";
import { durationText } from "../stack/units";
import { rulesOf, type SamplingModel } from "./model";
import { hasSpanNames } from "./strategies";

/**
 * The rates by request, in the order in which they are tried. A stack output: `pulumi preview` shows the old and the new ones of an edit.
 */
export function rateTable(model: SamplingModel): Record<string, string> {
  const raises = (percent: number) => {
    if (model.decide === "app") return [];
    const { errors, slow } = model;
    return compact([
      errors > percent && `with an error ${errors} %`,
      slow && slow.percent > percent && `from ${durationText(slow.threshold)} on ${slow.percent} %`,
    ]);
  };
  const rate = (percent: number) => {
    const more = raises(percent);
    return more.length > 0 ? `${percent} % (${more.join(", ")})` : `${percent} %`;
  };
  return Object.fromEntries(
    compact([
      ...rulesOf(model).map((rule): [string, string] => [rule.name, rate(rule.percent)]),
      ["any other", rate(model.default)],
      model.cap !== undefined && ["of traces without an error, at most", `${model.cap} spans a second`],
    ]),
  );
}

/**
 * Every promise of the model that its way of deciding cannot keep, a sentence each; none where the Collector decides without a cap. A
 * stack output, so that `pulumi preview` says it before it is so.
 */
export function losses(model: SamplingModel): string[] {
  const { errors, slow, cap } = model;
  const capped =
    cap === undefined
      ? []
      : [`Above ${cap} spans a second of kept traces, traces without an error are dropped whole, whatever their rate.`];
  if (model.decide === "collector") return capped;
  const rules = rulesOf(model);
  const rates = [model.default, ...rules.map(({ percent }) => percent)];
  const wild = rules.filter(({ operation }) => operation && !hasSpanNames(operation)).map(({ name }) => name);
  return compact([
    rates.some((rate) => rate < errors) &&
      `Errors: ${errors} % cannot apply: each trace is decided on before its request fails, so errors have the rate of their request.`,
    slow &&
      rates.some((rate) => rate < slow.percent) &&
      `Slow traces: ${slow.percent} % cannot apply: each trace is decided on before its request is slow.`,
    wild.length > 0 &&
      `Wildcards: SDKs that poll Jaeger match whole span names, so requests that only ${wild.join(", ")} match have the default rate there; thebot-tracing applies them.`,
    rules.length > 0 && "Services that others call: their rules do not apply, as the first service decides for the whole trace.",
    rates.some((rate) => rate < 100) && "Span metrics: they count only the requests whose spans applications send.",
    ...capped,
  ]);
}
