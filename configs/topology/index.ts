/** Addresses on whichever platform a stack runs: all of them, or those that a component needs. */
import type { CollectorSettings, CommonSettings, ElasticsearchSettings, StackSettings } from "../stack/schema";
import { dockerTopology, networksOf, publishedUrl } from "./docker";
import {
  applicationsLabel,
  kubernetesAddresses,
  kubernetesElasticsearch,
  kubernetesHops,
  kubernetesTopology,
  serviceUrl,
} from "./kubernetes";
import type { PublishedPort } from "./ports";
import type { Addresses, ElasticsearchAddress, NextHops, ServiceName, Topology } from "./topology";

/** All addresses of a stack. */
export const topologyOf = (settings: StackSettings): Topology =>
  settings.platform === "docker" ? dockerTopology(settings.stack) : kubernetesTopology(settings);

/** What Elasticsearch, its exporter, Jaeger and the index cleaner go by. */
export const storageTopology = (settings: ElasticsearchSettings): Addresses & ElasticsearchAddress =>
  settings.platform === "docker"
    ? dockerTopology(settings.stack)
    : { ...kubernetesAddresses(settings), ...kubernetesElasticsearch(settings) };

/** What the Collector goes by. */
export const collectorTopology = (settings: CollectorSettings): Addresses & NextHops =>
  settings.platform === "docker" ? dockerTopology(settings.stack) : { ...kubernetesAddresses(settings), ...kubernetesHops(settings) };

/** Where a port is reached by those that are not of the stack: as published on this host, or by pods of the cluster's namespaces. */
export const endpoint = (
  settings: CommonSettings,
  service: ServiceName,
  port: number,
  published: PublishedPort,
  scheme = "http",
): string => (settings.platform === "docker" ? publishedUrl(settings, published) : serviceUrl(settings, service, port, scheme));

/** Where applications must be to reach the Collector: the network that their containers join, or which namespaces are let through. */
export function ingestNetwork(settings: CommonSettings): string {
  if (settings.platform === "docker") return networksOf(settings.stack).ingest;
  const [label, value] = Object.entries(applicationsLabel)[0] ?? [];
  return `namespaces labelled ${label ?? ""}=${value ?? ""}`;
}
