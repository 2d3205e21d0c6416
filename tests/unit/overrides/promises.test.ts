/** Rung: unit. What a patch on a program's config must not break: each promise, and components that there are none of. */
import { parse } from "yaml";
import { collectorConfig } from "../../../configs/collector/config";
import { jaegerConfig } from "../../../configs/jaeger/config";
import { patchProblems } from "../../../configs/overrides";
import { prometheusConfig } from "../../../configs/prometheus/config";
import { dockerTopology } from "../../../configs/topology/docker";
import { kubernetesTopology } from "../../../configs/topology/kubernetes";
import type { ServiceName } from "../../../configs/topology/topology";
import { settingsWith } from "../../support/settings";

const docker = settingsWith();
const tiers = settingsWith({ platform: "kubernetes", collector: { replicas: 2 }, sampler: { replicas: 2 } });
const texts: Readonly<Partial<Record<ServiceName, string>>> = {
  "otel-collector": collectorConfig(docker, dockerTopology("dev"), "single"),
  "otel-sampler": collectorConfig(tiers, kubernetesTopology(tiers), "sampler"),
  jaeger: jaegerConfig(docker, dockerTopology("dev")),
  prometheus: prometheusConfig(docker, dockerTopology("dev")),
};
const problems = (service: ServiceName, patch: object) => patchProblems(service, texts[service] ?? "", patch);
const gateway = collectorConfig(tiers, kubernetesTopology(tiers), "gateway");

const receivedProcessors = (parse(texts["otel-collector"]!) as { service: { pipelines: Record<string, { processors: string[] }> } }).service
  .pipelines["traces/received"]!.processors;

const redaction = {
  processors: { "redaction/pii": { allow_all_keys: true } },
  service: { pipelines: { "traces/received": { processors: ["...", "redaction/pii"] } } },
};

test.each<[string, ServiceName, object]>([
  ["a processor more, at the end", "otel-collector", redaction],
  [
    "an exporter more",
    "otel-collector",
    { exporters: { otlp_http: { endpoint: "https://a" } }, service: { pipelines: { metrics: { exporters: ["...", "otlp_http"] } } } },
  ],
  ["how much is logged", "otel-sampler", { service: { telemetry: { logs: { level: "debug" } } } }],
  ["a key beside those that are set", "otel-collector", { processors: { memory_limiter: { min_gc_interval_when_soft_limited: "10s" } } }],
  ["how much Jaeger logs", "jaeger", { service: { telemetry: { logs: { level: "warn" } } } }],
  ["where metrics are written to besides", "prometheus", { remote_write: [{ url: "https://a" }] }],
  ["a scrape more", "prometheus", { scrape_configs: ["...", { job_name: "a" }] }],
  ["nothing", "prometheus", {}],
])("%s is taken (%s)", (_what, service, patch) => {
  expect(problems(service, patch)).toEqual([]);
});

test.each<[string, ServiceName, object, string[]]>([
  ["the memory limit", "otel-collector", { processors: { memory_limiter: { limit_mib: 9999 } } }, ["processors memory_limiter limit_mib"]],
  [
    "a processor of a pipeline",
    "otel-collector",
    { service: { pipelines: { "traces/received": { processors: ["memory_limiter"] } } } },
    ["service pipelines traces/received processors"],
  ],
  [
    "the order of processors",
    "otel-collector",
    {
      service: {
        pipelines: {
          "traces/received": {
            processors: [...receivedProcessors].reverse(),
          },
        },
      },
    },
    ["service pipelines traces/received processors"],
  ],
  [
    "redaction taken out of the pipeline",
    "otel-collector",
    {
      service: {
        pipelines: {
          "traces/received": { processors: receivedProcessors.filter((name) => !name.includes("redact")) },
        },
      },
    },
    ["service pipelines traces/received processors"],
  ],
  [
    "a pattern of redaction",
    "otel-collector",
    { processors: { redaction: { blocked_values: [] } } },
    ["processors redaction blocked_values"],
  ],
  ["the queue", "otel-collector", { exporters: { otlp_grpc: { sending_queue: null } } }, ["exporters otlp_grpc sending_queue"]],
  ["the queue's folder", "otel-sampler", { extensions: { file_storage: { directory: "/tmp" } } }, ["extensions file_storage directory"]],
  [
    "a whole pipeline",
    "otel-collector",
    { service: { pipelines: { metrics: null } } },
    ["service pipelines metrics receivers", "service pipelines metrics processors", "service pipelines metrics exporters"],
  ],
  [
    "the size of requests",
    "otel-collector",
    { receivers: { otlp: { protocols: { http: { max_request_body_size: 1 } } } } },
    ["receivers otlp protocols http max_request_body_size"],
  ],
  ["metrics", "otel-sampler", { service: { telemetry: { metrics: { level: "none" } } } }, ["service telemetry metrics level"]],
  [
    "how Jaeger writes",
    "jaeger",
    { extensions: { jaeger_storage: { backends: { writer: { elasticsearch: { server_urls: ["http://a"] } } } } } },
    ["extensions jaeger_storage backends writer elasticsearch server_urls"],
  ],
  ["the alerts", "prometheus", { rule_files: [] }, ["rule_files"]],
  ["a scrape", "prometheus", { scrape_configs: [] }, ["scrape_configs"]],
])("a patch of %s is refused, with its key and why", (_what, service, patch, paths) => {
  const found = problems(service, patch);
  expect(found.map(({ path }) => path.join(" ")).sort()).toEqual([...paths].sort());
  for (const { allowed } of found) expect(allowed).toMatch(/^(only .|a list with .*"\.\.\." stands for all of these$).*/);
});

test("a gateway must not retry a whole batch", () => {
  const patch = { exporters: { load_balancing: { retry_on_failure: { enabled: true } } } };
  expect(patchProblems("otel-collector", gateway, patch)).toEqual([
    expect.objectContaining({ path: ["exporters", "load_balancing", "retry_on_failure", "enabled"], found: true }),
  ]);
});

test("a component that is none is named, with those that there are", () => {
  const patch = {
    service: {
      extensions: ["...", "pprof"],
      pipelines: { "traces/received": { processors: ["...", "redactoin"] }, more: { receivers: ["otlp"], exporters: ["debgu"] } },
    },
  };
  expect(problems("otel-collector", patch).map(({ path, found }) => [path.join(" "), found])).toEqual([
    ["service extensions", "pprof"],
    ["service pipelines traces/received processors", "redactoin"],
    ["service pipelines more exporters", "debgu"],
  ]);
});

test.each(Object.keys(texts) as ServiceName[])(
  "the stack's own config of %s breaks no promise, and names no component that is none",
  (service) => {
    expect(problems(service, {})).toEqual([]);
  },
);
