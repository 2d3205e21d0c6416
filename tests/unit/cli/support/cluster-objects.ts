/** Objects as the API server has them, cut to what any cluster would say of a healthy stack, with what a test changes. */
import { kubernetesLabels, partOfLabel } from "../../../../components/platform/labels";
import type { StackObject } from "../../../../cli/running/kubernetes/objects";
import { servicesOf } from "../../../../cli/running/services";
import type { Settings } from "../../../../configs/stack/schema";
import type { ServiceName } from "../../../../configs/topology/topology";
import { settingsWith } from "../../../support/settings";

/** Settings of a stack `dev` on Kubernetes with two tiers and a writing Jaeger apart. */
export const clusterSettings = (groups: Readonly<Record<string, unknown>> = {}): Settings =>
  settingsWith({
    platform: "kubernetes",
    environment: "staging",
    collector: { replicas: 2 },
    sampler: { replicas: 2 },
    jaeger: { replicas: 1, collectors: 2 },
    elasticsearch: { snapshots: { store: "volume" } },
    ...groups,
  });

const labels = (service: string) => ({ ...partOfLabel, [kubernetesLabels.name]: service, [kubernetesLabels.instance]: "dev" });

const template = (service: string) => ({
  spec: { containers: [{ name: service, image: `registry.example/${service}:1.2.3`, resources: { limits: { memory: "512Mi" } } }] },
});

/** Fields of a pod's only container in its status. */
export interface ContainerFields {
  readonly ready?: boolean;
  readonly restartCount?: number;
  readonly state?: object;
  readonly lastState?: object;
}

/** A pod that is ready, unless fields say otherwise. */
export function pod(
  service: ServiceName,
  name: string,
  {
    container = {},
    phase = "Running",
    conditions,
    init,
    deleted = false,
    job,
  }: {
    container?: ContainerFields | null;
    phase?: string;
    conditions?: readonly object[];
    init?: ContainerFields;
    deleted?: boolean;
    job?: string;
  } = {},
): StackObject {
  const ready = container?.ready ?? true;
  const status = (fields: ContainerFields, named: string) => ({
    name: named,
    image: `registry.example/${service}:1.2.3`,
    imageID: "",
    ready,
    started: ready,
    restartCount: 0,
    state: { running: { startedAt: "2026-11-29T10:00:00Z" } },
    lastState: {},
    ...fields,
  });
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "tracing",
      labels: labels(service),
      creationTimestamp: "2026-11-29T09:59:00Z",
      deletionTimestamp: deleted ? "2026-11-29T11:00:00Z" : undefined,
      ownerReferences: [
        job
          ? { apiVersion: "batch/v1", kind: "Job", name: job, uid: "j", controller: true }
          : { apiVersion: "apps/v1", kind: "ReplicaSet", name: `${service}-5d9`, uid: "r", controller: true },
      ],
    },
    spec: template(service).spec,
    status: {
      phase,
      conditions: conditions ?? [
        { type: "PodScheduled", status: "True" },
        { type: "Ready", status: ready ? "True" : "False" },
      ],
      initContainerStatuses: init && [status(init, "validate")],
      containerStatuses: container === null ? undefined : [status(container, service)],
    },
  } as unknown as StackObject;
}

/** A Deployment or StatefulSet whose pods are all up to date. */
export const controller = (
  service: ServiceName,
  replicas: number,
  kind: "Deployment" | "StatefulSet" = "Deployment",
  status: object = {},
): StackObject =>
  ({
    apiVersion: "apps/v1",
    kind,
    metadata: { name: service, namespace: "tracing", generation: 4, labels: labels(service), creationTimestamp: "2026-11-20T10:00:00Z" },
    spec: { replicas, selector: { matchLabels: labels(service) }, template: template(service) },
    status: { observedGeneration: 4, replicas, updatedReplicas: replicas, readyReplicas: replicas, ...status },
  }) as unknown as StackObject;

/** A daily service. */
export const cronJob = (
  service: ServiceName,
  { suspend = false, lastSuccessfulTime }: { suspend?: boolean; lastSuccessfulTime?: string } = {},
) =>
  ({
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata: { name: service, namespace: "tracing", labels: labels(service), creationTimestamp: "2026-11-20T10:00:00Z" },
    spec: { schedule: "0 3 * * *", suspend, jobTemplate: { metadata: { labels: labels(service) }, spec: { template: template(service) } } },
    status: { lastScheduleTime: "2026-11-29T03:00:00Z", lastSuccessfulTime },
  }) as unknown as StackObject;

/** A run of it. */
export const job = (service: ServiceName, name: string, ended: "Complete" | "Failed" | "active", start: string): StackObject =>
  ({
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name, namespace: "tracing", labels: labels(service), creationTimestamp: start },
    spec: { template: template(service) },
    status: {
      startTime: start,
      active: ended === "active" ? 1 : undefined,
      conditions: ended === "active" ? undefined : [{ type: ended, status: "True" }],
      completionTime: ended === "Complete" ? start : undefined,
      succeeded: ended === "Complete" ? 1 : undefined,
    },
  }) as unknown as StackObject;

const several: Partial<Record<ServiceName, number>> = { "otel-collector": 2, "otel-sampler": 2, "jaeger-collector": 2 };
const crons: readonly ServiceName[] = ["index-cleaner", "elasticsearch-snapshots"];
const stateful: readonly ServiceName[] = ["elasticsearch", "otel-sampler", "prometheus"];

/** All objects of a healthy stack; those of some services are left to the test. */
export function healthyObjects(settings = clusterSettings(), without: readonly ServiceName[] = []): StackObject[] {
  return servicesOf(settings)
    .filter((service) => !without.includes(service))
    .flatMap((service) => {
      if (crons.includes(service)) return [cronJob(service, { lastSuccessfulTime: new Date().toISOString() })];
      const replicas = several[service] ?? 1;
      const pods = Array.from({ length: replicas }, (_, i) => pod(service, `${service}-${i}`));
      return [controller(service, replicas, stateful.includes(service) ? "StatefulSet" : "Deployment"), ...pods];
    });
}
