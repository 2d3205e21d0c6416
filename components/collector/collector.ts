/** The OpenTelemetry Collector: receives spans from applications, measures and samples them, and sends them to Jaeger. */
import type * as pulumi from "@pulumi/pulumi";
import { compact } from "../../configs/compact";
import { collectorConfig, collectorEnv, type CollectorRole } from "../../configs/collector/config";
import { hygieneArgs } from "../../configs/collector/hygiene";
import type { CollectorOptions, IngestOptions, RedactionOptions, SamplerOptions } from "../../configs/stack/options";
import type { CollectorSettings, Settings } from "../../configs/stack/schema";
import { collectorTopology, endpoint, ingestNetwork } from "../../configs/topology";
import { samplingArgs } from "../../configs/collector/tail-sampling";
import { files, paths, ports, type PublishedPort } from "../../configs/topology/ports";
import { listensBy, tierPorts } from "../../configs/topology/tls";
import type { Addresses, NextHops } from "../../configs/topology/topology";
import { hasSamplers, jaegerWriter } from "../../configs/topology/kubernetes";
import { hasIngest } from "../../configs/ingest/senders";
import { receiverScheme } from "../../configs/ingest/tls";
import { componentSettings, requireSamePlatform, type ComponentArgs } from "../args";
import { TracingComponent } from "../component";
import type { Jaeger } from "../jaeger/jaeger";
import { ingestProxy, receiverPorts, requireIngestTokens, type IngestSecrets, type IngestTokens } from "./ingest";
import { newPassword } from "../elasticsearch/passwords";
import { defineWorkload, httpProbe, type Peer, type Workload, type WorkloadPort } from "../platform/workload";
import { spanPorts, tierCertificate } from "../tier-tls";

/** The Collector's workloads: one service, or gateways for applications with samplers behind them. */
export function collectorWorkloads(settings: CollectorSettings, topology: Addresses & NextHops, secrets?: IngestSecrets): Workload[] {
  const proxy = ingestProxy(settings, topology, secrets);
  if (!hasSamplers(settings))
    return [defineWorkload({ ...base(settings, topology, "single"), ...front(settings, proxy), ...sampling(settings) })];
  const spans = spanPorts(settings, ports.collector);
  return [
    defineWorkload({
      ...base(settings, topology, "sampler"),
      ...sampling(settings),
      name: "otel-sampler",
      ports: [...spans, ...observed(settings, "cluster")],
      peers: [{ from: "otel-collector", ports: spans.map(({ name }) => name) }, scraped(settings)],
      certificates: tierCertificate(settings, "otel-sampler", ["server", "client"]),
      resources: { memory: settings.sampler.memory, cpu: settings.sampler.cpu },
      scale: { replicas: settings.sampler.replicas },
      // Gateways pick among these: one that is going must not be picked any more.
      instances: "ready",
      // Gateways look up the ready samplers every five seconds. The cluster's DNS cache may be up to 30 seconds stale.
      drain: 40,
    }),
    defineWorkload({
      ...base(settings, topology, "gateway"),
      ...front(settings, proxy),
      connects: [{ to: "otel-sampler", ports: tierPorts(settings, ports.collector) }],
      startsAfter: ["otel-sampler"],
    }),
  ];
}

/** What all tiers share. */
function base(settings: CollectorSettings, topology: Addresses & NextHops, role: CollectorRole) {
  const config = `${paths.config}/${files.collector}`;
  return {
    name: "otel-collector",
    image: "otel-collector",
    args: [`--config=${config}`, ...(role === "sampler" ? [] : hygieneArgs), ...(role === "gateway" ? [] : samplingArgs)],
    env: collectorEnv(settings, role),
    files: [{ path: config, content: collectorConfig(settings, topology, role), onChange: "restart" }],
    certificates: tierCertificate(settings, "otel-collector", ["server", "client"]),
    probe: httpProbe(ports.collector.health, "/healthz", 30),
    placement: { spread: true },
    stopGrace: 30,
    drain: 10,
  } as const satisfies Partial<Workload>;
}

/** The part of the tier that receives from applications, itself or through a proxy. */
function front(settings: CollectorSettings, proxy: Workload | undefined) {
  const { reports, reportsExporter, reportsExporterTls } = ports.collector;
  const reportPages = openPages<WorkloadPort>(
    settings,
    { name: "report-metrics", port: reportsExporter, exposure: "cluster" },
    { name: "report-tls", port: reportsExporterTls, exposure: "cluster" },
  );
  const { replicas, maxReplicas, memory, cpu } = settings.collector;
  return {
    front: proxy,
    ports: [
      ...(proxy ? [] : receiverPorts),
      { name: "reports", port: reports, exposure: "cluster" },
      ...reportPages,
      ...observed(settings, "host"),
    ],
    peers: [
      { from: "applications", ports: ["otlp-grpc", "otlp-http", "jaeger-grpc", "jaeger-thrift"] },
      { from: "index-cleaner", ports: ["reports"] },
      { from: "elasticsearch-setup", ports: ["reports"] },
      { from: "elasticsearch-snapshots", ports: ["reports"] },
      { from: "service-graph", ports: ["reports"] },
      { from: "canary", ports: ["otlp-http", "reports"] },
      scraped(settings),
      { from: "prometheus", ports: compact([...reportPages.map(({ name }) => name), proxy && "ingest-metrics"]) },
    ],
    resources: { memory, cpu },
    scale: { replicas, max: maxReplicas },
  } as const satisfies Partial<Workload>;
}

