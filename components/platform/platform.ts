import type * as pulumi from "@pulumi/pulumi";
import type { CommonSettings } from "../../configs/stack/schema";
import type { ScrapeJob } from "../../configs/topology/topology";
import type { Workload } from "./workload";

/** Dashboards for a Grafana that the stack does not run. */
export interface PublishedDashboards {
  /** Their JSON, by file name. */
  readonly files: Readonly<Record<string, string>>;
  /** Label by which Grafana's sidecar finds them. */
  readonly label: string;
  /** Where they are put. Default: the namespace of the stack. */
  readonly namespace?: string;
}

/** Where a stack runs. Creates the resources of its workloads. */
export interface Platform {
  /**
   * Settings that all components on the platform share.
   *
   * @internal
   */
  readonly settings: CommonSettings;

  /**
   * Creates the resources of a workload. They wait for the workloads in `startsAfter`, which must have been run before.
   *
   * @param name Pulumi name of the workload. The names of its resources start with it.
   * @param parent The component that the workload belongs to.
   * @internal
   */
  run(name: string, workload: Workload, parent: pulumi.Resource): void;

  /**
   * Makes the cluster's own Prometheus scrape the workloads that run.
   *
   * @param jobs What to scrape.
   * @param groups Groups of rules, as a rules file has them.
   * @internal
   */
  watch(jobs: readonly ScrapeJob[], groups: readonly object[]): void;

  /**
   * Hands dashboards to the cluster's own Grafana.
   *
   * @internal
   */
  publishDashboards(dashboards: PublishedDashboards): void;
}
