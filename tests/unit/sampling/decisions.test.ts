/**
 * Rung: unit. The tail policies against the definition of the model, on any model and any trace: the trace's rule is the first one that
 * any of its SERVER spans matches; the trace is kept by that rule's rate, or by the rate of errors where it holds one.
 */
import * as fc from "fast-check";
import { effectiveRate, samplingStrategy, tailPolicies } from "../../../configs/sampling";
import { anyModel, anyTrace, expected, percent, type Span } from "../../support/sampling-models";
import { settingsWith } from "../../support/settings";
import { kept, keptOnArrival } from "../support/tail-sampling";

const hash = fc.integer({ min: 0, max: 9_999 }).map((n) => n / 100);

test("the Collector keeps exactly the traces that the model says", () => {
  fc.assert(
    fc.property(anyModel, anyTrace, hash, (model, spans, u) => {
      expect(kept(tailPolicies(model), spans, u)).toBe(expected(model, spans, u));
    }),
    { numRuns: 2000 },
  );
});

test("the effective rate of any trace is what the model says", () => {
  fc.assert(
    fc.property(anyModel, anyTrace, hash, (model, spans, u) => {
      expect(u < effectiveRate(model, spans)).toBe(expected(model, spans, u));
    }),
    { numRuns: 2000 },
  );
});

test("with span-ingest, deciding as spans arrive keeps the same traces", () => {
  let decided = 0;
  fc.assert(
    fc.property(anyModel, anyTrace, hash, (model, spans, u) => {
      const falling = {
        ...model,
        operations: [...model.operations].sort((a, b) => b.percent - a.percent),
        services: model.services
          .slice(0, 1)
          .map((one) => ({ ...one, operations: [...one.operations].sort((a, b) => b.percent - a.percent) })),
      };
      fc.pre(samplingStrategy(falling) === "span-ingest");
      decided += 1;
      expect(keptOnArrival(tailPolicies(falling), spans, u)).toBe(expected(falling, spans, u));
    }),
    { numRuns: 500, maxSkipsPerRun: 10_000 },
  );
  expect(decided).toBe(500);
});

test("with trace-complete, deciding as spans arrive would be wrong", () => {
  const model = settingsWith({ sampling: { default: 100, operations: [{ operation: "GET /a", percent: 0 }] } }).sampling;
  const spans: Span[] = [
    { kind: "CLIENT", failed: false, root: false, service: "web", duration: 1, attributes: {} },
    {
      kind: "SERVER",
      failed: false,
      root: true,
      service: "web",
      duration: 1,
      attributes: { "http.request.method": "GET", "url.path": "/a" },
    },
  ];
  expect(samplingStrategy(model)).toBe("trace-complete");
  expect(kept(tailPolicies(model), spans, 1)).toBe(false);
  expect(keptOnArrival(tailPolicies(model), spans, 1)).toBe(true);
});

test("a trace that is kept at a rate is kept at every higher one", () => {
  fc.assert(
    fc.property(fc.tuple(percent, percent), anyTrace, hash, ([one, other], spans, u) => {
      const at = (rate: number) => kept(tailPolicies(settingsWith({ sampling: { default: rate } }).sampling), spans, u);
      const [low, high] = [Math.min(one, other), Math.max(one, other)];
      expect(at(low) && !at(high)).toBe(false);
    }),
  );
});
