/** The service graph: writes which service calls which for Jaeger's Dependencies page. */
import { hasServiceGraph, serviceGraphScript, serviceGraphStarted } from "../../configs/jaeger/service-graph";
import type { JaegerSettings } from "../../configs/stack/schema";
import { files, ports } from "../../configs/topology/ports";
import type { Addresses, ElasticsearchAddress, MetricsAddress } from "../../configs/topology/topology";
import { elasticsearchAuthority, elasticsearchClient } from "../elasticsearch/client";
import { userPassword, type Passwords } from "../elasticsearch/passwords";
import { elasticsearchScript, scriptPath } from "../elasticsearch/script";
import { prometheusClient } from "../prometheus/client";
import { defineWorkload, usualTiming, type Workload } from "../platform/workload";

/** The workload that writes the graph, where the stack has one. */
export function serviceGraphWorkloads(
  settings: JaegerSettings,
  topology: Addresses & ElasticsearchAddress & MetricsAddress,
  passwords: Passwords,
): Workload[] {
  if (!hasServiceGraph(settings)) return [];
  const { connects, outside = [], ...client } = elasticsearchClient(settings);
  const prometheus = prometheusClient(settings, true);
  return [
    defineWorkload({
      name: "service-graph",
      ...elasticsearchScript(files.serviceGraph),
      files: [{ path: scriptPath(files.serviceGraph), content: serviceGraphScript(settings, topology), onChange: "restart" }],
      secrets: [userPassword(settings, passwords, "graph")],
      certificates: [...elasticsearchAuthority(settings), ...prometheus.certificates],
      // A here-document is a file there.
      scratch: [{ path: "/tmp", size: 2 }],
      ...client,
      connects: [...connects, ...prometheus.connects, { to: "otel-collector", ports: [ports.collector.reports] }],
      outside: [...outside, ...prometheus.outside],
      // Ready without Prometheus and Elasticsearch: nobody waits for the graph, and an alert tells where it is old.
      probe: { kind: "script", script: `[ -e ${serviceGraphStarted} ]`, timing: usualTiming(30) },
      resources: { memory: 64, cpu: 100 },
    }),
  ];
}
