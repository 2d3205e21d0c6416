/** Rung: unit. Values with a unit are read whole or refused, never in part. */
import * as fc from "fast-check";
import { problemsOf, settingsWith } from "../../support/settings";

type Groups = Record<string, unknown>;

/** By setting, one for each kind of value: what is written, and what it becomes. What is refused: leaves.test.ts. */
const taken: Readonly<Record<string, readonly (readonly [written: unknown, value: unknown])[]>> = {
  "sampling.default": [
    ...[0, 100, 12.34, 0.01].map((percent) => [percent, percent] as const),
    ...Object.entries({ "0": 0, "100": 100, "12.5": 12.5, "0.10": 0.1, "100.00": 100, "007": 7 }),
  ],
  "indexCleaner.hour": [
    [0, 0],
    ["10", 10],
    [23, 23],
  ],
  "publish.ports.prometheus": [
    [1, 1],
    ["65535", 65_535],
  ],
  "prometheus.retention": Object.entries({ "2d": 2, "365d": 365, "7d": 7 }),
  "jaeger.memory": Object.entries({ "128Mi": 128, "32Gi": 32_768, "1Gi": 1024 }),
  "jaeger.cpu": [...Object.entries({ "500m": 500, "2": 2000 }), [2, 2000]],
  "collector.debug": ["off", "detailed"].map((word) => [word, word]),
  "publish.address": ["0.0.0.0", "10.1.2.3"].map((address) => [address, address]),
  imageRegistry: ["mirror.example.com", "localhost:5000/a/b"].map((registry) => [registry, registry]),
  "jaeger.tags[0]": ["http.route", "A_b-1"].map((tag) => [tag, tag]),
};

describe.each(Object.entries(taken))("%s", (path, values) => {
  const keys = path.replace("[0]", ".0").split(".");

  test.each(values)("takes %j as %j", (written, value) => {
    const groups = keys.reduceRight((inner, key) => (key === "0" ? [inner] : { [key]: inner }), written) as Groups;
    expect(keys.reduce<unknown>((group, key) => (group as Groups)[key], settingsWith(groups))).toBe(value);
  });
});

describe("any", () => {
  const hundredths = fc.integer({ min: 0, max: 10_000 });
  /** Text after a valid value. Its first character continues neither a number nor a unit. */
  const junk = fc
    .tuple(fc.constantFrom("%", " ", "d", "x", "e1", ",", "-", "\n", "\0", "ms", "Mi"), fc.string({ maxLength: 4 }))
    .map(([a, b]) => a + b);

  test("percentage with up to two decimals is read from a number and from text", () => {
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

  test("value with junk before or after it is refused", () => {
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
