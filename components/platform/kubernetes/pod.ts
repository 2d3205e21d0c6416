/** What the words of a Workload become in a pod: pure functions. */
import { createHash } from "node:crypto";
import { posix } from "node:path";
import type * as k8s from "@pulumi/kubernetes";
import { compact } from "../../../configs/compact";
import { imageOrigin, imageReference } from "../../../configs/images";
import { merge } from "../../../configs/overrides/merge";
import type { CommonSettings } from "../../../configs/stack/schema";
import { selector, zoneLabel } from "../labels";
import { folderOf, type DataFolder, type Probe, type Secret, type Workload, type WorkloadFile } from "../workload";

type PodSpec = k8s.types.input.core.v1.PodSpec;
type Container = k8s.types.input.core.v1.Container;
type Volume = k8s.types.input.core.v1.Volume;
type Mount = k8s.types.input.core.v1.VolumeMount;

/** Name of the volume that holds a workload's data, and with the pod's name of the claim for it. */
export const dataVolume = "data";

/** Share of the CPU limit that is requested. */
export const requestedCpu = 0.25;

/** The key that the stack's own Secrets have their value under. */
export const secretKey = "password";

/** Files of a kind, and the ConfigMap that holds them: named by their content where a change must restart, else by a name that stays. */
export function configMapOf(
  workload: Workload,
  onChange: WorkloadFile["onChange"],
): { name: string; data: Record<string, string> } | undefined {
  const files = workload.files.filter((file) => file.onChange === onChange);
  if (files.length === 0) return undefined;
  const data = Object.fromEntries(files.map((file) => [posix.basename(file.path), file.content]));
  const digest = createHash("sha256").update(JSON.stringify(data)).digest("hex").slice(0, 10);
  return { name: onChange === "restart" ? `${workload.name}-config-${digest}` : `${workload.name}-live`, data };
}

/** The Secret that holds a secret, and its key. */
export const secretOf = ({ secret, content }: Secret): { name: string; key: string } =>
  "existing" in content ? { name: content.existing, key: content.key } : { name: secret, key: secretKey };

/** The pod of a workload, by the rules of Pod Security's level `restricted`. */
export function podSpec(settings: CommonSettings, workload: Workload): PodSpec {
  const { uid, gid } = workload.user;
  const { pullSecrets } = settings.kubernetes;
  const volumes = volumesOf(workload);
  const { front } = workload;
  // A volume belongs to the pod: those of the second container have names of their own.
  const frontVolumes = front ? volumesOf(front, `${front.name}-`) : [];
  const all = [...volumes, ...frontVolumes];
  return {
    serviceAccountName: workload.name,
    // Nothing of the stack talks to the API server.
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    imagePullSecrets: pullSecrets.length > 0 ? pullSecrets.map((name) => ({ name })) : undefined,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: uid,
      runAsGroup: gid,
      // Volumes belong to this group. Root's own is left out: a user of it could read what is root's.
      fsGroup: gid || uid,
      fsGroupChangePolicy: "OnRootMismatch",
      seccompProfile: { type: "RuntimeDefault" },
    },
    terminationGracePeriodSeconds: workload.stopGrace + (workload.drain ?? 0),
    ...where(settings, workload),
    containers: compact([
      container(settings, workload, volumes),
      front && { ...container(settings, front, frontVolumes), securityContext: { ...security(front), ...identity(front) } },
    ]),
    volumes: all.length > 0 ? all.map(({ volume }) => volume) : undefined,
    // Tried again in another pod: the one that failed stays, and its log with it. Restarted in place it would be deleted with the last try.
    restartPolicy: workload.kind === "cron" ? "Never" : undefined,
  };
}

/** A command, after a moment: some network plugins let a new pod's first connections through only when its policies are in place. */
const settled = (command: readonly string[]): string[] => ["/bin/sh", "-c", 'sleep 5; exec "$@"', "sh", ...command];

