/** The Kubernetes platform: a namespace of its own, and in it a workload's objects. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { CommonSettings } from "../../../configs/stack/schema";
import type { ScrapeJob } from "../../../configs/topology/topology";
import { podsService } from "../../../configs/topology/kubernetes";
import { Certificates } from "./certificates";
import { Dashboards } from "./dashboards";
import { Monitors } from "./monitors";
import { denyAll, policyOf } from "./network";
import {
  autoscaler,
  budget,
  cronJob,
  deployment,
  ingress,
  ingressAnnotations,
  pods,
  service,
  sharedClaimSpec,
  statefulSet,
} from "./objects";
import { labels, namespaceLabels, podsLabel } from "../labels";
import { configMapOf, hasSeveral, scalesByLoad, secretKey, sharedClaim, sharedFolders } from "./pod";
import { commonSettings, kubernetesInput, requireProvider, type KubernetesPlatformArgs } from "../../args";
import { OncePerSecret, RunningWorkloads } from "../once";
import type { Platform, PublishedDashboards } from "../platform";
import { allPorts, withFront, type DataFolder, type Secret, type Workload } from "../workload";

/** Time for a volume to be made and a cluster to form. */
const slowStart = { create: "15m", update: "30m" };

/**
 * What Kubernetes does not change in a StatefulSet. An edit would make it anew, and where volumes go with it, delete the data: what is there
 * stays as it is, and docs/SETUP_AND_INTEGRATION.md says how it is changed by hand.
 */
const fixedAtFirst = ["spec.volumeClaimTemplates", "spec.podManagementPolicy"];

/**
 * Argo CD and Flux leave an object with these where it is, when they prune and when their application is deleted: what `protect` and
 * `retainOnDelete` are to Pulumi.
 */
const keptByGitOps = {
  "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
  "kustomize.toolkit.fluxcd.io/prune": "disabled",
};

/** Objects that are ready when something else is, such as a Service when its pods are, are not waited for: their pods are. */
const notAwaited = { "pulumi.com/skipAwait": "true" };

/**
 * A stack in one namespace of a cluster: a provider unless one is given, the namespace with its default-deny network policy, and the objects and
 * Secrets of each workload.
 *
 * All names are fixed, except those of ConfigMaps whose change must restart a program: they are named by their content, so a change makes a
 * new one, rolls the pods to it and deletes the old one.
 */
export class KubernetesPlatform extends pulumi.ComponentResource implements Platform {
  /** @internal */
  readonly settings: CommonSettings;
  private readonly name: string;
  private readonly provider: pulumi.ProviderResource;
  private readonly namespace: pulumi.Resource;
  /** Resources that every workload waits for. */
  private readonly ready: pulumi.Resource[];
  private readonly secrets = new OncePerSecret<k8s.core.v1.Secret>();
  private readonly running = new RunningWorkloads();
  /** Once a workload wants a certificate. */
  private allIssued?: Certificates;
  /** Whether what holds data is kept from being deleted with the stack. */
  private readonly keep: boolean;

  /**
   * @param opts `provider`: the cluster to use. Set `enableConfigMapMutable` and `enableSecretMutable` on it, so that ConfigMaps and Secrets with
   *   fixed names change in place. Default: a provider made from `kubeconfig` and `context`.
   * @throws SettingsError that lists every error in the arguments.
   */
  constructor(name: string, args: KubernetesPlatformArgs, opts?: pulumi.ComponentResourceOptions) {
    super("tracing:platform:Kubernetes", name, {}, opts);
    requireProvider(this, opts, "kubernetes");
    this.name = name;
    this.settings = commonSettings(kubernetesInput(args));
    const { namespace, cluster, kubeconfig, context, volumes } = this.settings.kubernetes;
    this.keep = volumes === "keep";
    const given = this.getProvider("kubernetes:core/v1:Namespace");
    if (given && (kubeconfig ?? context) !== undefined)
      throw new pulumi.ResourceError("kubeconfig and context: found beside a provider, which has its own; allowed: one or the other", this);
    this.provider =
      given ??
      new k8s.Provider(
        `${name}-provider`,
        {
          kubeconfig,
          context,
          // Otherwise an edit of the kubeconfig could pass for another cluster, and everything would be made anew.
          clusterIdentifier: cluster ?? this.settings.stack,
          // A changed file of a fixed name is changed in place: never a moment without it.
          enableConfigMapMutable: true,
          enableSecretMutable: true,
        },
        { parent: this },
      );
    const level = "restricted";
    this.namespace = new k8s.core.v1.Namespace(
      `${name}-namespace`,
      {
        metadata: {
          name: namespace,
          labels: {
            ...namespaceLabels,
            ...Object.fromEntries(["enforce", "audit", "warn"].map((mode) => [`pod-security.kubernetes.io/${mode}`, level])),
          },
          annotations: this.keep ? keptByGitOps : undefined,
        },
      },
      // With the namespace go the volumes in it.
      { ...this.options(this, []), protect: this.keep ? true : undefined, retainOnDelete: this.keep },
    );
    const denial = new k8s.networking.v1.NetworkPolicy(
      `${name}-deny-all`,
      { metadata: { name: "deny-all", namespace }, spec: denyAll },
      this.options(this, [this.namespace]),
    );
    this.ready = [this.namespace, denial];
    this.registerOutputs({});
  }

