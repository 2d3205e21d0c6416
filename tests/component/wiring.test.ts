/** Rung: component. Components wired by hand: as a TracingStack wires them, or refused with what is wrong. */
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as tracing from "../../components";
import { record, stackConfig, type Recorded } from "../../render/record";
import { checkedOptions, parseSettings } from "../../configs/stack/parse";
import { Run, shortTraces } from "./support/program";

/** Resources of a program, and the message of its error. */
async function run(program: () => unknown, stack = "s"): Promise<{ made: Run; message: string }> {
  const recorded: Recorded[] = [];
  const message = await shortTraces(() => record(stack, {}, { program, recorded })).then(
    () => "",
    (error: unknown) => (error as Error).message,
  );
  return { made: new Run(recorded), message };
}
const refusal = async (program: () => unknown) => (await run(program)).message;

const {
  Canary,
  DockerPlatform,
  Elasticsearch,
  ElasticsearchExporter,
  ExistingElasticsearch,
  Jaeger,
  KubernetesPlatform,
  OtelCollector,
  Prometheus,
} = tracing;
const environment = "staging";
const cluster = (name = "p") => new KubernetesPlatform(name, { environment });
const engine = (name = "p") => new DockerPlatform(name, { environment });
const existing = (platform: tracing.KubernetesPlatform, password = "x", name = "elasticsearch") =>
  new ExistingElasticsearch(name, { platform, url: "https://a.example.com:9200", password });

describe.each(["dev", "staging", "prod"])("by hand, what %s is", (stack) => {
  const whole = () => new tracing.TracingStack("tracing", checkedOptions(stack, stackConfig(stack)));
  const parts = () => {
    const { platform: kind, environment, images, publish, kubernetes, prometheus, ...all } = checkedOptions(stack, stackConfig(stack));
    const platform =
      kind === "docker"
        ? new DockerPlatform("tracing-docker", { environment, images, publish })
        : new KubernetesPlatform("tracing-kubernetes", { environment, images, ...kubernetes });
    const { tags, ...jaegerOptions } = all.jaeger ?? {};
    const { retention, sampling, limits, indexCleaner, sampler, alerts, ingest } = all;
    const elasticsearch = new Elasticsearch("tracing-elasticsearch", { platform, tags, sampling, ingest, ...all.elasticsearch });
    const exporter = new ElasticsearchExporter("tracing-elasticsearch-exporter", { platform, elasticsearch });
    const jaeger = new Jaeger("tracing-jaeger", { platform, elasticsearch, retention, sampling, limits, indexCleaner, ...jaegerOptions });
    const collector = new OtelCollector("tracing-otel-collector", { platform, jaeger, sampler, ingest, ...all.collector });
    const canary = new Canary("tracing-canary", { platform, collector, ...all.canary });
    const { objectives, dashboards } = all;
    new Prometheus("tracing-prometheus", {
      platform,
      elasticsearch,
      exporter,
      jaeger,
      collector,
      canary,
      objectives,
      alerts,
      dashboards: { perses: dashboards?.perses },
      ...prometheus,
    });
  };

  test("is the same as by a TracingStack", async () => {
    const resources = async (program: () => unknown) => {
      const { made, message } = await run(program, stack);
      expect(message).toBe("");
      return made.resources
        .filter(({ type }) => !type.startsWith("tracing:"))
        .map(({ type, name, inputs, secretInputs, protect, ignoreChanges }) => ({
          type,
          name,
          inputs,
          secretInputs,
          protect,
          ignoreChanges,
        }))
        .sort((one, other) => (one.type + one.name < other.type + other.name ? -1 : 1));
    };
    expect(await resources(parts)).toEqual(await resources(whole));
  });
});

test("the Collector's retention, sampling and limits are those of its Jaeger", async () => {
  const { made } = await run(() => {
    const platform = cluster();
    const jaeger = new Jaeger("jaeger", { platform, elasticsearch: existing(platform), retention: "30d", limits: { attributes: 64 } });
    const { settings } = new OtelCollector("otel-collector", { platform, jaeger });
    expect(settings).toMatchObject({ retention: 30, limits: { attributes: 64 } });
  });
  const { data } = made.get("otel-collector-config").inputs as { data: Record<string, string> };
  expect(data["otel-config.yml"]).toContain(String(30 * 86_400));
});

