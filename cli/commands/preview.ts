/** `make preview`: what `make up` would change. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Settings } from "../../configs/stack/schema";
import { deployedFolder, render, type Overrides } from "../engine/compose";
import { listStackResources, engineInfo, madeBy } from "../engine/docker";
import { overridesFor, wantedSource } from "../stack/images";
import { options } from "../terminal/options";
import { PulumiStack } from "../pulumi/pulumi";
import { presentCli, versionOf } from "../pulumi/pulumi-cli";
import { attach } from "../machine/run";
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
  else if (!(await new PulumiStack(cli, stack).preview(overrides, options.diff))) process.exitCode = 1;
});

/** Shows how the rendered stack differs from the one that is deployed, or from the committed one where none is. */
async function difference({ stack, platform }: Settings, overrides: Overrides): Promise<number> {
  const deployed = deployedFolder(stack);
  const isDeployed = existsSync(join(deployed, "docker-compose.tracing.yml"));
  const before = isDeployed ? deployed : join(projectFolder, "rendered", stack);
  note(`${isDeployed ? "what is deployed" : "nothing is deployed; the committed rendering"} (-) and what would be (+):`);
  const after = mkdtempSync(join(tmpdir(), "tracing-preview-"));
  try {
    await render(stack, overrides, after);
    const code = await attach("diff", ["-ruN", before, after]);
    if (code > 1) return code;
    note(code === 0 ? "no difference" : `${platform === "docker" ? "make up" : `pulumi up -s ${stack}`} makes these changes`);
    return 0;
  } finally {
    rmSync(after, { recursive: true, force: true });
  }
}
