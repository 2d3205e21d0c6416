/** The base of all components. */
import * as pulumi from "@pulumi/pulumi";
import { SettingsError } from "../configs/stack/parse";
import type { CommonSettings, Settings } from "../configs/stack/schema";
import type { ServiceName } from "../configs/topology/topology";
import { customised, overrideProblems } from "./customise";
import type { Platform } from "./platform/platform";
import type { Workload } from "./platform/workload";

/** A component whose workloads run on a platform. */
export abstract class TracingComponent extends pulumi.ComponentResource {
  private readonly name: string;
  /** The service that gets the component's own name. */
  private readonly service: ServiceName;

  /** Where the component runs. */
  readonly platform: Platform;

  protected constructor(
    type: string,
    name: string,
    service: ServiceName,
    platform: Platform,
    opts: pulumi.ComponentResourceOptions | undefined,
  ) {
    super(`tracing:components:${type}`, name, {}, opts);
    this.platform = platform;
    this.name = name;
    this.service = service;
  }

  /** The Pulumi name of a service: `tracing-otel-sampler` beside `tracing-otel-collector`, `x-otel-sampler` in a Collector named `x`. */
  protected nameOf(service: ServiceName): string {
    if (service === this.service) return this.name;
    return this.name.endsWith(this.service) ? this.name.slice(0, -this.service.length) + service : `${this.name}-${service}`;
  }

  /**
   * Runs workloads in order, with their overrides.
   *
   * @throws SettingsError if an override would break a promise of the stack.
   */
  protected run(workloads: readonly Workload[], settings: CommonSettings & Pick<Settings, "overrides">): void {
    const services = workloads.map((workload) => workload.name);
    const problems = overrideProblems(settings, workloads, services);
    if (problems.length > 0) throw new SettingsError(settings.stack, problems);
    for (const workload of workloads) this.platform.run(this.nameOf(workload.name), customised(settings, workload), this);
  }
}
