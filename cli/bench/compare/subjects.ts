/** What is compared: the stack, and Jaeger as it comes, with and without a Collector before it. All with the same Elasticsearch. */
import { posix } from "node:path";
import { collectorWorkloads } from "../../../components/collector/collector";
import { elasticsearchWorkload } from "../../../components/elasticsearch/elasticsearch";
import { setupWorkload } from "../../../components/elasticsearch/setup";
import { jaegerWorkloads } from "../../../components/jaeger/jaeger";
import type { Workload } from "../../../components/platform/workload";
import { unknownPasswords } from "../../../components/workloads";
import { setupDone } from "../../../configs/elasticsearch/setup";
import { superuser } from "../../../configs/elasticsearch/users";
import { imageOrigin, imageReference, images, type ImageName } from "../../../configs/images";
import { parseSettings } from "../../../configs/stack/parse";
import type { Settings } from "../../../configs/stack/schema";
import { dockerTopology } from "../../../configs/topology/docker";
import { ports } from "../../../configs/topology/ports";
import { toYaml } from "../../../configs/yaml";
import type { Spec } from "./lab";

/** The password of every user. Nothing but this host reaches the containers, and they are gone afterwards. */
export const password = "only-for-this-bench";

/** A thing to compare. */
export interface Subject {
  readonly title: string;
  /** Containers, in the order of their start; the first is Elasticsearch. */
  readonly specs: readonly Spec[];
  /** Where spans are sent. */
  readonly receiver: "otel-collector" | "jaeger";
  /** Whether it stores every span. Bursts and searches of one that does not are not comparable. */
  readonly keepsAll: boolean;
}

/** Changes the text of one of the stack's files, such as its span template. */
export type Change = (file: string, text: string) => string;

const settingsOf = (source: Settings["images"], percent: number): Settings =>
  parseSettings("bench", {
    "tracing:platform": "docker",
    "tracing:environment": "development",
    "tracing:images": source,
    "tracing:sampling": JSON.stringify({ default: percent }),
  });

const anywhere = "0.0.0.0";
const topology = {
  ...dockerTopology("bench"),
  listen: { anywhere, collectorBackend: anywhere, jaegerBackend: anywhere, ingestBackend: anywhere },
};

const userOf = (image: ImageName) => `${images[image].user.uid}:${images[image].user.gid}`;

/** The container of a workload, on one plain network. */
function specOf(settings: Settings, workload: Workload, change: Change, published: readonly number[]): Spec {
  const files = [...workload.files, ...workload.secrets.map(({ path }) => ({ path, content: password }))];
  const isElasticsearch = workload.name === "elasticsearch";
  return {
    name: workload.name,
    image: imageReference(workload.image, imageOrigin(settings)),
    entrypoint: workload.command,
    args: workload.args,
    env: isElasticsearch ? elasticsearchEnv(workload.env) : workload.env,
    // Elasticsearch takes its password's file from its own user only.
    files: isElasticsearch ? {} : Object.fromEntries(files.map(({ path, content }) => [path, change(posix.basename(path), content)])),
    user: userOf(workload.image),
    memory: workload.resources.memory,
    tmpfs: workload.scratch.map(({ path }) => path),
    data: workload.data[0]?.path,
    ports: published,
  };
}

const elasticsearchEnv = ({ ELASTIC_PASSWORD_FILE: _, ...env }: Readonly<Record<string, string>>): Record<string, string> => ({
  ...env,
  ELASTIC_PASSWORD: password,
});

/** The stack, with a share of its traces kept, and with files changed. */
export function stack(title: string, source: Settings["images"], percent = 100, change: Change = (_file, text) => text): Subject {
  const settings = settingsOf(source, percent);
  const passwords = unknownPasswords(settings);
  const published: Readonly<Record<string, readonly number[]>> = {
    elasticsearch: [ports.elasticsearch.http],
    jaeger: [ports.jaeger.query, ports.jaeger.health, ports.jaeger.otlpGrpc],
    "otel-collector": [ports.collector.otlpGrpc, ports.collector.health],
  };
  const workloads = [
    elasticsearchWorkload(settings, topology, passwords),
    setupWorkload(settings, topology, passwords),
    ...jaegerWorkloads(settings, topology, passwords),
    ...collectorWorkloads(settings, topology),
  ];
  return {
    title,
    specs: workloads.map((workload) => specOf(settings, workload, change, published[workload.name] ?? [])),
    receiver: "otel-collector",
    keepsAll: percent === 100,
  };
}

