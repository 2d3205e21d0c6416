/** What both platforms remember of what they have created. */
import * as pulumi from "@pulumi/pulumi";
import type { ServiceName } from "../../configs/topology/topology";
import type { Secret, Workload } from "./workload";

/** The workloads that run on a platform. Each service runs once. */
export class RunningWorkloads {
  private readonly running = new Map<ServiceName, { readonly workload: Workload; readonly resource: pulumi.Resource }>();

  /** Throws if the service runs already; its second owner is `parent`. */
  refuseSecond({ name }: Workload, parent: pulumi.Resource): void {
    if (this.running.has(name)) throw new pulumi.ResourceError(`${name} runs on this platform already`, parent);
  }

  add(workload: Workload, resource: pulumi.Resource): void {
    this.running.set(workload.name, { workload, resource });
  }

  /** The resources that a workload starts after; throws if one is missing. */
  before({ name, startsAfter }: Workload, platform: pulumi.Resource): pulumi.Resource[] {
    return startsAfter.map((service) => {
      const found = this.running.get(service);
      if (!found) throw new pulumi.ResourceError(`${name} starts after ${service}, which is not running yet`, platform);
      return found.resource;
    });
  }

  get workloads(): Workload[] {
    return [...this.running.values()].map(({ workload }) => workload);
  }
}

/** What is created once for a secret, however many workloads use it. The same name means the same value. */
export class OncePerSecret<T> {
  private readonly made = new Map<string, { readonly content: Secret["content"]; readonly resource: T }>();

  /** Returns what was created for the secret, or creates it; throws if its name has another value. */
  get({ secret, content }: Secret, platform: pulumi.Resource, create: () => T): T {
    const known = this.made.get(secret);
    if (known && known.content !== content)
      throw new pulumi.ResourceError(`the secret ${secret} has two values: all components must use the same Elasticsearch`, platform);
    if (known) return known.resource;
    const resource = create();
    this.made.set(secret, { content, resource });
    return resource;
  }
}
