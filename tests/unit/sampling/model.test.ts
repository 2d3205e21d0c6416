/** Rung: unit. The sampling group of stack config: the order of its rules, what contradicts itself, and what the Collector has room for. */
import * as fc from "fast-check";
import { covers, overlaps, uncovered } from "../../../configs/sampling/operation-cover";
import { matches, parseOperation, type Operation } from "../../../configs/sampling/operations";
import { capacity, effectiveRate, rulesOf, samplingStrategy, traceBytes, type DecidingSpan } from "../../../configs/sampling";
import { parseSettings } from "../../../configs/stack/parse";
import type { Settings } from "../../../configs/stack/schema";
import { samplingProcessors } from "../../../configs/collector/tail-sampling";
import { stackConfig } from "../../../render/record";
import { problemsOf, settingsWith } from "../../support/settings";

const operation = (text: string): Operation => parseOperation(text)!;
const rule = (text: string, percent: number) => ({ operation: text, percent });

test("rules apply in order: a service's operations, all services' operations, a service's default", () => {
  const { sampling } = settingsWith({
    sampling: {
      default: 1,
      operations: [rule("POST /a", 40)],
      services: [
        { service: "x", default: 20, operations: [rule("POST /a", 50)] },
        { service: "y", operations: [rule("GET /b", 30)] },
      ],
    },
  });
  expect(rulesOf(sampling).map(({ name, percent }) => [name, percent])).toEqual([
    ["x: POST /a", 50],
    ["y: GET /b", 30],
    ["POST /a", 40],
    ["x: any other", 20],
  ]);
  const span = (service: string, path: string, kind: DecidingSpan["kind"] = "SERVER"): DecidingSpan => ({
    kind,
    service,
    root: false,
    failed: false,
    duration: 1,
    attributes: { "http.method": "POST", "http.route": path },
  });
  expect(effectiveRate(sampling, [span("x", "a/")])).toBe(50);
  expect(effectiveRate(sampling, [span("y", "a/")])).toBe(40);
  expect(effectiveRate(sampling, [span("z", "a/"), span("x", "c")])).toBe(40);
  expect(effectiveRate(sampling, [span("x", "c")])).toBe(20);
  expect(effectiveRate(sampling, [span("x", "a/", "CLIENT")])).toBe(1);
});

describe("contradictions", () => {
  test.each<[string, object, string[]]>([
    ["the same requests at the same rate, narrower", { operations: [rule("POST /a/*", 100), rule("POST /a/b", 100)] }, []],
    ["the narrower one first", { operations: [rule("POST /a/b", 5), rule("POST /a/*", 100)] }, []],
    ["another method", { operations: [rule("GET /a/*", 100), rule("POST /a/b", 5)] }, []],
    [
      "a rule that an earlier one covers",
      { operations: [rule("POST /a/*", 100), rule("POST /a/b", 50)] },
      [
        'tracing:sampling.operations[1].operation: found "POST /a/b" at 50 %, which never applies, as operations[0] ("POST /a/*") matches all ' +
          "that it matches; allowed: an operation before the wider ones",
      ],
    ],
    [
      "a rule that several earlier ones cover together",
      { operations: [rule("GET /", 10), rule("GET /*", 20), rule("GET /*/**", 30), rule("GET /**", 40)] },
      [
        expect.stringMatching(
          /operations\[3\]\.operation: found "GET \/\*\*" at 40 %, which never applies, as the ones before it match all/,
        ) as string,
      ],
    ],
    [
      "a service's list by itself",
      { default: 1, services: [{ service: "x", operations: [rule("GET /**", 9), rule("GET /a", 8)] }] },
      [expect.stringContaining('services[0].operations[1].operation: found "GET /a" at 8 %, which never applies') as string],
    ],
    [
      "a service twice, and one that says nothing",
      { services: [{ service: "x", default: 1 }, { service: "x", default: 2 }, { service: "y" }] },
      [
        'tracing:sampling.services[1].service: found "x", which services[0] has already; allowed: each service once',
        "tracing:sampling.services[2]: found no rate; allowed: default, operations, or both",
      ],
    ],
    [
      "errors that only raise, below every rate",
      { default: 10, errors: 5 },
      [
        "tracing:sampling.errors: found 5, which never applies, as every rate is at least 10 and this one can only raise it; allowed: 10 to 100, " +
          "or 0 for no rate of errors",
      ],
    ],
    ["errors at 0 %", { default: 10, errors: 0 }, []],
    [
      "slow traces below every rate",
      { default: 10, slow: { threshold: "1s", percent: 5 } },
      [expect.stringContaining("slow.percent: found 5") as string],
    ],
    ["errors above what the application can keep: a loss, no error", { default: 10, decide: "app" }, []],
    [
      "slowness that shows after the trace was decided",
      { default: 10, slow: { threshold: "6s" } },
      [
        "tracing:sampling.slow.threshold: found 6 s, longer than expected.longestTrace, 5 s: such a trace is decided before its last span says " +
          "that it is slow; allowed: a threshold of at most that, or a longer longestTrace",
      ],
    ],
    ["slowness within the longest trace", { default: 10, slow: { threshold: "6s" }, expected: { longestTrace: "6s" } }, []],
    [
      "a rule whose like stands behind a wider one of another rate",
      { operations: [rule("GET /a/*", 10), rule("GET /**", 50), rule("GET /a/b", 50)] },
      [expect.stringMatching(/operations\[2\]\.operation: found "GET \/a\/b" at 50 %, which never applies, as operations\[0\]/) as string],
    ],
  ])("%s", (_what, sampling, problems) => {
    expect(problemsOf({ sampling })).toEqual(problems);
  });

  test("are told all at once, with what is wrong elsewhere", () => {
    const problems = problemsOf({
      retention: "0d",
      sampling: { default: 10, errors: 5, operations: [rule("GET /**", 50), rule("GET /a", 60)] },
    });
    expect(problems).toHaveLength(3);
  });
});

