/**
 * Perses' plugins that the stack's dashboards use, as the archives that its releases hold. No registry has these archives: their pages come from
 * npm, their schemas from Go modules.
 */
import { createHash } from "node:crypto";
import { copyFile, cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { cachedFolder } from "./cache";
import { imagesDir } from "./folder";
import { moduleDir, sourceDir } from "./go-programs";
import { inputHash } from "./hash";
import { cacheDir } from "../../cli/machine/cache";
import type { GoModule } from "../../cli/machine/go-tools";
import type { Step } from "./progress";
import { CommandError, run, withWorkDir } from "./run";

interface PersesPlugin {
  readonly name: string;
  /** The npm package with its pages, and the archive's hash. */
  readonly pages: { readonly package: string; readonly version: string; readonly integrity: `sha512-${string}` };
  /** The module with its schemas. Left out: it cannot be had, and perses/table.cue takes any options. */
  readonly schemas?: GoModule;
}

export const persesPlugins: readonly PersesPlugin[] = [
  {
    name: "Prometheus",
    pages: {
      package: "@perses-dev/prometheus-plugin",
      version: "0.53.4",
      integrity: "sha512-mUkAVCnlpHmDzI7W2KeStjqpQrniO+sQtSemG4czNMee0ejO4OMcdZQchEXX9rXDKU2efS6yzYCiwyuZE0U21w==",
    },
    schemas: {
      path: "github.com/perses/plugins/prometheus",
      version: "v0.53.3",
      sum: "h1:A3ehfF56VgauUWBjQziY3M9sJYC3rgBJzHwTW4ZdHzI=",
    },
  },
  {
    name: "StatChart",
    pages: {
      package: "@perses-dev/stat-chart-plugin",
      version: "0.10.0",
      integrity: "sha512-BGI8B4LTIGpIA7tSBKN0z5w/SPGl7yTCrw8TWMzlEuwAXNnGsXivcqGVle1S9X28QcDDeDokTP9pg68CCExTzQ==",
    },
    schemas: {
      path: "github.com/perses/plugins/statchart",
      version: "v0.10.0",
      sum: "h1:Dhd10zKG4TU0//4ZBhWyiN2Njuazs3bk6uJpdR/a9Cc=",
    },
  },
  {
    name: "Table",
    pages: {
      package: "@perses-dev/table-plugin",
      version: "0.8.1",
      integrity: "sha512-TjxHql5lCyvp0w8n6TMryBoXM9ZaFdfJkygAk8slo+6rqS5rcXPls/LoLnSOZe5ItO2ZeKBsTazri52eBKR5Pg==",
    },
  },
  {
    name: "TimeSeriesChart",
    pages: {
      package: "@perses-dev/timeseries-chart-plugin",
      version: "0.10.2",
      integrity: "sha512-8HbxCiiV1fcy6D5l/MV06Ru6Do4PLJNzQ/nOiA3VuUlZFRtOG7fGnVtNtGP7WYn1HfJgJDHKx1fkQIiLkEPS2w==",
    },
    schemas: {
      path: "github.com/perses/plugins/timeserieschart",
      version: "v0.10.1",
      sum: "h1:zPbQekfw1iwWbCOEMueo6eKCNPf0FLWGDanie8pEanU=",
    },
  },
];

/** The schema of a plugin whose own cannot be had. */
export const tableSchema = join(imagesDir, "perses/table.cue");

/** Makes sure that the cache has the plugins' archives, and returns their folder. */
export async function pluginArchives(options: { readonly step: Step; readonly log: string; readonly force: boolean }): Promise<string> {
  const { step, log, force } = options;
  const inputs = inputHash(["lib/perses-plugins.ts", "perses/table.cue"], persesPlugins);
  return cachedFolder(join(cacheDir, "perses-plugins"), inputs, force, (output) =>
    step("getting the plugins", async () => {
      const common = join(await sourceDir("perses", log), "cue");
      for (const plugin of persesPlugins) {
        await withWorkDir(async (work) => {
          const folder = await unpacked(plugin, work, log);
          await addSchemas(plugin, folder, common, log);
          await archive(folder, join(output, `${plugin.name}-${plugin.pages.version}.tar.gz`), log);
        });
      }
    }),
  );
}

/** The package's files, without what only programs that are compiled with it need. */
async function unpacked({ pages }: PersesPlugin, work: string, log: string): Promise<string> {
  const id = `${pages.package}@${pages.version}`;
  await run("npm", ["pack", "--ignore-scripts", id], { cwd: work, log });
  const [file] = (await readdir(work)).filter((name) => name.endsWith(".tgz"));
  if (file === undefined) throw new CommandError(`npm pack ${id} made no archive`);
  const found = `sha512-${createHash("sha512")
    .update(await readFile(join(work, file)))
    .digest("base64")}`;
  if (found !== pages.integrity)
    throw new CommandError(`${id} is not the package that was tried: its hash is ${found}, not ${pages.integrity}`);
  await run("tar", ["-xzf", file, "--no-same-owner"], { cwd: work, log });
  const folder = join(work, "package");
  await rm(join(folder, "lib"), { recursive: true, force: true });
  return folder;
}

/** The schemas, and what they import: nothing is downloaded when a Perses starts. */
async function addSchemas({ name, schemas }: PersesPlugin, folder: string, common: string, log: string): Promise<void> {
  const to = join(folder, "schemas");
  if (schemas) {
    // Those for dashboards of Grafana, and examples, are not needed.
    const filter = (file: string) => !["migrate", "tests"].includes(basename(file));
    await cp(join(await moduleDir(schemas, log), "schemas"), to, { recursive: true, filter });
  } else {
    await mkdir(to);
    await copyFile(tableSchema, join(to, "table.cue"));
  }
  // Go's module cache is read-only, and so is a copy of it.
  await run("chmod", ["-R", "u+w", folder], { log });
  const imported = join(folder, "cue.mod/pkg/github.com/perses/perses/cue");
  await cp(common, imported, { recursive: true, filter: (file) => basename(file) !== "cue.mod" });
  await run("chmod", ["-R", "u=rwX,go=rX", folder], { log });
  await writeFile(
    join(folder, "cue.mod/module.cue"),
    `module: "github.com/perses/plugins/${name.toLowerCase()}@v0"\nlanguage: version: "v0.14.0"\n`,
  );
}

/** The same files make the same archive. */
async function archive(folder: string, file: string, log: string): Promise<void> {
  const names = (await readdir(folder)).sort();
  const same = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--use-compress-program=gzip -n"];
  await run("tar", ["-C", folder, ...same, "-cf", file, ...names], { log });
}
