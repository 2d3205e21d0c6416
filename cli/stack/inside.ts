/** Commands within a stack's services, on either platform. */
import { hasSnapshots } from "../../configs/elasticsearch/users";
import type { Settings } from "../../configs/stack/schema";
import type { ServiceName } from "../../configs/topology/topology";
import { run, type Outcome, type RunOptions } from "../machine/run";
import { runningStack } from "../running";
import { kubectlWords, knownFailure } from "../running/kubernetes/kubectl";
import { UserError } from "../terminal/output";
import { anySettings } from "./stack";

/** The settings of the chosen stack, if it makes snapshots; throws where it does not. */
export function settingsWithSnapshots(): Settings {
  const settings = anySettings();
  if (hasSnapshots(settings)) return settings;
  throw new UserError(`stack ${settings.stack} makes no snapshots: ${snapshotsOff}`);
}

/** Why there are none. */
export const snapshotsOff = "tracing:elasticsearch.snapshots.store is off";

/** Runs kubectl in a stack's namespace and shows what it says; throws where it fails. */
export async function kubectlShown(settings: Settings, words: readonly string[]): Promise<void> {
  await shown(settings, "kubectl", (options) => run("kubectl", [...kubectlWords(settings), ...words], options));
}

/** Runs a command in a service's container or pod and shows what it says; throws where it fails, or the service is not there. */
export async function inside(settings: Settings, service: ServiceName, words: readonly string[]): Promise<void> {
  await shown(settings, service, (options) => runningStack(settings).run(service, words, options));
}

async function shown(settings: Settings, what: string, start: (options: RunOptions) => Promise<Outcome>): Promise<void> {
  let last = "";
  const show = (line: string) => {
    last = line;
    console.log(line);
  };
  const { ok, why } = await start({ endless: true, onLine: show });
  if (ok) return;
  const known = settings.platform === "kubernetes" ? knownFailure(settings, { output: last, why }) : undefined;
  throw new UserError(known ?? `${what}: ${why}`);
}
