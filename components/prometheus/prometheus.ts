/** Prometheus: watches the stack itself, and keeps the metrics that applications and spans give. */
import type * as pulumi from "@pulumi/pulumi";
import { goMemoryLimit } from "../../configs/go-programs";
import { images } from "../../configs/images";
import { prometheusArgs, prometheusConfig } from "../../configs/prometheus/config";
import { rulesFile } from "../../configs/prometheus/rules";
import type { Settings } from "../../configs/stack/schema";
import { files, paths, ports } from "../../configs/topology/ports";
import type { Topology } from "../../configs/topology/topology";
import { WorkloadComponent, type ComponentArgs } from "../component";
import type { Workload } from "../platform/workload";

/** What Prometheus runs as. */
export function prometheusWorkload(settings: Settings, topology: Topology): Workload {
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

/** Prometheus of one environment. */
export class Prometheus extends WorkloadComponent {
  constructor(name: string, args: ComponentArgs, opts?: pulumi.ComponentResourceOptions) {
    super("Prometheus", name, args, opts);
  }
}
