/** `make images`: builds the images, with an engine and tools that are installed and started if need be. */
import { join } from "node:path";
import { check } from "./lib/counts";
import { ensureEngine } from "./lib/engine";
import { prepareBuild } from "./lib/images";
import { main, step } from "./lib/say";

main(async () => {
  step("Engine");
  await ensureEngine();
  await prepareBuild();
  step("Images");
  const { failed } = await check(join("images", "build.ts"));
  process.exitCode = failed;
});
