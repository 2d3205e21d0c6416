/**
 * Where things are: names, ports, paths and addresses. Plain data that is known before any resource exists, so that the text of a
 * config file never depends on what an engine answers.
 */
import type { Settings } from "./settings";

/**
 * Service names; on both platforms also the DNS names that the services call each other by. `otel-sampler` is the second tier of the
 * Collector, `jaeger-collector` the writing half of Jaeger where that is apart: `jaeger` is then what people and applications ask.
 */
export type ServiceName =
  | "elasticsearch"
  | "elasticsearch-exporter"
  | "otel-collector"
  | "otel-sampler"
  | "jaeger"
  | "jaeger-collector"
  | "index-cleaner"
  | "prometheus";

/** Every port that a program of the stack listens on, by program. The only home of port numbers. */
export const ports = {
  elasticsearch: {
    http: 9200,
    /** Between the nodes of a cluster. */
    transport: 9300,
  },
  /** Elasticsearch's health, heap and disk as metrics. */
  elasticsearchExporter: { http: 9114 },
  collector: {
    otlpGrpc: 4317,
    otlpHttp: 4318,
    /** Old Jaeger clients, gRPC. */
    jaegerGrpc: 14250,
    /** Old Jaeger clients, Thrift over HTTP. */
    jaegerThriftHttp: 14268,
    /** The Collector's metrics about itself. */
    telemetry: 8888,
    /** The Prometheus exporter: span metrics and the applications' own OTLP metrics. */
    prometheusExporter: 8889,
    /** What the index cleaner reports, OTLP over HTTP. Closed to applications, so that none can report in its name. */
    reports: 4319,
    /** The Prometheus exporter of these reports, apart from what applications measure. */
    reportsExporter: 8890,
    health: 13133,
    zpages: 55679,
  },
  jaeger: {
    /** UI and HTTP API. */
    query: 16686,
    queryGrpc: 16685,
    /** Metrics. Jaeger v1 called this the admin port; v2 has none of its own, so its metrics reader listens there. */
    admin: 14269,
    samplingHttp: 5778,
    samplingGrpc: 5779,
    otlpGrpc: 4317,
    otlpHttp: 4318,
    jaegerGrpc: 14250,
    jaegerThriftHttp: 14268,
    health: 13133,
  },
  prometheus: { http: 9090 },
} as const;

/**
 * Ports that a platform publishes on the host (Docker), by the name under which `tracing:publish.ports` can move each, with the
 * port it has on the host unless moved.
 */
export const publishedPorts = {
  elasticsearch: ports.elasticsearch.http,
  "otlp-grpc": ports.collector.otlpGrpc,
  "otlp-http": ports.collector.otlpHttp,
  "jaeger-grpc": ports.collector.jaegerGrpc,
  "jaeger-thrift-http": ports.collector.jaegerThriftHttp,
  "collector-metrics": ports.collector.prometheusExporter,
  "collector-health": ports.collector.health,
  "collector-zpages": ports.collector.zpages,
  "jaeger-ui": ports.jaeger.query,
  "jaeger-admin": ports.jaeger.admin,
  "jaeger-sampling": ports.jaeger.samplingHttp,
  /** 9091, so that it can stand beside a Prometheus of the host's own. */
  prometheus: 9091,
} as const;

/** The name of a published port. */
export type PublishedPort = keyof typeof publishedPorts;

/** Folders inside a container. Text, text that changes live, and secrets lie apart: each is a volume or a ConfigMap of its own. */
export const paths = {
  /** Config files; a change restarts the service. */
  config: "/etc/tracing/config",
  /** Config files that the program reloads by itself. */
  live: "/etc/tracing/live",
  /** Secrets, one per file, readable by the service's user only. */
  secrets: "/etc/tracing/secrets",
  elasticsearchData: "/usr/share/elasticsearch/data",
  /** Elasticsearch reads certificates below its config folder only. */
  elasticsearchCertificates: "/usr/share/elasticsearch/config/certificates",
  /** The authority that clients of Elasticsearch trust. */
  authority: "/etc/tracing/authority",
  /** Who may log in to Jaeger's UI. */
  users: "/etc/tracing/users",
  collectorQueue: "/var/lib/otelcol",
  cleanerState: "/var/lib/index-cleaner",
  prometheusData: "/prometheus",
} as const;

/** Names of the files, as the brief has them. */
export const files = {
  collector: "otel-config.yml",
  jaeger: "jaeger-config.yml",
  strategies: "jaeger-sampling-strategies.json",
  prometheus: "prometheus-tracing.yml",
  rules: "tracing_rules.yml",
  cleaner: "index-cleaner.sh",
  elasticsearchPassword: "elasticsearch-password",
  /** Certificates, as cert-manager names them in its Secrets. */
  certificate: "tls.crt",
  certificateKey: "tls.key",
  authority: "ca.crt",
  users: "htpasswd",
} as const;

/** Files in the state folder of a `cron`. */
export const cronState = {
  /** Unix time at which the last good run began. */
  lastSuccess: "last-success",
  /** Exit code of the last run. */
  lastResult: "last-result",
} as const;

/** Names of the labels by which scripts and people find what an engine holds of a stack. */
export const stackLabels = { stack: "tracing.stack", role: "tracing.role", service: "tracing.service" } as const;

/** The user that Jaeger and the cleaner log in to Elasticsearch with: the built-in superuser, the one that a fresh node has. */
export const elasticsearchUser = "elastic";

