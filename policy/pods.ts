/** Where Kubernetes resources hold pods and containers. */
import { at, listAt, unknown, type Declared } from "./declared";

/** Path from a resource's inputs to the template of its pods, by kind. */
const templates: Readonly<Record<string, readonly string[]>> = {
  "core/v1:Pod": [],
  "apps/v1:Deployment": ["spec", "template"],
  "apps/v1:StatefulSet": ["spec", "template"],
  "apps/v1:DaemonSet": ["spec", "template"],
  "apps/v1:ReplicaSet": ["spec", "template"],
  "batch/v1:Job": ["spec", "template"],
  "batch/v1:CronJob": ["spec", "jobTemplate", "spec", "template"],
};

/** Kind of a Kubernetes resource with its group, such as `apps/v1:Deployment`; undefined for any other resource. */
export const kubernetesKind = ({ type }: Declared): string | undefined => /^kubernetes:(.+)$/.exec(type)?.[1];

/** The template of the pods that a resource makes: their metadata and spec. */
export function podTemplate(resource: Declared): unknown {
  const path = templates[kubernetesKind(resource) ?? ""];
  return path && at(resource.props, ...path);
}

/** A container of a pod, and what messages call it. */
export interface PodContainer {
  readonly title: string;
  readonly spec: unknown;
}

/** All containers of a resource's pods, those that only prepare included. */
export function podContainers(resource: Declared): readonly PodContainer[] {
  const spec = at(podTemplate(resource), "spec");
  return ["initContainers", "containers", "ephemeralContainers"].flatMap((list) =>
    listAt(spec, list).map((container) => ({ title: `container ${String(at(container, "name"))}`, spec: container })),
  );
}

export const ofKind = (resources: readonly Declared[], kind: string): readonly Declared[] =>
  resources.filter((resource) => kubernetesKind(resource) === kind);

/** Whether the pods of a workload have all labels that are wanted. */
export function covers(wanted: unknown, workload: Declared): boolean {
  const labels = at(podTemplate(workload), "metadata", "labels");
  if (typeof wanted !== "object" || wanted === null) return false;
  const pairs = Object.entries(wanted);
  return pairs.length > 0 && pairs.every(([key, value]) => [value, unknown].includes(at(labels, key)));
}
