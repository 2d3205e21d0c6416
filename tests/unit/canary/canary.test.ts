/** Rung: unit. The canary's times and script, that it is always kept, and what stack config may say of it. */
import { canaryScript } from "../../../configs/canary/script";
import { canaryTimes, hasCanary } from "../../../configs/canary/times";
import { collectorConfig } from "../../../configs/collector/config";
import { samplingProcessors } from "../../../configs/collector/tail-sampling";
import {
  canaryService,
  effectiveRate,
  expectedTraffic,
  forecast,
  rateTable,
  strategiesFile,
  tailPolicies,
} from "../../../configs/sampling";
import { dockerTopology } from "../../../configs/topology/docker";
import { kubernetesTopology } from "../../../configs/topology/kubernetes";
import { problemsOf, settingsWith } from "../../support/settings";
import { parsed } from "../support/yaml";

const wholeTraces = { operations: [{ operation: "GET /healthz", percent: 1 }] };
const ingress = { host: "a.example.com", className: "nginx", namespace: "ingress", tlsSecret: "tls", usersSecret: "users" };
const kubernetes = { "tracing:platform": "kubernetes", "tracing:environment": "production" };

describe("the times of a trace", () => {
  test.each([
    ["decided on arrival", {}, { decided: 0, searchable: 6, deadline: 17 }],
    ["decided when whole", wholeTraces, { decided: 11, searchable: 17, deadline: 28 }],
    [
      "of longer traces",
      { ...wholeTraces, expected: { tracesPerSecond: 10, longestTrace: "30s" } },
      { decided: 36, searchable: 42, deadline: 53 },
    ],
    ["with a cap", { cap: 100 }, { decided: 13, searchable: 19, deadline: 30 }],
    ["decided by the application", { decide: "app", default: 10 }, { decided: 0, searchable: 6, deadline: 17 }],
  ])("%s", (_what, sampling, times) => {
    expect(canaryTimes(settingsWith({ sampling }))).toEqual(times);
  });
});

describe("the canary's traces are kept at 100 %", () => {
  const span = (service: string) => [{ kind: "SERVER", root: true, failed: false, service, duration: 0, attributes: {} } as const];
  const models = [
    { default: 0, errors: 0 },
    { default: 1, errors: 0, operations: [{ operation: "GET /**", percent: 0 }] },
    { default: 1, decide: "app" },
  ].map((sampling) => settingsWith({ sampling }).sampling);

  test.each(models)("by a model such as %j", (model) => {
    expect(effectiveRate(model, span(canaryService))).toBe(100);
    expect(effectiveRate(model, span("another"))).toBeLessThan(100);
  });

  test("by a policy of their own, before all others, which a cap knows too", () => {
    const policy = {
      name: "canary",
      type: "ottl_condition",
      ottl_condition: { span: ['resource.attributes["service.name"] == "tracing-canary"'] },
    };
    expect(tailPolicies(models[0]!)).toMatchObject([policy]);
    const capped = samplingProcessors(settingsWith({ sampling: { cap: 100 } }))["tail_sampling/cap"];
    expect(capped).toMatchObject({ policies: [{ name: "errors" }, policy, { name: "cap" }] });
  });

  test("and stand in no table of rates, forecast or strategy", () => {
    for (const model of models) {
      expect(JSON.stringify([rateTable(model), strategiesFile(model)])).not.toContain("canary");
      expect(forecast(model, expectedTraffic(model)).keptSpansPerSecond).toBeLessThan(11);
    }
  });

  test("and may have no rule of somebody's", () => {
    expect(problemsOf({ sampling: { services: [{ service: "tracing-canary", default: 1 }] } })).toEqual([
      'tracing:sampling.services[0].service: found "tracing-canary", the stack\'s own canary, which is always kept; allowed: a service of yours',
    ]);
  });
});

test("no span metrics are about the canary, wherever they are made", () => {
  interface Config {
    readonly processors: Record<string, unknown>;
    readonly service: { readonly pipelines: Record<string, { readonly receivers: string[]; readonly processors: string[] }> };
  }
  const several = settingsWith({ platform: "kubernetes", sampler: { replicas: 2 } });
  const config = (role: "single" | "gateway" | "sampler") =>
    parsed<Config>(collectorConfig(several, role === "single" ? dockerTopology("dev") : kubernetesTopology(several), role));
  for (const role of ["single", "sampler"] as const) {
    const { processors, service } = config(role);
    expect(processors["filter/canary"]).toMatchObject({
      metrics: { datapoint: ['datapoint.attributes["service.name"] == "tracing-canary"'] },
    });
    const made = Object.values(service.pipelines).filter(({ receivers }) => receivers.includes("span_metrics"));
    expect(made.map((pipeline) => pipeline.processors)).toEqual([["memory_limiter", "filter/canary"]]);
  }
  expect(config("gateway").processors).not.toHaveProperty("filter/canary");
});

describe("stack config", () => {
  test("has a canary unless it says otherwise, or Jaeger asks for a login", () => {
    expect(hasCanary(settingsWith())).toBe(true);
    expect(hasCanary(settingsWith({ canary: { enabled: false } }))).toBe(false);
    expect(hasCanary(settingsWith({ platform: "kubernetes", jaeger: { ingress } }))).toBe(false);
    expect(problemsOf({ jaeger: { ingress }, canary: { enabled: false } }, kubernetes)).toEqual([]);
  });

  test("may not ask for one that Jaeger would not answer", () => {
    expect(problemsOf({ jaeger: { ingress }, canary: { enabled: true } }, kubernetes)).toEqual([
      "tracing:canary.enabled: found true; allowed: false with jaeger.ingress: Jaeger asks for a login, which the canary does not have",
    ]);
  });
});

test("the script sends to the applications' receiver, asks Jaeger, and reports to the scripts' receiver", () => {
  const script = canaryScript(15, canaryTimes(settingsWith()), dockerTopology("dev"));
  const asked = [...script.matchAll(/address ([a-z][\w.-]+)\)/g)].map(([, host]) => host);
  expect(asked).toEqual(["otel-collector", "jaeger", "otel-collector"]);
  expect([...script.matchAll(/"http:\/\/\$(\w+):(\d+)(\/[^"$]*)/g)].map(([, host, port, path]) => `${host} ${port} ${path}`)).toEqual([
    "collector 4318 /v1/traces",
    "jaeger 16686 /api/v3/traces/",
    "reports 4319 /v1/metrics",
  ]);
});
