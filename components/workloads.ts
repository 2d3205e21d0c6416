/** All workloads of a stack, as plain data. */
import * as pulumi from "@pulumi/pulumi";
import { compact } from "../configs/compact";
import type { Settings } from "../configs/stack/schema";
import { serviceUsers } from "../configs/elasticsearch/users";
import { topologyOf } from "../configs/topology";
import { ownElasticsearch } from "../configs/topology/kubernetes";
import { canaryWorkloads } from "./canary/canary";
import { collectorWorkloads } from "./collector/collector";
import { elasticsearchWorkload } from "./elasticsearch/elasticsearch";
import { elasticsearchExporterWorkload } from "./elasticsearch/exporter";
import { cleanerWorkload } from "./jaeger/index-cleaner";
import { jaegerWorkloads } from "./jaeger/jaeger";
import { serviceGraphWorkloads } from "./jaeger/service-graph";
import { loginWorkloads } from "./login/login";
import type { Passwords } from "./elasticsearch/passwords";
import { upkeepWorkloads } from "./elasticsearch/upkeep";
import type { Workload } from "./platform/workload";
import { alertmanagerWorkloads } from "./prometheus/alertmanager";
import { persesWorkloads } from "./prometheus/perses";
import { prometheusWorkload } from "./prometheus/prometheus";

/**
 * The workloads of all components before overrides, in start order.
 *
 * @param passwords Of Elasticsearch's users. Validation, tests and references need none.
 */
export function workloadsOf(settings: Settings, passwords: Passwords = unknownPasswords(settings)): Workload[] {
  const topology = topologyOf(settings);
  return compact([
    ownElasticsearch(settings) && elasticsearchWorkload(settings, topology, passwords),
    ...upkeepWorkloads(settings, topology, passwords),
    elasticsearchExporterWorkload(settings, topology, passwords),
    ...jaegerWorkloads(settings, topology, passwords),
    ...collectorWorkloads(settings, topology),
    cleanerWorkload(settings, topology, passwords),
    ...serviceGraphWorkloads(settings, topology, passwords),
    ...canaryWorkloads(settings, topology),
    ...alertmanagerWorkloads(settings),
    settings.prometheus.mode === "own" && prometheusWorkload(settings, topology),
    ...persesWorkloads(settings, topology),
    ...loginWorkloads(settings, topology),
  ]);
}

/** In place of passwords. */
export function unknownPasswords({ elasticsearch: { external } }: Pick<Settings, "elasticsearch">): Passwords {
  const unknown = pulumi.output("");
  const setup = external ? { existing: external.passwordSecret, key: "password" } : unknown;
  const of = external?.createUsers === false ? setup : unknown;
  return { setup, users: Object.fromEntries(serviceUsers.map((user) => [user, of])) };
}
