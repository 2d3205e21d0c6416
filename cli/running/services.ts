/** The services that a stack should have. */
import { ownAlertmanager } from "../../configs/alertmanager/delivery";
import { hasCanary } from "../../configs/canary/times";
import { hasSnapshots } from "../../configs/elasticsearch/users";
import { hasServiceGraph } from "../../configs/jaeger/service-graph";
import { hasPerses } from "../../configs/perses/runs";
import type { Settings } from "../../configs/stack/schema";
import { hasSamplers, jaegerServices, ownElasticsearch } from "../../configs/topology/kubernetes";
import type { ServiceName } from "../../configs/topology/topology";

/** By their settings, in the order in which they start. tests/unit/cli/running.test.ts compares them with the workloads. */
export function servicesOf(settings: Settings): ServiceName[] {
  const kubernetes = settings.platform === "kubernetes";
  return [
    ...(ownElasticsearch(settings) ? (["elasticsearch"] as const) : []),
    "elasticsearch-setup",
    ...(hasSnapshots(settings) ? (["elasticsearch-snapshots"] as const) : []),
    "elasticsearch-exporter",
    ...(kubernetes ? jaegerServices(settings) : (["jaeger"] as const)),
    ...(kubernetes && hasSamplers(settings) ? (["otel-sampler"] as const) : []),
    "otel-collector",
    "index-cleaner",
    ...(hasServiceGraph(settings) ? (["service-graph"] as const) : []),
    ...(hasCanary(settings) ? (["canary"] as const) : []),
    ...(ownAlertmanager(settings) ? (["alertmanager"] as const) : []),
    ...(settings.prometheus.mode === "own" ? (["prometheus"] as const) : []),
    ...(hasPerses(settings) ? (["perses"] as const) : []),
  ];
}

/** How many instances of a service the settings ask for at least. */
export function replicasOf(settings: Settings, service: ServiceName): number {
  switch (service) {
    case "elasticsearch":
      return settings.elasticsearch.nodes;
    case "otel-collector":
      return settings.collector.replicas;
    case "otel-sampler":
      return settings.sampler.replicas;
    case "jaeger":
      return settings.jaeger.replicas;
    case "jaeger-collector":
      return settings.jaeger.collectors;
    case "elasticsearch-setup":
    case "elasticsearch-snapshots":
    case "elasticsearch-exporter":
    case "index-cleaner":
    case "service-graph":
    case "canary":
    case "alertmanager":
    case "prometheus":
    case "perses":
      return 1;
  }
}

/** A command of `make` for a stack, such as `make logs ENV=prod SERVICE=jaeger`; dev needs no ENV. */
export const makeCommand = (stack: string, command: string, ...words: readonly string[]): string =>
  ["make", command, ...(stack === "dev" ? [] : [`ENV=${stack}`]), ...words].join(" ");
