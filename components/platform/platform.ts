import type * as pulumi from "@pulumi/pulumi";
import type { CommonSettings } from "../../configs/stack/schema";
import type { ScrapeJob } from "../../configs/topology/topology";
import type { Workload } from "./workload";

/** Where a stack runs: carries out the workloads of its components. */
export interface Platform {
  /** What all components on it share. */
  readonly settings: CommonSettings;

  /**
   * Runs a workload, once those that it starts after run.
   *
   * @param name Pulumi name of the workload; the names of its resources start with it.
   * @param parent The component that wants it.
   */
  run(name: string, workload: Workload, parent: pulumi.Resource): void;

  /**
   * Has the cluster's own Prometheus scrape what runs.
   *
   * @param jobs What to scrape.
   * @param groups Groups of rules, as a rules file has them.
   */
  watch(jobs: readonly ScrapeJob[], groups: readonly object[]): void;
}
