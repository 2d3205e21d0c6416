/** What components are given, and how it becomes settings: one check for what is written in code and in stack config. */
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

/** What stacks on every platform have. */
export interface PlatformArgs extends Pick<StackOptions, "environment" | "images" | "imageRegistry" | "otherImages"> {
  /** The name that labels carry, and on Docker all names. Default: the name of the Pulumi stack. */
  readonly stack?: string;
}

/** Arguments of a stack's part of one Docker engine. */
export interface DockerPlatformArgs extends PlatformArgs, Pick<StackOptions, "publish"> {}

/** Arguments of a stack's namespace on Kubernetes. */
export interface KubernetesPlatformArgs extends PlatformArgs, KubernetesOptions {
  /** The Prometheus operator that the cluster has, if it is to watch the stack: where it is let in from, and the labels it selects by. */
  readonly operator?: PrometheusOperatorOptions;
}

/** What is true of all traces, whichever component handles them. Jaeger and the Collector are given the same. */
export interface TraceArgs extends Pick<StackOptions, "retention"> {
  /** Which traces are kept. Default: all. */
  readonly sampling?: SamplingOptions;
  /** What a request and a span may hold. */
  readonly limits?: LimitsOptions;
}

/** What every component is given. */
export interface ComponentArgs<Services extends ServiceName> {
  /** Where it runs: a DockerPlatform or a KubernetesPlatform. */
  readonly platform: Platform;
  /** What its pods and programs are given besides, by the name of the service. */
  readonly overrides?: Readonly<Partial<Record<Services, OverrideOptions>>>;
}

const common = ["platform", "environment", "images", "imageRegistry", "otherImages", "publish", "kubernetes", "prometheus"] as const;

/** The settings that all components on a platform share; throws a SettingsError with everything that is wrong. */
export function commonSettings({ stack, ...options }: PlatformArgs & Pick<StackOptions, (typeof common)[number]>): CommonSettings {
  return settingsOf(stack ?? pulumi.getStack(), options, common);
}

/** The arguments of a namespace as the groups that stack config has. */
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
    ...(operator ? { prometheus: { mode: "operator" as const, operator } } : {}),
  };
}

/**
 * The settings of a component: its own groups, and those of the platform and of the components that it is given.
 *
 * @param options Its own groups, as they were written.
 * @param keys Which groups these are.
 */
export function componentSettings<Known extends CommonSettings, K extends SettingsKey>(
  known: Known,
  options: Readonly<Record<string, unknown>>,
  keys: readonly K[],
): Known & Pick<Parsed, K> {
  return { ...known, ...settingsOf(known.stack, options, keys, known as object) };
}
