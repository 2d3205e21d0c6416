/** Rung: unit. `make sampling`: what a model keeps of expected traffic, and the words that change model and traffic. */
import { effectiveRate, forecast, storedShare } from "../../../configs/sampling";
import { parseSettings } from "../../../configs/stack/parse";
import { stackConfig } from "../../../render/record";
import { UserError } from "../../../cli/terminal/output";
import { changed, trafficOf } from "../../../cli/stack/what-if";
import { settingsWith } from "../../support/settings";

const { sampling } = settingsWith({ sampling: { default: 10, operations: [{ operation: "POST /a/*", percent: 50 }] } });
const traffic = { tracesPerSecond: 100, spansPerTrace: 10, errors: 2, bytesPerSpan: 500, requests: { "POST /a/7": 20 } };

describe("a forecast", () => {
  test("keeps of each request what its effective rate says, of errors what theirs says", () => {
    const { rows, receivedSpansPerSecond, keptSpansPerSecond, bytesPerDay } = forecast(sampling, traffic);
    expect(rows).toEqual([
      { request: "POST /a/7", share: 20, rate: 50, errorRate: 100, receivedSpansPerSecond: 200, keptSpansPerSecond: 0.98 * 100 + 4 },
      { request: "any other", share: 80, rate: 10, errorRate: 100, receivedSpansPerSecond: 800, keptSpansPerSecond: 0.98 * 80 + 16 },
    ]);
    expect(receivedSpansPerSecond).toBe(1000);
    expect(keptSpansPerSecond).toBeCloseTo(102 + 94.4);
    expect(bytesPerDay).toBeCloseTo(196.4 * 500 * storedShare * 86_400);
  });

  test("bounds traces without an error by the cap, and leaves errors above it", () => {
    expect(forecast({ ...sampling, cap: 100 }, traffic).keptSpansPerSecond).toBeCloseTo(100 + 20);
    expect(forecast({ ...sampling, cap: 1000 }, traffic).keptSpansPerSecond).toBeCloseTo(196.4);
  });

  test("ignores errors if the application decides", () => {
    expect(forecast({ ...sampling, decide: "app" }, traffic).keptSpansPerSecond).toBeCloseTo(100 + 80);
  });
});

describe("SET", () => {
  const prod = stackConfig("prod");
  const withSet = (words: string) => parseSettings("prod", changed(prod, words)).sampling;

  test("changes groups, and the rule of a request where there is one", () => {
    const model = withSet("default=20, slow.threshold=2s, cap=500, POST /api/chat/messages=25");
    expect(model).toMatchObject({ default: 20, slow: { threshold: 2000, percent: 100 }, cap: 500 });
    expect(model.operations.map(({ percent }) => percent)).toEqual([100, 100, 100, 100, 100, 100, 50, 25]);
  });

  test("puts a new request first", () => {
    const model = withSet("GET /admin/users=1");
    expect(model.operations[0]).toMatchObject({ operation: { text: "GET /admin/users" }, percent: 1 });
    expect(effectiveRate(model, [])).toBe(10);
  });

  test("leaves a stack's own config as it is where nothing is set", () => {
    expect(parseSettings("prod", changed(prod, ""))).toEqual(parseSettings("prod", prod));
  });

  test.each(["defalt=20", "default", "default 20", "=5", "post /a=5"])("refuses %p, and says what is allowed", (words) => {
    expect(() => changed(prod, words)).toThrow(UserError);
    expect(() => changed(prod, words)).toThrow(/^SET: found ".*"; allowed: /);
  });

  test("leaves values for the settings to refuse", () => {
    expect(() => withSet("default=101, cap=5")).toThrow(/2 errors .*[^]*sampling\.default: found "101"[^]*sampling\.cap: found "5"/);
  });
});

describe("TRAFFIC", () => {
  test("is what is expected where it says nothing", () => {
    expect(trafficOf(undefined, sampling)).toEqual({
      tracesPerSecond: 100,
      spansPerTrace: 10,
      errors: 1,
      bytesPerSpan: 700,
      requests: {},
    });
  });

  test("has numbers and shares", () => {
    expect(trafficOf("traces=7.5, spans=3, errors=0, bytes=9, POST /a=1.5, GET /=2", sampling)).toEqual({
      ...{ tracesPerSecond: 7.5, spansPerTrace: 3, errors: 0, bytesPerSpan: 9 },
      requests: { "POST /a": 1.5, "GET /": 2 },
    });
  });

  test.each([
    ["traces=-1", "traces=-1; allowed: a number from 0 up"],
    ["errors=101", "errors=101; allowed: a percentage from 0 to 100"],
    ["POST /a=x", "POST /a=x; allowed: a percentage from 0 to 100"],
    ["POST /a=60, GET /b=50", "shares of 110 % together"],
    ["trace=5", '"trace"; allowed: traces, spans, errors, bytes'],
  ])("refuses %p", (words, message) => {
    expect(() => trafficOf(words, sampling)).toThrow(message);
  });
});
