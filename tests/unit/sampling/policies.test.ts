/** Rung: unit. What follows from the sampling model: the strategy, the tail policies, the strategies file and the table of rates. */
import { matches, parseOperation } from "../../../configs/sampling/operations";
import { hashSalt, rateTable, samplingStrategy, tailPolicies, type SamplingModel } from "../../../configs/sampling";
import { settingsWith } from "../../support/settings";

type Rules = Readonly<Record<string, number>>;

const model = (rules: Rules, rates: { default?: number; errors?: number } = {}): SamplingModel =>
  settingsWith({
    sampling: { default: 10, ...rates, operations: Object.entries(rules).map(([operation, percent]) => ({ operation, percent })) },
  }).sampling;

/** The rates that the product was asked for: they fall from the first rule to the default. */
const asked = model({
  "POST /api/auth/login": 100,
  "POST /api/auth/logout": 100,
  "POST /api/payments/**": 100,
  "POST /api/auth/token/refresh": 50,
  "POST /api/chat/messages": 50,
});

/** A rule below the default, and a rate that rises again. */
const lower = model({ "GET /health": 1, "POST /a": 100, "GET /feed": 5 });

const names = (policies: readonly { name: string }[]) => policies.map((policy) => policy.name);

/** Names of the sub-policies of the policy with a name, in order. */
function partsOf(of: SamplingModel, name: string): string[] | undefined {
  const policy = tailPolicies(of).find((candidate) => candidate.name === name);
  return policy?.type === "and" ? names((policy.and as { and_sub_policy: { name: string }[] }).and_sub_policy) : undefined;
}

/** All values of a key, at any depth. */
function valuesOf(key: string, value: unknown): unknown[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value as Record<string, unknown>).flatMap(([k, v]) => (k === key ? [v] : valuesOf(key, v)));
}

describe("samplingStrategy", () => {
  test.each<[string, SamplingModel, string]>([
    ["no rules", model({}), "span-ingest"],
    ["rates that fall", asked, "span-ingest"],
    ["equal rates", model({ "GET /a": 10, "GET /b": 10 }), "span-ingest"],
    ["a last rule below the default", model({ "GET /a": 100, "GET /b": 9.99 }), "trace-complete"],
    ["a rule of 0 %", model({ "GET /health": 0 }), "trace-complete"],
    ["a rate that rises again, above the default", model({ "GET /a": 50, "GET /b": 100 }), "trace-complete"],
    ["everything at 0 %", model({ "GET /a": 0 }, { default: 0 }), "span-ingest"],
  ])("%s: %s", (_what, of, strategy) => {
    expect(samplingStrategy(of)).toBe(strategy);
  });

  test("does not depend on errors, which only raise", () => {
    for (const errors of [0, 60, 100]) expect(samplingStrategy(model({ "GET /a": 50 }, { errors }))).toBe("span-ingest");
  });
});

describe("tailPolicies of rates that fall", () => {
  test("are one for errors, one a rule, and the default, none with an exclusion", () => {
    const policies = tailPolicies(asked);
    expect(names(policies)).toEqual(["canary", "errors", ...asked.operations.map(({ operation }) => operation.text), "default"]);
    expect(valuesOf("not_sub_policy", policies)).toEqual([]);
  });

  test("keep 100 % by the condition alone, and less by the condition and the rate", () => {
    const policies = tailPolicies(asked);
    expect(policies[1]).toMatchObject({ name: "errors", type: "ottl_condition" });
    expect(policies[2]).toMatchObject({ name: "POST /api/auth/login", type: "ottl_condition" });
    expect(partsOf(asked, "POST /api/auth/token/refresh")).toEqual(["request", "rate"]);
    expect(policies.at(-1)).toEqual({
      name: "default",
      type: "probabilistic",
      probabilistic: { sampling_percentage: 10, hash_salt: hashSalt },
    });
  });

  test("ask method and path of one span, under today's and yesterday's names", () => {
    const [condition] = (tailPolicies(asked)[4]?.ottl_condition as { span: string[] }).span;
    const pattern = "^(?:[^/?:]+://[^/?]*/|/?)api/payments(?:/[^/?]+)*/?(?:[?].*)?$";
    expect(condition).toBe(
      'kind == SPAN_KIND_SERVER and (attributes["http.request.method"] == "POST" or attributes["http.method"] == "POST") and ' +
        `(IsMatch(attributes["url.path"], "${pattern}") or IsMatch(attributes["http.target"], "${pattern}") or ` +
        `IsMatch(attributes["http.route"], "${pattern}") or IsMatch(attributes["url.full"], "${pattern}") or ` +
        `IsMatch(attributes["http.url"], "${pattern}"))`,
    );
  });
});

