/** Rung: unit. The arithmetic of the benchmark. */
import * as fc from "fast-check";
import { parse } from "yaml";
import { benchConfig, redactionReport } from "../../../cli/bench/redaction";
import { storagePerDay } from "../../../cli/bench/storage";
import { times } from "../../../cli/bench/times";
import { redactionProcessors } from "../../../configs/collector/redaction";
import { settingsWith } from "../../support/settings";

interface BenchFile {
  readonly service: { readonly pipelines: Record<string, { readonly processors: string[] }> };
}

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

describe("the report about redaction", () => {
  const round = (load: string, redaction: boolean, spansPerSecond: number, micros: number) => ({ load, redaction, spansPerSecond, micros });

  test("has medians of each load, without and with, and what redaction adds", () => {
    const rounds = [
      ...[10, 30, 20].map((micros) => round("plain", false, 1000 * micros, micros)),
      ...[25, 15].map((micros) => round("plain", true, 100 * micros, micros)),
      round("secrets", false, 7, 7),
      round("secrets", true, 5, 9.25),
    ];
    const cells = redactionReport(rounds)
      .split("\n")
      .slice(2)
      .map((line) => line.split("|").map((cell) => cell.trim()))
      .map((row) => row.slice(1, -1));
    expect(cells).toEqual([
      ["plain", "without", "20000", "20.0 µs", "-"],
      ["plain", "with", "2000", "20.0 µs", "0.0 µs"],
      ["secrets", "without", "7", "7.0 µs", "-"],
      ["secrets", "with", "5", "9.3 µs", "2.3 µs"],
    ]);
  });

  test("is about Collectors that differ in nothing but redaction", () => {
    const [plain, redacting] = [false, true].map((redaction) => parse(benchConfig(settingsWith(), redaction, 4317, 8888)) as BenchFile);
    const names = Object.keys(redactionProcessors(settingsWith()));
    const received = (file: BenchFile) => file.service.pipelines["traces/received"]!.processors;
    expect(received(redacting!).filter((name) => !names.includes(name))).toEqual(received(plain!));
    expect(received(redacting!)).toEqual(expect.arrayContaining(names));
  });
});