  /** @internal */
  watch(jobs: readonly ScrapeJob[], groups: readonly object[]): void {
    new Monitors(
      `${this.name}-monitors`,
      { settings: this.settings, workloads: this.running.workloads, jobs, groups },
      this.options(this, [this.namespace]),
    );
  }

  /** @internal */
  publishDashboards(dashboards: PublishedDashboards): void {
    new Dashboards(
      `${this.name}-dashboards`,
      { settings: this.settings, ...dashboards },
      // Those in another namespace need none of the stack's.
      this.options(this, dashboards.namespace === undefined ? [this.namespace] : []),
    );
  }

  /** @internal */
  run(name: string, workload: Workload, parent: pulumi.Resource): void {
    this.running.refuseSecond(workload, parent);
    const metadata = this.metadata(workload);
    this.certificates(workload);
    const secrets = [...withFront(workload).flatMap((part) => part.secrets), ...(workload.secretVariables ?? [])].flatMap(
      (secret) => this.secret(secret) ?? [],
    );
    const made = (...more: pulumi.Resource[]) => this.options(parent, [...this.ready, ...more]);
    const account = new k8s.core.v1.ServiceAccount(`${name}-account`, { metadata, automountServiceAccountToken: false }, made());
    const policy = new k8s.networking.v1.NetworkPolicy(`${name}-policy`, { metadata, spec: policyOf(this.settings, workload) }, made());
    const texts = withFront(workload).flatMap((program) => {
      const prefix = program === workload ? name : `${name}-${program.name}`;
      return (["restart", "live"] as const).flatMap((onChange) => {
        const map = configMapOf(program, onChange);
        if (!map) return [];
        const immutable = onChange === "restart" ? { immutable: true } : {};
        const part = onChange === "restart" ? "config" : "live";
        return [
          new k8s.core.v1.ConfigMap(
            `${prefix}-${part}`,
            { metadata: { ...metadata, name: map.name }, data: map.data, ...immutable },
            made(),
          ),
        ];
      });
    });
    const services = this.services(name, workload, made());
    const claims = sharedFolders(workload).map((folder) => this.claim(name, workload, folder, made()));
    const before = this.running.before(workload, this);
    const resource = this.program(name, workload, made(account, policy, ...secrets, ...texts, ...claims, ...services, ...before));
    this.besides(name, workload, made(resource));
    this.running.add(workload, resource);
  }

  /** What makes the pods. */
  private program(name: string, workload: Workload, options: pulumi.CustomResourceOptions): pulumi.Resource {
    const { settings } = this;
    const metadata = this.metadata(workload);
    switch (workload.kind) {
      case "service":
        return new k8s.apps.v1.Deployment(name, { metadata, spec: deployment(settings, workload) }, options);
      case "stateful": {
        const spec = statefulSet(settings, workload);
        // What the stack exists for is protected; a queue and metrics can be made anew.
        const protect = this.keep && workload.name === "elasticsearch" ? { protect: true } : {};
        return new k8s.apps.v1.StatefulSet(
          name,
          { metadata, spec },
          {
            ...options,
            ...protect,
            ignoreChanges: fixedAtFirst,
            customTimeouts: slowStart,
          },
        );
      }
      case "cron":
        return new k8s.batch.v1.CronJob(name, { metadata, spec: cronJob(settings, workload) }, options);
    }
  }

