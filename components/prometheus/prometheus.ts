/** Prometheus: watches the stack, and stores metrics of applications and of spans. */
import * as pulumi from "@pulumi/pulumi";
import { compact } from "../../configs/compact";
import { goMemoryLimit } from "../../configs/go-programs";
import { deliveryText, deliveryWarnings, ownAlertmanager } from "../../configs/alertmanager/delivery";
import { hasMonitor } from "../../configs/jaeger/pages";
import { hasServiceGraph } from "../../configs/jaeger/service-graph";
import { hasTls, isShown, onlyByLogin, portsOf, screens, screenUrl, type ScreenName } from "../../configs/login/screens";
import { hasPerses } from "../../configs/perses/runs";
import { prometheusArgs, prometheusConfig } from "../../configs/prometheus/config";
import { ruleGroups, rulesFile } from "../../configs/prometheus/rules";
import type { AlertsOptions, DashboardsOptions, ObjectivesOptions, PrometheusOptions } from "../../configs/stack/options";
import type { Settings, StackSettings } from "../../configs/stack/schema";
import { endpoint, endpointByMode, topologyOf } from "../../configs/topology";
import { files, paths, ports } from "../../configs/topology/ports";
import { hasSamplers } from "../../configs/topology/kubernetes";
import { sendsByTls } from "../../configs/topology/tls";
import { serviceOf, type ServiceName, type Topology } from "../../configs/topology/topology";
import { componentSettings, requireSamePlatform, type ComponentArgs } from "../args";
import type { Canary } from "../canary/canary";
import type { OtelCollector } from "../collector/collector";
import { TracingComponent } from "../component";
import type { ElasticsearchConnection } from "../elasticsearch/elasticsearch";
import type { ElasticsearchExporter } from "../elasticsearch/exporter";
import type { Jaeger } from "../jaeger/jaeger";
import { screenPort } from "../login/screen-port";
import { defineWorkload, type Connection, type Workload } from "../platform/workload";
import { alertmanagerWorkloads, requireAlertSecrets, type AlertSecrets } from "./alertmanager";
import { persesWorkloads } from "./perses";
import { apiOf, apiPorts, apiProbe, tlsProxy } from "./tls-proxy";
import { serverAuthority } from "../tier-tls";

/** Prometheus' workload. */
export function prometheusWorkload(settings: StackSettings, topology: Topology): Workload {
  const config = `${paths.config}/${files.prometheus}`;
  const api = apiPorts(settings);
  return defineWorkload({
    name: "prometheus",
    kind: "stateful",
    image: "prometheus",
    args: prometheusArgs(settings, config, paths.prometheusData),
    env: goMemoryLimit(settings.prometheus.memory),
    files: [
      { path: config, content: prometheusConfig(settings, topology), onChange: "restart" },
      { path: `${paths.config}/${files.rules}`, content: rulesFile(settings), onChange: "restart" },
    ],
    certificates: compact<ServiceName>([
      "otel-collector",
      hasSamplers(settings) && "otel-sampler",
      ownAlertmanager(settings) && "alertmanager",
    ]).flatMap((server) => serverAuthority(settings, server)),
    // A quarter more than the metrics may take: a new block is written before the old ones go.
    data: [{ path: paths.prometheusData, size: Math.ceil(settings.prometheus.storage * 1.25) }],
    ports: [screenPort(settings, { name: "http", port: ports.prometheus.http, publish: "prometheus" })],
    peers: compact([
      hasMonitor(settings) && { from: "jaeger", ports: api },
      hasServiceGraph(settings) && { from: "service-graph", ports: api },
      hasPerses(settings) && { from: "perses", ports: api },
      isShown(settings, "metrics") && { from: "login", ports: api },
    ]),
    connects: compact([...scraped(topology), ownAlertmanager(settings) && apiOf(settings, "alertmanager")]),
    front: tlsProxy(settings, "prometheus"),
    probe: apiProbe(settings, "prometheus", 60),
    resources: { memory: settings.prometheus.memory, cpu: settings.prometheus.cpu },
    placement: { spread: true },
    // In an update, its targets and Alertmanager take TLS before it uses TLS.
    startsAfter: sendsByTls(settings) ? compact<ServiceName>(["otel-collector", ownAlertmanager(settings) && "alertmanager"]) : [],
    stopGrace: 30,
  });
}

/** Connections to everything that is scraped. */
function scraped({ scrape }: Topology): Connection[] {
  const connections = new Map<ServiceName, Set<number>>();
  for (const { instances = [], names = [], secondTier, openPorts = [] } of scrape) {
    for (const target of [...instances, ...names, ...(secondTier?.instances ?? [])]) {
      const service = serviceOf(target);
      const ports = [Number(target.split(":")[1]), ...openPorts];
      if (service) connections.set(service, new Set([...(connections.get(service) ?? []), ...ports]));
    }
  }
  return [...connections].map(([to, ports]) => ({ to, ports: [...ports] }));
}

