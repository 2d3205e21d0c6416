/** Rung: unit. What applications and SDKs get of the sampling model: strategies file, environment, and what `decide: app` loses. */
import { applicationEnvironment, losses, rateTable, serviceModel, strategiesFile, tailPolicies } from "../../../configs/sampling";
import { dockerTopology } from "../../../configs/topology/docker";
import { settingsWith } from "../../support/settings";

const operations = [
  { operation: "POST /api/auth/login", percent: 100 },
  { operation: "POST /api/payments/**", percent: 100 },
  { operation: "GET /users/<int:id>/", percent: 0.5 },
];
const services = [{ service: "batch", default: 1, operations: [{ operation: "POST /api/auth/login", percent: 25 }] }];
const sampling = { default: 10, operations, services };
const byCollector = settingsWith({ sampling });
const byApp = settingsWith({ sampling: { ...sampling, decide: "app" } });

interface Entry {
  readonly type: string;
  readonly param: number;
  readonly service?: string;
  readonly operation_strategies?: { operation: string; type: string; param: number }[];
}
const file = (settings: typeof byApp) =>
  JSON.parse(strategiesFile(settings.sampling)) as { default_strategy: Entry; service_strategies: Entry[] };
const rates = (entry?: Entry) => Object.fromEntries((entry?.operation_strategies ?? []).map(({ operation, param }) => [operation, param]));

describe("the strategies file", () => {
  test("lets SDKs send everything where the Collector decides", () => {
    const everything = { type: "probabilistic", param: 1 };
    expect(file(byCollector)).toEqual({
      default_strategy: { ...everything, operation_strategies: [{ operation: "(any other)", ...everything }] },
      service_strategies: [],
    });
  });

  test("has the rates under every name that an instrumentation gives the request", () => {
    expect(file(byApp).default_strategy).toMatchObject({ type: "probabilistic", param: 0.1 });
    expect(rates(file(byApp).default_strategy)).toEqual({
      "POST /api/auth/login": 1,
      "POST /api/auth/login/": 1,
      "POST api/auth/login": 1,
      "POST api/auth/login/": 1,
      "GET /users/<int:id>": 0.005,
      "GET /users/<int:id>/": 0.005,
      "GET users/<int:id>": 0.005,
      "GET users/<int:id>/": 0.005,
      // In every list, so that no list is empty.
      "(any other)": 0.1,
    });
  });

  test("has a service's own rates first, and leaves Jaeger nothing to add", () => {
    const [batch] = file(byApp).service_strategies;
    expect(batch).toMatchObject({ service: "batch", type: "probabilistic", param: 0.01 });
    expect(rates(batch)["POST api/auth/login/"]).toBe(0.25);
    expect(Object.keys(rates(batch)).sort()).toEqual(Object.keys(rates(file(byApp).default_strategy)).sort());
  });

  test("gives each entry a type and a rate, which Jaeger would take for 0.1 % otherwise", () => {
    const entries = [file(byApp).default_strategy, ...file(byApp).service_strategies].flatMap((one) => [
      one,
      ...(one.operation_strategies ?? []),
    ]);
    for (const { type, param } of entries) {
      expect(type).toBe("probabilistic");
      expect(param).toBeGreaterThan(0);
      expect(param).toBeLessThanOrEqual(1);
    }
  });
});

describe("an application's environment", () => {
  test("sends everything where the Collector decides, and has the rules", () => {
    expect(applicationEnvironment(byCollector, dockerTopology("dev"))).toEqual({
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://otel-collector:4318",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=development",
      OTEL_SERVICE_NAME: "thebot-platform",
      OTEL_TRACES_SAMPLER: "always_on",
      TRACING_SAMPLING_RULES:
        '{"default":10,"errors":100,"operations":[{"operation":"POST /api/auth/login","percent":100},' +
        '{"operation":"POST /api/payments/**","percent":100},{"operation":"GET /users/<int:id>/","percent":0.5}]}',
    });
  });

  test("says how much a request may weigh where that is not what the package knows", () => {
    const of = (request: string) => applicationEnvironment(settingsWith({ limits: { request } }), dockerTopology("dev"));
    expect(of("4Mi")).not.toHaveProperty("TRACING_MAX_REQUEST_BYTES");
    expect(of("2Mi")).toMatchObject({ TRACING_MAX_REQUEST_BYTES: "2097152" });
  });

  test("polls Jaeger where it decides itself", () => {
    expect(applicationEnvironment(byApp, dockerTopology("dev"))).toMatchObject({
      OTEL_TRACES_SAMPLER: "parentbased_jaeger_remote",
      OTEL_TRACES_SAMPLER_ARG: "endpoint=http://jaeger:5778,pollingIntervalMs=30000,initialSamplingRate=0.1",
      TRACING_SAMPLE_PERCENTAGE: "10",
    });
  });

  test("has the model of its own service", () => {
    expect(serviceModel(byApp.sampling, "batch")).toEqual({
      default: 1,
      errors: 100,
      operations: [{ operation: "POST /api/auth/login", percent: 25 }, ...serviceModel(byApp.sampling, "other").operations],
    });
    expect(applicationEnvironment(byApp, dockerTopology("dev"), "batch")).toMatchObject({
      OTEL_SERVICE_NAME: "batch",
      TRACING_SAMPLE_PERCENTAGE: "1",
      TRACING_SAMPLING_RULES: expect.stringMatching(/^\{"default":1,.*"percent":25\}/) as string,
    });
  });
});

describe("where the application decides", () => {
  test("the Collector keeps what arrives, and the table promises nothing of errors", () => {
    expect(tailPolicies(byApp.sampling)).toEqual([{ name: "decided by the application", type: "always_sample" }]);
    expect(rateTable(byApp.sampling)["any other"]).toBe("10 %");
    expect(rateTable(byCollector.sampling)["any other"]).toBe("10 % (with an error 100 %)");
  });

  test("every promise that cannot be kept is listed", () => {
    expect(losses(byCollector.sampling)).toEqual([]);
    expect(losses(settingsWith({ sampling: { ...sampling, decide: "app", slow: { threshold: "2s" } } }).sampling)).toEqual([
      expect.stringMatching(/^Errors: 100 % cannot apply/),
      expect.stringMatching(/^Slow traces: 100 % cannot apply/),
      expect.stringMatching(/^Wildcards: .*POST \/api\/payments\/\*\*/),
      expect.stringMatching(/^Services that others call/),
      expect.stringMatching(/^Span metrics/),
    ]);
    expect(losses(settingsWith({ sampling: { decide: "app" } }).sampling)).toEqual([]);
  });

  test("a cap is listed, whoever decides", () => {
    expect(losses(settingsWith({ sampling: { cap: 500 } }).sampling)).toEqual([expect.stringContaining("Above 500 spans a second")]);
    expect(rateTable(settingsWith({ sampling: { cap: 500 } }).sampling)).toMatchObject({
      "of traces without an error, at most": "500 spans a second",
    });
  });
});
