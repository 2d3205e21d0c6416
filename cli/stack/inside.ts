/** Commands within a stack's services, on either platform. */
import { hasSnapshots } from "../../configs/elasticsearch/users";
import type { Settings } from "../../configs/stack/schema";
import type { ServiceName } from "../../configs/topology/topology";
import { listStackResources, serviceContainers } from "../engine/docker";
import { run } from "../machine/run";
import { anySettings } from "./stack";
import { UserError } from "../terminal/output";

/** The settings of the chosen stack, if it makes snapshots; throws where it does not. */
export function settingsWithSnapshots(): Settings {
  const settings = anySettings();
  if (hasSnapshots(settings)) return settings;
  throw new UserError(`stack ${settings.stack} makes no snapshots: ${snapshotsOff}`);
}

/** Why there are none. */
export const snapshotsOff = "tracing:elasticsearch.snapshots.store is off";

/** The words of kubectl that lead to a stack's namespace. */
export function kubectlWords({ kubernetes }: Pick<Settings, "kubernetes">): string[] {
  const { namespace, context, kubeconfig } = kubernetes;
  return [
    ...(kubeconfig === undefined ? [] : ["--kubeconfig", kubeconfig]),
    ...(context === undefined ? [] : ["--context", context]),
    ...["--namespace", namespace],
  ];
}

/** Runs kubectl in a stack's namespace and shows what it says; throws where it fails. */
export async function kubectl(settings: Settings, words: readonly string[]): Promise<void> {
  await shown("kubectl", [...kubectlWords(settings), ...words], "kubectl");
}

/** Runs a command in a service's container or pod and shows what it says; throws where it fails, or the service is not there. */
export async function inside(settings: Settings, service: ServiceName, words: readonly string[]): Promise<void> {
  if (settings.platform === "kubernetes") return kubectl(settings, ["exec", `deployment/${service}`, "--", ...words]);
  const [, container] = serviceContainers((await listStackResources(settings.stack)).containers).find(([name]) => name === service) ?? [];
  if (container?.State.Status !== "running") throw new UserError(`${service} of stack ${settings.stack} does not run: make up`);
  await shown("docker", ["exec", container.Id, ...words], service);
}

async function shown(program: string, words: readonly string[], what: string): Promise<void> {
  const { ok, why } = await run(program, words, { endless: true, onLine: (line) => console.log(line) });
  if (!ok) throw new UserError(`${what}: ${why}`);
}
