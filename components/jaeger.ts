/** Jaeger: writes traces to Elasticsearch, shows them, and serves sampling strategies. */
import type * as pulumi from "@pulumi/pulumi";
import { images } from "../configs/images";
import { jaegerConfig, jaegerEnv } from "../configs/jaeger";
import { strategiesFile } from "../configs/sampling";
import type { Settings } from "../configs/settings";
import { files, paths, ports, type Topology } from "../configs/topology";
import { WorkloadComponent, type ComponentArgs } from "./component";
import { elasticsearchPassword } from "./elasticsearch";
import type { Workload } from "./platform/workload";

/** What Jaeger runs as: collector and query in one process. */
export function jaegerWorkload(settings: Settings, topology: Topology, password: pulumi.Output<string>): Workload {
  const config = `${paths.config}/${files.jaeger}`;
  const port = ports.jaeger;
  return {
    name: "jaeger",
    kind: "service",
    image: "jaeger",
    args: [`--config=${config}`],
    env: jaegerEnv(settings),
    files: [
      { path: config, content: jaegerConfig(settings, topology), onChange: "restart" },
      { path: `${paths.live}/${files.strategies}`, content: strategiesFile(), onChange: "live" },
    ],
    secrets: [elasticsearchPassword(password)],
    data: [],
    // The official image declares a volume there; without this each container would leave an anonymous one behind.
    scratch: [{ path: "/tmp", size: 16 }],
    ports: [
      { name: "query", port: port.query, exposure: "host", publish: "jaeger-ui" },
      { name: "admin", port: port.admin, exposure: "host", publish: "jaeger-admin" },
      { name: "sampling-http", port: port.samplingHttp, exposure: "ingress", publish: "jaeger-sampling" },
      { name: "otlp-grpc", port: port.otlpGrpc, exposure: "cluster" },
      { name: "health", port: port.health, exposure: "cluster" },
    ],
    peers: [
      { from: "applications", ports: ["sampling-http"] },
      { from: "otel-collector", ports: ["otlp-grpc"] },
      { from: "prometheus", ports: ["admin"] },
    ],
    probe: {
      kind: "http",
      port: port.health,
      path: "/status",
      timing: { interval: 5, timeout: 3, retries: 3, startPeriod: 60 },
    },
    resources: { memory: settings.jaeger.memory },
    scale: { replicas: 1 },
    placement: { spread: true },
    user: images.jaeger.user,
    readOnlyRoot: true,
    startsAfter: ["elasticsearch"],
    stopGrace: 30,
  };
}

/** Jaeger of one environment. */
export class Jaeger extends WorkloadComponent {
  constructor(name: string, args: ComponentArgs, opts?: pulumi.ComponentResourceOptions) {
    super("Jaeger", name, args, opts);
  }
}