  /** The volume of a folder that all instances share. Whether it is kept is as for all volumes. */
  private claim(name: string, workload: Workload, folder: DataFolder & { shared: string }, options: pulumi.CustomResourceOptions) {
    const metadata = { ...this.metadata(workload), name: sharedClaim(workload, folder.shared) };
    return new k8s.core.v1.PersistentVolumeClaim(
      `${name}-${folder.shared}`,
      // Many classes make the volume only for the pod that wants it.
      {
        metadata: { ...metadata, annotations: { ...notAwaited, ...(this.keep ? keptByGitOps : {}) } },
        spec: sharedClaimSpec(this.settings, workload, folder),
      },
      // The class of a volume that is there cannot change.
      { ...options, retainOnDelete: this.keep, ignoreChanges: ["spec.storageClassName"] },
    );
  }

  /** The name that clients use, and the one that leads to single pods. */
  private services(name: string, workload: Workload, options: pulumi.CustomResourceOptions): pulumi.Resource[] {
    if (allPorts(workload).length === 0) return [];
    const metadata = { ...this.metadata(workload), annotations: notAwaited };
    return [
      new k8s.core.v1.Service(`${name}-service`, { metadata, spec: service(this.settings, workload) }, options),
      new k8s.core.v1.Service(
        `${name}-pods`,
        {
          metadata: { ...metadata, name: podsService(workload.name), labels: { ...metadata.labels, ...podsLabel } },
          spec: pods(this.settings, workload),
        },
        options,
      ),
    ];
  }

  /** What is there for some workloads only. */
  private besides(name: string, workload: Workload, options: pulumi.CustomResourceOptions): void {
    const metadata = this.metadata(workload);
    if (hasSeveral(workload)) {
      new k8s.policy.v1.PodDisruptionBudget(`${name}-budget`, { metadata, spec: budget(this.settings, workload) }, options);
    }
    if (scalesByLoad(workload)) {
      new k8s.autoscaling.v2.HorizontalPodAutoscaler(`${name}-autoscaler`, { metadata, spec: autoscaler(workload) }, options);
    }
    const spec = ingress(workload);
    if (spec) {
      const annotations = { ...notAwaited, ...ingressAnnotations(this.settings, workload) };
      new k8s.networking.v1.Ingress(`${name}-ingress`, { metadata: { ...metadata, annotations }, spec }, options);
    }
  }

  /** The Secret for a secret of the stack; undefined if the cluster already has one. */
  private secret(wanted: Secret): k8s.core.v1.Secret | undefined {
    const { secret, content } = wanted;
    if ("existing" in content) return undefined;
    const metadata = { name: secret, namespace: this.settings.kubernetes.namespace };
    return this.secrets.get(
      wanted,
      this,
      () =>
        new k8s.core.v1.Secret(
          `${this.name}-secret-${secret}`,
          { metadata, type: "Opaque", stringData: { [secretKey]: content } },
          this.options(this, [this.namespace]),
        ),
    );
  }

  /** Requests a workload's certificates from cert-manager. Workloads run from here on wait for them. */
  private certificates(workload: Workload): void {
    for (const { secret, request } of withFront(workload).flatMap(({ certificates = [] }) => certificates)) {
      // Clients call what stands in front of a workload by the workload's name.
      if (request) this.ready.push(this.issued.request(workload.name, secret, request));
    }
  }

  private get issued(): Certificates {
    const { namespace } = this.settings.kubernetes;
    return (this.allIssued ??= new Certificates(`${this.name}-certificates`, namespace, this.options(this, [this.namespace])));
  }

  private metadata(workload: Workload) {
    return { name: workload.name, namespace: this.settings.kubernetes.namespace, labels: labels(this.settings, workload) };
  }

  private options(parent: pulumi.Resource, dependsOn: pulumi.Resource[]): pulumi.CustomResourceOptions {
    return { parent, provider: this.provider, dependsOn };
  }
}