describe("tailPolicies of rates that do not fall", () => {
  test("exclude from each rule, and from the default, every earlier rule with a lower rate", () => {
    expect(partsOf(lower, "GET /health")).toEqual(["request", "rate"]);
    expect(partsOf(lower, "POST /a")).toEqual(["not GET /health", "request"]);
    expect(partsOf(lower, "GET /feed")).toEqual(["not GET /health", "request", "rate"]);
    expect(partsOf(lower, "default")).toEqual(["not GET /health", "not GET /feed", "rate"]);
  });

  test("exclude by the very condition of the rule", () => {
    const policies = tailPolicies(model({ "GET /health": 0, "GET /a": 100 }));
    const [excluded] = valuesOf("not_sub_policy", policies) as { ottl_condition: { span: string[] } }[];
    expect(excluded?.ottl_condition.span[0]).toContain("/?)health/?");
  });
});

describe("tailPolicies at the ends", () => {
  test("0 % is no policy of its own", () => {
    expect(names(tailPolicies(model({ "GET /health": 0 }, { errors: 0 })))).toEqual(["canary", "default"]);
    expect(names(tailPolicies(model({}, { default: 0, errors: 0 })))).toEqual(["canary"]);
  });

  test("0 % for one request under a default of 100 % leaves the exclusion alone", () => {
    expect(tailPolicies(model({ "GET /health": 0 }, { default: 100 })).at(-1)).toMatchObject({ name: "default", type: "not" });
  });

  test("100 % without a condition keeps everything", () => {
    expect(tailPolicies(model({}, { default: 100 })).at(-1)).toEqual({ name: "default", type: "always_sample" });
  });
});

describe("tailPolicies of any model", () => {
  test.each([
    ["rates that fall", asked],
    ["rates that do not", lower],
  ])("%s: have one salt, and do not fail on spans without the attributes", (_what, of) => {
    expect(new Set(valuesOf("hash_salt", tailPolicies(of)))).toEqual(new Set([hashSalt]));
    expect(new Set(valuesOf("error_mode", tailPolicies(of)))).toEqual(new Set(["ignore"]));
  });

  test("have names of their own", () => {
    for (const of of [asked, lower]) expect(new Set(names(tailPolicies(of))).size).toBe(tailPolicies(of).length);
  });
});

describe("rateTable", () => {
  test("lists the rates in the order of the rules, with what an error raises them to", () => {
    expect(Object.entries(rateTable(model({ "POST /a": 100, "GET /b/*": 0.5 }, { errors: 50 })))).toEqual([
      ["POST /a", "100 %"],
      ["GET /b/*", "0.5 % (with an error 50 %)"],
      ["any other", "10 % (with an error 50 %)"],
    ]);
  });

  test("says nothing of errors that raise nothing", () => {
    expect(rateTable(model({}, { default: 100, errors: 100 }))).toEqual({ "any other": "100 %" });
  });
});

test("operations of the model are the ones of the normaliser", () => {
  const [rule] = lower.operations;
  expect(rule?.operation).toEqual(parseOperation("GET /health"));
  expect(matches(rule!.operation, "GET", "health/")).toBe(true);
});
