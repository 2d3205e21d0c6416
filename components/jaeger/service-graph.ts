/** The service graph: writes which service calls which for Jaeger's Dependencies page. */
import { images } from "../../configs/images";
import { hasServiceGraph, serviceGraphScript, serviceGraphStarted } from "../../configs/jaeger/service-graph";
import type { JaegerSettings } from "../../configs/stack/schema";
import { files, paths, ports } from "../../configs/topology/ports";
import type { Addresses, ElasticsearchAddress, MetricsAddress } from "../../configs/topology/topology";
import { elasticsearchAuthority, elasticsearchClient } from "../elasticsearch/client";
import { userPassword, type Passwords } from "../elasticsearch/passwords";
import { prometheusClient } from "../prometheus/client";
import type { Workload } from "../platform/workload";

/** The workload that writes the graph, where the stack has one. It runs in Elasticsearch's image, which is pulled anyway and has a bash and curl. */
export function serviceGraphWorkloads(
  settings: JaegerSettings,
  topology: Addresses & ElasticsearchAddress & MetricsAddress,
  passwords: Passwords,
): Workload[] {
  if (!hasServiceGraph(settings)) return [];
  const { connects, outside = [], ...client } = elasticsearchClient(settings);
  const prometheus = prometheusClient(settings, true);
  const script = `${paths.config}/${files.serviceGraph}`;
  return [
    {
      name: "service-graph",
      kind: "service",
      image: "elasticsearch",
      command: ["/bin/bash", script],
      args: [],
      env: {},
      files: [{ path: script, content: serviceGraphScript(settings, topology), onChange: "restart" }],
      secrets: [userPassword(settings, passwords, "graph")],
      certificates: [...elasticsearchAuthority(settings), ...prometheus.certificates],
      data: [],
      // A here-document is a file there.
      scratch: [{ path: "/tmp", size: 2 }],
      ports: [],
      peers: [],
      ...client,
      connects: [...connects, ...prometheus.connects, { to: "otel-collector", ports: [ports.collector.reports] }],
      outside: [...outside, ...prometheus.outside],
      // Ready without Prometheus and Elasticsearch: nobody waits for the graph, and an alert tells where it is old.
      probe: { kind: "script", script: `[ -e ${serviceGraphStarted} ]`, timing: { interval: 5, timeout: 3, retries: 3, startPeriod: 30 } },
      resources: { memory: 64, cpu: 100 },
      scale: { replicas: 1 },
      placement: { spread: false },
      user: images.elasticsearch.user,
      readOnlyRoot: true,
      stopGrace: 5,
    },
  ];
}
