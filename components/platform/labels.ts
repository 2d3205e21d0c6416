/** Labels of everything that a stack creates, on both platforms. */
import { imageOrigin, imageVersion } from "../../configs/images";
import type { CommonSettings } from "../../configs/stack/schema";
import { stackLabels } from "../../configs/topology/ports";
import { version } from "../../configs/version";
import type { ServiceName } from "../../configs/topology/topology";
import type { Workload } from "./workload";

/** The keys of the labels on Kubernetes. */
export const kubernetesLabels = {
  name: "app.kubernetes.io/name",
  instance: "app.kubernetes.io/instance",
  partOf: "app.kubernetes.io/part-of",
  version: "app.kubernetes.io/version",
  component: "app.kubernetes.io/component",
} as const;

/** Labels by which pods are selected. A selector cannot change, so never add a label here. */
export const selector = (settings: CommonSettings, workload: Pick<Workload, "name">): Record<string, string> => ({
  [kubernetesLabels.name]: workload.name,
  [kubernetesLabels.instance]: settings.stack,
});

/** Label of everything that belongs to the product, the namespace included. */
export const partOfLabel = { [kubernetesLabels.partOf]: "tracing" } as const;

/**
 * Labels of the namespace. It alone has the version of this project: labels of a namespace change in place, and nothing is selected by this one. On any
 * pod it would roll all services with each release, and on Docker no label changes without a replacement.
 */
export const namespaceLabels = { ...partOfLabel, [kubernetesLabels.version]: version } as const;

/** Labels of all of a workload's objects on Kubernetes. Another label rolls the pods. For pods only, add it in `template` in kubernetes/objects.ts. */
export const labels = (settings: CommonSettings, workload: Workload): Record<string, string> => ({
  ...selector(settings, workload),
  ...partOfLabel,
  [kubernetesLabels.version]: imageVersion(workload.image, imageOrigin(settings)),
});

/** Label of a headless Service, which otherwise has the labels of its workload. */
export const podsLabel = { [kubernetesLabels.component]: "pods" } as const;

/**
 * Labels on Docker, by which commands and people find the resources of a stack. Docker cannot change labels: adding one here replaces networks and
 * volumes, and deletes their data. For containers only, add it in docker/platform.ts (services) and docker/volumes.ts (helpers).
 */
export const dockerLabels = (
  stack: string,
  role: "service" | "helper" | "volume" | "network",
  service?: ServiceName,
): Record<string, string> => ({
  [stackLabels.stack]: stack,
  [stackLabels.role]: role,
  ...(service ? { [stackLabels.service]: service } : {}),
});

/** Labels as Docker resources take them. */
export const labelList = (all: Readonly<Record<string, string>>) => Object.entries(all).map(([label, value]) => ({ label, value }));

/** Whether the stack sets a label itself, so that overrides may not. */
export const isOwnLabel = (label: string): boolean =>
  Object.values<string>(kubernetesLabels).includes(label) || label.startsWith("tracing.");

/** The zone of a node; from Kubernetes 1.35 on also a label of the pods on it. */
export const zoneLabel = "topology.kubernetes.io/zone";
