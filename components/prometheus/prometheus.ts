/** Prometheus: watches the stack itself, and keeps the metrics that applications and spans give. */
import type * as pulumi from "@pulumi/pulumi";
import { goMemoryLimit } from "../../configs/go-programs";
import { images } from "../../configs/images";
import { prometheusArgs, prometheusConfig } from "../../configs/prometheus/config";
import { ruleGroups, rulesFile } from "../../configs/prometheus/rules";
import type { PrometheusOptions } from "../../configs/stack/options";
import type { StackSettings } from "../../configs/stack/schema";
import { endpoint, topologyOf } from "../../configs/topology";
import { files, paths, ports } from "../../configs/topology/ports";
import { serviceOf, type ServiceName, type Topology } from "../../configs/topology/topology";
import { componentSettings, type ComponentArgs } from "../args";
import type { OtelCollector } from "../collector/collector";
import { TracingComponent } from "../component";
import type { ElasticsearchConnection } from "../elasticsearch/elasticsearch";
import type { Jaeger } from "../jaeger/jaeger";
import type { Connection, Workload } from "../platform/workload";

/** What Prometheus runs as. */
export function prometheusWorkload(settings: StackSettings, topology: Topology): Workload {
  const config = `${paths.config}/${files.prometheus}`;
  return {
    name: "prometheus",
    kind: "stateful",
    image: "prometheus",
    args: prometheusArgs(settings, config, paths.prometheusData),
    env: goMemoryLimit(settings.prometheus.memory),
    files: [
      { path: config, content: prometheusConfig(settings, topology), onChange: "restart" },
      { path: `${paths.config}/${files.rules}`, content: rulesFile(settings), onChange: "restart" },
    ],
    secrets: [],
    // A quarter more than the metrics may take: a new block is written before the old ones go.
    data: [{ path: paths.prometheusData, size: Math.ceil(settings.prometheus.storage * 1.25) }],
    scratch: [],
    ports: [{ name: "http", port: ports.prometheus.http, exposure: "host", publish: "prometheus" }],
    peers: [],
    connects: scraped(topology),
    probe: {
      kind: "http",
      port: ports.prometheus.http,
      path: "/-/ready",
      livePath: "/-/healthy",
      timing: { interval: 5, timeout: 3, retries: 3, startPeriod: 60 },
    },
    resources: { memory: settings.prometheus.memory, cpu: settings.prometheus.cpu },
    scale: { replicas: 1 },
    placement: { spread: true },
    user: images.prometheus.user,
    readOnlyRoot: true,
    startsAfter: [],
    stopGrace: 30,
  };
}

/** The ports of the stack that are scraped. */
function scraped({ scrape }: Topology): Connection[] {
  const targets = scrape.flatMap(({ instances = [], names = [], secondTier }) => [
    ...instances,
    ...names,
    ...(secondTier?.instances ?? []),
  ]);
  const connections = new Map<ServiceName, Set<number>>();
  for (const target of targets) {
    const service = serviceOf(target);
    if (service) connections.set(service, (connections.get(service) ?? new Set()).add(Number(target.split(":")[1])));
  }
  return [...connections].map(([to, ports]) => ({ to, ports: [...ports] }));
}

/** Arguments of Prometheus. What it watches must run on the same platform. */
export interface PrometheusArgs extends Omit<PrometheusOptions, "mode" | "operator">, ComponentArgs<"prometheus"> {
  readonly elasticsearch: ElasticsearchConnection;
  readonly jaeger: Jaeger;
  readonly collector: OtelCollector;
}

/**
 * Prometheus, which watches the stack and keeps the metrics that applications and spans give. Where the platform's cluster has an operator for
 * it: the monitors and rules that make the cluster's own Prometheus do that.
 */
export class Prometheus extends TracingComponent {
  readonly settings: StackSettings;
  /** Its address on this host or in the cluster; undefined where it is the cluster's own. */
  readonly url: string | undefined;

  /** @throws SettingsError with everything that is wrong with the arguments. */
  constructor(name: string, args: PrometheusArgs, opts?: pulumi.ComponentResourceOptions) {
    super("Prometheus", name, "prometheus", opts);
    const { platform, elasticsearch, jaeger, collector, overrides, ...options } = args;
    const { mode, operator } = platform.settings.prometheus;
    const known = {
      ...collector.settings,
      ...jaeger.settings,
      ...elasticsearch.settings,
      indexCleaner: jaeger.indexCleaner.settings.indexCleaner,
    };
    this.settings = componentSettings(known, { prometheus: { ...options, mode, operator } }, ["prometheus"]);
    const topology = topologyOf(this.settings);
    if (mode === "own") {
      this.url = endpoint(this.settings, "prometheus", ports.prometheus.http, "prometheus");
      this.run(platform, [prometheusWorkload(this.settings, topology)], overrides);
    } else {
      platform.watch(topology.scrape, ruleGroups(this.settings));
    }
    this.registerOutputs({ url: this.url });
  }
}
