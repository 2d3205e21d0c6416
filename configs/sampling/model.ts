/** The sampling group of stack config: what it may hold, the rules that it means, and which of them contradict each other. */
import * as z from "zod";
import { compact } from "../compact";
import { canaryService } from "./canary";
import { covers, overlaps } from "./operation-cover";
import { parseOperation, type Operation } from "./operations";
import { anyText, duration, durationText, integer, leaf, oneOf, percent, text } from "../stack/units";

const operation = leaf(
  "METHOD /path, such as POST /api/auth/login; * stands for one path segment, ** for any number",
  (input) => (typeof input === "string" ? parseOperation(input) : undefined),
  { editor: anyText },
);

const operations = () =>
  z
    .array(
      z.strictObject({
        operation: operation.describe("The request: method and path."),
        percent: percent().describe(
          "Of its traces, keep this percentage. At 0, thebot-tracing does not record the request, so its errors are not kept either.",
        ),
      }),
    )
    .prefault([]);

/** What `tracing:sampling` may hold. */
export const samplingSchema = z.strictObject({
  default: percent().prefault(100).describe("Of traces that match no rule, keep this percentage."),
  errors: percent()
    .prefault(100)
    .describe(
      "Of traces with an error (the status ERROR on a SERVER, CONSUMER or root span), keep this percentage. It can only raise a trace's rate. 0: traces " +
        "with errors have no rate of their own.",
    ),
  slow: z
    .strictObject({
      threshold: duration("1ms", "10m").describe("A trace is slow if a SERVER span in it takes at least this long."),
      percent: percent().prefault(100).describe("Of slow traces, keep this percentage. It can only raise a trace's rate."),
    })
    .optional(),
  operations: operations().describe("Rules by request. The first match applies."),
  services: z
    .array(
      z.strictObject({
        service: text("a service's name: letters, digits and . _ : / -", /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$/).describe(
          "`service.name` of SERVER spans. Traces without a SERVER span of this service do not match.",
        ),
        default: percent().optional().describe("Of its traces that match no rule, keep this percentage. Default: that of all services."),
        operations: operations().describe("Rules for requests to it. They come before the rules for all services."),
      }),
    )
    .prefault([])
    .describe("Overrides for single services, first to last."),
  decide: oneOf("collector", "app")
    .prefault("collector")
    .describe(
      "Who decides: the Collector, which sees whole traces; or each application before it sends anything, which is cheaper but does not see " +
        "errors or slowness.",
    ),
  cap: integer(100, 10_000_000, "spans a second")
    .optional()
    .describe(
      "Maximum number of spans per second. Above it, traces without errors are dropped as a whole, even those with a rate of 100 %. Each instance that samples has an equal share. " +
        "A cap makes the Collector wait for whole traces.",
    ),
  expected: z
    .strictObject({
      tracesPerSecond: integer(1, 1_000_000, "traces a second")
        .optional()
        .describe(
          "New traces per second, at peak. If you set it, a preview refuses a stack whose memory, disk, queue or processors are too small for it. If you do " +
            "not, the preview assumes 100, and checks only the memory of the Collectors that sample and the number of shards. Default: 100.",
        ),
      spansPerTrace: integer(1, 10_000, "a number of spans").prefault(10).describe("Average number of spans per trace."),
      bytesPerSpan: integer(100, 100_000, "bytes")
        .prefault(700)
        .describe(
          "Average bytes of a span as sent over OTLP, uncompressed: 500 with a few short attributes, 700 with SQL and stack traces.",
        ),
      errors: percent().prefault(1).describe("Expected share of traces with an error, in percent; for size estimates only."),
      average: integer(1, 100, "a percentage")
        .prefault(100)
        .describe("Average load of a day as a percentage of the peak. 100 means that every hour is as busy as the busiest."),
      longestTrace: duration("1s", "10m")
        .prefault("5s")
        .describe(
          "Longest time from the first to the last span of a trace for which rates are guaranteed. The Collector waits at most this long plus 5 s before it decides.",
        ),
    })
    .prefault({}),
});

/** The sampling part of the settings. Percent is 0–100, durations are milliseconds. */
export type SamplingModel = z.output<typeof samplingSchema>;

/** Traces a second of a load that nobody stated. */
const defaultTraces = 100;

/** New traces a second, at peak. */
export const expectedTraces = ({ expected }: Pick<SamplingModel, "expected">): number => expected.tracesPerSecond ?? defaultTraces;

/** Whether somebody wrote what load to expect. */
export const statesLoad = ({ expected }: Pick<SamplingModel, "expected">): boolean => expected.tracesPerSecond !== undefined;

/** One rule: what it matches, by SERVER span, and the percentage of traces kept. */
export interface Rule {
  /** Unlike any other rule's; also the name of its policy: `POST /a`, `checkout: POST /a`, `checkout: any other`. */
  readonly name: string;
  /** The service that it is for; every service where it is not given. */
  readonly service?: string;
  /** The requests that it is for; every SERVER span where it is not given. */
  readonly operation?: Operation;
  readonly percent: number;
}

