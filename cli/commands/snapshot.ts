/** `make snapshot`: makes a snapshot of a stack's traces now. On Docker, and by kubectl on Kubernetes. */
import { files, paths } from "../../configs/topology/ports";
import type { Settings } from "../../configs/stack/schema";
import { answered } from "../machine/retry";
import { run } from "../machine/run";
import { kubectlWords } from "../running/kubernetes/kubectl";
import { inside, kubectlShown, settingsWithSnapshots } from "../stack/inside";
import { command } from "../terminal/command";
import { heartbeat, UserError } from "../terminal/output";

const service = "elasticsearch-snapshots";

/** How a job ended: `kubectl wait` knows one condition only, and would wait for a failed one for ever. */
async function conditionOf(settings: Settings, job: string): Promise<string | undefined> {
  const ended = async () => {
    const { stdout } = await run("kubectl", [
      ...kubectlWords(settings),
      ...["get", `job/${job}`, "--output", 'jsonpath={.status.conditions[?(@.status=="True")].type}'],
    ]);
    return /\b(Complete|Failed)\b/.exec(stdout)?.[1];
  };
  return answered(ended, { every: 2000 });
}

export default command("Copy the traces to the snapshot repository now").action(async () => {
  const settings = settingsWithSnapshots();
  if (settings.platform === "docker") return inside(settings, service, ["/bin/bash", `${paths.config}/${files.snapshots}`]);
  const job = `${service}-by-hand-${Math.floor(Date.now() / 1000)}`;
  await kubectlShown(settings, ["create", "job", `--from=cronjob/${service}`, job]);
  const ended = await heartbeat("making the snapshot", conditionOf(settings, job));
  await kubectlShown(settings, ["logs", `job/${job}`]);
  if (ended !== "Complete") throw new UserError(`the job ${job} failed`);
});
