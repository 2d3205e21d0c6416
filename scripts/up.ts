/** `make up`: from whatever the machine has to a running stack through which a trace has gone. Safe to repeat. */
import type { Settings } from "../configs/settings";
import { addresses, environmentLines } from "./lib/addresses";
import { belongings } from "./lib/docker";
import { ensureEngine } from "./lib/engine";
import { explain, waitHealthy } from "./lib/health";
import { ensureImages, overridesFor } from "./lib/images";
import { preflight } from "./lib/preflight";
import { alone } from "./lib/lock";
import { main, note, Problem, since, size, step } from "./lib/say";
import { smokeTest } from "./lib/smoke";
import { loadSettings } from "./lib/stack";
import { chooseWay, deploy } from "./lib/way";

main(async () => {
  step("Settings");
  const settings = loadSettings();
  await alone(settings.stack, () => up(settings));
});

async function up(settings: Settings): Promise<void> {
  const start = Date.now();
  const { stack, environment, retention, sampling } = settings;
  note(`stack ${stack}: ${environment}, ${sampling.default} % of traces and ${sampling.errors} % of errors kept, for ${retention} days`);

  step("Engine");
  const engine = await ensureEngine();
  note(`Docker ${engine.ServerVersion}, ${engine.NCPU} cores, ${size(engine.MemTotal)}`);
  const own = await belongings(stack);
  await preflight(settings, own, engine);

  step("Way");
  const chosen = await chooseWay(settings, own);

  step("Images");
  const source = await ensureImages(settings, own);
  note(`source: ${source}`);
  const overrides = overridesFor(settings, source);

  step(`Up, by ${chosen.way}`);
  const deployment = Date.now();
  await deploy(stack, chosen, overrides).catch(async (error: unknown) => {
    const more = error instanceof Problem ? await explain(stack) : "";
    throw more ? new Problem(`${(error as Problem).message}\n${more}`) : error;
  });
  await waitHealthy(stack);
  note(`all services are well after ${since(deployment)}`);

  step("Smoke test");
  note(await smokeTest(settings));

  step(`Ready in ${since(start)}`);
  note(`${addresses(settings)}\n\nFor an application:\n${environmentLines(settings)}`);
}
