/** Sampling models and traces of all kinds, and the definition of which traces a model keeps. */
import * as fc from "fast-check";
import { matches, type Operation } from "../../configs/operations";
import { requestAttributes, type SamplingModel } from "../../configs/sampling";
import { settingsWith } from "./settings";

/** A span, as far as the policies look at it. */
export interface Span {
  readonly kind: "SERVER" | "CLIENT" | "CONSUMER" | "INTERNAL";
  readonly failed: boolean;
  readonly root: boolean;
  readonly attributes: Readonly<Record<string, string>>;
}

const operations = ["GET /a", "POST /a", "GET /a/*", "GET /**", "POST /a/<int:id>", "GET /b/**", "POST /b.c/", "GET /"];
const paths = ["/", "/a", "a/", "/a/1", "/a/1?x=/b", "/b", "/b/2/3", "/b.c", "/bxc", "/b/2/"];

/** Any percentage, the usual ones often. */
export const percent = fc.oneof(
  fc.constantFrom(0, 10, 50, 100),
  fc.integer({ min: 0, max: 10_000 }).map((n) => n / 100),
);

/** Any sampling model. */
export const anyModel: fc.Arbitrary<SamplingModel> = fc
  .record({
    default: percent,
    errors: percent,
    operations: fc
      .uniqueArray(fc.constantFrom(...operations), { maxLength: 5 })
      .chain((chosen) => fc.tuple(...chosen.map((operation) => fc.record({ operation: fc.constant(operation), percent })))),
  })
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
  attributes: fc.oneof({ weight: 4, arbitrary: request }, { weight: 1, arbitrary: fc.constant({}) }),
});

/** Any trace: some spans of any kind. */
export const anyTrace = fc.array(span, { minLength: 1, maxLength: 4 });

/** Whether a trace is to be kept: the definition, in words of its own. `u` is where the trace id's hash lies, 0 ≤ u < 100. */
export function expected(model: SamplingModel, spans: readonly Span[], u: number): boolean {
  const values = (of: Span, names: readonly string[]) => names.flatMap((name) => of.attributes[name] ?? []);
  const isOf = (operation: Operation) => (of: Span) =>
    of.kind === "SERVER" &&
    values(of, requestAttributes.method).some((method) =>
      values(of, requestAttributes.path).some((path) => matches(operation, method, path)),
    );
  const rule = model.operations.find(({ operation }) => spans.some(isOf(operation)));
  const failed = spans.some((s) => s.failed && (s.root || s.kind === "SERVER" || s.kind === "CONSUMER"));
  return u < (rule?.percent ?? model.default) || (failed && u < model.errors);
}
