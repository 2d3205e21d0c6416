/** The trace page that Jaeger's image serves, built by Vite from images/jaeger/trace-page. */
import { cp } from "node:fs/promises";
import { basename, join } from "node:path";
import { cachedFolder } from "./cache";
import { inputHash } from "./hash";
import { cacheDir } from "../../cli/machine/cache";
import { imagesDir } from "./folder";
import type { Step } from "./progress";
import { run, withWorkDir } from "./run";

const sources = "jaeger/trace-page";

/** Makes sure that the cache has the built page, and returns its folder. */
export async function tracePage(options: { readonly step: Step; readonly log: string; readonly force: boolean }): Promise<string> {
  const { step, log, force } = options;
  return cachedFolder(join(cacheDir, "trace-page"), inputHash([sources, "lib/trace-page.ts"]), force, (output) =>
    withWorkDir(async (work) => {
      await cp(join(imagesDir, sources), work, { recursive: true, filter: (source) => basename(source) !== "node_modules" });
      await step("getting the packages of the trace page", () => run("npm", ["ci", "--no-audit", "--no-fund"], { cwd: work, log }));
      await step("building the trace page", () => run("npm", ["run", "build", "--", "--outDir", output], { cwd: work, log }));
    }),
  );
}
