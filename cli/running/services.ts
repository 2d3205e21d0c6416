/** The services that a stack should have: the one list of them, with their order. */
import { ownAlertmanager } from "../../configs/alertmanager/delivery";
import { hasCanary } from "../../configs/canary/times";
import { hasSnapshots } from "../../configs/elasticsearch/users";
import { hasServiceGraph } from "../../configs/jaeger/service-graph";
import { hasPerses } from "../../configs/perses/runs";
import type { Settings } from "../../configs/stack/schema";
import { hasSamplers, jaegerServices, ownElasticsearch } from "../../configs/topology/kubernetes";
import type { ServiceName } from "../../configs/topology/topology";
import type { ServiceState } from "./running-stack";

interface Service {
  readonly name: ServiceName;
  /** Whether stacks on a container engine have it. Default: always. */
  readonly docker?: "never" | "sometimes";
  /** Whether a stack has it. Default: always. */
  readonly runs?: (settings: Settings) => boolean;
}

/** All services, in the order in which they start; they stop in the opposite one, so that each can still hand on what it holds. */
const services: readonly Service[] = [
  { name: "elasticsearch", runs: ownElasticsearch },
  { name: "elasticsearch-setup" },
  { name: "elasticsearch-snapshots", docker: "sometimes", runs: hasSnapshots },
  { name: "elasticsearch-exporter" },
  { name: "jaeger" },
  {
    name: "jaeger-collector",
    docker: "never",
    runs: (settings) => onKubernetes(settings) && jaegerServices(settings).includes("jaeger-collector"),
  },
  { name: "otel-sampler", docker: "never", runs: (settings) => onKubernetes(settings) && hasSamplers(settings) },
  { name: "otel-collector" },
  { name: "index-cleaner" },
  { name: "service-graph", docker: "sometimes", runs: hasServiceGraph },
  { name: "canary", docker: "sometimes", runs: hasCanary },
  { name: "alertmanager", docker: "sometimes", runs: ownAlertmanager },
  { name: "prometheus", runs: ({ prometheus }) => prometheus.mode === "own" },
  { name: "perses", docker: "sometimes", runs: hasPerses },
];

const onKubernetes = ({ platform }: Settings): boolean => platform === "kubernetes";

const namesOf = (some: readonly Service[]): ServiceName[] => some.map(({ name }) => name);

/** The services that a stack on a container engine may have, and those that every such stack has. Known without its settings. */
export const dockerServices: readonly ServiceName[] = namesOf(services.filter(({ docker }) => docker !== "never"));
export const requiredServices: readonly ServiceName[] = namesOf(services.filter(({ docker }) => docker === undefined));

/** The services of a stack. tests/unit/cli/running.test.ts compares them with the workloads. */
export const servicesOf = (settings: Settings): ServiceName[] => namesOf(services.filter(({ runs }) => runs?.(settings) ?? true));

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
    case "elasticsearch-setup":
    case "elasticsearch-snapshots":
    case "elasticsearch-exporter":
    case "index-cleaner":
    case "service-graph":
    case "canary":
    case "alertmanager":
    case "prometheus":
    case "perses":
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
