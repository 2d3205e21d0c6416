/** Addresses on both platforms: all of them, or those that one component needs. */
import type { CollectorSettings, CommonSettings, ElasticsearchSettings, StackSettings } from "../stack/schema";
import { hasIngest } from "../ingest/senders";
import { dockerTopology, networksOf, publishedUrl } from "./docker";
import {
  applicationsLabel,
  kubernetesAddresses,
  kubernetesElasticsearch,
  kubernetesHops,
  kubernetesMetrics,
  kubernetesTopology,
  serviceUrl,
} from "./kubernetes";
import type { PublishedPort } from "./ports";
import { sendsByTls } from "./tls";
import type { Addresses, ElasticsearchAddress, MetricsAddress, NextHops, ServiceName, Topology } from "./topology";

/** All addresses of a stack. */
export const topologyOf = (settings: StackSettings): Topology =>
  settings.platform === "docker"
    ? dockerTopology(settings.stack, { ingest: hasIngest(settings), login: settings.login !== undefined })
    : kubernetesTopology(settings);

/** Addresses that follow from the platform alone. */
export const addressesOf = (settings: CommonSettings): Addresses =>
  settings.platform === "docker" ? dockerTopology(settings.stack) : kubernetesAddresses(settings);

/** Addresses for Elasticsearch, its exporter, Jaeger and the index cleaner. */
export const storageTopology = (settings: ElasticsearchSettings): Addresses & ElasticsearchAddress & MetricsAddress =>
  settings.platform === "docker"
    ? dockerTopology(settings.stack)
    : { ...kubernetesAddresses(settings), ...kubernetesElasticsearch(settings), ...kubernetesMetrics(settings) };

/** Addresses for the Collector. */
export const collectorTopology = (settings: CollectorSettings): Addresses & NextHops =>
  settings.platform === "docker" ? dockerTopology(settings.stack) : { ...kubernetesAddresses(settings), ...kubernetesHops(settings) };

/** Address of a port from outside of the stack: on this host (Docker), or in the cluster (Kubernetes). */
export const endpoint = (
  settings: CommonSettings,
  service: ServiceName,
  port: number,
  published: PublishedPort,
  scheme = "http",
): string => (settings.platform === "docker" ? publishedUrl(settings, published) : serviceUrl(settings, service, port, scheme));

/** The same of a server that has a port for plain text and one for TLS: `kubernetes.tls.mode` decides. */
export const endpointByMode = (
  settings: CommonSettings,
  service: ServiceName,
  plain: number,
  tls: number,
  published: PublishedPort,
): string => (sendsByTls(settings) ? endpoint(settings, service, tls, published, "https") : endpoint(settings, service, plain, published));

/** How applications get access to the Collector: the Docker network to join, or the label of namespaces that may connect. */
export function ingestNetwork(settings: CommonSettings): string {
  if (settings.platform === "docker") return networksOf(settings.stack).ingest;
  const [label, value] = Object.entries(applicationsLabel)[0] ?? [];
  return `namespaces labelled ${label ?? ""}=${value ?? ""}`;
}
