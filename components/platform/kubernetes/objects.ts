/** Specs of a workload's objects: Deployment, StatefulSet, CronJob, claims, Services, budget, autoscaler, ingress. Pure functions. */
import type * as k8s from "@pulumi/kubernetes";
import type { CommonSettings } from "../../../configs/stack/schema";
import { podsService } from "../../../configs/topology/kubernetes";
import { labels, selector } from "../labels";
import { dataVolume, hasSeveral, ownFolders, podSpec, requestedCpu, scalesByLoad } from "./pod";
import { allPorts, type DataFolder, type Workload } from "../workload";

const template = (settings: CommonSettings, workload: Workload) => {
  const { annotations, labels: more } = workload.custom ?? {};
  return {
    metadata: { annotations, labels: { ...more, ...labels(settings, workload) } },
    spec: podSpec(settings, workload),
  };
};

/** Where load changes the number of instances, the spec must not say one. */
const replicas = (workload: Workload) => (scalesByLoad(workload) ? {} : { replicas: workload.scale.replicas });

/**
 * A Deployment. A new pod comes before an old one goes; where every instance must have a node of its own there may be none to come to, so
 * there an old one goes first.
 */
export function deployment(settings: CommonSettings, workload: Workload): k8s.types.input.apps.v1.DeploymentSpec {
  const crowded = settings.kubernetes.nodes === "required" && hasSeveral(workload) && !scalesByLoad(workload);
  return {
    ...replicas(workload),
    revisionHistoryLimit: 3,
    selector: { matchLabels: selector(settings, workload) },
    strategy: { type: "RollingUpdate", rollingUpdate: crowded ? { maxSurge: 0, maxUnavailable: 1 } : { maxSurge: 1, maxUnavailable: 0 } },
    template: template(settings, workload),
  };
}

/**
 * A StatefulSet. Its volumes outlive it, or not, as stack config has it.
 *
 * Pods start all at once. In turn, a broken revision could not be taken back: its pod would be waited for before any other is touched
 * (kubernetes#67250), and nodes that make a cluster would wait for each other. An update goes pod by pod either way.
 */
export function statefulSet(settings: CommonSettings, workload: Workload): k8s.types.input.apps.v1.StatefulSetSpec {
  const { storageClass, volumes } = settings.kubernetes;
  return {
    ...replicas(workload),
    serviceName: podsService(workload.name),
    podManagementPolicy: "Parallel",
    selector: { matchLabels: selector(settings, workload) },
    updateStrategy: { type: "RollingUpdate" },
    persistentVolumeClaimRetentionPolicy: { whenDeleted: volumes === "keep" ? "Retain" : "Delete", whenScaled: "Retain" },
    template: template(settings, workload),
    volumeClaimTemplates: ownFolders(workload).map(({ size }) => ({
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: dataVolume, labels: selector(settings, workload) },
      spec: claim("ReadWriteOnce", size, storageClass),
    })),
  };
}

/** The claim of a folder that all instances share. */
export const sharedClaimSpec = (settings: CommonSettings, workload: Workload, { size, storageClass }: DataFolder) =>
  claim(hasSeveral(workload) ? "ReadWriteMany" : "ReadWriteOnce", size, storageClass ?? settings.kubernetes.storageClass);

const claim = (mode: string, size: number, storageClass: string | undefined): k8s.types.input.core.v1.PersistentVolumeClaimSpec => ({
  accessModes: [mode],
  storageClassName: storageClass,
  resources: { requests: { storage: `${size}Mi` } },
});

