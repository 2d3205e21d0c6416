/** A stack on Kubernetes, for drills: its services stop and start by the number of their instances. */
import type { ServiceName } from "../../configs/topology/topology";
import { holds } from "../machine/retry";
import type { KubernetesStack } from "../running/kubernetes/kubernetes-stack";
import { replicasOf } from "../running/services";
import { UserError } from "../terminal/output";
import { Target } from "./target";

/** Milliseconds that the pods of a service may take to be gone: their grace, and the engine's time. */
const goneWithin = 180_000;

/** A stack on Kubernetes that runs. */
export class KubernetesTarget extends Target {
  private readonly stopped = new Map<ServiceName, number>();

  constructor(private readonly cluster: KubernetesStack) {
    super(cluster);
  }

  /** Its autoscaler, if it has one, lets a service of no instances alone. */
  async stop(service: ServiceName): Promise<void> {
    // Stopped twice, the number of the first time holds.
    const before = await this.cluster.scale(service, 0);
    if (before > 0) this.stopped.set(service, before);
    const gone = async () => (await this.cluster.podNames(service)).length === 0;
    if (await holds(gone, { within: goneWithin, every: 1000 })) return;
    throw new UserError(`pods of ${service} are still there after ${goneWithin / 1000} s`);
  }

  async start(service: ServiceName): Promise<void> {
    await this.cluster.scale(service, this.stopped.get(service) ?? replicasOf(this.settings, service));
    this.stopped.delete(service);
  }
}
