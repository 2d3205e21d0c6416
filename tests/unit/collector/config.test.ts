/** Rung: unit. What the Collector's config file promises, read from its YAML. */
import { collectorConfig, collectorEnv } from "../../../configs/collector/config";
import { capacity, tailPolicies } from "../../../configs/sampling";
import { dockerTopology } from "../../../configs/topology/docker";
import { paths, ports } from "../../../configs/topology/ports";
import { settingsWith } from "../../support/settings";
import { loose, parsed, portsIn, unsortedMaps, type CollectorFile } from "../support/yaml";

interface File extends CollectorFile {
  readonly processors: {
    readonly memory_limiter: { readonly limit_mib: number; readonly spike_limit_mib: number };
    readonly tail_sampling: Record<string, unknown> & { readonly decision_cache: Record<string, number>; readonly num_traces: number };
    readonly attributes: { readonly actions: readonly { key?: string; pattern?: string; value?: string; action: string }[] };
  };
  readonly exporters: Record<string, Record<string, Record<string, unknown>>>;
}

const topology = dockerTopology("dev");
const textWith = (groups: Record<string, unknown> = {}) => collectorConfig(settingsWith(groups), topology);
const fileWith = (groups: Record<string, unknown> = {}) => parsed<File>(textWith(groups));
const pipelines = (groups: Record<string, unknown> = {}) => fileWith(groups).service.pipelines;

const variants: [string, Record<string, unknown>][] = [
  ["the defaults", {}],
  ["the debug exporter", { collector: { debug: "detailed" } }],
  ["rates that do not fall", { sampling: { default: 10, operations: [{ operation: "GET /health", percent: 0 }] } }],
];

describe.each(variants)("pipelines with %s", (_what, groups) => {
  test("name what is defined, and all of it", () => {
    expect(loose(fileWith(groups))).toEqual([]);
  });

  test("limit memory first wherever spans and metrics come in", () => {
    const fromOutside = Object.values(pipelines(groups)).filter(({ receivers }) => receivers.includes("otlp"));
    expect(fromOutside).toHaveLength(2);
    for (const { processors } of fromOutside) expect(processors[0]).toBe("memory_limiter");
  });

  test("keep the stack's own reports apart from what applications send, up to a page of their own", () => {
    const { receivers, exporters } = pipelines(groups)["metrics/reports"]!;
    expect([receivers, exporters]).toEqual([["otlp/reports"], ["prometheus/reports"]]);
    const others = Object.entries(pipelines(groups)).filter(([name]) => name !== "metrics/reports");
    expect(
      others.filter(([, pipeline]) => [...pipeline.receivers, ...pipeline.exporters].some((part) => part.endsWith("/reports"))),
    ).toEqual([]);
  });

  test("mend applications' metrics, and nothing else, before the page that all share", () => {
    const { receivers, processors, exporters } = pipelines(groups)["metrics/applications"]!;
    expect([receivers, processors, exporters]).toEqual([
      ["otlp"],
      ["memory_limiter", "transform/metrics", "filter/metrics"],
      ["prometheus"],
    ]);
    expect(pipelines(groups).metrics!.receivers).not.toContain("otlp");
  });

  test("refuse nothing behind the sampling, where a refusal would be a loss", () => {
    const { processors } = pipelines(groups)["traces/kept"]!;
    expect(processors).toEqual(["tail_sampling", "transform/policy"]);
  });

  test("measure spans before any of them is sampled out", () => {
    const { receivers, processors, exporters } = pipelines(groups)["traces/received"]!;
    expect(receivers).toEqual(["otlp", "jaeger"]);
    expect(processors).not.toContain("tail_sampling");
    expect(exporters).toEqual(["span_metrics", "service_graph", "forward"]);
    expect(pipelines(groups).metrics!.receivers).toEqual(["prometheus", "span_metrics", "service_graph"]);
    expect(pipelines(groups)["traces/kept"]!.receivers).toEqual(["forward"]);
  });
});

test("span metrics have a limit of series, whatever names clients send", () => {
  const { connectors } = fileWith() as unknown as { connectors: Record<string, Record<string, unknown>> };
  expect(connectors.span_metrics!.aggregation_cardinality_limit).toBe(2000);
});

