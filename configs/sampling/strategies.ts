/** What Jaeger's remote sampling serves to SDKs that poll it. */
import { covers } from "./operation-cover";
import type { Operation } from "./operations";
import { type SamplingModel } from "./model";

interface Strategy {
  readonly type: "probabilistic";
  readonly param: number;
}

type Operations = SamplingModel["operations"];

/**
 * Text of `jaeger-sampling-strategies.json`. Where the Collector decides, SDKs are told to send everything.
 *
 * Jaeger ignores keys that it does not know, takes a missing type or default for 0.1 %, drops operations that are not `probabilistic`, and
 * adds the default strategy's operations to every service. So each strategy names type and rate, and each service has the whole of its list.
 *
 * Jaeger 2.13 answers with the strategy's type as a number, which SDKs for JavaScript do not know; they keep to the rate that they began
 * with. They do read rates by operation, with the default among them. So each strategy has one operation at least.
 */
export function strategiesFile(model: SamplingModel): string {
  const all = model.decide === "collector";
  const file = {
    default_strategy: strategy(all ? 100 : model.default, all ? [] : model.operations),
    service_strategies: all
      ? []
      : model.services.map(({ service, default: rate, operations }) => ({
          service,
          ...strategy(rate ?? model.default, [...operations, ...model.operations]),
        })),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** The operation that stands in every list; no span has this name. */
const anyOther = "(any other)";

const probabilistic = (percent: number): Strategy => ({ type: "probabilistic", param: percent / 100 });

/**
 * SDKs look a span's name up as it is. An operation that no name is equal to has none; but a name has the rate of the first operation that
 * its request matches, be that one without a name.
 */
function strategy(rest: number, operations: Operations): object {
  const rates = new Map<string, number>();
  for (const { operation } of operations) {
    const first = operations.find((one) => covers([one.operation], operation));
    for (const name of spanNames(operation)) if (first && !rates.has(name)) rates.set(name, first.percent);
  }
  const entries = [...rates, [anyOther, rest] as const];
  return {
    ...probabilistic(rest),
    operation_strategies: entries.map(([name, percent]) => ({ operation: name, ...probabilistic(percent) })),
  };
}

/** Whether requests of the operation can be told by the name of a span alone. Django's names hold the route as it is written. */
export const hasSpanNames = (operation: Operation): boolean => !operation.text.includes("*");

/** The names that instrumentations give a request's SERVER span: with the path, and with Django's route, which has no slash in front. */
function spanNames(operation: Operation): string[] {
  if (!hasSpanNames(operation)) return [];
  const path = operation.text.slice(operation.method.length + 1).replace(/^\/|\/$/g, "");
  const paths = path === "" ? ["/"] : [`/${path}`, `/${path}/`, path, `${path}/`];
  return paths.map((one) => `${operation.method} ${one}`);
}