/** A daily run. One that could not start within an hour is left out; the next deletes what it would have deleted. */
export function cronJob(settings: CommonSettings, workload: Workload): k8s.types.input.batch.v1.CronJobSpec {
  if (!workload.schedule) throw new Error(`cron ${workload.name} needs a schedule`);
  // Its Jobs get eleven characters more, and a name has 63.
  if (workload.name.length > 52) throw new Error(`cron ${workload.name}: a name of 52 characters at most`);
  return {
    schedule: `0 ${workload.schedule.hour} * * *`,
    timeZone: "Etc/UTC",
    concurrencyPolicy: "Forbid",
    startingDeadlineSeconds: 3600,
    successfulJobsHistoryLimit: 3,
    failedJobsHistoryLimit: 3,
    jobTemplate: {
      metadata: { labels: labels(settings, workload) },
      // Tried again, at growing distances.
      spec: { backoffLimit: 4, activeDeadlineSeconds: workload.schedule.longest, template: template(settings, workload) },
    },
  };
}

/** The Service that clients use. */
export function service(settings: CommonSettings, workload: Workload): k8s.types.input.core.v1.ServiceSpec {
  return { type: "ClusterIP", selector: selector(settings, workload), ports: servicePorts(workload) };
}

/** The headless Service: the addresses of single pods. */
export function pods(settings: CommonSettings, workload: Workload): k8s.types.input.core.v1.ServiceSpec {
  return {
    type: "ClusterIP",
    clusterIP: "None",
    publishNotReadyAddresses: workload.instances !== "ready",
    selector: selector(settings, workload),
    ports: servicePorts(workload),
  };
}

const servicePorts = (workload: Workload) =>
  allPorts(workload).map(({ name, port }) => ({ name, port, targetPort: name, protocol: "TCP" }));

/** Whether a workload's instances talk to each other: they are a cluster, in which one may need what another has. */
const isCluster = ({ name, peers }: Workload): boolean => peers.some(({ from }) => from === name);

/** One pod at a time goes for a node's maintenance; one that does not work anyway is no reason to wait, unless it is the node of a cluster. */
export function budget(settings: CommonSettings, workload: Workload): k8s.types.input.policy.v1.PodDisruptionBudgetSpec {
  return {
    maxUnavailable: 1,
    selector: { matchLabels: selector(settings, workload) },
    unhealthyPodEvictionPolicy: isCluster(workload) ? undefined : "AlwaysAllow",
  };
}

/** CPU in use, as a share of the limit, from which on load makes more instances. */
const busy = 0.5;

/** More instances when half of the CPU is in use; fewer only after five quiet minutes. The autoscaler counts in percent of what is requested. */
export function autoscaler(workload: Workload): k8s.types.input.autoscaling.v2.HorizontalPodAutoscalerSpec {
  return {
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: workload.name },
    minReplicas: workload.scale.replicas,
    maxReplicas: workload.scale.max ?? workload.scale.replicas,
    metrics: [
      {
        type: "Resource",
        resource: { name: "cpu", target: { type: "Utilization", averageUtilization: Math.round((100 * busy) / requestedCpu) } },
      },
    ],
    behavior: { scaleDown: { stabilizationWindowSeconds: 300 } },
  };
}

/** What tells ingress-nginx to connect by TLS, and whom to trust. Other controllers do not read it. */
export function ingressAnnotations({ kubernetes }: CommonSettings, { name, ingress }: Workload): Record<string, string> {
  if (ingress?.backendSecret === undefined) return {};
  const of = {
    "backend-protocol": "HTTPS",
    "proxy-ssl-secret": `${kubernetes.namespace}/${ingress.backendSecret}`,
    "proxy-ssl-verify": "on",
    "proxy-ssl-name": name,
    "proxy-ssl-server-name": "on",
  };
  return Object.fromEntries(Object.entries(of).map(([key, value]) => [`nginx.ingress.kubernetes.io/${key}`, value]));
}

/** The ingress of a UI. */
export function ingress(workload: Workload): k8s.types.input.networking.v1.IngressSpec | undefined {
  if (!workload.ingress) return undefined;
  const { host, className, tlsSecret, port, service = workload.name } = workload.ingress;
  const backend = { service: { name: service, port: { name: port } } };
  return {
    ingressClassName: className,
    tls: [{ hosts: [host], secretName: tlsSecret }],
    rules: [{ host, http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }],
  };
}