function container(settings: CommonSettings, workload: Workload, volumes: readonly MountedVolume[]): Container {
  const { memory, cpu } = workload.resources;
  const mounts = [...volumes.map(({ mount }) => mount), ...claimMounts(workload)];
  return {
    name: workload.name,
    image: imageReference(workload.image, imageOrigin(settings)),
    imagePullPolicy: "IfNotPresent",
    command: workload.command ? (workload.kind === "cron" ? settled(workload.command) : [...workload.command]) : undefined,
    args: workload.args.length > 0 ? [...workload.args] : undefined,
    env: [
      // First: a variable can name only those before it.
      ...Object.entries(workload.labelVariables ?? {}).map(([name, label]) => ({
        name,
        valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: `metadata.labels['${label}']` } },
      })),
      ...Object.entries(workload.env)
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([name, value]) => ({ name, value })),
      ...(workload.secretVariables ?? []).map((secret) => ({ name: secret.variable, valueFrom: { secretKeyRef: secretOf(secret) } })),
    ],
    ports: workload.ports.map(({ name, port }) => ({ name, containerPort: port, protocol: "TCP" })),
    ...probes(workload.probe),
    // The end of the log stays with the pod's state.
    terminationMessagePolicy: "FallbackToLogsOnError",
    lifecycle: workload.drain ? { preStop: { sleep: { seconds: workload.drain } } } : undefined,
    resources: {
      // Memory that is not there when it is needed kills; CPU that is not there only slows, and is rarely needed by all at once.
      requests: { memory: `${memory}Mi`, ...(cpu === undefined ? {} : { cpu: millicores(Math.ceil(cpu * requestedCpu)) }) },
      limits: { memory: `${memory}Mi`, ...(cpu === undefined ? {} : { cpu: millicores(cpu) }) },
    },
    securityContext: security(workload),
    volumeMounts: mounts.length > 0 ? mounts : undefined,
  };
}

const security = ({ readOnlyRoot }: Workload) => ({
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  readOnlyRootFilesystem: readOnlyRoot,
});

/** The user of a container that is not the pod's. */
const identity = ({ user: { uid, gid } }: Workload) => ({ runAsUser: uid, runAsGroup: gid });

/** CPU as the API server writes it back. */
const millicores = (value: number): string => (value % 1000 === 0 ? String(value / 1000) : `${value}m`);

/**
 * Started: it has answered once. Ready: this pod answers, whatever others do. Alive: it has not been silent for two minutes, which no
 * load explains; a script is not asked that, as it may fail for reasons that a restart makes worse.
 */
function probes(probe: Probe | undefined): Pick<Container, "startupProbe" | "readinessProbe" | "livenessProbe"> {
  if (!probe) return {};
  const { interval, timeout, retries, startPeriod } = probe.timing;
  const timing = { periodSeconds: interval, timeoutSeconds: timeout };
  if (probe.kind === "script") {
    return { readinessProbe: { exec: { command: ["bash", "-c", probe.script] }, ...timing, failureThreshold: retries } };
  }
  const get = (path: string) => ({ httpGet: { path, port: probe.port, scheme: probe.tls ? "HTTPS" : undefined } });
  return {
    startupProbe: { ...get(probe.path), ...timing, failureThreshold: Math.ceil((2 * startPeriod) / interval) },
    readinessProbe: { ...get(probe.path), ...timing, failureThreshold: retries },
    livenessProbe: { ...get(probe.livePath ?? probe.path), periodSeconds: 10, timeoutSeconds: timeout, failureThreshold: 12 },
  };
}

interface MountedVolume {
  readonly volume: Volume;
  readonly mount: Mount;
}

function volumesOf(workload: Workload, prefix = ""): MountedVolume[] {
  const at = (part: string, path: string, source: Omit<Volume, "name">, readOnly = true): MountedVolume => {
    const name = prefix + part;
    return { volume: { name, ...source }, mount: { name, mountPath: path, readOnly: readOnly || undefined } };
  };
  const texts = (["restart", "live"] as const).flatMap((onChange) => {
    const map = configMapOf(workload, onChange);
    const folder = folderOf(workload.files.filter((file) => file.onChange === onChange).map((file) => file.path));
    return map && folder ? [at(onChange === "restart" ? "config" : "live", folder, { configMap: { name: map.name } })] : [];
  });
  const secrets = folderOf(workload.secrets.map(({ path }) => path));
  return compact([
    ...texts,
    secrets !== undefined &&
      at("secrets", secrets, { projected: { defaultMode: groupReadable, sources: workload.secrets.map(projection) } }),
    ...(workload.certificates ?? []).map(({ path, secret, keys, optional }) =>
      at(posix.basename(path), path, {
        secret: { secretName: secret, defaultMode: groupReadable, items: keys.map((key) => ({ key, path: key })), optional },
      }),
    ),
    ...workload.scratch.map(({ path, size }, i) =>
      at(`scratch-${i}`, path, { emptyDir: { medium: "Memory", sizeLimit: `${size}Mi` } }, false),
    ),
    // The cluster remembers itself what ran when: what a cron keeps lasts as long as the run.
    ...(workload.kind === "stateful"
      ? sharedFolders(workload).map(({ path, shared }) =>
          at(shared, path, { persistentVolumeClaim: { claimName: sharedClaim(workload, shared) } }, false),
        )
      : workload.data.map(({ path, size }) => at(dataVolume, path, { emptyDir: { sizeLimit: `${size}Mi` } }, false))),
    ...(workload.custom?.volumes ?? []).map(({ name, path, configMap, secret }) =>
      at(
        `custom-${name}`,
        path,
        secret ? { secret: { secretName: secret, defaultMode: groupReadable } } : { configMap: { name: configMap } },
      ),
    ),
  ]);
}

