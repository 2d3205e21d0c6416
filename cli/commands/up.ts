/** `make up`: from whatever the machine has to a running stack through which a trace has gone. Safe to repeat. */
import { compact } from "../../configs/compact";
import type { Settings } from "../../configs/stack/schema";
import { addresses, environmentLines } from "../stack/addresses";
import { listStackResources } from "../engine/docker";
import { ensureEngine } from "../engine/engine";
import { ensure, type Need } from "../machine/ensure";
import { explain, waitHealthy } from "../engine/health";
import { chooseSource, ensureImages, overridesFor } from "../stack/images";
import { preflight } from "../stack/preflight";
import { alone } from "../machine/lock";
import { options } from "../terminal/options";
import { presentCli } from "../pulumi/pulumi-cli";
import { command } from "../terminal/command";
import { note, UserError, since, size, step } from "../terminal/output";
import { runningStack } from "../running";
import { smokeTest } from "../smoke/smoke";
import { loadSettings } from "../stack/stack";
import { chooseDeployMethod, deploy } from "../pulumi/deploy-method";

export default command("Start a stack").action(async () => {
  step("Settings");
  const settings = loadSettings();
  await alone(settings.stack, () => up(settings));
});

async function up(settings: Settings): Promise<void> {
  const start = Date.now();
  const { stack, environment, retention, sampling } = settings;
  note(`stack ${stack}: ${environment}, ${sampling.default} % of traces and ${sampling.errors} % of errors kept, for ${retention} days`);

  step("Engine");
  await ensure(await needsOf(settings));
  const engine = await ensureEngine();
  note(`Docker ${engine.ServerVersion}, ${engine.NCPU} cores, ${size(engine.MemTotal)}`);
  const own = await listStackResources(stack);
  await preflight(settings, own, engine);

  step("Source of the images");
  const choice = await chooseSource(settings, own);
  note(choice.build ? "built here" : choice.source);

  step("Way");
  const chosen = await chooseDeployMethod(settings, own);

  step("Images");
  const source = await ensureImages(settings, choice);
  const overrides = overridesFor(settings, source);

  step(`Up, by ${chosen.way}`);
  const deployment = Date.now();
  await deploy(stack, chosen, overrides).catch(async (error: unknown) => {
    const more = error instanceof UserError ? await explain(stack) : "";
    throw more ? new UserError(`${(error as UserError).message}\n${more}`) : error;
  });
  await waitHealthy(stack);
  note(`all services are healthy after ${since(deployment)}`);

  step("Smoke test");
  note(await smokeTest(runningStack(settings)));

  step(`Ready in ${since(start)}`);
  note(`${addresses(settings)}\n\nFor an application:\n${environmentLines(settings)}`);
}

/** Requirements that are known before an engine answers. Compose and the tools that build images may not be needed, so they are optional. */
async function needsOf({ images, imageRegistry }: Settings): Promise<Need> {
  const compose = options.way === undefined && !(await presentCli());
  const build = (options.images ?? images) === "local" && !imageRegistry;
  return {
    purposes: options.way === "compose" ? ["engine", "compose"] : ["engine"],
    wished: compact([compose && "compose", build && "images"]),
  };
}
