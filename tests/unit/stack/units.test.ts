/** Rung: unit. Values with a unit: each is taken whole or refused, never in part. */
import * as fc from "fast-check";
import { problemsOf, settingsWith } from "../../support/settings";

type Groups = Record<string, unknown>;

interface Kind {
  /** The setting that stands for the kind. */
  readonly put: (value: unknown) => Groups;
  readonly read: (groups: Groups) => unknown;
  /** What is written, and what it becomes. */
  readonly good: readonly (readonly [unknown, unknown])[];
  readonly bad: readonly unknown[];
}

/** A setting of its own, not in a group, is text in any case. */
const noText = (kind: string): readonly unknown[] => (kind === "registry" ? [] : [null, true, [], {}, [1]]);

const kinds: Record<string, Kind> = {
  percent: {
    put: (value) => ({ sampling: { default: value } }),
    read: (groups) => settingsWith(groups).sampling.default,
    good: [
      [0, 0],
      [100, 100],
      [12.34, 12.34],
      ["0", 0],
      ["100", 100],
      ["12.5", 12.5],
      ["0.10", 0.1],
      ["100.00", 100],
      [0.01, 0.01],
      ["007", 7],
    ],
    bad: [
      "12.345",
      "1e2",
      " 50",
      "50 ",
      "-1",
      "101",
      "100.01",
      "NaN",
      "Infinity",
      "",
      "50%",
      "0x10",
      "1_0",
      ".5",
      "5.",
      "1,5",
      "+5",
      "٥",
      "100.00000000000000000001",
      "12.3400000000000000001",
      "50\n",
    ],
  },
  "whole number": {
    put: (value) => ({ indexCleaner: { hour: value } }),
    read: (groups) => settingsWith(groups).indexCleaner.hour,
    good: [
      [0, 0],
      ["10", 10],
      [23, 23],
    ],
    bad: [24, "24", "10.0", "10.5", 10.5, "1e1", "2h", " 20", "-20", "", "20.00000000000000000001"],
  },
  port: {
    put: (value) => ({ publish: { ports: { prometheus: value } } }),
    read: (groups) => settingsWith(groups).publish.ports.prometheus,
    good: [
      [1, 1],
      ["65535", 65_535],
    ],
    bad: [0, 65_536, "80/tcp", "80:80", 80.5, -1],
  },
  days: {
    put: (value) => ({ prometheus: { retention: value } }),
    read: (groups) => settingsWith(groups).prometheus.retention,
    good: [
      ["2d", 2],
      ["365d", 365],
      ["7d", 7],
    ],
    bad: ["7days", "7", 7, "1d", "366d", "-1d", "1.5d", "7D", "7 d", " 7d", "7d ", "1w", "d", "", "7d\n"],
  },
  size: {
    put: (value) => ({ jaeger: { memory: value } }),
    read: (groups) => settingsWith(groups).jaeger.memory,
    good: [
      ["128Mi", 128],
      ["32Gi", 32_768],
      ["1Gi", 1024],
    ],
    bad: [
      "512MB",
      "1.5Gi",
      "127Mi",
      "33Gi",
      "32769Mi",
      "512",
      512,
      "512mi",
      "512 Mi",
      "512M",
      "512Ki",
      "-512Mi",
      "1e3Mi",
      "Gi",
      "",
      "1Gi\n",
    ],
  },
  "one of some words": {
    put: (value) => ({ collector: { debug: value } }),
    read: (groups) => settingsWith(groups).collector.debug,
    good: [
      ["off", "off"],
      ["detailed", "detailed"],
    ],
    bad: ["Off", "on", "normal", " off", "", false, 0, "constructor"],
  },
  address: {
    put: (value) => ({ publish: { address: value } }),
    read: (groups) => settingsWith(groups).publish.address,
    good: [
      ["0.0.0.0", "0.0.0.0"],
      ["10.1.2.3", "10.1.2.3"],
    ],
    bad: ["localhost", "::1", "256.1.1.1", "10.1.2", "10.1.2.3/24", "10.1.2.3:80", " 10.1.2.3", "", 127],
  },
  registry: {
    put: (value) => ({ imageRegistry: value }),
    read: (groups) => settingsWith(groups).imageRegistry,
    good: [
      ["mirror.example.com", "mirror.example.com"],
      ["localhost:5000/a/b", "localhost:5000/a/b"],
    ],
    bad: ["https://mirror.example.com", "Mirror", "a b", "-a", "a:port", "a@b", "/a", "a\n"],
  },
  "tag name": {
    put: (value) => ({ jaeger: { tags: [value] } }),
    read: (groups) => settingsWith(groups).jaeger.tags[0],
    good: [
      ["http.route", "http.route"],
      ["A_b-1", "A_b-1"],
    ],
    bad: ["1a", "a,b", "a b", "", ".a", "a*", 5],
  },
};

describe.each(Object.entries(kinds))("a %s", (kind, { put, read, good, bad }) => {
  test.each(good)("%j is %j", (written, value) => {
    expect(read(put(written))).toBe(value);
  });

  test.each([...bad, ...noText(kind)])("%j is refused, with what was found", (written) => {
    const found = JSON.stringify(written);
    expect(problemsOf(put(written))).toEqual([expect.stringContaining(`: found ${found}; allowed: `)]);
  });
});

describe("any", () => {
  const hundredths = fc.integer({ min: 0, max: 10_000 });
  /** What may be behind a good value by mistake. It begins with what neither a number nor a unit goes on with. */
  const junk = fc
    .tuple(fc.constantFrom("%", " ", "d", "x", "e1", ",", "-", "\n", "\0", "ms", "Mi"), fc.string({ maxLength: 4 }))
    .map(([a, b]) => a + b);

  test("percentage with two decimals at most comes through as a number and as text", () => {
    fc.assert(
      fc.property(hundredths, (n) => {
        const value = n / 100;
        for (const written of [value, String(value), value.toFixed(2)]) {
          expect(settingsWith({ sampling: { default: written } }).sampling.default).toBe(value);
        }
      }),
    );
  });

  test("percentage with a third decimal is refused, however small it is", () => {
    fc.assert(
      fc.property(hundredths, fc.stringMatching(/^[0-9]{0,25}[1-9]$/), (n, rest) => {
        expect(problemsOf({ sampling: { default: (n / 100).toFixed(2) + rest } })).toHaveLength(1);
      }),
    );
  });

  test("percentage outside 0 to 100 is refused", () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer({ min: 10_001 }), fc.integer({ max: -1 })), (n) => {
        expect(problemsOf({ sampling: { default: n / 100 } })).toHaveLength(1);
        expect(problemsOf({ sampling: { default: String(n / 100) } })).toHaveLength(1);
      }),
    );
  });

  test("good value with junk behind or in front of it is refused, not taken in part", () => {
    fc.assert(
      fc.property(hundredths, junk, (n, text) => {
        const groups = (around: (value: string) => string): Groups => ({
          retention: around("7d"),
          sampling: { default: around(String(n / 100)), errors: around("5") },
          collector: { queue: around("1Gi"), memory: around("256Mi") },
        });
        expect(problemsOf(groups((value) => value + text))).toHaveLength(5);
        expect(problemsOf(groups((value) => ` ${value}`))).toHaveLength(5);
      }),
    );
  });
});