describe("an operation is covered", () => {
  const parts = ["a", "ab", "*", "a*", "*b", "**", "<int:id>", "<x>.b"];
  const any = fc.array(fc.constantFrom(...parts), { maxLength: 3 }).map((segments) => operation(`GET /${segments.join("/")}`));
  const words = ["", "a", "b", "ab", "aab", "abb", "ba", "x.b", ".b"];
  const paths = words.flatMap((one) =>
    ["", ...words.flatMap((two) => ["", ...words.map((three) => `/${three}`)].map((end) => `/${two}${end}`))].map((end) => `/${one}${end}`),
  );

  test("exactly when no path tells it from the others", () => {
    const tells = (others: readonly Operation[], one: Operation) => (path: string) =>
      matches(one, "GET", path) && !others.some((other) => matches(other, "GET", path));
    fc.assert(
      fc.property(fc.array(any, { minLength: 1, maxLength: 3 }), any, (others, one) => {
        const path = uncovered(others, one);
        // The path that is named does tell; where none is, none of these does either.
        expect(path === undefined ? paths.filter(tells(others, one)) : tells(others, one)(path)).toEqual(path === undefined ? [] : true);
        expect(covers(others, one)).toBe(path === undefined);
      }),
      { numRuns: 500 },
    );
  });

  test("in part exactly when some path is of both", () => {
    fc.assert(
      fc.property(any, any, (one, other) => {
        const shared = paths.filter((path) => matches(one, "GET", path) && matches(other, "GET", path));
        // The paths here are not all that there are: an overlap may be elsewhere, but none of them may be without one.
        if (shared.length > 0) expect(overlaps(one, other)).toBe(true);
        if (covers([other], one)) expect(overlaps(one, other)).toBe(true);
        expect(overlaps(one, other)).toBe(overlaps(other, one));
      }),
      { numRuns: 500 },
    );
    expect(overlaps(operation("GET /a*"), operation("GET /*b"))).toBe(true);
    expect(overlaps(operation("GET /a/*"), operation("GET /b/**"))).toBe(false);
    expect(overlaps(operation("GET /a"), operation("POST /a"))).toBe(false);
  });

  test("is told by a shortest path", () => {
    expect(uncovered([operation("GET /a"), operation("GET /*b")], operation("GET /a*"))).toMatch(/^\/a[^b]\/$/);
    expect(uncovered([operation("POST /a")], operation("GET /a"))).toBe("/a/");
  });
});

describe("capacity", () => {
  test("uses a fifth of the memory; the decision wait is the longest trace plus the exporter's delay", () => {
    const { sampling } = settingsWith({ sampling: { expected: { tracesPerSecond: 7, spansPerTrace: 20, longestTrace: "2500ms" } } });
    const found = capacity(sampling, 512);
    expect(found.decisionWait).toBe(8);
    expect(found.expected).toBe(56);
    expect(found.traces).toBe(Math.floor((512 * 1024 * 1024) / 5 / (traceBytes(20) + 2 * 10 * 132)));
    expect(found.remembered).toBe(10 * found.traces);
  });

  test("refuses a load that does not fit, and says what would", () => {
    const expected = { tracesPerSecond: 1000, spansPerTrace: 10, longestTrace: "5s" };
    const [problem, ...more] = problemsOf({ sampling: { default: 10, expected } });
    expect(more).toEqual([]);
    expect(problem).toMatch(/^tracing:sampling\.expected: found 1000 traces of 10 spans a second, .*a memory of at least \d+Mi$/);
    const [, memory] = /at least (\d+)Mi/.exec(problem!)!;
    expect(problemsOf({ sampling: { default: 10, expected }, collector: { memory: `${memory}Mi` } })).toEqual([]);
    expect(problemsOf({ sampling: { default: 10, expected }, collector: { memory: `${Number(memory) - 2}Mi` } })).toHaveLength(1);
    expect(problemsOf({ sampling: { default: 10, expected, decide: "app" } })).toEqual([]);
  });
});

test("a cap is shared out to the Collectors that sample", () => {
  const capOf = (settings: Settings) => {
    const { policies } = samplingProcessors(settings)["tail_sampling/cap"] as {
      policies: { rate_limiting?: { spans_per_second: number } }[];
    };
    return policies.flatMap(({ rate_limiting: limit }) => limit?.spans_per_second ?? []);
  };
  const sampling = { cap: 1000 };
  expect(capOf(settingsWith({ sampling }))).toEqual([1000]);
  const prod = parseSettings("prod", { ...stackConfig("prod"), "tracing:sampling": JSON.stringify(sampling) });
  expect(prod.sampler.replicas).toBe(3);
  expect(capOf(prod)).toEqual([333]);
});

test("a cap needs whole traces", () => {
  expect(samplingStrategy(settingsWith({ sampling: { default: 10 } }).sampling)).toBe("span-ingest");
  expect(samplingStrategy(settingsWith({ sampling: { default: 10, cap: 500 } }).sampling)).toBe("trace-complete");
});