/** What Prometheus scrapes under one job. */
export interface ScrapeJob {
  /** The job; rules name it. */
  readonly name: string;
  /** `host:port` each; one instance. */
  readonly instances?: readonly string[];
  /** `host:port` each, one port for all; the name resolves to all instances there are. */
  readonly names?: readonly string[];
  /**
   * Others named what is measured. Their `job` and `instance` become `exported_job` and `exported_instance`, and names that only Prometheus may
   * give get the prefix `exported_`: no series of theirs is one that a rule selects.
   */
  readonly foreign?: boolean;
  /** A second tier under the same job: `host:port` each, and series that go to another job instead, by a pattern of their names. */
  readonly secondTier?: { readonly instances: readonly string[]; readonly apart?: { readonly series: string; readonly job: string } };
}

/** Addresses as the platform gives them. */
export interface Topology {
  /** What a server binds to. */
  readonly listen: {
    /** Reachable by whoever can reach the container or pod. */
    readonly anywhere: string;
    /** Reachable by the stack's own services and the published ports only, not by applications on the ingest network. */
    readonly collectorBackend: string;
    /** The same for Jaeger. */
    readonly jaegerBackend: string;
  };
  /** What a client connects to. */
  readonly elasticsearchUrl: string;
  readonly jaegerOtlp: string;
  readonly collectorOtlpHttp: string;
  /** Where the index cleaner reports to. */
  readonly collectorReports: string;
  readonly jaegerSampling: string;
  /** The metrics of a Collector about itself, as that Collector reaches them. */
  readonly collectorSelf: string;
  /** A name that resolves to all ready samplers, where they are a tier of their own. */
  readonly samplers?: { readonly hostname: string; readonly port: number };
  /** File with the authority that signed Elasticsearch's certificate, where it speaks TLS and its authority is not a public one. */
  readonly elasticsearchAuthority?: string;
  /**
   * How Elasticsearch is given its password: it takes a file of mode 0400 or 0600 only, which Kubernetes cannot give to a user that is
   * not root.
   */
  readonly elasticsearchPasswordBy: "file" | "variable";
  readonly scrape: readonly ScrapeJob[];
}

/** The Docker networks of a stack: applications join `ingest` by its name, and `backend` is for the stack's own services. */
export interface Networks {
  readonly ingest: string;
  readonly backend: string;
}

/** The stack whose networks carry no stack name, so that an application's compose file works for it unchanged. */
const defaultStack = "dev";

/** The names of a stack's Docker networks: `tracing-ingest` for `dev`, `tracing-<stack>-ingest` for every other stack. */
export function networksOf(stack: string): Networks {
  const name = (part: string) => (stack === defaultStack ? `tracing-${part}` : dockerName(stack, part));
  return { ingest: name("ingest"), backend: name("backend") };
}

/**
 * The topology of the Docker platform: one container a service, names resolved by the engine's DNS.
 *
 * Jaeger and the Collector are on both networks. What applications must not reach binds to the service's address on the backend
 * network only: the engine's DNS resolves `<alias>.<network>` to just that address.
 */
export function dockerTopology(stack: string): Topology {
  const { backend } = networksOf(stack);
  const at = (service: ServiceName, port: number) => `${service}:${port}`;
  const job = (name: string, target: string, more: Partial<ScrapeJob> = {}): ScrapeJob => ({ name, instances: [target], ...more });
  return Object.freeze<Topology>({
    listen: {
      anywhere: "0.0.0.0",
      collectorBackend: `otel-collector.${backend}`,
      jaegerBackend: `jaeger.${backend}`,
    },
    elasticsearchUrl: `http://${at("elasticsearch", ports.elasticsearch.http)}`,
    jaegerOtlp: at("jaeger", ports.jaeger.otlpGrpc),
    collectorOtlpHttp: `http://${at("otel-collector", ports.collector.otlpHttp)}`,
    collectorReports: `http://${at("otel-collector", ports.collector.reports)}`,
    jaegerSampling: `http://${at("jaeger", ports.jaeger.samplingHttp)}`,
    collectorSelf: at("otel-collector", ports.collector.telemetry),
    elasticsearchPasswordBy: "file",
    scrape: [
      job("otel-collector", at("otel-collector", ports.collector.telemetry)),
      job("otel-collector-exporter", at("otel-collector", ports.collector.prometheusExporter), { foreign: true }),
      job("index-cleaner", at("otel-collector", ports.collector.reportsExporter)),
      job("jaeger", at("jaeger", ports.jaeger.admin)),
      job("elasticsearch-exporter", at("elasticsearch-exporter", ports.elasticsearchExporter.http)),
      job("prometheus", `localhost:${ports.prometheus.http}`),
    ],
  });
}

/** The name of a stack's part with a Docker engine. */
export const dockerName = (stack: string, ...parts: string[]): string => ["tracing", stack, ...parts].join("-");

/** The address of a published port as a client on this host uses it. */
export function publishedUrl(settings: Settings, name: PublishedPort): string {
  const { address } = settings.publish;
  return `http://${address === "0.0.0.0" ? "127.0.0.1" : address}:${hostPort(settings, name)}`;
}

/** The host port of a published port: the one that stack config names, else the default port plus `tracing:publish.offset`. */
export function hostPort({ publish }: { readonly publish: Pick<Settings["publish"], "ports" | "offset"> }, name: PublishedPort): number {
  return publish.ports[name] ?? publishedPorts[name] + publish.offset;
}