/** The part of the tier that samples: a queue on disk, with Jaeger behind it. */
function sampling(settings: CollectorSettings) {
  const writer = jaegerWriter(settings);
  return {
    kind: "stateful",
    data: [{ path: paths.collectorQueue, size: settings.collector.queue }],
    connects: [{ to: writer, ports: tierPorts(settings, ports.jaeger) }],
    startsAfter: [writer],
  } as const satisfies Partial<Workload>;
}

/** Ports for metrics, health and debugging. On Docker, those of the tier that applications talk to are published. */
const observed = (settings: CollectorSettings, exposure: "host" | "cluster"): WorkloadPort[] => {
  const port = (name: string, number: number, publish: PublishedPort): WorkloadPort =>
    exposure === "host" ? { name, port: number, exposure, publish } : { name, port: number, exposure };
  return [
    { name: "telemetry", port: ports.collector.telemetry, exposure: "cluster" },
    ...openPages<WorkloadPort>(settings, port("exporter", ports.collector.prometheusExporter, "collector-metrics"), {
      name: "exporter-tls",
      port: ports.collector.prometheusExporterTls,
      exposure: "cluster",
    }),
    port("health", ports.collector.health, "collector-health"),
    port("zpages", ports.collector.zpages, "collector-zpages"),
  ];
};

const scraped = (settings: CollectorSettings): Peer => ({
  from: "prometheus",
  ports: ["telemetry", ...openPages(settings, "exporter", "exporter-tls")],
});

/** Of what there is for plain text and for TLS, that which is open. */
const openPages = <T>(settings: CollectorSettings, plain: T, tls: T): T[] =>
  compact([listensBy(settings, "plain") && plain, listensBy(settings, "tls") && tls]);

/** Arguments of the Collector. Retention, sampling and limits are Jaeger's, so that the two cannot differ. */
export interface OtelCollectorArgs extends CollectorOptions, ComponentArgs<"otel-collector" | "otel-sampler"> {
  /** Receives the traces that are kept. */
  readonly jaeger: Jaeger;
  /** The second tier, which samples. All spans of a trace go to the same instance. Default: no second tier; the Collector samples. */
  readonly sampler?: SamplerOptions;
  /** What is masked in spans before they are counted or stored. Default: headers, credentials, e-mail addresses and card numbers. */
  readonly redaction?: RedactionOptions;
  /** Who may send spans, and how much. */
  readonly ingest?: IngestOptions;
  /** Tokens of the senders in `ingest` (Docker). */
  readonly ingestTokens?: IngestTokens;
}

/** The OpenTelemetry Collector: receives spans from applications, measures and samples them, and sends what is kept to Jaeger. */
export class OtelCollector extends TracingComponent {
  /** @internal */
  readonly settings: CollectorSettings & Pick<Settings, "overrides">;
  /** Address for applications, OTLP over gRPC. */
  readonly otlpGrpc: string;
  /** Address for applications, OTLP over HTTP. */
  readonly otlpHttp: string;
  /** How applications get access: the Docker network that their containers join, or the label of namespaces that may connect. */
  readonly ingestNetwork: string;
  /** Token of the stack itself: the canary and `make smoke` send it. Undefined if the stack has no proxy; otherwise a secret. */
  readonly stackToken: pulumi.Output<string> | undefined;

  /** @throws SettingsError that lists every error in the arguments. */
  constructor(name: string, args: OtelCollectorArgs, opts?: pulumi.ComponentResourceOptions) {
    const { platform, jaeger, overrides, sampler, redaction, ingest, ingestTokens = {}, ...collector } = args;
    super("Collector", name, "otel-collector", platform, opts);
    requireSamePlatform(this, platform, { jaeger });
    const { retention, sampling, limits } = jaeger.settings;
    const known = { ...platform.settings, jaeger: jaeger.settings.jaeger, retention, sampling, limits };
    this.settings = componentSettings(known, { sampler, collector, redaction, ingest, overrides }, [
      "sampler",
      "collector",
      "redaction",
      "ingest",
      "overrides",
    ]);
    requireIngestTokens(this.settings, ingestTokens);
    this.stackToken = hasIngest(this.settings) ? newPassword(`${name}-stack-token`, { parent: this }) : undefined;
    const secrets = this.stackToken && { tokens: ingestTokens, stack: this.stackToken };
    const scheme = receiverScheme(this.settings);
    this.otlpGrpc = endpoint(this.settings, "otel-collector", ports.collector.otlpGrpc, "otlp-grpc", scheme);
    this.otlpHttp = endpoint(this.settings, "otel-collector", ports.collector.otlpHttp, "otlp-http", scheme);
    this.ingestNetwork = ingestNetwork(this.settings);
    this.run(collectorWorkloads(this.settings, collectorTopology(this.settings), secrets), this.settings);
    this.registerOutputs({ otlpGrpc: this.otlpGrpc, otlpHttp: this.otlpHttp, ingestNetwork: this.ingestNetwork });
  }
}
