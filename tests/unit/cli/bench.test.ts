/** Rung: unit. The arithmetic of the benchmark. */
import * as fc from "fast-check";
import { storagePerDay } from "../../../cli/bench/storage";
import { times } from "../../../cli/bench/times";

test("quantiles are samples, by the nearest rank", () => {
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1).reverse();
  expect(times(hundred)).toEqual({ median: 50, p95: 95, longest: 100 });
  expect(times([7])).toEqual({ median: 7, p95: 7, longest: 7 });
  expect(times([3, 1, 2])).toEqual({ median: 2, p95: 3, longest: 3 });
});

test("at least 50 % of the samples are within the median, and 95 % within p95", () => {
  const sample = fc.double({ min: 0, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(fc.array(sample, { minLength: 1, maxLength: 200 }), (samples) => {
      const { median, p95, longest } = times(samples);
      const within = (limit: number) => samples.filter((value) => value <= limit).length / samples.length;
      expect(samples).toEqual(expect.arrayContaining([median, p95, longest]));
      expect(within(median)).toBeGreaterThanOrEqual(0.5);
      expect(within(p95)).toBeGreaterThanOrEqual(0.95);
      expect(within(longest)).toBe(1);
    }),
  );
});

test("what is sent is ten times what is kept at 10 %", () => {
  // 1,000 bytes a span: 100 MB are 100,000 kept spans, of 1,000,000 sent in 86,400 seconds.
  expect(storagePerDay({ spans: 1000, bytes: 1_000_000 })).toBe(
    "1000 spans take 1000 bytes each; at 10 % 100 MB a day are 12 spans/s sent, 1.0 million a day",
  );
});
