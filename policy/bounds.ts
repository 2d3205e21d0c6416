/** What stacks of an environment must keep to. An operator who wants other bounds changes them here, where a review sees it. */
import type { Settings } from "../configs/stack/schema";

/** Bounds of one environment; both ends are allowed. */
export interface Bounds {
  /** Days that traces are kept. */
  readonly retention: readonly [least: number, most: number];
  /** Percent of traces kept of requests that no rule names. */
  readonly sampling: readonly [least: number, most: number];
  /** Least percent of traces with an error that are kept. */
  readonly errors: number;
}

/**
 * Seven days and all errors are what the stack promises; more than 90 days of traces belong into another store. In production more than
 * half of all traces would cost more storage than the sizes of the stack provide for, and 0 % would leave ordinary requests unseen.
 */
export const bounds: Readonly<Record<Settings["environment"], Bounds>> = {
  development: { retention: [1, 90], sampling: [0, 100], errors: 0 },
  staging: { retention: [7, 90], sampling: [1, 100], errors: 100 },
  production: { retention: [7, 90], sampling: [0.1, 50], errors: 100 },
};

/** Names of stacks that say their environment. A stack of any other name is of the environment that its config says. */
export const environmentOf: ReadonlyMap<string, Settings["environment"]> = new Map([
  ["dev", "development"],
  ["staging", "staging"],
  ["prod", "production"],
]);

/**
 * Workloads that may be alone in production, as no trace passes through them. Where their node is lost they wait for it: metrics and alerts, of
 * the stack's own Prometheus and Alertmanager, and their dashboards; a dead man's switch tells. Who must be called chooses the cluster's: `tracing:prometheus.mode: operator`.
 */
export const mayBeAlone: ReadonlySet<string> = new Set([
  "prometheus",
  "alertmanager",
  "perses",
  "elasticsearch-exporter",
  "elasticsearch-setup",
  "service-graph",
  "canary",
]);

/** What a Docker container may add to no capabilities: the task that prepares volumes hands files to their users. */
export const dockerCapabilities: ReadonlySet<string> = new Set(["CAP_CHOWN"]);

/** Workloads that have the password of Elasticsearch's superuser: Elasticsearch is made with it, and the setup creates all other users. */
export const superuserHolders: ReadonlySet<string> = new Set(["elasticsearch", "elasticsearch-setup"]);