describe("the service graph", () => {
  const graphOf = (groups: Record<string, unknown>) =>
    (fileWith(groups) as unknown as { connectors: Record<string, unknown> }).connectors.service_graph;

  test("holds no more half calls than two percent of the memory, and makes no nodes of addresses", () => {
    expect(graphOf({ collector: { memory: "1Gi" } })).toMatchObject({
      store: { ttl: "10s", max_items: 40_960 },
      virtual_node_peer_attributes: [],
    });
  });

  test("is counted unless it is turned off", () => {
    const off = fileWith({ jaeger: { dependencies: false } });
    expect(JSON.stringify(off)).not.toContain('service_graph"');
    expect(off.service.pipelines["traces/received"]!.exporters).toEqual(["span_metrics", "forward"]);
  });
});

describe("the debug exporter", () => {
  test.each(["basic", "detailed"])("logs kept spans at verbosity %s", (debug) => {
    const file = fileWith({ collector: { debug } });
    expect(file.exporters.debug).toEqual({ verbosity: debug });
    expect(file.service.pipelines["traces/kept"]!.exporters).toEqual(["otlp_grpc", "debug"]);
  });

  test("is not there when it is off", () => {
    expect(fileWith().exporters).not.toHaveProperty("debug");
  });
});

describe("the way to Jaeger", () => {
  test("waits on disk, counts bytes, blocks when it is full and never gives up", () => {
    const { otlp_grpc: exporter } = fileWith({ collector: { queue: "1Gi" } }).exporters;
    const quarter = 256 * 1024 * 1024;
    expect(exporter!.sending_queue).toMatchObject({
      storage: "file_storage",
      sizer: "bytes",
      queue_size: quarter,
      block_on_overflow: true,
    });
    expect(exporter!.retry_on_failure).toMatchObject({ enabled: true, max_elapsed_time: 0 });
    expect(exporter!.endpoint).toBe(topology.jaegerOtlp);
  });

  test("keeps its queue in the folder that outlives the container", () => {
    expect(fileWith().extensions.file_storage).toMatchObject({ directory: paths.collectorQueue });
  });
});

describe("memory", () => {
  test.each([
    ["128Mi", 128],
    ["256Mi", 256],
    ["4Gi", 4096],
  ])("of %s: soft limit, hard limit and the container's, in this order", (memory, mebibytes) => {
    const { limit_mib: hard, spike_limit_mib: spike } = fileWith({ collector: { memory } }).processors.memory_limiter;
    expect(spike).toBeGreaterThan(0);
    expect(hard - spike).toBeGreaterThanOrEqual(mebibytes / 2);
    expect(hard).toBeLessThan(mebibytes);
    expect(collectorEnv(settingsWith({ collector: { memory } }))).toMatchObject({ GOMEMLIMIT: `${Math.floor(mebibytes * 0.8)}MiB` });
  });

  test("bounds the undecided traces, and remembers the decided ones ten times as long", () => {
    const { num_traces: traces, decision_cache: cache } = fileWith({ collector: { memory: "1Gi" } }).processors.tail_sampling;
    expect(traces).toBe(capacity(settingsWith().sampling, 1024).traces);
    expect(cache).toEqual({ sampled_cache_size: traces * 10, non_sampled_cache_size: traces * 10 });
  });
});

