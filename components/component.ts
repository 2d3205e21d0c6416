import * as pulumi from "@pulumi/pulumi";
import type { Platform } from "./platform/platform";
import type { Workload } from "./platform/workload";

/** Arguments of every component of the stack. */
export interface ComponentArgs {
  /** What runs the workload. */
  readonly platform: Platform;
  /** What runs. */
  readonly workload: Workload;
}

/** A part of the stack: one workload, carried out by a platform. */
export abstract class WorkloadComponent extends pulumi.ComponentResource {
  protected constructor(type: string, name: string, args: ComponentArgs, opts?: pulumi.ComponentResourceOptions) {
    super(`tracing:components:${type}`, name, {}, opts);
    args.platform.run(name, args.workload, this);
    this.registerOutputs({});
  }
}
