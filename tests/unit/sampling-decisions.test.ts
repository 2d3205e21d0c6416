/**
 * Rung: unit. The tail policies against the definition of the model, on any model and any trace: the trace's rule is the first one that
 * any of its SERVER spans matches; the trace is kept by that rule's rate, or by the rate of errors where it holds one.
 */
import * as fc from "fast-check";
import { matches, type Operation } from "../../configs/operations";
import { requestAttributes, samplingStrategy, tailPolicies, type SamplingModel } from "../../configs/sampling";
import { settingsWith } from "./support/settings";
import { kept, keptOnArrival, type Span } from "./support/tail-sampling";

const operations = ["GET /a", "POST /a", "GET /a/*", "GET /**", "POST /a/<int:id>", "GET /b/**", "POST /b.c/", "GET /"];
const paths = ["/", "/a", "a/", "/a/1", "/a/1?x=/b", "/b", "/b/2/3", "/b.c", "/bxc", "/b/2/"];

const percent = fc.oneof(
  fc.constantFrom(0, 10, 50, 100),
  fc.integer({ min: 0, max: 10_000 }).map((n) => n / 100),
);

const anyModel: fc.Arbitrary<SamplingModel> = fc
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

const trace = fc.array(span, { minLength: 1, maxLength: 4 });
const hash = fc.integer({ min: 0, max: 9_999 }).map((n) => n / 100);

/** The definition, in words of its own. */
function expected(model: SamplingModel, spans: readonly Span[], u: number): boolean {
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

test("the Collector keeps exactly the traces that the model says", () => {
  fc.assert(
    fc.property(anyModel, trace, hash, (model, spans, u) => {
      expect(kept(tailPolicies(model), spans, u)).toBe(expected(model, spans, u));
    }),
    { numRuns: 2000 },
  );
});

test("where the strategy is span-ingest, deciding as spans arrive keeps the same traces", () => {
  let decided = 0;
  fc.assert(
    fc.property(anyModel, trace, hash, (model, spans, u) => {
      const falling = { ...model, operations: [...model.operations].sort((a, b) => b.percent - a.percent) };
      fc.pre(samplingStrategy(falling) === "span-ingest");
      decided += 1;
      expect(keptOnArrival(tailPolicies(falling), spans, u)).toBe(expected(falling, spans, u));
    }),
    { numRuns: 500, maxSkipsPerRun: 1000 },
  );
  expect(decided).toBe(500);
});

test("where the strategy is trace-complete, deciding as spans arrive would be wrong: the choice matters", () => {
  const model = settingsWith({ sampling: { default: 100, operations: [{ operation: "GET /a", percent: 0 }] } }).sampling;
  const spans: Span[] = [
    { kind: "CLIENT", failed: false, root: false, attributes: {} },
    { kind: "SERVER", failed: false, root: true, attributes: { "http.request.method": "GET", "url.path": "/a" } },
  ];
  expect(samplingStrategy(model)).toBe("trace-complete");
  expect(kept(tailPolicies(model), spans, 1)).toBe(false);
  expect(keptOnArrival(tailPolicies(model), spans, 1)).toBe(true);
});

test("a trace that is kept at a rate is kept at every higher one", () => {
  fc.assert(
    fc.property(fc.tuple(percent, percent), trace, hash, ([one, other], spans, u) => {
      const at = (rate: number) => kept(tailPolicies(settingsWith({ sampling: { default: rate } }).sampling), spans, u);
      const [low, high] = [Math.min(one, other), Math.max(one, other)];
      expect(at(low) && !at(high)).toBe(false);
    }),
  );
});
