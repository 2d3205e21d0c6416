/**
 * Recorded Kubernetes resources as manifests, ready for kubectl and GitOps. A resource's inputs are its manifest already; what is translated
 * is the rest: a type that is not known is an error, and a secret is never written, only asked for.
 */
import { stringify } from "yaml";
import { kubernetesLabels } from "../components/platform/labels";
import { generatedNotice } from "../configs/yaml";
import { markedSecretLength, type Recorded } from "./record";

type Manifest = Readonly<Record<string, unknown>> & { readonly kind: string; readonly metadata: Metadata };
interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Resources that hold nothing to translate: components, the provider, and passwords (their Secrets hold a marker). */
const withoutTranslation = [/^pulumi:/, /^tracing:/, /^random:index\/randomPassword:RandomPassword$/];

/** What is known, by type, with the members that a manifest of it may have besides apiVersion, kind and metadata. */
const known: Readonly<Record<string, readonly string[]>> = {
  "kubernetes:core/v1:Namespace": [],
  "kubernetes:core/v1:ServiceAccount": ["automountServiceAccountToken"],
  "kubernetes:core/v1:ConfigMap": ["data", "immutable"],
  "kubernetes:core/v1:Service": ["spec"],
  "kubernetes:core/v1:PersistentVolumeClaim": ["spec"],
  "kubernetes:apps/v1:Deployment": ["spec"],
  "kubernetes:apps/v1:StatefulSet": ["spec"],
  "kubernetes:batch/v1:CronJob": ["spec"],
  "kubernetes:networking.k8s.io/v1:NetworkPolicy": ["spec"],
  "kubernetes:networking.k8s.io/v1:Ingress": ["spec"],
  "kubernetes:policy/v1:PodDisruptionBudget": ["spec"],
  "kubernetes:autoscaling/v2:HorizontalPodAutoscaler": ["spec"],
  "kubernetes:cert-manager.io/v1:Certificate": ["spec"],
  "kubernetes:cert-manager.io/v1:Issuer": ["spec"],
  "kubernetes:monitoring.coreos.com/v1:ServiceMonitor": ["spec"],
  "kubernetes:monitoring.coreos.com/v1:PrometheusRule": ["spec"],
};

const secretType = "kubernetes:core/v1:Secret";

/** What all else is in, and what nobody is to connect without. They are applied first. */
const first = "namespace";

/** The manifests of a stack: file names with their texts. */
export function manifests(resources: readonly Recorded[]): Record<string, string> {
  const files = new Map<string, Manifest[]>();
  const secrets: Manifest[] = [];
  for (const resource of resources) {
    if (withoutTranslation.some((pattern) => pattern.test(resource.type))) continue;
    const manifest = manifestOf(resource);
    if (resource.type === secretType) {
      secrets.push(manifest);
      continue;
    }
    const file = fileOf(resource, resources);
    files.set(file, [...(files.get(file) ?? []), manifest]);
  }
  const names = [...files.keys()].sort((one, other) => Number(other === first) - Number(one === first) || (one < other ? -1 : 1));
  return {
    ...Object.fromEntries(names.map((name) => [`${name}.yaml`, text(files.get(name) ?? [])])),
    "kustomization.yaml": text([
      { apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization", resources: names.map((name) => `${name}.yaml`) },
    ]),
    ...(secrets.length > 0 ? { "create-secrets.sh": secretsScript(secrets) } : {}),
  };
}

/** The file that a resource goes to: one for each service, and one for what the platform makes for all. */
function fileOf({ name, parent, inputs }: Recorded, resources: readonly Recorded[]): string {
  const owner = resources.find(({ urn }) => urn === parent);
  if (!owner) throw new Error(`${name} is no part of a component`);
  if (owner.type === "tracing:platform:Kubernetes") return first;
  if (owner.type === "tracing:platform:Certificates") return "certificates";
  if (owner.type === "tracing:platform:Monitors") return "monitors";
  if (owner.type === "tracing:platform:Dashboards") return "dashboards";
  const service = (inputs.metadata as Metadata).labels?.[kubernetesLabels.name];
  if (service === undefined) throw new Error(`${name} is no object of a service`);
  return service;
}

function manifestOf({ type, name, inputs, secretInputs }: Recorded): Manifest {
  const members = type === secretType ? ["type", "stringData"] : known[type];
  if (!members) throw new Error(`no translation for a resource of type ${type} (${name})`);
  const unknown = Object.keys(inputs).filter((key) => !["apiVersion", "kind", "metadata", ...members].includes(key));
  if (unknown.length > 0) throw new Error(`no translation for ${unknown.join(", ")} of ${name}`);
  if (type !== secretType && secretInputs.length > 0)
    throw new Error(`${name} holds a secret in ${secretInputs.join(", ")}, and is no Secret`);
  const { annotations = {}, ...metadata } = inputs.metadata as Metadata;
  // Some annotations speak to Pulumi only.
  const kept = Object.entries(annotations).filter(([key]) => !key.startsWith("pulumi.com/"));
  return {
    ...(inputs as Manifest),
    metadata: { ...metadata, annotations: kept.length > 0 ? Object.fromEntries(kept) : undefined },
  };
}

/** A script that makes the Secrets, each with a new value, where they are missing. */
function secretsScript(secrets: readonly Manifest[]): string {
  const lines = secrets.flatMap(({ metadata, stringData }) =>
    Object.entries(stringData as Record<string, string>).map(([key, value]) => {
      const length = markedSecretLength(value);
      if (length === undefined) throw new Error(`${metadata.name}: ${key} is no generated secret`);
      return `secret ${metadata.namespace ?? "default"} ${metadata.name} ${key} ${length}`;
    }),
  );
  return `#!/bin/sh
${generatedNotice}
# Makes the Secrets that the manifests refer to, each with a new random value, where they are missing. Apply namespace.yaml before.
set -eu
secret() {
  if kubectl --namespace "$1" get secret "$2" >/dev/null 2>&1; then
    echo "secret $2 is there"
  else
    # By standard input: an argument would show in every list of processes.
    LC_ALL=C tr -dc 'A-Za-z0-9' </dev/urandom | head -c "$4" |
      kubectl --namespace "$1" create secret generic "$2" --from-file="$3"=/dev/stdin
  fi
}
${lines.join("\n")}
`;
}

const text = (documents: readonly object[]): string =>
  `${generatedNotice}\n${documents
    .map((document) => stringify(document, { sortMapEntries: true, compat: "yaml-1.1", lineWidth: 0, aliasDuplicateObjects: false }))
    .join("---\n")}`;
