/** Addresses on Kubernetes: each service by its name in the stack's namespace, and its instances by a headless Service beside it. */
import { compact } from "../compact";
import { hasIngest } from "../ingest/senders";
import { receiverScheme } from "../ingest/tls";
import type { CommonSettings, ElasticsearchSettings, Settings, StackSettings } from "../stack/schema";
import { authorityFolder, files, paths, ports } from "./ports";
import { openPorts, sendsByTls, type TierPorts } from "./tls";
import type { Addresses, ElasticsearchAddress, MetricsAddress, NextHops, ScrapeJob, ServiceName, Topology } from "./topology";

/** Label of the namespaces whose pods are applications: they reach the Collector's receivers and remote sampling. */
export const applicationsLabel = { "tracing-ingest": "true" } as const;

/** The headless Service of a workload: its name resolves to the addresses of the pods. */
export const podsService = (service: ServiceName): string => `${service}-pods`;

/** The name of one pod of a StatefulSet, as others in the namespace resolve it. */
const podHost = (service: ServiceName, ordinal: number): string => `${service}-${ordinal}.${podsService(service)}`;

/** True if samplers run as a second tier of Collectors. */
export const hasSamplers = ({ sampler }: Pick<Settings, "sampler">): boolean => sampler.replicas > 0;

/** True if jaeger-collector runs as a separate service. */
export const hasJaegerCollectors = (settings: Pick<Settings, "jaeger">): boolean => settings.jaeger.collectors > 0;

/** The service of Jaeger that takes spans. */
export const jaegerWriter = (settings: Pick<Settings, "jaeger">): ServiceName =>
  hasJaegerCollectors(settings) ? "jaeger-collector" : "jaeger";

/** Whether Elasticsearch is one of the stack's own. */
export const ownElasticsearch = (settings: Pick<Settings, "elasticsearch">): boolean => settings.elasticsearch.external === undefined;

/** Whether clients of Elasticsearch speak TLS with it. */
export const elasticsearchHasTls = ({ elasticsearch: { external, tls } }: Pick<Settings, "elasticsearch">): boolean =>
  external ? external.url.startsWith("https:") : tls !== "off";

/** The port of an address, also where it is the scheme's own, which URL leaves out. */
export const portOf = (url: string): number => {
  const { port, protocol } = new URL(url);
  return Number(port || (protocol === "https:" ? 443 : 80));
};

/** The address of a port of a service as pods of any namespace reach it. */
export const serviceUrl = (settings: Pick<Settings, "kubernetes">, service: ServiceName, port: number, scheme = "http"): string =>
  `${scheme}://${service}.${settings.kubernetes.namespace}.svc:${port}`;

/** The address of a server that has a port for plain text and one for TLS, as services of the stack call it: `kubernetes.tls.mode` decides. */
export const internalUrl = (settings: Pick<Settings, "kubernetes">, service: ServiceName, plain: number, tls: number): string =>
  sendsByTls(settings) ? serviceUrl(settings, service, tls, "https") : serviceUrl(settings, service, plain);

/** Path of the authority of a server of the stack, in clients that use TLS; undefined if they do not. */
const serverAuthorityFile = (settings: Pick<Settings, "kubernetes">, service: ServiceName): string | undefined =>
  sendsByTls(settings) ? `${authorityFolder(service)}/${files.authority}` : undefined;

/** The address of a receiver for applications. */
export const collectorUrl = (settings: Pick<Settings, "kubernetes" | "ingest">, port: number): string =>
  serviceUrl(settings, "otel-collector", port, receiverScheme(settings));

/** The topology of the Kubernetes platform. */
export const kubernetesTopology = (settings: StackSettings): Topology =>
  Object.freeze({
    ...kubernetesAddresses(settings),
    collectorOtlpHttp: collectorUrl(settings, ports.collector.otlpHttp),
    ...kubernetesElasticsearch(settings),
    ...kubernetesMetrics(settings),
    ...kubernetesHops(settings),
    scrape: scrapeJobs(settings),
  });

/** Addresses on Kubernetes. Servers bind to all addresses; network policies restrict access. */
export function kubernetesAddresses(settings: CommonSettings): Addresses {
  const [anywhere, loopback] = ["0.0.0.0", "127.0.0.1"];
  return {
    listen: { anywhere, collectorBackend: anywhere, jaegerBackend: anywhere, ingestBackend: anywhere },
    // The proxy is in the same pod: nobody else reaches the receivers, whether network policies are enforced or not.
    collectorUpstream: { host: loopback, listen: loopback, ports: ports.collectorBehindProxy },
    // In one pod. Nobody else may say who somebody is.
    loginUpstream: { sessions: loopback, roles: loopback, listenRoles: loopback },
    ingestOtlpHttp: serviceUrl(settings, "otel-collector", ports.collector.otlpHttp),
    elasticsearchPasswordBy: "variable",
    collectorOtlpHttp: serviceUrl(settings, "otel-collector", ports.collector.otlpHttp),
    collectorReports: serviceUrl(settings, "otel-collector", ports.collector.reports),
    jaegerQuery: internalUrl(settings, "jaeger", ports.jaeger.query, ports.jaeger.queryTls),
    jaegerAuthority: serverAuthorityFile(settings, "jaeger"),
    jaegerSampling: serviceUrl(settings, "jaeger", ports.jaeger.samplingHttp),
    collectorSelf: `localhost:${ports.collector.telemetry}`,
  };
}

