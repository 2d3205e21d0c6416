/** `make destroy`: deletes a stack with all its data, also a partly created one. */
import { rmSync } from "node:fs";
import { stackLabels } from "../../configs/topology/ports";
import { confirm } from "../terminal/confirm";
import { listStackResources, madeBy } from "../engine/docker";
import { alone } from "../machine/lock";
import { PulumiStack } from "../pulumi/pulumi";
import { presentCli } from "../pulumi/pulumi-cli";
import { namesOf, refuseWhileUsed, removeByLabel } from "../engine/remove";
import { command } from "../terminal/command";
import { note, UserError, step, warn } from "../terminal/output";
import { requireFile, stackOnEngine } from "../stack/stack";
import { stateFolder } from "../pulumi/state";

export default command("Delete a stack with all its data").action(() => {
  const stack = stackOnEngine();
  return alone(stack, () => destroy(stack));
});

async function destroy(stack: string): Promise<void> {
  step(`Destroy: stack ${stack}`);
  const own = await listStackResources(stack);
  const pulumi = await knownToPulumi(stack);
  if (namesOf(own).length === 0 && !pulumi) {
    requireFile(stack);
    note("there is nothing to delete");
    return;
  }
  await refuseWhileUsed(own);
  const { containers, volumes, networks } = own;
  note(
    `${containers.length} containers, ${networks.length} networks, and ${volumes.length} volumes with all traces, metrics and the password`,
  );
  await confirm("Delete them for good? Type the name of the stack", stack, "deleting data wants a yes: make destroy YES=1");
  if (pulumi) await destroyByPulumi(stack, pulumi);
  else if (madeBy(own) === "pulumi") warn("the Pulumi CLI or the stack's state is missing; the engine's objects are deleted by label");
  await removeByLabel(stack);
  const left = namesOf(await listStackResources(stack));
  if (left.length > 0) throw new UserError(`still there: ${left.join(", ")}`);
  rmSync(stateFolder(stack), { recursive: true, force: true });
  note(`nothing labelled ${stackLabels.stack}=${stack} is left`);
}

/** The stack in Pulumi's backend, if it exists. */
async function knownToPulumi(stack: string): Promise<PulumiStack | undefined> {
  const cli = await presentCli();
  if (!cli) return undefined;
  const pulumi = new PulumiStack(cli, stack);
  return (await pulumi.exists()) ? pulumi : undefined;
}

async function destroyByPulumi(stack: string, pulumi: PulumiStack): Promise<void> {
  try {
    await pulumi.destroy();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // Whatever is in its way goes first; then it only has to see that all is gone.
    note(`${error.message}\ndeleting by label instead`);
    await removeByLabel(stack);
    await pulumi.destroy();
  }
}
