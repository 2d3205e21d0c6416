/** The OpenTelemetry Collector: what applications talk to. Receives, measures, samples and hands on to Jaeger. */
import type * as pulumi from "@pulumi/pulumi";
import { collectorConfig, collectorEnv } from "../configs/collector";
import { images } from "../configs/images";
import type { Settings } from "../configs/settings";
import { files, paths, ports, type Topology } from "../configs/topology";
import { WorkloadComponent, type ComponentArgs } from "./component";
import type { Workload } from "./platform/workload";

/** What the Collector runs as. */
export function collectorWorkload(settings: Settings, topology: Topology): Workload {
  const config = `${paths.config}/${files.collector}`;
  const port = ports.collector;
  return {
    name: "otel-collector",
    kind: "stateful",
    image: "otel-collector",
    args: [`--config=${config}`],
    env: collectorEnv(settings),
    files: [{ path: config, content: collectorConfig(settings, topology), onChange: "restart" }],
    secrets: [],
    // An item of the queue is a span of about 1 KiB on disk; compaction needs the same room again.
    data: [{ path: paths.collectorQueue, size: Math.ceil((settings.collector.queue * 2) / 1024) }],
    scratch: [],
    ports: [
      { name: "otlp-grpc", port: port.otlpGrpc, exposure: "ingress", publish: "otlp-grpc" },
      { name: "otlp-http", port: port.otlpHttp, exposure: "ingress", publish: "otlp-http" },
      { name: "jaeger-grpc", port: port.jaegerGrpc, exposure: "ingress", publish: "jaeger-grpc" },
      { name: "jaeger-thrift", port: port.jaegerThriftHttp, exposure: "ingress", publish: "jaeger-thrift-http" },
      { name: "telemetry", port: port.telemetry, exposure: "cluster" },
      { name: "exporter", port: port.prometheusExporter, exposure: "host", publish: "collector-metrics" },
      { name: "health", port: port.health, exposure: "host", publish: "collector-health" },
      { name: "zpages", port: port.zpages, exposure: "host", publish: "collector-zpages" },
    ],
    peers: [
      { from: "applications", ports: ["otlp-grpc", "otlp-http", "jaeger-grpc", "jaeger-thrift"] },
      { from: "prometheus", ports: ["telemetry", "exporter"] },
    ],
    probe: {
      kind: "http",
      port: port.health,
      path: "/healthz",
      timing: { interval: 5, timeout: 3, retries: 3, startPeriod: 30 },
    },
    resources: { memory: settings.collector.memory },
    scale: { replicas: 1 },
    placement: { spread: true },
    user: images["otel-collector"].user,
    readOnlyRoot: true,
    startsAfter: ["jaeger"],
    stopGrace: 30,
  };
}

/** The Collector of one environment. */
export class Collector extends WorkloadComponent {
  constructor(name: string, args: ComponentArgs, opts?: pulumi.ComponentResourceOptions) {
    super("Collector", name, args, opts);
  }
}
