/** Perses with its own user interface, which its Go module has the sources of: built by npm, and embedded into the program. */
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { binariesHash, goBuild, sourceDir } from "./go-programs";
import { cachedFolder } from "./cache";
import { inputHash } from "./hash";
import { binaryDir, cacheDir } from "../../cli/machine/cache";
import { embedding, pagesFolder } from "./perses-pages";
import type { Step } from "./progress";
import { run, withWorkDir } from "./run";

interface Options {
  readonly step: Step;
  readonly log: string;
  readonly force: boolean;
}

/** The module's packages that the application is made of, which it takes in their compiled form. */
const packages = ["core", "components", "plugin-system", "dashboards", "explore"];

const inputs = () => inputHash(["lib/perses-ui.ts", "lib/perses-pages.ts"], binariesHash("perses"));

/** Makes sure that the cache has the built pages, and returns their folder. */
function pages({ step, log, force }: Options): Promise<string> {
  return cachedFolder(join(cacheDir, "perses-ui"), inputs(), force, (output) =>
    withWorkDir(async (work) => {
      const ui = join(work, "ui");
      await step("getting the packages of the user interface", async () => {
        await copySources(join(await sourceDir("perses", log), "ui"), ui, log);
        await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: ui, log });
      });
      await step("building the user interface", async () => {
        // The module's own build also writes types and CommonJS of each, which the application has no use for.
        for (const name of packages) await run("npm", ["run", "build:esm", `--workspace=${name}`], { cwd: ui, log });
        await run("npm", ["run", "build", "--workspace=app"], { cwd: ui, log });
      });
      await cp(join(ui, "app/dist"), output, { recursive: true });
    }),
  );
}

/** Makes sure that the cache has Perses with the user interface in it, and returns the folder it is in. */
export async function compilePerses(options: Options): Promise<string> {
  const { step, log, force } = options;
  const built = await pages(options);
  return cachedFolder(`${binaryDir("perses")}-with-ui`, inputs(), force, (output) =>
    withWorkDir(async (work) => {
      const dir = join(work, "perses");
      await copySources(await sourceDir("perses", log), dir, log);
      await rm(join(dir, pagesFolder), { recursive: true, force: true });
      // The stamp of the cache begins with a dot.
      const names = (await readdir(built)).filter((name) => !name.startsWith(".")).sort();
      for (const name of names) {
        await mkdir(join(dir, pagesFolder), { recursive: true });
        await writeFile(join(dir, pagesFolder, `${name}.gz`), gzipSync(await readFile(join(built, name))));
      }
      for (const [path, text] of Object.entries(embedding(names))) {
        await mkdir(dirname(join(dir, path)), { recursive: true });
        await writeFile(join(dir, path), text);
      }
      await step("compiling", () => goBuild("perses", { dir, output, log }));
    }),
  );
}

/** A copy that can be written: Go's module cache is read-only. */
async function copySources(from: string, to: string, log: string): Promise<void> {
  await cp(from, to, { recursive: true });
  await run("chmod", ["-R", "u+w", to], { log });
}