/**
 * The rules in the order in which they hold: each service's own requests, requests of every service, then what each service keeps of the
 * rest. What none of them matches has the default rate.
 */
export function rulesOf(model: SamplingModel): Rule[] {
  return [
    ...model.services.flatMap(({ service, operations }) =>
      operations.map(({ operation, percent }) => ({ name: `${service}: ${operation.text}`, service, operation, percent })),
    ),
    ...model.operations.map(({ operation, percent }) => ({ name: operation.text, operation, percent })),
    ...model.services.flatMap(({ service, default: percent }) =>
      percent === undefined ? [] : [{ name: `${service}: any other`, service, percent }],
    ),
  ];
}

/**
 * What contradicts itself in a model: one sentence each, with the key, what was found and what is allowed.
 *
 * An error is a rule that says what can never hold. A rule that only repeats what earlier ones of the same rate say is none.
 *
 * @param key The full key of the group, `tracing:sampling`.
 */
export function contradictions(key: string, model: SamplingModel): string[] {
  return [
    ...listProblems(`${key}.operations`, model.operations),
    ...model.services.flatMap(({ operations }, i) => listProblems(`${key}.services[${i}].operations`, operations)),
    ...serviceProblems(key, model),
    ...raiseProblems(key, model),
  ];
}

/** Operations that stand in a list twice, in whatever way they are written, and ones that earlier ones leave nothing to. */
function listProblems(key: string, operations: SamplingModel["operations"]): string[] {
  const seen = new Map<string, number>();
  return operations.flatMap(({ operation, percent }, index) => {
    const at = `${key}[${index}].operation: found "${operation.text}"`;
    // Two ways to write the same requests, such as with and without the slash at the end, are one operation.
    const meaning = `${operation.method} ${operation.pathPattern}`;
    const twin = seen.get(meaning);
    if (twin !== undefined) return [`${at}, which operations[${twin}] has already; allowed: each operation once`];
    seen.set(meaning, index);
    const earlier = operations.slice(0, index);
    // The list's own order holds: one of the same rate behind one of another rate may get nothing of what both match.
    const firstOther = earlier.findIndex((other) => other.percent !== percent && overlaps(other.operation, operation));
    const same = earlier.slice(0, firstOther < 0 ? index : firstOther).filter((other) => other.percent === percent);
    if (!covers(operationsOf(earlier), operation) || covers(operationsOf(same), operation)) return [];
    const first = earlier.findIndex((other) => other.percent !== percent && covers([other.operation], operation));
    const by = first >= 0 ? `operations[${first}] ("${earlier[first]?.operation.text}") matches` : "the ones before it match";
    return [`${at} at ${percent} %, which never applies, as ${by} all that it matches; allowed: an operation before the wider ones`];
  });
}

const operationsOf = (list: SamplingModel["operations"]) => list.map(({ operation }) => operation);

function serviceProblems(key: string, { services }: SamplingModel): string[] {
  return services.flatMap(({ service, default: rate, operations }, index) => {
    const at = `${key}.services[${index}]`;
    const twin = services.findIndex((other) => other.service === service);
    return compact([
      twin < index && `${at}.service: found "${service}", which services[${twin}] has already; allowed: each service once`,
      service === canaryService &&
        `${at}.service: found "${service}", the stack's own canary, which is always kept; allowed: a service of yours`,
      rate === undefined && operations.length === 0 && `${at}: found no rate; allowed: default, operations, or both`,
    ]);
  });
}

/** Rejects `errors` and `slow` rates that can never apply, and thresholds longer than the decision wait. */
function raiseProblems(key: string, model: SamplingModel): string[] {
  if (model.decide === "app") return [];
  const lowest = Math.min(model.default, ...rulesOf(model).map((rule) => rule.percent));
  const idle = (at: string, found: number, allowed: string) =>
    found < lowest
      ? [
          `${key}.${at}: found ${found}, which never applies, as every rate is at least ${lowest} and this one can only raise it; ${allowed}`,
        ]
      : [];
  return compact([
    ...(model.errors === 0 ? [] : idle("errors", model.errors, `allowed: ${lowest} to 100, or 0 for no rate of errors`)),
    ...(model.slow ? idle("slow.percent", model.slow.percent, `allowed: ${lowest} to 100, or no group slow`) : []),
    model.slow &&
      model.slow.threshold > model.expected.longestTrace &&
      `${key}.slow.threshold: found ${durationText(model.slow.threshold)}, longer than expected.longestTrace, ` +
        `${durationText(model.expected.longestTrace)}: such a trace is decided before its last span says that it is slow; ` +
        "allowed: a threshold of at most that, or a longer longestTrace",
  ]);
}