/** Folders of which each instance has its own. */
export const ownFolders = ({ data }: Workload): DataFolder[] => data.filter(({ shared }) => shared === undefined);

/** Folders that all instances share. */
export const sharedFolders = ({ data }: Workload): (DataFolder & { readonly shared: string })[] =>
  data.flatMap((folder) => (folder.shared === undefined ? [] : [{ ...folder, shared: folder.shared }]));

/** Name of the claim of such a folder. A volume for several pods is another than one for a single pod: its mode cannot change. */
export const sharedClaim = (workload: Workload, shared: string): string =>
  `${workload.name}-${shared}${hasSeveral(workload) ? "-for-all" : ""}`;

const claimMounts = (workload: Workload): Mount[] =>
  workload.kind === "stateful" ? ownFolders(workload).map(({ path }) => ({ name: dataVolume, mountPath: path })) : [];

/** 0440: the owner of such a file is always root, and the group is the pod's. */
const groupReadable = 0o440;

const projection = (file: Workload["secrets"][number]) => {
  const { name, key } = secretOf(file);
  const optional = "existing" in file.content ? file.content.optional : undefined;
  return { secret: { name, items: [{ key, path: posix.basename(file.path) }], optional } };
};

/** Where its pods may run: apart from each other, and on the nodes that stack config names for them. */
function where(settings: CommonSettings, workload: Workload): Partial<PodSpec> {
  const { nodeSelector, tolerations, affinity, priorityClass } = workload.custom ?? {};
  const spread = placement(settings, workload);
  const merged = (affinity ? merge(spread.affinity ?? {}, affinity) : spread.affinity) as PodSpec["affinity"];
  return { ...spread, affinity: merged, nodeSelector, tolerations, priorityClassName: priorityClass };
}

/** Instances apart from each other, as stack config has it. */
function placement(settings: CommonSettings, workload: Workload): Pick<PodSpec, "affinity" | "topologySpreadConstraints"> {
  const { nodes, zones } = settings.kubernetes;
  if (!workload.placement.spread || !hasSeveral(workload)) return {};
  // Load may make more instances than there are nodes: evenly over them, then. One to a node would leave the others, and a roll, waiting.
  const evenly = nodes === "required" && scalesByLoad(workload);
  const term = { labelSelector: { matchLabels: selector(settings, workload) }, topologyKey: "kubernetes.io/hostname" };
  const apart =
    nodes === "required"
      ? { requiredDuringSchedulingIgnoredDuringExecution: [term] }
      : { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }] };
  const overZones = {
    maxSkew: 1,
    topologyKey: zoneLabel,
    whenUnsatisfiable: zones === "required" ? "DoNotSchedule" : "ScheduleAnyway",
    labelSelector: term.labelSelector,
  };
  const overNodes = {
    maxSkew: 1,
    topologyKey: term.topologyKey,
    whenUnsatisfiable: "DoNotSchedule",
    labelSelector: term.labelSelector,
    // Of a roll, the new pods are counted by themselves: those that are to go take nobody's place.
    matchLabelKeys: ["pod-template-hash"],
    // A node that is drained or lost is no empty one that others must wait for.
    nodeTaintsPolicy: "Honor",
  };
  const constraints = compact([evenly && overNodes, zones !== "any" && overZones]);
  return {
    affinity: nodes === "any" || evenly ? undefined : { podAntiAffinity: apart },
    topologySpreadConstraints: constraints.length > 0 ? constraints : undefined,
  };
}

/** Whether load changes the number of instances. */
export const scalesByLoad = ({ scale }: Workload): boolean => scale.max !== undefined;

/** Whether a workload has more than one instance, or may come to have. */
export const hasSeveral = ({ scale }: Workload): boolean => Math.max(scale.replicas, scale.max ?? 0) > 1;
