/** What local images are made of that their files do not say: for their SBOMs. */
import { readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { ImageName } from "../../configs/images";
import type { Contents, NpmPackage } from "../../cli/supply-chain/contents";
import { imagesDir } from "./folder";
import { isGoImage, mainModule, sourceDir } from "./go-programs";
import { npmPackages, pnpmPackages } from "./locks";
import { persesPlugins, pluginArchives } from "./perses-plugins";
import type { Build } from "./recipes";
import { run } from "./run";

type Options = Pick<Build, "step" | "log">;

/** The module of an image's programs, and the packages of its pages. */
export async function contentsOf(name: ImageName, options: Options): Promise<Contents> {
  return { module: isGoImage(name) ? mainModule(name) : undefined, packages: await pagePackages(name, options) };
}

/** By the lock files that the pages are built with: what a page may hold, whether or not its bundler took all of it. */
async function pagePackages(name: ImageName, options: Options): Promise<NpmPackage[]> {
  if (name === "jaeger") return npmPackages(textOf(imagesDir, "jaeger/trace-page/package-lock.json"));
  if (name === "prometheus") return pnpmPackages(textOf(await sourceDir(name, options.log), "web/ui/pnpm-lock.yaml"), "mantine-ui");
  if (name !== "perses") return [];
  const app = npmPackages(textOf(await sourceDir(name, options.log), "ui/package-lock.json"), "app");
  return [...new Map([...app, ...(await pluginPackages(options))].map((one) => [`${one.name}@${one.version}`, one])).values()];
}

/** Perses' plugins come built, without a lock file. Each lists what it shares with the application; of the rest there is no list. */
async function pluginPackages(options: Options): Promise<NpmPackage[]> {
  const folder = await pluginArchives({ ...options, force: false });
  const plugins = persesPlugins.map(({ pages }) => ({ name: pages.package, version: pages.version }));
  const shared: NpmPackage[] = [];
  for (const archive of (await readdir(folder)).filter((file) => file.endsWith(".tar.gz"))) {
    const manifest = await run("tar", ["-xzOf", join(folder, archive), "mf-manifest.json"], { log: options.log });
    shared.push(...(JSON.parse(manifest) as { readonly shared: NpmPackage[] }).shared.map(({ name, version }) => ({ name, version })));
  }
  return [...plugins, ...shared];
}

const textOf = (...path: string[]) => readFileSync(join(...path), "utf8");
