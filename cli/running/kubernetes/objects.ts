/** How a stack's services are, read off the objects that `kubectl get --output json` prints. Pure functions. */
import { makeCommand } from "../../../configs/make-command";
import { kubernetesLabels } from "../../../components/platform/labels";
import { compact } from "../../../configs/compact";
import type { Settings } from "../../../configs/stack/schema";
import type { ServiceName } from "../../../configs/topology/topology";
import type { LastRuns, ServiceState } from "../running-stack";
import { missing, replicasOf, servicesOf } from "../services";
import { deployCommand, kubectlCommand } from "./kubectl";
import { quantity } from "./quantity";

interface Terminated {
  readonly reason?: string;
  readonly exitCode: number;
}

/** The status of a container of a pod. */
interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state?: { readonly waiting?: { readonly reason?: string }; readonly running?: object; readonly terminated?: Terminated };
  readonly lastState?: { readonly terminated?: Terminated };
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

interface PodSpec {
  readonly containers: readonly { readonly image: string; readonly resources?: { readonly limits?: { readonly memory?: string } } }[];
}

interface Metadata {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
}

/** A Deployment or StatefulSet; the parts that are used here. */
interface Controller {
  readonly kind: "Deployment" | "StatefulSet";
  readonly metadata: Metadata;
  readonly spec: { readonly replicas?: number; readonly template: { readonly spec: PodSpec } };
  readonly status: { readonly readyReplicas?: number; readonly updatedReplicas?: number; readonly observedGeneration?: number };
}

interface CronJob {
  readonly kind: "CronJob";
  readonly metadata: Metadata;
  readonly spec: { readonly suspend?: boolean; readonly jobTemplate: { readonly spec: { readonly template: { readonly spec: PodSpec } } } };
  readonly status?: { readonly lastSuccessfulTime?: string };
}

interface Job {
  readonly kind: "Job";
  readonly metadata: Metadata;
  readonly status: {
    readonly active?: number;
    readonly startTime?: string;
    readonly completionTime?: string;
    readonly conditions?: readonly Condition[];
  };
}