describe("sampling", () => {
  test.each(variants)("with %s, has the policies and the strategy of the model", (_what, groups) => {
    const { sampling } = settingsWith(groups);
    expect(fileWith(groups).processors.tail_sampling).toMatchObject({
      policies: JSON.parse(JSON.stringify(tailPolicies(sampling))) as unknown,
      sampling_strategy: sampling.operations.length > 0 ? "trace-complete" : "span-ingest",
      block_on_overflow: true,
    });
  });

  test("carries an operation's pattern unchanged, with nothing that the Collector would put a variable in for", () => {
    const text = textWith({ sampling: { operations: [{ operation: "GET /$$a/(x)+y.z/<int:id>/**", percent: 1 }] } });
    expect(text).toContain(
      'IsMatch(attributes["url.path"], "^(?:[^/?:]+://[^/?]*/|/?)[$][$]a/[(]x[)][+]y[.]z/[^/?]+(?:/[^/?]+)*/?(?:[?].*)?$")',
    );
    const file = parsed<File>(text);
    const conditions = JSON.stringify(file).match(/"span":\["[^\]]*/g) ?? [];
    expect(conditions.length).toBeGreaterThan(1);
    expect(conditions.join()).not.toMatch(/\$\$|\$\{/);
    // In a name, two dollar signs are one.
    expect(text).toContain("GET /$$$$a/(x)+y.z/<int:id>/**");
  });
});

describe("attributes", () => {
  test("name the environment where a span does not", () => {
    const [environment] = fileWith({ environment: "staging" }).processors.attributes.actions;
    expect(environment).toEqual({ key: "deployment.environment.name", value: "staging", action: "insert" });
  });
});

describe("listening", () => {
  const endpoint = (value: unknown) => (value as { endpoint: string }).endpoint;

  test("is open to applications where they send to, and for the health check", () => {
    const { receivers, extensions } = fileWith();
    const protocols = (name: string) => (receivers[name] as { protocols: Record<string, unknown> }).protocols;
    expect(Object.values(protocols("otlp")).map(endpoint)).toEqual([
      `0.0.0.0:${ports.collector.otlpGrpc}`,
      `0.0.0.0:${ports.collector.otlpHttp}`,
    ]);
    expect(Object.values(protocols("jaeger")).map(endpoint)).toEqual(["0.0.0.0:14250", "0.0.0.0:14268"]);
    expect(extensions.health_check).toMatchObject({ endpoint: "0.0.0.0:13133", path: "/healthz" });
  });

  test("is on the backend network only for pages and metrics", () => {
    const file = fileWith();
    expect(endpoint(file.extensions.zpages)).toBe("otel-collector.tracing-backend:55679");
    expect(endpoint(file.exporters.prometheus)).toBe("otel-collector.tracing-backend:8889");
    expect(endpoint(file.exporters["prometheus/reports"])).toBe("otel-collector.tracing-backend:8890");
    const { protocols } = file.receivers["otlp/reports"] as { protocols: Record<string, unknown> };
    expect(Object.values(protocols).map(endpoint)).toEqual(["otel-collector.tracing-backend:4319"]);
    expect(file.service.telemetry).toMatchObject({
      metrics: { readers: [{ pull: { exporter: { prometheus: { host: "otel-collector.tracing-backend", port: 8888 } } } }] },
    });
  });

  test("uses ports of the topology only", () => {
    const { otlpGrpcTls, prometheusExporterTls, reportsExporterTls, ...own } = ports.collector;
    const secure = [otlpGrpcTls, prometheusExporterTls, reportsExporterTls];
    expect(portsIn(textWith())).toEqual(Object.values(own).sort((a, b) => a - b));
    expect(portsIn(textWith()).filter((port) => secure.some((each) => each === port))).toEqual([]);
  });
});

describe("the text", () => {
  test("pins the names of the Collector's own metrics", () => {
    expect(fileWith().service.telemetry).toMatchObject({
      metrics: { readers: [{ pull: { exporter: { prometheus: { without_type_suffix: false, without_units: false } } } }] },
    });
  });

  test("has sorted keys and says where it comes from", () => {
    expect(unsortedMaps(textWith({ collector: { debug: "basic" } }))).toEqual([]);
    expect(textWith()).toMatch(/^# Made from the stack's config; edit Pulumi\.<stack>\.yaml instead\.\n/);
  });

  test("does not depend on the order in which config is written", () => {
    const one = { sampling: { default: 10, errors: 50 }, collector: { memory: "1Gi", debug: "basic" } };
    const other = { collector: { debug: "basic", memory: "1Gi" }, sampling: { errors: 50, default: 10 } };
    expect(textWith(one)).toBe(textWith(other));
    expect(textWith(one)).not.toBe(textWith());
  });

  test("holds no password", () => {
    // What redaction looks for are names of secrets.
    const redaction = { headers: false, credentials: false, emails: false, cards: false };
    expect(textWith({ redaction })).not.toMatch(/password|secret/i);
  });
});
