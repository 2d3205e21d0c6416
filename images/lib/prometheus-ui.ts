/** Prometheus with its own user interface, which its project builds with pnpm and embeds into the program. */
import { cp } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { binariesHash, goBuild, sourceDir } from "./go-programs";
import { cachedFolder } from "./cache";
import { inputHash } from "./hash";
import { binaryDir } from "../../cli/machine/cache";
import { imagesDir } from "./folder";
import type { Step } from "./progress";
import { run, withWorkDir } from "./run";

/** The package manager, pinned by a lock file. */
const packageManager = "prometheus/pnpm";

/** Makes sure that the cache has Prometheus and promtool with the user interface in them, and returns the folder they are in. */
export async function compileWithUi(options: { readonly step: Step; readonly log: string; readonly force: boolean }): Promise<string> {
  const { step, log, force } = options;
  const inputs = inputHash([packageManager, "lib/prometheus-ui.ts"], binariesHash("prometheus"));
  return cachedFolder(`${binaryDir("prometheus")}-with-ui`, inputs, force, (output) =>
    withWorkDir(async (work) => {
      const dir = join(work, "prometheus");
      const tools = join(work, "pnpm");
      await step("getting the sources", async () => {
        await cp(await sourceDir("prometheus", log), dir, { recursive: true });
        // Go's module cache is read-only.
        await run("chmod", ["-R", "u+w", dir], { log });
        await cp(join(imagesDir, packageManager), tools, { recursive: true });
        await run("npm", ["ci", "--no-audit", "--no-fund"], { cwd: tools, log });
      });
      const env = { CI: "true", PATH: [join(tools, "node_modules/.bin"), process.env.PATH].join(delimiter) };
      const ui = { cwd: join(dir, "web/ui"), env, log };
      await step("getting the packages of the user interface", () => run("pnpm", ["install", "--frozen-lockfile"], ui));
      await step("building the user interface", async () => {
        await run("bash", ["build_ui.sh", "--mantine-ui"], ui);
        await run("bash", ["scripts/compress_assets.sh"], { cwd: dir, log });
      });
      await step("compiling", () => goBuild("prometheus", { dir, output, tags: ["builtinassets"], log }));
    }),
  );
}