interface Pod {
  readonly kind: "Pod";
  readonly metadata: Metadata;
  readonly spec: PodSpec;
  readonly status: {
    readonly phase: string;
    readonly conditions?: readonly Condition[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

/** An object of a stack. */
export type StackObject = Controller | CronJob | Job | Pod;

/** The kinds that are asked for. */
export const kinds = "deployments,statefulsets,cronjobs,jobs,pods";

const serviceOf = ({ metadata }: StackObject): string | undefined => metadata.labels?.[kubernetesLabels.name];

const holds = (conditions: readonly Condition[] | undefined, type: string): boolean =>
  (conditions ?? []).some((condition) => condition.type === type && condition.status === "True");

const isOfJob = ({ metadata }: Pod): boolean => (metadata.ownerReferences ?? []).some(({ kind }) => kind === "Job");

/** Pods of a service that are not on their way out. */
const podsOf = (objects: readonly StackObject[], service: ServiceName): Pod[] =>
  objects.filter((object): object is Pod => object.kind === "Pod" && serviceOf(object) === service && !object.metadata.deletionTimestamp);

/** Reasons that usually disappear within seconds, and are no problem yet. */
const passing = new Set(["ContainerCreating", "PodInitializing"]);

const ended = ({ exitCode, reason }: Terminated): string => (reason === "OOMKilled" ? "out of memory" : `exit code ${exitCode}`);

/** Why a pod is not ready, in a few words; undefined if it is. `stuck`: only `kubectl describe` tells more, as it has no log. */
function troubleOf({ metadata, status }: Pod): { readonly text: string; readonly pod: string; readonly stuck: boolean } | undefined {
  const pod = metadata.name;
  if (holds(status.conditions, "Ready") || status.phase === "Succeeded") return undefined;
  const scheduled = (status.conditions ?? []).find(({ type }) => type === "PodScheduled");
  if (scheduled?.status === "False")
    return { pod, text: `no node takes it: ${(scheduled.message ?? scheduled.reason ?? "").split(". ")[0] ?? ""}`, stuck: true };
  for (const { name, state, lastState } of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]) {
    const reason = state?.waiting?.reason;
    const last = state?.terminated ?? lastState?.terminated;
    const init = (status.initContainerStatuses ?? []).some((one) => one.name === name) ? `${name}: ` : "";
    if (reason === "CrashLoopBackOff") return { pod, text: `${init}CrashLoopBackOff${last ? ` (${ended(last)})` : ""}`, stuck: false };
    if (reason !== undefined && !passing.has(reason)) return { pod, text: `${init}${reason}`, stuck: true };
    if (state?.terminated && state.terminated.exitCode !== 0)
      return { pod, text: `${init}ended (${ended(state.terminated)})`, stuck: false };
  }
  const waiting = (status.containerStatuses ?? []).find(({ state }) => state?.waiting)?.state?.waiting?.reason;
  if (waiting !== undefined || status.phase === "Pending") return { pod, text: waiting ?? "Pending", stuck: true };
  return { pod, text: status.phase === "Running" ? "not ready" : status.phase, stuck: false };
}

/** The worst first: what has no log to read, then what ends again and again, then what is only slow. */
const severity = ({ text, stuck }: { text: string; stuck: boolean }): number => {
  if (stuck && !passing.has(text)) return 0;
  return /CrashLoopBackOff|ended/.test(text) ? 1 : 2;
};

function worstOf(pods: readonly Pod[]) {
  const troubles = pods.flatMap((pod) => troubleOf(pod) ?? []);
  return troubles.sort((one, other) => severity(one) - severity(other))[0];
}

const limitOf = ({ containers }: PodSpec): number | undefined => quantity(containers[0]?.resources?.limits?.memory);

/** Sum of the known values; undefined where none is known. */
function sum(values: readonly (number | undefined)[]): number | undefined {
  const known = compact(values);
  return known.length === 0 ? undefined : known.reduce((total, value) => total + value, 0);
}

/**
 * How each service is that the stack should have.
 *
 * @param objects Of the stack.
 * @param used Memory in use by pod, bytes.
 */
export function serviceStates(settings: Settings, objects: readonly StackObject[], used: ReadonlyMap<string, number>): ServiceState[] {
  return servicesOf(settings).map((service) => {
    const owner = objects.find(
      (object): object is Controller | CronJob => object.kind !== "Pod" && object.kind !== "Job" && serviceOf(object) === service,
    );
    if (!owner) return missing(service, deployCommand(settings.stack));
    return owner.kind === "CronJob"
      ? cronState(settings, service, owner, objects)
      : controllerState(settings, service, owner, objects, used);
  });
}

function controllerState(
  settings: Settings,
  service: ServiceName,
  { kind, metadata, spec, status }: Controller,
  objects: readonly StackObject[],
  used: ReadonlyMap<string, number>,
): ServiceState {
  const pods = podsOf(objects, service).filter((pod) => !isOfJob(pod));
  const wanted = spec.replicas ?? 1;
  const ready = Math.min(wanted, pods.filter((pod) => holds(pod.status.conditions, "Ready")).length);
  const containers = pods.flatMap((pod) => pod.status.containerStatuses ?? []);
  const limit = limitOf(spec.template.spec);
  const base = {
    service,
    instances: { ready, wanted },
    restarts: containers.reduce((total, { restartCount }) => total + restartCount, 0),
    outOfMemory: containers.some(({ lastState }) => lastState?.terminated?.reason === "OOMKilled"),
    memoryUsed: sum(pods.map((pod) => used.get(pod.metadata.name))),
    memoryLimit: limit === undefined ? undefined : limit * Math.max(wanted, 1),
    image: spec.template.spec.containers[0]?.image ?? "",
  };
  if (wanted === 0) {
    const scale = ["scale", `${kind.toLowerCase()}/${service}`, `--replicas=${replicasOf(settings, service)}`];
    return { ...base, state: "scaled to 0", condition: "down", next: kubectlCommand(settings, ...scale) };
  }
  const trouble = worstOf(pods);
  const rolling = status.observedGeneration !== metadata.generation || (status.updatedReplicas ?? 0) < wanted;
  // A new pod that is on its way while the old ones work is a roll, and no trouble.
  if (ready === wanted && (trouble === undefined || severity(trouble) === 2)) {
    return { ...base, state: rolling ? "healthy, being rolled out" : "healthy", condition: "well" };
  }
  const state = `${ready} of ${wanted} ready: ${trouble?.text ?? (pods.length === 0 ? "no pod" : "pods are missing")}`;
  const describe = kubectlCommand(settings, "describe", trouble?.stuck ? `pod/${trouble.pod}` : `${kind.toLowerCase()}/${service}`);
  const next = trouble && !trouble.stuck ? makeCommand(settings.stack, "logs", `SERVICE=${service}`) : describe;
  return { ...base, state, condition: ready === 0 ? "down" : "degraded", next };
}

/** Jobs of a daily service, the newest first. */
const jobsOf = (objects: readonly StackObject[], service: ServiceName): Job[] =>
  objects
    .filter((object): object is Job => object.kind === "Job" && serviceOf(object) === service)
    .sort((one, other) => Date.parse(other.metadata.creationTimestamp ?? "") - Date.parse(one.metadata.creationTimestamp ?? ""));

function cronState(settings: Settings, service: ServiceName, { spec }: CronJob, objects: readonly StackObject[]): ServiceState {
  const [job] = jobsOf(objects, service);
  const pods = podsOf(objects, service).filter(({ metadata }) => metadata.ownerReferences?.some(({ name }) => name === job?.metadata.name));
  const template = spec.jobTemplate.spec.template.spec;
  const base = {
    service,
    restarts: 0,
    outOfMemory: pods.some(({ status }) => (status.containerStatuses ?? []).some(({ state }) => state?.terminated?.reason === "OOMKilled")),
    memoryLimit: limitOf(template),
    image: template.containers[0]?.image ?? "",
  };
  const logs = makeCommand(settings.stack, "logs", `SERVICE=${service}`);
  if (spec.suspend) {
    const resume = kubectlCommand(settings, "patch", `cronjob/${service}`, "--patch", '{"spec":{"suspend":false}}');
    return { ...base, state: "suspended", condition: "down", next: resume };
  }
  if (job && holds(job.status.conditions, "Failed")) return { ...base, state: "last run failed", condition: "degraded", next: logs };
  if (!job?.status.active) return { ...base, state: "scheduled", condition: "well" };
  const trouble = worstOf(pods);
  if (!trouble || severity(trouble) === 2) return { ...base, state: "running", condition: "well" };
  const next = trouble.stuck ? kubectlCommand(settings, "describe", `pod/${trouble.pod}`) : logs;
  return { ...base, state: `running: ${trouble.text}`, condition: "degraded", next };
}

const seconds = (time: string | undefined): number | undefined => (time === undefined ? undefined : Date.parse(time) / 1000);

/** The last runs of a daily service; those that were started by hand count. */
export function lastRuns(objects: readonly StackObject[], service: ServiceName): LastRuns {
  const cron = objects.find((object): object is CronJob => object.kind === "CronJob" && serviceOf(object) === service);
  const jobs = jobsOf(objects, service);
  const good = jobs.filter(({ status }) => holds(status.conditions, "Complete")).map(({ status }) => seconds(status.startTime));
  const times = compact([...good, seconds(cron?.status?.lastSuccessfulTime)]);
  const ended = jobs.find(({ status }) => holds(status.conditions, "Failed") || holds(status.conditions, "Complete"));
  return {
    success: times.length === 0 ? undefined : Math.max(...times),
    result: ended === undefined ? undefined : holds(ended.status.conditions, "Failed") ? "failed" : 0,
    since: seconds(cron?.metadata.creationTimestamp),
  };
}

/** The pods that have something to say, by service: those there are, and of a daily service the last run's. */
export function podsWithLogs(objects: readonly StackObject[], service: ServiceName): string[] {
  const [job] = jobsOf(objects, service);
  return podsOf(objects, service)
    .filter((pod) => !isOfJob(pod) || pod.metadata.ownerReferences?.some(({ name }) => name === job?.metadata.name))
    .map(({ metadata }) => metadata.name)
    .sort();
}

/** Memory in use by pod, bytes, from the objects of the metrics API. */
export function memoryByPod(list: {
  readonly items?: readonly {
    readonly metadata: Metadata;
    readonly containers: readonly { readonly usage: { readonly memory?: string } }[];
  }[];
}): Map<string, number> {
  return new Map(
    (list.items ?? []).flatMap(({ metadata, containers }) => {
      const used = sum(containers.map(({ usage }) => quantity(usage.memory)));
      return used === undefined ? [] : [[metadata.name, used]];
    }),
  );
}
