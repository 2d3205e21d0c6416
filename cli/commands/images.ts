/** `make images`: builds the images, with an engine and tools that are installed and started if need be. */
import { join } from "node:path";
import { check } from "../suites/counts";
import { ensureEngine } from "../engine/engine";
import { prepareBuild } from "../stack/images";
import { command } from "../terminal/command";
import { step } from "../terminal/output";

export default command("Build the images on this machine").action(async () => {
  step("Engine");
  await ensureEngine();
  await prepareBuild();
  step("Images");
  const { failed } = await check(join("images", "build.ts"));
  process.exitCode = failed;
});
