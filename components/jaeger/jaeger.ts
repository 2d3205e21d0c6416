/** Jaeger: writes traces to Elasticsearch, shows them, and serves sampling strategies. */
import type * as pulumi from "@pulumi/pulumi";
import { images } from "../../configs/images";
import { jaegerConfig, jaegerEnv, type JaegerRole } from "../../configs/jaeger/config";
import { strategiesFile } from "../../configs/sampling";
import type { Settings } from "../../configs/stack/schema";
import { files, paths, ports } from "../../configs/topology/ports";
import type { Topology } from "../../configs/topology/topology";
import { hasJaegerCollectors, hasSamplers, ownElasticsearch } from "../../configs/topology/kubernetes";
import { WorkloadComponent, type ComponentArgs } from "../component";
import { elasticsearchAuthority, elasticsearchOutside, elasticsearchPassword } from "../elasticsearch/elasticsearch";
import type { Secret, Workload } from "../platform/workload";

/** What Jaeger runs as: one service that does both, or one that answers, `jaeger`, and one that writes, `jaeger-collector`. */
export function jaegerWorkloads(settings: Settings, topology: Topology, password: Secret["content"]): Workload[] {
  const workload = (role: JaegerRole) => jaegerWorkload(settings, topology, password, role);
  return hasJaegerCollectors(settings) ? [workload("query"), workload("collector")] : [workload("both")];
}

function jaegerWorkload(settings: Settings, topology: Topology, password: Secret["content"], role: JaegerRole): Workload {
  const config = `${paths.config}/${files.jaeger}`;
  const port = ports.jaeger;
  const [writes, answers] = [role !== "query", role !== "collector"];
  const { replicas, collectors, memory, cpu, ingress } = settings.jaeger;
  const users = { path: paths.users, secret: ingress?.usersSecret ?? "", keys: [files.users] };
  return {
    name: role === "collector" ? "jaeger-collector" : "jaeger",
    kind: "service",
    image: "jaeger",
    args: [`--config=${config}`],
    env: jaegerEnv(settings),
    files: [
      { path: config, content: jaegerConfig(settings, topology, role), onChange: "restart" },
      ...(answers
        ? [{ path: `${paths.live}/${files.strategies}`, content: strategiesFile(settings.sampling), onChange: "live" } as const]
        : []),
    ],
    secrets: [elasticsearchPassword(password)],
    certificates: [...elasticsearchAuthority(settings), ...(answers && ingress ? [users] : [])],
    data: [],
    // The official image declares a volume there; without this each container would leave an anonymous one behind.
    scratch: [{ path: "/tmp", size: 16 }],
    ports: [
      ...(answers ? [{ name: "query", port: port.query, exposure: "host", publish: "jaeger-ui" } as const] : []),
      { name: "admin", port: port.admin, exposure: "host", publish: "jaeger-admin" },
      ...(answers ? [{ name: "sampling-http", port: port.samplingHttp, exposure: "ingress", publish: "jaeger-sampling" } as const] : []),
      ...(writes ? [{ name: "otlp-grpc", port: port.otlpGrpc, exposure: "cluster" } as const] : []),
      { name: "health", port: port.health, exposure: "cluster" },
    ],
    peers: [
      ...(answers ? [{ from: "applications", ports: ["sampling-http"] } as const] : []),
      ...(writes ? [{ from: hasSamplers(settings) ? "otel-sampler" : "otel-collector", ports: ["otlp-grpc"] } as const] : []),
      ...(answers && ingress ? [{ from: "ingress", ports: ["query"] } as const] : []),
      { from: "prometheus", ports: ["admin"] },
    ],
    outside: elasticsearchOutside(settings),
    ...(answers && ingress
      ? { ingress: { port: "query", host: ingress.host, className: ingress.className, tlsSecret: ingress.tlsSecret } }
      : {}),
    probe: {
      kind: "http",
      port: port.health,
      path: "/status",
      timing: { interval: 5, timeout: 3, retries: 3, startPeriod: 60 },
    },
    resources: { memory, cpu },
    scale: { replicas: role === "collector" ? collectors : replicas },
    placement: { spread: true },
    user: images.jaeger.user,
    readOnlyRoot: true,
    startsAfter: ownElasticsearch(settings) ? ["elasticsearch"] : [],
    stopGrace: 30,
    drain: 5,
  };
}

/** Jaeger of one environment. */
export class Jaeger extends WorkloadComponent {
  constructor(name: string, args: ComponentArgs, opts?: pulumi.ComponentResourceOptions) {
    super("Jaeger", name, args, opts);
  }
}
