/** All workloads of a stack, as plain data. */
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../configs/stack/schema";
import { topologyOf } from "../configs/topology";
import { ownElasticsearch } from "../configs/topology/kubernetes";
import { collectorWorkloads } from "./collector/collector";
import { elasticsearchWorkload } from "./elasticsearch/elasticsearch";
import { elasticsearchExporterWorkload } from "./elasticsearch/exporter";
import { cleanerWorkload } from "./jaeger/index-cleaner";
import { jaegerWorkloads } from "./jaeger/jaeger";
import type { Secret, Workload } from "./platform/workload";
import { prometheusWorkload } from "./prometheus/prometheus";

/**
 * The workloads of all components before overrides, in start order.
 *
 * @param password Elasticsearch's password. Validation, tests and references need none.
 */
export function workloadsOf(settings: Settings, password: Secret["content"] = unknownPassword(settings)): Workload[] {
  const topology = topologyOf(settings);
  return [
    ...(ownElasticsearch(settings) ? [elasticsearchWorkload(settings, topology, password)] : []),
    elasticsearchExporterWorkload(settings, topology, password),
    ...jaegerWorkloads(settings, topology, password),
    cleanerWorkload(settings, topology, password),
    ...collectorWorkloads(settings, topology),
    ...(settings.prometheus.mode === "own" ? [prometheusWorkload(settings, topology)] : []),
  ];
}

const unknownPassword = ({ elasticsearch: { external } }: Settings): Secret["content"] =>
  external ? { existing: external.passwordSecret, key: "password" } : pulumi.output("");