/** Jaeger with what its own example says, and nothing that it has a default for. */
export function jaegerAlone(source: Settings["images"]): Subject {
  const settings = settingsOf(source, 100);
  const storage = {
    server_urls: [topology.elasticsearchUrl],
    auth: { basic: { username: superuser, password_file: "/etc/bench/password" } },
  };
  const endpoint = (port: number) => ({ endpoint: `${anywhere}:${port}` });
  const config = toYaml({
    extensions: {
      healthcheckv2: { use_v2: true, http: endpoint(ports.jaeger.health) },
      jaeger_storage: { backends: { some_storage: { elasticsearch: storage } } },
      jaeger_query: { storage: { traces: "some_storage" }, http: endpoint(ports.jaeger.query), grpc: endpoint(ports.jaeger.queryGrpc) },
    },
    receivers: { otlp: { protocols: { grpc: endpoint(ports.jaeger.otlpGrpc) } } },
    processors: { batch: {} },
    exporters: { jaeger_storage_exporter: { trace_storage: "some_storage" } },
    service: {
      extensions: ["healthcheckv2", "jaeger_storage", "jaeger_query"],
      pipelines: { traces: { receivers: ["otlp"], processors: ["batch"], exporters: ["jaeger_storage_exporter"] } },
    },
  });
  const elasticsearch = specOf(settings, elasticsearchWorkload(settings, topology, unknownPasswords(settings)), (_file, text) => text, [
    ports.elasticsearch.http,
  ]);
  const jaeger: Spec = {
    name: "jaeger",
    image: imageReference("jaeger", imageOrigin(settings)),
    args: ["--config=/etc/bench/config.yml"],
    env: {},
    files: { "/etc/bench/config.yml": config, "/etc/bench/password": password },
    user: userOf("jaeger"),
    memory: settings.jaeger.memory,
    tmpfs: ["/tmp"],
    ports: [ports.jaeger.query, ports.jaeger.health, ports.jaeger.otlpGrpc],
  };
  return { title: "Jaeger with its defaults", specs: [elasticsearch, jaeger], receiver: "jaeger", keepsAll: true };
}

/** The same behind a Collector with the config that its Helm chart has by default, but for the exporter. */
export function chart(source: Settings["images"]): Subject {
  const settings = settingsOf(source, 100);
  const alone = jaegerAlone(source);
  const config = toYaml({
    extensions: { health_check: { endpoint: `${anywhere}:${ports.collector.health}` } },
    receivers: { otlp: { protocols: { grpc: { endpoint: `${anywhere}:${ports.collector.otlpGrpc}` } } } },
    processors: { batch: {}, memory_limiter: { check_interval: "5s", limit_percentage: 80, spike_limit_percentage: 25 } },
    exporters: { otlp_grpc: { endpoint: `jaeger:${ports.jaeger.otlpGrpc}`, tls: { insecure: true } } },
    service: {
      extensions: ["health_check"],
      pipelines: { traces: { receivers: ["otlp"], processors: ["memory_limiter", "batch"], exporters: ["otlp_grpc"] } },
    },
  });
  const collector: Spec = {
    name: "otel-collector",
    image: imageReference("otel-collector", imageOrigin(settings)),
    args: ["--config=/etc/bench/config.yml"],
    // As the chart sets it from the memory limit.
    env: { GOMEMLIMIT: `${Math.floor(settings.collector.memory * 0.8)}MiB` },
    files: { "/etc/bench/config.yml": config },
    user: userOf("otel-collector"),
    memory: settings.collector.memory,
    tmpfs: [],
    ports: [ports.collector.otlpGrpc, ports.collector.health],
  };
  return {
    title: "The chart's Collector and Jaeger with its defaults",
    specs: [...alone.specs, collector],
    receiver: "otel-collector",
    keepsAll: true,
  };
}

/** How to tell that a container is ready, by a command in it or a published path. */
export const readiness: Readonly<Record<string, { readonly command?: readonly string[]; readonly port?: number; readonly path?: string }>> =
  {
    elasticsearch: { port: ports.elasticsearch.http, path: "/_cluster/health?wait_for_status=yellow&timeout=1s" },
    "elasticsearch-setup": { command: ["ls", setupDone] },
    jaeger: { port: ports.jaeger.health, path: "/status" },
    "otel-collector": { port: ports.collector.health, path: "/healthz" },
  };
