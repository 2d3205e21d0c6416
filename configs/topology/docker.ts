/** Addresses on Docker: one machine, names resolved by the engine's DNS, ports published on the host. */
import { compact } from "../compact";
import type { Settings } from "../stack/schema";
import { ports, publishedPorts, type PublishedPort } from "./ports";
import type { ScrapeJob, ServiceName, Topology } from "./topology";

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

/** The engine's DNS server, as every container on a network of the stack's reaches it. */
const engineDns = "127.0.0.11:53";

/**
 * The topology of the Docker platform: one container a service, names resolved by the engine's DNS.
 *
 * Jaeger and the Collector are on both networks. What applications must not reach binds to the service's address on the backend
 * network only: the engine's DNS resolves `<alias>.<network>` to just that address.
 *
 * @param has Which of the proxies the stack has: that in front of the Collector, and the login in front of the screens.
 */
export function dockerTopology(stack: string, has: { readonly ingest?: boolean; readonly login?: boolean } = {}): Topology {
  const { backend } = networksOf(stack);
  const at = (service: ServiceName, port: number) => `${service}:${port}`;
  const job = (name: string, target: string, more: Partial<ScrapeJob> = {}): ScrapeJob => ({ name, instances: [target], ...more });
  return Object.freeze<Topology>({
    listen: {
      anywhere: "0.0.0.0",
      collectorBackend: `otel-collector.${backend}`,
      jaegerBackend: `jaeger.${backend}`,
      ingestBackend: `ingest.${backend}`,
    },
    // By this name the proxy never finds itself: applications know it as the Collector.
    collectorUpstream: { host: `otel-collector.${backend}`, listen: "0.0.0.0", ports: ports.collector, resolver: engineDns },
    loginUpstream: { sessions: "login", roles: "login-gate", listenRoles: "0.0.0.0", resolver: engineDns },
    ingestOtlpHttp: `http://${at("ingest", ports.collector.otlpHttp)}`,
    elasticsearchUrl: `http://${at("elasticsearch", ports.elasticsearch.http)}`,
    jaegerOtlp: at("jaeger", ports.jaeger.otlpGrpc),
    collectorOtlpHttp: `http://${at("otel-collector", ports.collector.otlpHttp)}`,
    collectorReports: `http://${at("otel-collector", ports.collector.reports)}`,
    jaegerQuery: `http://${at("jaeger", ports.jaeger.query)}`,
    jaegerSampling: `http://${at("jaeger", ports.jaeger.samplingHttp)}`,
    collectorSelf: at("otel-collector", ports.collector.telemetry),
    elasticsearchPasswordBy: "file",
    // An application on the ingest network may have the same name.
    prometheus: { url: `http://prometheus.${backend}:${ports.prometheus.http}` },
    scrape: compact([
      job("otel-collector", at("otel-collector", ports.collector.telemetry)),
      job("otel-collector-exporter", at("otel-collector", ports.collector.prometheusExporter), { foreign: true }),
      has.ingest && job("ingest", at("ingest", ports.ingest.metrics)),
      has.login && job("login", at("login-gate", ports.login.metrics)),
      job("index-cleaner", at("otel-collector", ports.collector.reportsExporter)),
      job("jaeger", at("jaeger", ports.jaeger.admin)),
      job("elasticsearch-exporter", at("elasticsearch-exporter", ports.elasticsearchExporter.http)),
      job("prometheus", `localhost:${ports.prometheus.http}`),
    ]),
  });
}

/** The name of a stack's part with a Docker engine. */
export const dockerName = (stack: string, ...parts: string[]): string => ["tracing", stack, ...parts].join("-");

/** The address of a published port as a client on this host uses it. */
export function publishedUrl(settings: Pick<Settings, "publish">, name: PublishedPort): string {
  const { address } = settings.publish;
  return `http://${address === "0.0.0.0" ? "127.0.0.1" : address}:${hostPort(settings, name)}`;
}

/** The host port of a published port: the one that stack config names, else the default port plus `tracing:publish.offset`. */
export function hostPort({ publish }: { readonly publish: Pick<Settings["publish"], "ports" | "offset"> }, name: PublishedPort): number {
  return publish.ports[name] ?? publishedPorts[name] + publish.offset;
}