/** Elasticsearch's address, or that of the one that exists. */
export function kubernetesElasticsearch(settings: ElasticsearchSettings): ElasticsearchAddress {
  const scheme = elasticsearchHasTls(settings) ? "https" : "http";
  return {
    elasticsearchUrl: settings.elasticsearch.external?.url ?? `${scheme}://elasticsearch:${ports.elasticsearch.http}`,
    elasticsearchAuthority: authorityOf(settings) ? `${paths.authority}/${files.authority}` : undefined,
  };
}

/** Whether Jaeger's pages can ask a Prometheus: one of the stack's own, or the cluster's where its address is known. */
export const knowsPrometheus = ({ prometheus: { mode, operator } }: Pick<CommonSettings, "prometheus">): boolean =>
  mode === "own" || operator.address !== undefined;

/** The stack's own Prometheus, or the cluster's where its address is known. */
export function kubernetesMetrics(settings: CommonSettings): MetricsAddress {
  const { mode, operator } = settings.prometheus;
  const { http, httpTls } = ports.prometheus;
  if (mode === "own")
    return {
      prometheus: {
        url: sendsByTls(settings) ? `https://prometheus:${httpTls}` : `http://prometheus:${http}`,
        authority: serverAuthorityFile(settings, "prometheus"),
      },
    };
  const { address, tokenSecret, authoritySecret } = operator;
  if (address === undefined) return {};
  return {
    prometheus: {
      url: address,
      token: tokenSecret === undefined ? undefined : `${paths.prometheusToken}/${files.token}`,
      authority: authoritySecret === undefined ? undefined : `${paths.prometheusAuthority}/${files.authority}`,
    },
  };
}

/** Jaeger's receiver, and the samplers before it if any. */
export function kubernetesHops(settings: Pick<Settings, "kubernetes" | "jaeger" | "sampler">): NextHops {
  const tls = sendsByTls(settings);
  const port = ({ otlpGrpc, otlpGrpcTls }: TierPorts) => (tls ? otlpGrpcTls : otlpGrpc);
  return {
    jaegerOtlp: `${jaegerWriter(settings)}:${port(ports.jaeger)}`,
    samplers: hasSamplers(settings) ? { hostname: podsService("otel-sampler"), port: port(ports.collector) } : undefined,
    tls,
  };
}

/** The port of a page of the Collector's metrics that is scraped, and those that are open. */
function metricPorts(settings: Pick<Settings, "kubernetes">, page: "prometheusExporter" | "reportsExporter") {
  const [plain, tls] = [ports.collector[page], ports.collector[`${page}Tls`]];
  return { scraped: sendsByTls(settings) ? tls : plain, open: openPorts(settings, plain, tls) };
}

/** The Secret with the certificate of a service for connections between the tiers. */
export const tierCertificateSecret = (service: ServiceName | ""): string => `${service}-tier-tls`;

/**
 * The Secret of the authority that the stack makes. It is called after Elasticsearch, whose authority it was before other services had certificates.
 */
export const authoritySecret = "elasticsearch-authority";

/** The Secret with the authority that clients of Elasticsearch trust; undefined where they trust the public ones, or there is no TLS. */
export function authorityOf({ elasticsearch }: Pick<Settings, "elasticsearch">): string | undefined {
  if (elasticsearch.external) return elasticsearch.external.authoritySecret;
  return elasticsearch.tls === "off" ? undefined : elasticsearch.certificateSecret;
}

/**
 * Scrapes every instance. Pods of a StatefulSet are listed by name, so that a missing one counts as down. Spans that samplers receive were
 * received by a gateway before, so they have a separate job: sums over the job in the rules count each span once.
 */
function scrapeJobs(
  settings: Pick<Settings, "kubernetes" | "sampler" | "jaeger" | "prometheus" | "ingest" | "environment" | "login">,
): ScrapeJob[] {
  const all = (service: ServiceName, port: number) => `${podsService(service)}:${port}`;
  const { telemetry } = ports.collector;
  const tls = sendsByTls(settings);
  const exporter = metricPorts(settings, "prometheusExporter");
  const reports = metricPorts(settings, "reportsExporter");
  const samplers = (port: number, apart?: { series: string; job: string }): Pick<ScrapeJob, "secondTier"> => {
    const instances = Array.from({ length: settings.sampler.replicas }, (_, i) => `${podHost("otel-sampler", i)}:${port}`);
    return instances.length > 0 ? { secondTier: { instances, apart } } : {};
  };
  return compact([
    {
      name: "otel-collector",
      names: [all("otel-collector", telemetry)],
      ...samplers(telemetry, { series: "otelcol_receiver_.*", job: "otel-sampler" }),
    },
    {
      name: "otel-collector-exporter",
      names: [all("otel-collector", exporter.scraped)],
      ...samplers(exporter.scraped),
      openPorts: exporter.open,
      tls,
      foreign: true,
    },
    hasIngest(settings) && { name: "ingest", names: [all("otel-collector", ports.ingest.metrics)] },
    settings.login !== undefined && { name: "login", names: [all("login", ports.login.metrics)] },
    { name: "index-cleaner", names: [all("otel-collector", reports.scraped)], openPorts: reports.open, tls },
    { name: "jaeger", names: jaegerServices(settings).map((service) => all(service, ports.jaeger.admin)) },
    { name: "elasticsearch-exporter", names: [all("elasticsearch-exporter", ports.elasticsearchExporter.http)] },
    settings.prometheus.mode === "own" && { name: "prometheus", instances: [`localhost:${ports.prometheus.http}`] },
  ]);
}

/** The services that Jaeger is. */
export const jaegerServices = (settings: Pick<Settings, "jaeger">): ServiceName[] =>
  hasJaegerCollectors(settings) ? ["jaeger", "jaeger-collector"] : ["jaeger"];
