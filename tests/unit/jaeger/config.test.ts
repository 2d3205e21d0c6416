/** Rung: unit. What Jaeger's config file promises, read from its YAML. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { jaegerConfig, jaegerEnv, maxSpanAgeHours } from "../../../configs/jaeger/config";
import { projectFolder } from "../../../render/record";
import { dockerTopology } from "../../../configs/topology/docker";
import { ports } from "../../../configs/topology/ports";
import { settingsWith } from "../../support/settings";
import { loose, parsed, portsIn, unsortedMaps, type CollectorFile } from "../support/yaml";

interface Endpoint {
  readonly endpoint: string;
}
interface File extends CollectorFile {
  readonly receivers: Record<string, { readonly protocols: Record<string, Endpoint> }>;
  readonly extensions: {
    readonly healthcheckv2: { readonly http: Endpoint };
    readonly jaeger_storage: { readonly backends: Record<string, { readonly elasticsearch: Record<string, unknown> }> };
    readonly jaeger_query: { readonly storage: { readonly traces: string }; readonly http: Endpoint; readonly grpc: Endpoint };
    readonly remote_sampling: { readonly file: Record<string, unknown>; readonly http: Endpoint; readonly grpc: Endpoint };
  };
}

const textWith = (groups: Record<string, unknown> = {}) => jaegerConfig(settingsWith(groups), dockerTopology("dev"));
const fileWith = (groups: Record<string, unknown> = {}) => parsed<File>(textWith(groups));
const backend = (name: "writer" | "reader", groups: Record<string, unknown> = {}) =>
  fileWith(groups).extensions.jaeger_storage.backends[name]!.elasticsearch;

test("the trace page takes the place of Jaeger's user interface in local images only", () => {
  const ui = (images: string, otherImages = {}) =>
    (fileWith({ images, otherImages }).extensions.jaeger_query as { readonly ui?: object }).ui;
  const config = { config_file: "/etc/tracing/live/jaeger-ui.json" };
  expect(ui("official")).toEqual(config);
  expect(ui("local")).toEqual({ ...config, assets_path: "/usr/share/trace-page" });
  expect(ui("local", { jaeger: "jaeger:2.21.0" })).toEqual(config);
  expect(ui("local", { busybox: "busybox:1.37.0" })).toHaveProperty("assets_path");
  expect(readFileSync(join(projectFolder, "images", "jaeger", "Dockerfile"), "utf8")).toContain(
    "\nCOPY trace-page /usr/share/trace-page\n",
  );
});

describe("storage", () => {
  test("is Elasticsearch, written to by one user and read by another", () => {
    const { exporters, extensions } = fileWith();
    expect(Object.keys(extensions.jaeger_storage.backends)).toEqual(["reader", "writer"]);
    expect(exporters.jaeger_storage_exporter).toEqual({ trace_storage: "writer" });
    expect(extensions.jaeger_query.storage).toEqual({ traces: "reader", metrics: "prometheus" });
    for (const name of ["writer", "reader"] as const) {
      expect(backend(name).server_urls).toEqual(["http://elasticsearch:9200"]);
      expect(backend(name).auth).toEqual({
        basic: {
          username: `tracing-${name}`,
          password_file: `/etc/tracing/secrets/elasticsearch-${name}-password`,
          reload_interval: "10s",
        },
      });
    }
    expect(textWith()).not.toMatch(/password:/);
  });

  test("is one user's where the stack may create none, and begins with the stack's prefix", () => {
    const external = { url: "http://es:9200", user: "anna", passwordSecret: "es", createUsers: false };
    const groups = { platform: "kubernetes", elasticsearch: { external, indexPrefix: "blue" } };
    for (const name of ["writer", "reader"] as const)
      expect(backend(name, groups)).toMatchObject({
        auth: { basic: { username: "anna", password_file: "/etc/tracing/secrets/elasticsearch-password" } },
        indices: { index_prefix: "blue" },
      });
    expect(backend("writer")).not.toHaveProperty("indices");
  });

  test.each([1, 7, 365])("finds traces for as long as they are kept, with a retention of %d days", (days) => {
    const hours = maxSpanAgeHours(settingsWith({ retention: `${days}d` }));
    expect(hours).toBeGreaterThanOrEqual((days + 1) * 24);
    expect(backend("reader", { retention: `${days}d` }).max_span_age).toBe(`${hours}h`);
  });

  test("has index templates of the stack's, and every attribute is a field of its span", () => {
    for (const name of ["writer", "reader"] as const)
      expect(backend(name)).toMatchObject({ create_mappings: false, tags_as_fields: { all: true, dot_replacement: "@" } });
  });

  test("is written to synchronously from Jaeger 2.21 on, and drops documents that can never be stored", () => {
    const synchronous = { write_mode: "sync", poison_pill_handling: "drop", bulk_processing: { max_bytes: 5_000_000 } };
    expect(backend("writer")).toMatchObject(synchronous);
    expect(backend("writer", { images: "local", otherImages: { jaeger: "jaeger:2.21.0-1" } })).toMatchObject(synchronous);
  });

  test.each<[string, Record<string, unknown>]>([
    ["the local image", { images: "local" }],
    ["an older one from elsewhere", { otherImages: { jaeger: "jaeger:v2.20.0" } }],
  ])("is written to from Jaeger's memory by %s, which knows no other mode", (_, groups) => {
    expect(Object.keys(backend("writer", groups))).toEqual(expect.not.arrayContaining(["write_mode", "poison_pill_handling"]));
    expect(backend("writer", groups).bulk_processing).toEqual({ workers: 3, max_bytes: 5_000_000, flush_interval: "200ms" });
  });
});

describe("remote sampling", () => {
  test("serves the strategies file, rereads it, and samples all other services at 100 %", () => {
    expect(fileWith().extensions.remote_sampling.file).toEqual({
      path: "/etc/tracing/live/jaeger-sampling-strategies.json",
      reload_interval: "10s",
      default_sampling_probability: 1,
    });
  });
});

describe("pipelines", () => {
  test("name what is defined, and all of it", () => {
    expect(loose(fileWith())).toEqual([]);
  });

  test("acknowledge nothing before the storage has it in hand: no batch in between", () => {
    expect(fileWith().service.pipelines.traces!.processors).toEqual([]);
  });
});

describe("listening", () => {
  test("is open to applications for sampling strategies and health only", () => {
    const { healthcheckv2, remote_sampling: sampling } = fileWith().extensions;
    expect([sampling.http, sampling.grpc, healthcheckv2.http].map(({ endpoint }) => endpoint)).toEqual([
      "0.0.0.0:5778",
      "0.0.0.0:5779",
      "0.0.0.0:13133",
    ]);
    expect(textWith().match(/0\.0\.0\.0:/g)).toHaveLength(3);
  });

  test("is on the backend network only for spans, the UI and metrics", () => {
    const { receivers, extensions, service } = fileWith();
    const spans = Object.values(receivers).flatMap(({ protocols }) => Object.values(protocols).map(({ endpoint }) => endpoint));
    const query = [extensions.jaeger_query.http.endpoint, extensions.jaeger_query.grpc.endpoint];
    expect([...spans, ...query].sort()).toEqual([14250, 14268, 16685, 16686, 4317, 4318].map((port) => `jaeger.tracing-backend:${port}`));
    expect(service.telemetry).toMatchObject({
      metrics: { readers: [{ pull: { exporter: { prometheus: { host: "jaeger.tracing-backend", port: ports.jaeger.admin } } } }] },
    });
  });

  test("uses ports of the topology only", () => {
    const { otlpGrpcTls, queryTls, ...own } = ports.jaeger;
    const found = portsIn(textWith());
    expect(found).toEqual([...Object.values(own), ports.elasticsearch.http, ports.prometheus.http].sort((a, b) => a - b));
    expect([otlpGrpcTls, queryTls].filter((port) => found.includes(port))).toEqual([]);
  });
});

describe("the text", () => {
  test("pins the names of Jaeger's own metrics", () => {
    expect(fileWith().service.telemetry).toMatchObject({
      metrics: { readers: [{ pull: { exporter: { prometheus: { without_type_suffix: false, without_units: false } } } }] },
    });
  });

  test("has sorted keys and follows from the settings alone", () => {
    expect(unsortedMaps(textWith())).toEqual([]);
    expect(textWith()).toBe(textWith());
    expect(textWith({ sampling: { default: 1 }, collector: { memory: "1Gi" } })).toBe(textWith());
  });
});

test("the Go runtime stays below the container's memory", () => {
  expect(jaegerEnv(settingsWith({ jaeger: { memory: "1Gi" } }))).toEqual({ GOMEMLIMIT: "819MiB" });
});
