import type * as pulumi from "@pulumi/pulumi";
import type { Workload } from "./workload";

/** What a platform hands back for a workload that it runs. */
export interface Running {
  /** The resource that is ready when the workload is. Others depend on it. */
  readonly resource: pulumi.Resource;
}

/** Carries out workloads. */
export interface Platform {
  /**
   * Runs a workload.
   *
   * @param name Pulumi name of the component that wants it; the names of all resources start with it.
   * @param parent That component.
   */
  run(name: string, workload: Workload, parent: pulumi.Resource): Running;
}
