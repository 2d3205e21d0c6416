/** Arguments of components, and how they become settings. Code and stack config go through the same validation. */
import * as docker from "@pulumi/docker";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type {
  KubernetesOptions,
  LimitsOptions,
  OverrideOptions,
  PrometheusOperatorOptions,
  SamplingOptions,
  StackOptions,
} from "../configs/stack/options";
import { settingsOf, type SettingsKey } from "../configs/stack/parse";
import type { CommonSettings, Parsed } from "../configs/stack/schema";
import type { ServiceName } from "../configs/topology/topology";
import type { Platform } from "./platform/platform";

/** Arguments that both platforms share. */
export interface PlatformArgs extends Pick<StackOptions, "environment" | "images" | "imageRegistry" | "otherImages"> {
  /** Name of the stack in labels, and on Docker in all names. Default: the name of the Pulumi stack. */
  readonly stack?: string;
}

/** Arguments of a stack on a Docker engine. */
export interface DockerPlatformArgs extends PlatformArgs, Pick<StackOptions, "publish"> {}

/** Arguments of a stack in a Kubernetes namespace. */
export interface KubernetesPlatformArgs extends PlatformArgs, KubernetesOptions {
  /** Set this if the cluster has a Prometheus operator that should watch the stack: its namespace, and the labels that it selects by. */
  readonly operator?: PrometheusOperatorOptions;
}

/** Arguments about traces. The Collector takes them from Jaeger. */
export interface TraceArgs extends Pick<StackOptions, "retention"> {
  /** Which traces are kept. Default: all of them. */
  readonly sampling?: SamplingOptions;
  /** Limits on requests and spans. */
  readonly limits?: LimitsOptions;
}

/** Arguments of every component. */
export interface ComponentArgs<Services extends ServiceName> {
  /** Where the component runs: a DockerPlatform or a KubernetesPlatform. */
  readonly platform: Platform;
  /** Additions to pods and config files, by the name of the service. Those of services that the component does not run have no effect. */
  readonly overrides?: Readonly<Partial<Record<Services, OverrideOptions>>>;
}

const common = ["platform", "environment", "images", "imageRegistry", "otherImages", "publish", "kubernetes", "prometheus"] as const;

/** The settings that all components on a platform share. Throws a SettingsError that lists every error. */
export function commonSettings({ stack, ...options }: PlatformArgs & Pick<StackOptions, (typeof common)[number]>): CommonSettings {
  return settingsOf(stack ?? pulumi.getStack(), options, common);
}

/** Groups arguments as stack config does. */
export function kubernetesInput({
  stack,
  environment,
  images,
  imageRegistry,
  otherImages,
  operator,
  ...kubernetes
}: KubernetesPlatformArgs) {
  return {
    stack,
    platform: "kubernetes" as const,
    environment,
    images,
    imageRegistry,
    otherImages,
    kubernetes,
    prometheus: operator ? { mode: "operator" as const, operator } : undefined,
  };
}

/** Throws if components do not run on the same platform: their addresses, secrets and names would not fit together. */
export function requireSamePlatform(component: pulumi.Resource, platform: Platform, others: Readonly<Record<string, object>>): void {
  for (const [name, other] of Object.entries(others)) {
    if ("platform" in other && other.platform !== platform)
      throw new pulumi.ResourceError(`${name} runs on another platform; both must run on the same`, component);
  }
}

/** Throws if the provider among a platform's options is one of another package: it would be ignored. */
export function requireProvider(
  component: pulumi.Resource,
  opts: pulumi.ComponentResourceOptions | undefined,
  platform: StackOptions["platform"],
): void {
  const wanted = { docker: docker.Provider, kubernetes: k8s.Provider }[platform];
  if (opts?.provider && !wanted.isInstance(opts.provider))
    throw new pulumi.ResourceError(`provider: found one of another package; allowed: one of @pulumi/${platform}`, component);
}

/**
 * The settings of a component: its own, plus those of the platform and of the components that it depends on.
 *
 * @param known Settings of the platform and of other components.
 * @param options The component's own arguments, by group, as written.
 * @param keys The groups that belong to the component.
 */
export function componentSettings<Known extends CommonSettings, K extends SettingsKey>(
  known: Known,
  options: Readonly<Record<string, unknown>>,
  keys: readonly K[],
): Known & Pick<Parsed, K> {
  return { ...known, ...settingsOf(known.stack, options, keys, known as object) };
}
