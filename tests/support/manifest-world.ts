/** Rendered manifests as a world that network policies can be asked about. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { projectFolder } from "../../render/record";
import type { Labels, NetworkPolicy, Pod, World } from "../cluster/lib/policies";

/** An object of Kubernetes. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Labels };
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** What a pod is made from. */
export interface PodTemplate {
  readonly metadata: { readonly labels: Labels };
  readonly spec: { readonly containers: readonly { readonly name: string; readonly image: string; readonly ports?: Pod["ports"] }[] };
}

/** All objects in a folder of manifests. */
export function manifestsIn(folder: string): Manifest[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".yaml") && name !== "kustomization.yaml")
    .flatMap((name) => parseAllDocuments(readFileSync(join(folder, name), "utf8")).map((document) => document.toJS() as Manifest));
}

/** The objects of a committed rendering. */
export const renderedManifests = (stack: string): Manifest[] => manifestsIn(join(projectFolder, "rendered", stack));

/** The template of the pods that an object makes; undefined for any that makes none. */
export function templateOf({ kind, spec }: Manifest): PodTemplate | undefined {
  if (kind === "CronJob") return (spec as { jobTemplate: { spec: { template: PodTemplate } } }).jobTemplate.spec.template;
  return ["Deployment", "StatefulSet"].includes(kind) ? (spec as unknown as { template: PodTemplate }).template : undefined;
}

/** Pods that are none of the stack's. */
export const strangers = ["application", "stranger", "neighbour", "dns", "dns-cache"] as const;

/**
 * One pod of each workload; an application, in a namespace that may send; a stranger, in one that may not; a neighbour without labels in
 * the stack's own namespace; the cluster's DNS; and a cache of it, where that is a pod of the node.
 */
export function worldOf(manifests: readonly Manifest[]): World & { readonly pod: (name: string) => Pod } {
  const policies = manifests.filter(({ kind }) => kind === "NetworkPolicy") as unknown as readonly NetworkPolicy[];
  const own = manifests.flatMap((manifest) => {
    const template = templateOf(manifest);
    return template ? [{ manifest, template }] : [];
  });
  const namespace = own[0]?.manifest.metadata.namespace ?? "";
  const other = (name: string, where: string, labels: Labels = {}, ports: Pod["ports"] = []) => ({ name, namespace: where, labels, ports });
  const pods = [
    ...own.map(({ manifest, template }) => ({
      name: manifest.metadata.name,
      namespace: manifest.metadata.namespace ?? "",
      labels: template.metadata.labels,
      ports: template.spec.containers.flatMap(({ ports = [] }) => ports),
    })),
    other("application", "shop"),
    other("stranger", "elsewhere"),
    other("neighbour", namespace),
    other("dns", "kube-system", { "k8s-app": "kube-dns" }),
    other("dns-cache", "kube-system", { "k8s-app": "node-local-dns" }),
  ].map((pod, i) => ({ ...pod, ip: `10.0.0.${i + 1}` }));
  const namespaces = Object.fromEntries(
    ["shop", "elsewhere", "kube-system", namespace].map((name) => [
      name,
      { "kubernetes.io/metadata.name": name, ...(name === "shop" ? { "tracing-ingest": "true" } : {}) },
    ]),
  );
  const pod = (name: string) => {
    const found = pods.find((candidate) => candidate.name === name);
    if (!found) throw new Error(`there is no pod ${name}`);
    return found;
  };
  return { pods, policies, namespaces, pod };
}