test.each<[string, () => unknown, RegExp]>([
  [
    "a second Jaeger on a platform",
    () => {
      const platform = cluster();
      const elasticsearch = existing(platform);
      for (const name of ["a", "b"]) new Jaeger(name, { platform, elasticsearch });
    },
    /jaeger runs on this platform already/,
  ],
  [
    "a second Elasticsearch on an engine",
    () => {
      const platform = engine();
      for (const name of ["a", "b"]) new Elasticsearch(name, { platform });
    },
    /elasticsearch runs on this platform already/,
  ],
  [
    "two passwords for one Secret",
    () => {
      const platform = cluster();
      const elasticsearch = existing(platform);
      const { settings, passwords } = elasticsearch;
      const { setup } = passwords;
      const users = { writer: setup, reader: setup, cleaner: setup, metrics: setup };
      new ElasticsearchExporter("exporter", { platform, elasticsearch: { settings, passwords: { setup, users } } });
    },
    /the secret elasticsearch-metrics-password has two values: all components must use the same Elasticsearch/,
  ],
  [
    "a component of another platform",
    () => {
      const elasticsearch = new Elasticsearch("elasticsearch", { platform: cluster("p") });
      new Jaeger("jaeger", { platform: cluster("q"), elasticsearch });
    },
    /elasticsearch runs on another platform; both must run on the same/,
  ],
  [
    "Jaeger before Elasticsearch",
    () => {
      const { settings, passwords } = new Elasticsearch("e", { platform: cluster("q") });
      const elasticsearch = { settings, passwords };
      new Jaeger("jaeger", { platform: cluster("p"), elasticsearch });
    },
    /jaeger starts after elasticsearch-setup, which is not running yet/,
  ],
  [
    "a provider of another package",
    () => {
      new KubernetesPlatform("p", { environment }, { provider: new docker.Provider("d") });
    },
    /provider: found one of another package; allowed: one of @pulumi\/kubernetes/,
  ],
  [
    "neither a password nor a Secret",
    () => new ExistingElasticsearch("e", { platform: cluster(), url: "https://a:9200" }),
    /allowed: one of them/,
  ],
  [
    "both a password and a Secret",
    () => new ExistingElasticsearch("e", { platform: cluster(), url: "https://a:9200", password: "x", passwordSecret: "y" }),
    /allowed: one of them/,
  ],
  [
    "an external Elasticsearch as an option of the stack's own",
    () => {
      new Elasticsearch("e", { platform: cluster(), ...{ external: { url: "https://a:9200", passwordSecret: "y" } } });
    },
    /external: use ExistingElasticsearch in place of this component/,
  ],
  [
    "an existing Elasticsearch on Docker",
    () => {
      new ExistingElasticsearch("e", { platform: engine(), url: "https://a:9200", password: "x" });
    },
    /tracing:elasticsearch\.external: found .*; allowed: nothing on docker/,
  ],
])("%s is refused", async (_what, program, message) => {
  expect(await refusal(program)).toMatch(message);
});

test("errors of Jaeger, its cleaner and its overrides come together, before any of its resources", async () => {
  const { made, message } = await run(() => {
    const overrides = { jaeger: { env: { "a b": "c" } } };
    const platform = cluster();
    new Jaeger("jaeger", { platform, elasticsearch: existing(platform), memory: "1", indexCleaner: { hour: 99 }, overrides });
  });
  expect(
    message
      .split("\n")
      .slice(1)
      .map((line) => line.split(":").slice(0, 2).join(":").trim()),
  ).toEqual(["- tracing:jaeger.memory", "- tracing:indexCleaner.hour", "- tracing:overrides.jaeger.env"]);
  expect(made.resources.filter(({ name }) => name.startsWith("jaeger-"))).toEqual([]);
});

test.each<[string, unknown, string]>([
  ["an Output", pulumi.output("x"), "found an Output"],
  ["an Output within", { a: [pulumi.output("x")] }, "found an Output"],
  ["a promise", Promise.resolve({}), "found a promise"],
  ["a function", () => "x", "found a function"],
  [
    "a value that holds itself",
    (() => {
      const value: Record<string, unknown> = {};
      value.self = value;
      return value;
    })(),
    "found a value that holds itself",
  ],
])("%s among settings is refused in one line", async (_what, value, found) => {
  const message = await refusal(() => new KubernetesPlatform("p", { environment, dns: value as object }));
  expect(message.split("\n").filter((line) => line.includes("allowed: a plain value, known at preview"))).toEqual([
    expect.stringContaining(found),
  ]);
});

test("Pulumi prints only the message of a SettingsError", () => {
  let error: unknown;
  try {
    parseSettings("s", { "tracing:platform": "x" });
  } catch (caught) {
    error = caught;
  }
  expect([error instanceof tracing.SettingsError, pulumi.RunError.isInstance(error)]).toEqual([true, true]);
});

test("arguments are not frozen", async () => {
  const labels: Record<string, string> = { a: "b" };
  await run(() => new Elasticsearch("e", { platform: cluster(), overrides: { elasticsearch: { labels } } }));
  labels.c = "d";
  expect(labels).toEqual({ a: "b", c: "d" });
});

test("the name of a stack reaches every part, also with an Elasticsearch that exists", async () => {
  const external = { url: "https://a.example.com:9200", password: pulumi.secret("x") };
  const program = () => new tracing.TracingStack("t", { stack: "blue", platform: "kubernetes", environment, elasticsearch: { external } });
  const { made } = await run(program, "Any_Name");
  const { data } = made.get("t-prometheus-config").inputs as { data: Record<string, string> };
  expect(data["prometheus-tracing.yml"]).toContain("stack: blue");
});

test("an address with credentials is refused without showing them", async () => {
  const message = await refusal(
    () => new ExistingElasticsearch("e", { platform: cluster(), url: "https://elastic:hunter2@a:9200", password: "x" }),
  );
  expect(message).toContain('tracing:elasticsearch.external.url: found "https://…@a:9200"');
  expect(message).not.toContain("hunter2");
});
