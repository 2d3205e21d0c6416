/** Jaeger: writes traces to Elasticsearch, shows them, and serves sampling strategies. */
import type * as pulumi from "@pulumi/pulumi";
import { compact } from "../../configs/compact";
import { jaegerConfig, jaegerEnv, type JaegerRole } from "../../configs/jaeger/config";
import { screenUrl } from "../../configs/login/screens";
import { hasMonitor, uiConfig, uiConfigFile } from "../../configs/jaeger/pages";
import { strategiesFile } from "../../configs/sampling";
import type { IndexCleanerOptions, JaegerOptions, LoginOptions } from "../../configs/stack/options";
import type { JaegerSettings, Settings } from "../../configs/stack/schema";
import { endpoint, endpointByMode, storageTopology } from "../../configs/topology";
import { files, paths, ports } from "../../configs/topology/ports";
import type { Addresses, ElasticsearchAddress, MetricsAddress, ServiceName } from "../../configs/topology/topology";
import { hasJaegerCollectors, tierCertificateSecret } from "../../configs/topology/kubernetes";
import { listensBy } from "../../configs/topology/tls";
import { componentSettings, requireSamePlatform, type ComponentArgs, type TraceArgs } from "../args";
import { TracingComponent } from "../component";
import { elasticsearchAuthority, elasticsearchClient } from "../elasticsearch/client";
import type { ElasticsearchConnection } from "../elasticsearch/elasticsearch";
import { userPassword, type Passwords } from "../elasticsearch/passwords";
import { prometheusClient } from "../prometheus/client";
import { IndexCleaner } from "./index-cleaner";
import { serviceGraphWorkloads } from "./service-graph";
import { defineWorkload, httpProbe, type Workload } from "../platform/workload";
import { screenPort } from "../login/screen-port";
import { spanPorts, tierCertificate, uiPorts } from "../tier-tls";

type StorageTopology = Addresses & ElasticsearchAddress & MetricsAddress;

/** Jaeger's workloads: one that both writes and answers queries, or `jaeger` for queries and `jaeger-collector` for writes. */
export function jaegerWorkloads(settings: JaegerSettings, topology: StorageTopology, passwords: Passwords): Workload[] {
  const workload = (role: JaegerRole) => jaegerWorkload(settings, topology, passwords, role);
  return hasJaegerCollectors(settings) ? [workload("query"), workload("collector")] : [workload("both")];
}

function jaegerWorkload(settings: JaegerSettings, topology: StorageTopology, passwords: Passwords, role: JaegerRole): Workload {
  const name = role === "collector" ? "jaeger-collector" : "jaeger";
  const config = `${paths.config}/${files.jaeger}`;
  const port = ports.jaeger;
  const [writes, answers] = [role !== "query", role !== "collector"];
  const { replicas, collectors, memory, cpu, ingress } = settings.jaeger;
  const usersSecret = ingress?.usersSecret;
  const spans = writes ? spanPorts(settings, port) : [];
  const storage = elasticsearchClient(settings);
  // No start order: Jaeger serves traces without Prometheus, and Prometheus watches Jaeger.
  const metrics = prometheusClient(settings, answers && hasMonitor(settings));
  return defineWorkload({
    name,
    image: "jaeger",
    args: [`--config=${config}`],
    env: jaegerEnv(settings),
    files: [
      { path: config, content: jaegerConfig(settings, topology, role), onChange: "restart" },
      ...(answers
        ? [
            { path: `${paths.live}/${files.strategies}`, content: strategiesFile(settings.sampling), onChange: "live" } as const,
            { path: uiConfigFile, content: uiConfig(settings), onChange: "live" } as const,
          ]
        : []),
    ],
    secrets: compact([writes && userPassword(settings, passwords, "writer"), answers && userPassword(settings, passwords, "reader")]),
    certificates: compact([
      ...elasticsearchAuthority(settings),
      ...metrics.certificates,
      answers && usersSecret !== undefined && { path: paths.users, secret: usersSecret, keys: [files.users] },
      ...tierCertificate(settings, name, ["server"]),
    ]),
    // The official image declares a volume there; without this each container would leave an anonymous one behind.
    scratch: [{ path: "/tmp", size: 16 }],
    ports: compact([
      // With TLS only, it listens on loopback: port-forwards by the Service's name lead there.
      answers && screenPort(settings, { name: "query", port: port.query, publish: "jaeger-ui" }),
      answers && listensBy(settings, "tls") && { name: "query-tls", port: port.queryTls, exposure: "cluster" },
      { name: "admin", port: port.admin, exposure: "host", publish: "jaeger-admin" },
      answers && { name: "sampling-http", port: port.samplingHttp, exposure: "ingress", publish: "jaeger-sampling" },
      ...spans,
      { name: "health", port: port.health, exposure: "cluster" },
    ]),
    peers: compact([
      answers && { from: "applications", ports: ["sampling-http"] },
      // Whichever of the two samples: Jaeger does not know.
      writes && { from: "otel-collector", ports: spans.map((each) => each.name) },
      writes && { from: "otel-sampler", ports: spans.map((each) => each.name) },
      answers && settings.login && { from: "login", ports: uiPorts(settings) },
      answers && ingress && !settings.login && { from: { namespace: ingress.namespace }, ports: [ingressPort(ingress)] },
      answers && { from: "canary", ports: uiPorts(settings) },
      { from: "prometheus", ports: ["admin"] },
    ]),
    ...storage,
    connects: [...storage.connects, ...metrics.connects],
    outside: [...(storage.outside ?? []), ...metrics.outside],
    ingress: answers && ingress ? ingressTo(settings, name, ingress) : undefined,
    probe: httpProbe(port.health, "/status", 60),
    resources: { memory, cpu },
    scale: { replicas: role === "collector" ? collectors : replicas },
    placement: { spread: true },
    stopGrace: 30,
    drain: 5,
  });
}

