/** Sampling models and traces of all kinds, and the definition of which traces a model keeps. */
import * as fc from "fast-check";
import { matches, type Operation } from "../../configs/sampling/operations";
import { requestAttributes, type DecidingSpan as Span, type SamplingModel } from "../../configs/sampling";
import { problemsOf, settingsWith } from "./settings";

export type { Span };

const operations = ["GET /a", "POST /a", "GET /a/*", "GET /**", "POST /a/<int:id>", "GET /b/**", "POST /b.c/", "GET /"];
const paths = ["/", "/a", "a/", "/a/1", "/a/1?x=/b", "/b", "/b/2/3", "/b.c", "/bxc", "/b/2/", "http://a/b/2", "https://h:8443/a/1/?x=/b"];

/** Any percentage, the usual ones often. */
export const percent = fc.oneof(
  fc.constantFrom(0, 10, 50, 100),
  fc.integer({ min: 0, max: 10_000 }).map((n) => n / 100),
);

const rules = (maxLength: number) =>
  fc
    .uniqueArray(fc.constantFrom(...operations), { maxLength })
    .chain((chosen) => fc.tuple(...chosen.map((operation) => fc.record({ operation: fc.constant(operation), percent }))));

const services = ["web", "payments.v2", "batch/nightly"];
const override = (service: string) => fc.record({ service: fc.constant(service), default: percent, operations: rules(2) });

/** Any valid sampling model in which the Collector decides by rate. */
export const anyModel: fc.Arbitrary<SamplingModel> = fc
  .record(
    {
      default: percent,
      errors: percent,
      operations: rules(5),
      slow: fc.record({ threshold: fc.constantFrom("250ms", "2s"), percent }),
      services: fc.subarray(services).chain((chosen) => fc.tuple(...chosen.map(override))),
    },
    { requiredKeys: ["default", "errors", "operations"] },
  )
  .filter((sampling) => problemsOf({ sampling }).length === 0)
  .map((sampling) => settingsWith({ sampling }).sampling);

/** A request as an instrumentation describes it: under old or new names, under one or several of them. */
const request = fc
  .tuple(
    fc.constantFrom("GET", "POST"),
    fc.constantFrom(...requestAttributes.method),
    fc.dictionary(fc.constantFrom(...requestAttributes.path), fc.constantFrom(...paths), { minKeys: 1, maxKeys: 2 }),
  )
  .map(([method, name, path]): Record<string, string> => ({ [name]: method, ...path }));

const span: fc.Arbitrary<Span> = fc.record({
  kind: fc.constantFrom<Span["kind"]>("SERVER", "SERVER", "CLIENT", "CONSUMER", "INTERNAL"),
  failed: fc.boolean(),
  root: fc.boolean(),
  service: fc.oneof(
    { weight: 30, arbitrary: fc.constantFrom(...services, "other") },
    { weight: 1, arbitrary: fc.constant("tracing-canary") },
  ),
  duration: fc.constantFrom(0, 249, 250, 251, 1999, 2000, 60_000),
  attributes: fc.oneof({ weight: 4, arbitrary: request }, { weight: 1, arbitrary: fc.constant({}) }),
});

/** Any trace: some spans of any kind. */
export const anyTrace = fc.array(span, { minLength: 1, maxLength: 4 });

/** Whether a trace is to be kept: the definition, in words of its own. `u` is where the trace id's hash lies, 0 ≤ u < 100. */
export function expected(model: SamplingModel, spans: readonly Span[], u: number): boolean {
  const values = (of: Span, names: readonly string[]) => names.flatMap((name) => of.attributes[name] ?? []);
  const asks = (of: Span, operation: Operation) =>
    values(of, requestAttributes.method).some((method) =>
      values(of, requestAttributes.path).some((path) => matches(operation, method, path)),
    );
  const servers = spans.filter(({ kind }) => kind === "SERVER");
  const rates = [
    ...model.services.flatMap(({ service, operations: own }) =>
      own.map(({ operation, percent: rate }) => ({ rate, holds: servers.some((of) => of.service === service && asks(of, operation)) })),
    ),
    ...model.operations.map(({ operation, percent: rate }) => ({ rate, holds: servers.some((of) => asks(of, operation)) })),
    ...model.services.map(({ service, default: rate }) => ({ rate, holds: servers.some((of) => of.service === service) })),
    { rate: model.default, holds: true },
  ];
  const rate = rates.find(({ rate: given, holds }) => holds && given !== undefined)?.rate ?? 0;
  if (spans.some((s) => s.service === "tracing-canary")) return true;
  const failed = spans.some((s) => s.failed && (s.root || s.kind === "SERVER" || s.kind === "CONSUMER"));
  const { slow } = model;
  const isSlow = slow !== undefined && servers.some(({ duration }) => duration >= slow.threshold);
  return u < rate || (failed && u < model.errors) || (isSlow && u < slow.percent);
}