/** Arguments of Prometheus. The components that it watches must run on the same platform. */
export interface PrometheusArgs
  extends Omit<PrometheusOptions, "mode" | "operator">, ComponentArgs<"prometheus" | "alertmanager" | "perses"> {
  /** Stores the traces. */
  readonly elasticsearch: ElasticsearchConnection;
  /** Exports the metrics of `elasticsearch`; alerts need them. */
  readonly exporter: ElasticsearchExporter;
  /** Its metrics are scraped. */
  readonly jaeger: Jaeger;
  /** Its metrics, and those of spans and applications, are scraped. */
  readonly collector: OtelCollector;
  /** Who delivers alerts, and to whom. */
  readonly alerts?: AlertsOptions;
  /** Secrets of the receivers in `alerts`, by their names (Docker). */
  readonly alertSecrets?: AlertSecrets;
  /** Sends the traces that objectives of freshness and completeness are judged by. Left out: there are no such objectives, and no alert about a canary. */
  readonly canary?: Canary;
  /** The stack's objectives; alerts follow from them. */
  readonly objectives?: ObjectivesOptions;
  /** True if a Perses shows the stack's dashboards. */
  readonly dashboards?: Pick<DashboardsOptions, "perses">;
}

/**
 * Prometheus, which watches the stack and stores metrics of applications and of spans. If the platform has a Prometheus operator, this
 * component creates monitors and rules for the cluster's own Prometheus instead. With `alerts.delivery: own` an Alertmanager is beside it, with
 * `dashboards.perses` a Perses.
 */
export class Prometheus extends TracingComponent {
  /** @internal */
  readonly settings: StackSettings & Pick<Settings, "overrides">;
  /** Address behind the login, on this host (Docker) or in the cluster; undefined with an operator, or if a login hides it from everybody. */
  readonly url: string | undefined;
  /** Address of Alertmanager, likewise; undefined where the stack has none. */
  readonly alertmanagerUrl: string | undefined;
  /** Address of Perses, likewise. */
  readonly persesUrl: string | undefined;
  /** How alerts are delivered, and to whom, as a phrase. */
  readonly alertDelivery: string;

  /** @throws SettingsError that lists every error in the arguments. */
  constructor(name: string, args: PrometheusArgs, opts?: pulumi.ComponentResourceOptions) {
    const {
      platform,
      elasticsearch,
      exporter,
      jaeger,
      collector,
      canary,
      objectives,
      dashboards,
      overrides,
      alerts,
      alertSecrets = {},
      ...options
    } = args;
    super("Prometheus", name, "prometheus", platform, opts);
    requireSamePlatform(this, platform, { elasticsearch, exporter, jaeger, collector, ...(canary ? { canary } : {}) });
    const { mode, operator } = platform.settings.prometheus;
    const known = {
      ...collector.settings,
      ...jaeger.settings,
      elasticsearch: elasticsearch.settings.elasticsearch,
      indexCleaner: jaeger.indexCleaner.settings.indexCleaner,
      canary: canary?.settings.canary ?? { enabled: false, interval: 0 },
    };
    this.settings = componentSettings(known, { prometheus: { ...options, mode, operator }, objectives, alerts, dashboards, overrides }, [
      "prometheus",
      "objectives",
      "alerts",
      "dashboards",
      "overrides",
    ]);
    requireAlertSecrets(this.settings, alertSecrets);
    for (const warning of deliveryWarnings(this.settings)) void pulumi.log.warn(warning, this);
    const topology = topologyOf(this.settings);
    if (mode === "own") {
      this.url = this.addressOf("metrics");
      this.run(
        [
          ...alertmanagerWorkloads(this.settings, alertSecrets),
          prometheusWorkload(this.settings, topology),
          ...persesWorkloads(this.settings, topology),
        ],
        this.settings,
      );
    } else {
      platform.watch(topology.scrape, ruleGroups(this.settings));
    }
    this.alertDelivery = deliveryText(this.settings);
    this.alertmanagerUrl = ownAlertmanager(this.settings) ? this.addressOf("alerts") : undefined;
    this.persesUrl = hasPerses(this.settings) ? this.addressOf("dashboards") : undefined;
    this.registerOutputs({ url: this.url, alertmanagerUrl: this.alertmanagerUrl, persesUrl: this.persesUrl });
  }

  /** Address of a screen: behind the login, on this host, or in the cluster; undefined where nobody reaches it from outside of the stack. */
  private addressOf(screen: Exclude<ScreenName, "traces">): string | undefined {
    const behindLogin = screenUrl(this.settings, screen);
    if (behindLogin !== undefined) return behindLogin;
    if (onlyByLogin(this.settings) && this.settings.platform === "docker") return undefined;
    const { service } = screens[screen];
    const { plain, tls } = portsOf(screen);
    return hasTls(screen) ? endpointByMode(this.settings, service, plain, tls, service) : endpoint(this.settings, service, plain, service);
  }
}