/** Name of the port that the ingress controller connects to. */
const ingressPort = ({ backend }: NonNullable<Settings["jaeger"]["ingress"]>): string => (backend === "https" ? "query-tls" : "query");

/** The address of the UI: behind the ingress, on this host, or in the cluster. */
function uiUrl(settings: JaegerSettings): string {
  const { ingress } = settings.jaeger;
  const behindLogin = screenUrl(settings, "traces");
  if (behindLogin !== undefined) return behindLogin;
  if (ingress) return `https://${ingress.host}`;
  return endpointByMode(settings, "jaeger", ports.jaeger.query, ports.jaeger.queryTls, "jaeger-ui");
}

/** The ingress for the UI. With a login it stays where it was, and leads there: a controller may refuse a second one for the same host. */
function ingressTo(
  { login }: JaegerSettings,
  name: ServiceName,
  ingress: NonNullable<JaegerSettings["jaeger"]["ingress"]>,
): Workload["ingress"] {
  const { host, className, tlsSecret, backend } = ingress;
  const own = { host, className, tlsSecret };
  if (login) return { ...own, service: "login", port: "login" };
  return { ...own, port: ingressPort(ingress), backendSecret: backend === "https" ? tierCertificateSecret(name) : undefined };
}

/** Arguments of Jaeger. */
export interface JaegerArgs
  extends Omit<JaegerOptions, "tags">, TraceArgs, ComponentArgs<"jaeger" | "jaeger-collector" | "index-cleaner" | "service-graph"> {
  /** Storage for the traces. */
  readonly elasticsearch: ElasticsearchConnection;
  /** A login in front of the screens. A {@link Login} runs it. */
  readonly login?: LoginOptions;
  /** Settings of the cron that deletes traces older than the retention. */
  readonly indexCleaner?: IndexCleanerOptions;
}

/** Jaeger, which stores traces, shows them and serves sampling strategies, with the index cleaner, which deletes old traces. */
export class Jaeger extends TracingComponent {
  /** @internal */
  readonly settings: JaegerSettings & Pick<Settings, "indexCleaner" | "overrides">;
  /** Deletes traces older than the retention. */
  readonly indexCleaner: IndexCleaner;
  /** Address of the UI and the API: behind the login, on this host (Docker), of the ingress, or in the cluster. */
  readonly url: string;
  /** Address at which SDKs ask for sampling rates. */
  readonly samplingUrl: string;

  /** @throws SettingsError that lists every error in the arguments. */
  constructor(name: string, args: JaegerArgs, opts?: pulumi.ComponentResourceOptions) {
    const { platform, elasticsearch, indexCleaner, overrides, retention, sampling, limits, login, ...jaeger } = args;
    super("Jaeger", name, "jaeger", platform, opts);
    requireSamePlatform(this, platform, { elasticsearch });
    const known = { ...platform.settings, elasticsearch: elasticsearch.settings.elasticsearch };
    // The cleaner's options and overrides are checked here too, so that every error comes at once and before any resource.
    const options = { retention, sampling, limits, jaeger, login, indexCleaner, overrides };
    const keys = ["retention", "sampling", "limits", "jaeger", "login", "indexCleaner", "overrides"] as const;
    this.settings = componentSettings(known, options, keys);
    this.url = uiUrl(this.settings);
    this.samplingUrl = endpoint(this.settings, "jaeger", ports.jaeger.samplingHttp, "jaeger-sampling");
    const topology = storageTopology(this.settings);
    const workloads = [jaegerWorkloads, serviceGraphWorkloads].flatMap((of) => of(this.settings, topology, elasticsearch.passwords));
    this.run(workloads, this.settings);
    this.indexCleaner = new IndexCleaner(
      this.nameOf("index-cleaner"),
      { ...indexCleaner, platform, elasticsearch, overrides, retention },
      // Earlier versions created it beside Jaeger.
      { parent: this, aliases: opts?.parent ? [{ parent: opts.parent }] : [] },
    );
    this.registerOutputs({ url: this.url, samplingUrl: this.samplingUrl });
  }
}
