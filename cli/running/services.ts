/** Which services a stack should have. */
import { ownAlertmanager } from "../../configs/alertmanager/delivery";
import { hasCanary } from "../../configs/canary/times";
import { hasSnapshots } from "../../configs/elasticsearch/users";
import { hasIngest } from "../../configs/ingest/senders";
import { hasServiceGraph } from "../../configs/jaeger/service-graph";
import { hasPerses } from "../../configs/perses/runs";
import type { Settings } from "../../configs/stack/schema";
import { hasSamplers, jaegerServices, ownElasticsearch } from "../../configs/topology/kubernetes";
import { serviceNames, type ServiceName } from "../../configs/topology/topology";
import type { ServiceState } from "./running-stack";

interface Condition {
  /** Which stacks on a container engine have it. Default: all that `runs` says. */
  readonly docker?: "none" | "some";
  /** True if a stack with these settings has it. */
  readonly runs: (settings: Settings) => boolean;
}

/** The services that not every stack has. Not asked of the workloads, as commands would wait for Pulumi's providers to load. */
const conditions: Readonly<Partial<Record<ServiceName, Condition>>> = {
  elasticsearch: { runs: ownElasticsearch },
  "elasticsearch-snapshots": { docker: "some", runs: hasSnapshots },
  "jaeger-collector": {
    docker: "none",
    runs: (settings) => onKubernetes(settings) && jaegerServices(settings).includes("jaeger-collector"),
  },
  "otel-sampler": { docker: "none", runs: (settings) => onKubernetes(settings) && hasSamplers(settings) },
  // On Kubernetes it is a container of the Collector's pods.
  ingest: { docker: "some", runs: (settings) => !onKubernetes(settings) && hasIngest(settings) },
  // A container of the pods of Prometheus and Alertmanager.
  "tls-proxy": { docker: "none", runs: () => false },
  "service-graph": { docker: "some", runs: hasServiceGraph },
  canary: { docker: "some", runs: hasCanary },
  alertmanager: { docker: "some", runs: ownAlertmanager },
  prometheus: { runs: ({ prometheus }) => prometheus.mode === "own" },
  perses: { docker: "some", runs: hasPerses },
  login: { docker: "some", runs: ({ login }) => login !== undefined },
  // On Kubernetes it is a container of the login's pods.
  "login-gate": { docker: "some", runs: (settings) => !onKubernetes(settings) && settings.login !== undefined },
};

const onKubernetes = ({ platform }: Settings): boolean => platform === "kubernetes";

/** The services that a stack on a container engine may have, and those that every such stack has. Known without its settings. */
export const dockerServices: readonly ServiceName[] = serviceNames.filter((name) => conditions[name]?.docker !== "none");
export const requiredServices: readonly ServiceName[] = serviceNames.filter((name) => conditions[name]?.docker === undefined);

/** The services of a stack, in start order. tests/unit/cli/running.test.ts compares them with the workloads. */
export const servicesOf = (settings: Settings): ServiceName[] => serviceNames.filter((name) => conditions[name]?.runs(settings) ?? true);

/** How many instances of a service the settings ask for at least. */
export function replicasOf(settings: Settings, service: ServiceName): number {
  switch (service) {
    case "elasticsearch":
      return settings.elasticsearch.nodes;
    case "otel-collector":
      return settings.collector.replicas;
    case "otel-sampler":
      return settings.sampler.replicas;
    case "jaeger":
      return settings.jaeger.replicas;
    case "jaeger-collector":
      return settings.jaeger.collectors;
    case "login":
      return settings.login?.replicas ?? 0;
    case "elasticsearch-setup":
    case "elasticsearch-snapshots":
    case "elasticsearch-exporter":
    case "ingest":
    case "index-cleaner":
    case "service-graph":
    case "canary":
    case "tls-proxy":
    case "alertmanager":
    case "prometheus":
    case "perses":
    case "login-gate":
      return 1;
  }
}

/** A service that should be there and is not. */
export const missing = (service: ServiceName, next: string): ServiceState => ({
  service,
  state: "missing",
  condition: "down",
  restarts: 0,
  outOfMemory: false,
  image: "",
  next,
});
