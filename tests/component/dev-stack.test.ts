/** Rung: component. The resources of the dev stack, their names and order, in an update and in a preview. */
import * as pulumi from "@pulumi/pulumi";
import manifest from "../../package.json";
import { expectOneTree, runProgram, services, types, type Run } from "./support/program";

let update: Run;
let preview: Run;

beforeAll(async () => {
  update = await runProgram("dev");
  preview = await runProgram("dev", {}, { preview: true });
});

const runs = [
  ["an update", () => update],
  ["a preview", () => preview],
] as const;

describe.each(runs)("the resources of %s", (_mode, run) => {
  test("are these and no more", () => {
    const counts: Record<string, number> = {};
    for (const { type } of run().resources) counts[type] = (counts[type] ?? 0) + 1;
    expect(counts).toEqual({
      "tracing:components:TracingStack": 1,
      "tracing:components:Elasticsearch": 1,
      "tracing:components:ElasticsearchExporter": 1,
      "tracing:components:Jaeger": 1,
      "tracing:components:Collector": 1,
      "tracing:components:Canary": 1,
      "tracing:components:IndexCleaner": 1,
      "tracing:components:Prometheus": 1,
      "tracing:platform:Docker": 1,
      // The superuser's, and one for each of the five that use Elasticsearch.
      [types.password]: 7,
      [types.network]: 2,
      // One for each folder of data (7), of config (10) and of a user's secrets (6), and for the secrets and the tools.
      [types.volume]: 27,
      [types.image]: 8,
      // A service each and what prepares its volumes (20: the canary has none to prepare), an uploader for each folder of config (10) and for each secret (6), and the tools.
      [types.container]: 40,
    });
  });

  test("belong to the stack's component, with names that begin with their component's, and unique URNs", () => {
    expectOneTree(run().resources);
  });

  test("have a name each within the engine", () => {
    const names = [types.container, types.volume, types.network].flatMap((type) =>
      run()
        .ofType(type)
        .map(({ inputs }) => `${type} ${String(inputs.name)}`),
    );
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });

  test("give the stack's outputs", () => {
    expect(run().get("tracing").outputs).toEqual({
      endpoints: {
        jaeger: "http://127.0.0.1:16686",
        prometheus: "http://127.0.0.1:9091",
        perses: "http://127.0.0.1:3001",
        elasticsearch: "http://127.0.0.1:9200",
        otlpGrpc: "http://127.0.0.1:4317",
        otlpHttp: "http://127.0.0.1:4318",
        sampling: "http://127.0.0.1:5778",
      },
      ingestNetwork: "tracing-ingest",
      samplingRates: { "GET /admin/**": "100 %", "any other": "100 %" },
      samplingStrategy: "span-ingest",
      sizing: {
        spans: "1000 a second received at peak, 1000 kept",
        storage: "24Gi a day in 1 shard and one copy; 213Gi for 7 days and the two that the cleaner may keep more",
        queue: "holds what is kept for 2 minutes while Jaeger is away",
      },
      samplingLosses: [],
      alertDelivery: "nowhere: they are only on Prometheus' page",
      ingest: "off: anybody who reaches the Collector may send",
      applicationEnvironment: {
        OTEL_EXPORTER_OTLP_ENDPOINT: "http://otel-collector:4318",
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
        OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=development",
        OTEL_SERVICE_NAME: "thebot-platform",
        OTEL_TRACES_SAMPLER: "always_on",
        TRACING_SAMPLING_RULES: '{"default":100,"errors":100,"operations":[{"operation":"GET /admin/**","percent":100}]}',
      },
      retentionDays: 7,
      version: manifest.version,
    });
  });

  test("start in order, each after the services it needs and after its volumes are ready", () => {
    const order = (service: string) =>
      run()
        .dependenciesOf(run().container(service), types.container)
        .map((name) => name.replace("tracing-", ""))
        .sort();
    expect(Object.fromEntries(services.map((service) => [service, order(service)]))).toEqual({
      elasticsearch: ["docker-prepare", "elasticsearch-prepare"],
      "elasticsearch-setup": ["docker-prepare", "elasticsearch", "elasticsearch-setup-config-upload", "elasticsearch-setup-prepare"],
      "elasticsearch-snapshots": [
        "docker-prepare",
        "elasticsearch-setup",
        "elasticsearch-snapshots-config-upload",
        "elasticsearch-snapshots-prepare",
      ],
      "elasticsearch-exporter": ["docker-prepare", "elasticsearch-exporter-prepare", "elasticsearch-setup"],
      jaeger: ["docker-prepare", "elasticsearch-setup", "jaeger-config-upload", "jaeger-live-upload", "jaeger-prepare"],
      "otel-collector": ["docker-prepare", "jaeger", "otel-collector-config-upload", "otel-collector-prepare"],
      "index-cleaner": ["docker-prepare", "elasticsearch-setup", "index-cleaner-config-upload", "index-cleaner-prepare"],
      "service-graph": ["docker-prepare", "elasticsearch-setup", "service-graph-config-upload", "service-graph-prepare"],
      canary: ["canary-config-upload", "docker-prepare", "jaeger", "otel-collector"],
      prometheus: ["docker-prepare", "prometheus-config-upload", "prometheus-prepare"],
      perses: ["docker-prepare", "perses-config-upload", "perses-live-upload", "perses-prepare", "prometheus"],
    });
  });
});

describe("a preview", () => {
  test("shows the same resources as an update: none is made by what a provider answers", () => {
    const urns = (run: Run) => run.resources.map(({ urn }) => urn).sort();
    expect(urns(preview)).toEqual(urns(update));
  });

  test("knows every input but image ids, passwords and the ids of their uploads", () => {
    const unknown = preview.resources.flatMap(({ name, type, inputs }) =>
      Object.entries(inputs)
        .filter(([, value]) => JSON.stringify(value).includes(pulumi.runtime.unknownValue))
        .map(([input]) => (type === types.container && input === "image" ? "image of a container" : `${input} of ${name}`)),
    );
    expect([...new Set(unknown)].sort()).toEqual([
      ...[
        "elasticsearch-exporter",
        "elasticsearch",
        "elasticsearch-setup",
        "elasticsearch-snapshots",
        "index-cleaner",
        "jaeger",
        "service-graph",
      ].map((service) => `envs of tracing-${service}-prepare`),
      "image of a container",
      ...["-cleaner", "-graph", "-metrics", "", "-reader", "-snapshots", "-writer"].map(
        (user) => `uploads of tracing-docker-secret-elasticsearch${user}-password-upload`,
      ),
    ]);
  });

  test("shows every other input as the update sets it", () => {
    const unknown = pulumi.runtime.unknownValue;
    for (const resource of preview.resources) {
      const same = update.resources.find(({ urn }) => urn === resource.urn);
      const known = Object.entries(resource.inputs).filter(([, value]) => !JSON.stringify(value).includes(unknown));
      expect(same?.inputs).toMatchObject(Object.fromEntries(known));
    }
  });
});
