/** `make preview`: what `make up` would change. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Settings } from "../../configs/stack/schema";
import { deployedFolder, render, type Overrides } from "../engine/compose";
import { listStackResources, engineInfo, madeBy } from "../engine/docker";
import { changesSummary, composeFile, noDifference, partsOf } from "../engine/rendered-changes";
import { overridesFor, wantedSource } from "../stack/images";
import { options } from "../terminal/options";
import { presentCli, versionOf } from "../pulumi/pulumi-cli";
import { stackToPreview } from "../pulumi/stack-to-preview";
import { attach } from "../machine/run";
import { inTemporaryFolder } from "../machine/temporary-folder";
import { command } from "../terminal/command";
import { note, UserError, step } from "../terminal/output";
import { anySettings, projectFolder } from "../stack/stack";

export default command("Show what `make up` would change").action(async () => {
  const settings = anySettings();
  const { stack } = settings;
  const own = (await engineInfo()) ? await listStackResources(stack) : { containers: [], volumes: [], networks: [] };
  const overrides = overridesFor(settings, await wantedSource(settings, own));
  const way = options.way ?? madeBy(own);
  const cli = way === "compose" ? undefined : await presentCli();
  if (!cli && way === "pulumi") throw new UserError("there is no Pulumi CLI here: https://www.pulumi.com/docs/install/");
  step(`Preview: stack ${stack}, by ${cli ? `Pulumi ${versionOf(cli)}` : "the rendered compose file"}`);
  if (!cli) process.exitCode = await difference(settings, overrides);
  else {
    const compared = await stackToPreview(cli, settings);
    if (!(await compared.preview(overrides, options.diff))) process.exitCode = 1;
  }
});

/**
 * Shows how the rendered stack differs from the one that is deployed: by component, and with DIFF=1 the whole difference. Without the Pulumi
 * CLI nothing is known of what runs on a cluster, so there the committed rendering stands for it.
 */
async function difference({ stack, platform }: Settings, overrides: Overrides): Promise<number> {
  const deployed = deployedFolder(stack);
  const isDeployed = existsSync(join(deployed, composeFile));
  const committed = join(projectFolder, "rendered", stack);
  const isNew = !isDeployed && (platform === "docker" || !existsSync(committed));
  return inTemporaryFolder(async (work) => {
    const [nothing, after] = [join(work, "nothing"), join(work, stack)];
    const before = isDeployed ? deployed : isNew ? nothing : committed;
    mkdirSync(nothing);
    await render(stack, overrides, after);
    note(isNew ? "a new stack" : `compared with ${isDeployed ? "what is deployed" : "the committed rendering"}`);
    const summary = changesSummary(partsOf(before), partsOf(after));
    note(summary);
    if (options.diff) {
      const code = await attach("diff", ["-ruN", before, after]);
      if (code > 1) return code;
    } else note(`the whole diff: make preview ENV=${stack} DIFF=1`);
    if (summary !== noDifference) note(`${platform === "docker" ? "make up" : `pulumi up -s ${stack}`} makes these changes`);
    return 0;
  });
}
