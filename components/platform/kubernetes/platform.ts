/** The Kubernetes platform: a namespace of its own, and in it a workload's objects. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "../../../configs/stack/schema";
import type { ScrapeJob, ServiceName } from "../../../configs/topology/topology";
import { podsService } from "../../../configs/topology/kubernetes";
import { Certificates } from "./certificates";
import { Monitors } from "./monitors";
import { denyAll, policyOf } from "./network";
import { autoscaler, budget, cronJob, deployment, ingress, job, pods, podsLabel, service, statefulSet } from "./objects";
import { configMapOf, hasSeveral, labels, scalesByLoad, secretKey } from "./pod";
import type { Platform, Running } from "../platform";
import type { Workload } from "../workload";

/** What the platform must know before the first workload runs. */
export interface KubernetesPlatformArgs {
  readonly settings: Settings;
  /** All workloads of the stack: who may connect to whom follows from all. */
  readonly workloads: readonly Workload[];
  /** What is to be scraped, where the cluster's own Prometheus does it. */
  readonly jobs: readonly ScrapeJob[];
}

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
 * A provider of its own, the namespace, its default denial of all connections and the secrets; then the objects of each workload.
 *
 * All names are fixed, except those of ConfigMaps whose change must restart a program: they are named by their content, so a change makes a
 * new one, rolls the pods to it and deletes the old one.
 */
export class KubernetesPlatform extends pulumi.ComponentResource implements Platform {
  private readonly settings: Settings;
  private readonly workloads: readonly Workload[];
  private readonly provider: k8s.Provider;
  private readonly ready: pulumi.Resource[];
  private readonly running = new Map<ServiceName, pulumi.Resource>();
  /** Whether what holds data is kept from being deleted with the stack. */
  private readonly keep: boolean;

  constructor(name: string, args: KubernetesPlatformArgs, opts?: pulumi.ComponentResourceOptions) {
    super("tracing:platform:Kubernetes", name, {}, opts);
    this.settings = args.settings;
    this.workloads = args.workloads;
    const { namespace, cluster, kubeconfig, context, volumes } = args.settings.kubernetes;
    this.keep = volumes === "keep";
    this.provider = new k8s.Provider(
      `${name}-provider`,
      {
        ...(kubeconfig ? { kubeconfig } : {}),
        ...(context ? { context } : {}),
        // Otherwise an edit of the kubeconfig could pass for another cluster, and everything would be made anew.
        clusterIdentifier: cluster ?? args.settings.stack,
        // A changed file of a fixed name is changed in place: never a moment without it.
        enableConfigMapMutable: true,
        enableSecretMutable: true,
      },
      { parent: this },
    );
    const level = "restricted";
    const home = new k8s.core.v1.Namespace(
      `${name}-namespace`,
      {
        metadata: {
          name: namespace,
          labels: {
            "app.kubernetes.io/part-of": "tracing",
            ...Object.fromEntries(["enforce", "audit", "warn"].map((mode) => [`pod-security.kubernetes.io/${mode}`, level])),
          },
          ...(this.keep ? { annotations: keptByGitOps } : {}),
        },
      },
      // With the namespace go the volumes in it.
      { ...this.options(this, []), protect: this.keep, retainOnDelete: this.keep },
    );
    const denial = new k8s.networking.v1.NetworkPolicy(
      `${name}-deny-all`,
      { metadata: { name: "deny-all", namespace }, spec: denyAll },
      this.options(this, [home]),
    );
    const secrets = this.secrets(name, home);
    const certificates = this.settings.elasticsearch.tls === "cert-manager" && !this.settings.elasticsearch.external;
    this.ready = [
      home,
      denial,
      ...secrets,
      ...(certificates
        ? [
            new Certificates(
              `${name}-certificates`,
              { settings: args.settings, provider: this.provider, namespace: home },
              { parent: this },
            ),
          ]
        : []),
    ];
    if (args.settings.prometheus.mode === "operator") {
      new Monitors(`${name}-monitors`, { ...args, provider: this.provider, namespace: home }, { parent: this });
    }
    this.registerOutputs({});
  }

  run(name: string, workload: Workload, parent: pulumi.Resource): Running {
    const metadata = this.metadata(workload);
    const made = (...more: pulumi.Resource[]) => this.options(parent, [...this.ready, ...more]);
    const account = new k8s.core.v1.ServiceAccount(`${name}-account`, { metadata, automountServiceAccountToken: false }, made());
    const policy = new k8s.networking.v1.NetworkPolicy(
      `${name}-policy`,
      { metadata, spec: policyOf(this.settings, workload, this.workloads) },
      made(),
    );
    const texts = (["restart", "live"] as const).flatMap((onChange) => {
      const map = configMapOf(workload, onChange);
      if (!map) return [];
      const immutable = onChange === "restart" ? { immutable: true } : {};
      const part = onChange === "restart" ? "config" : "live";
      return [
        new k8s.core.v1.ConfigMap(`${name}-${part}`, { metadata: { ...metadata, name: map.name }, data: map.data, ...immutable }, made()),
      ];
    });
    const services = this.services(name, workload, made());
    const before = workload.startsAfter.map((other) => this.runningService(workload, other));
    const resource = this.program(name, workload, made(account, policy, ...texts, ...services, ...before));
    this.besides(name, workload, made(resource));
    this.running.set(workload.name, resource);
    return { resource };
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
        const protect = this.keep && workload.name === "elasticsearch";
        return new k8s.apps.v1.StatefulSet(
          name,
          { metadata, spec },
          {
            ...options,
            protect,
            ignoreChanges: fixedAtFirst,
            customTimeouts: slowStart,
          },
        );
      }
      case "task":
        return new k8s.batch.v1.Job(name, { metadata, spec: job(settings, workload) }, options);
      case "cron":
        return new k8s.batch.v1.CronJob(name, { metadata, spec: cronJob(settings, workload) }, options);
    }
  }

  /** The name that clients use, and the one that leads to single pods. */
  private services(name: string, workload: Workload, options: pulumi.CustomResourceOptions): pulumi.Resource[] {
    if (workload.ports.length === 0) return [];
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
    if (spec) new k8s.networking.v1.Ingress(`${name}-ingress`, { metadata: { ...metadata, annotations: notAwaited }, spec }, options);
  }

  /** The secrets that the stack makes, one object each. */
  private secrets(name: string, home: pulumi.Resource): k8s.core.v1.Secret[] {
    const { namespace } = this.settings.kubernetes;
    const values = new Map(
      this.workloads
        .flatMap((workload) => [...workload.secrets, ...(workload.secretVariables ?? [])])
        .flatMap(({ secret, content }) => ("existing" in content ? [] : [[secret, content] as const])),
    );
    return [...values].map(
      ([secret, content]) =>
        new k8s.core.v1.Secret(
          `${name}-secret-${secret}`,
          { metadata: { name: secret, namespace }, type: "Opaque", stringData: { [secretKey]: content } },
          this.options(this, [home]),
        ),
    );
  }

  private runningService(workload: Workload, name: ServiceName): pulumi.Resource {
    const resource = this.running.get(name);
    if (!resource) throw new pulumi.ResourceError(`${workload.name} starts after ${name}, which is not running yet`, this);
    return resource;
  }

  private metadata(workload: Workload) {
    return { name: workload.name, namespace: this.settings.kubernetes.namespace, labels: labels(this.settings, workload) };
  }

  private options(parent: pulumi.Resource, dependsOn: pulumi.Resource[]): pulumi.CustomResourceOptions {
    return { parent, provider: this.provider, dependsOn };
  }
}
