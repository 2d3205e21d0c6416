/**
 * Builds the images of configs/images.ts from package registries, with a local container engine: see README.md.
 * What has been built from the same inputs is not built again.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { imageNames, imageReference, images, type ImageName } from "../configs/images";
import { thisMachine } from "../cli/machine/machine";
import type { Contents } from "../cli/supply-chain/contents";
import { missingFor, report } from "../cli/machine/requirements";
import type { Purpose } from "../cli/machine/requirements-list";
import { buildImage, engineAnswers, presentImage } from "./lib/docker";
import { contentsOf } from "./lib/contents";
import { binariesAreCurrent, compile, goImages } from "./lib/go-programs";
import { binariesDir, cacheDir } from "../cli/machine/cache";
import { program, namesOf, runCommand } from "../cli/terminal/command";
import { UserError } from "../cli/terminal/output";
import { elapsed, say, stepsOf } from "./lib/progress";
import { assemble, describe, imageHash } from "./lib/recipes";
import { removeAbandonedWorkDirs, withWorkDir } from "./lib/run";

interface Flags {
  readonly only: ImageName[];
  readonly list: boolean;
  readonly stale: boolean;
  readonly binaries: boolean;
  readonly contents: boolean;
  readonly force: boolean;
}

const line = program("images/build.ts", "Build the images that are not there yet, or whose inputs have changed")
  .option("--only <names>", `only these: ${imageNames.join(", ")}`, (text, all: ImageName[]) => [...all, ...namesOf(imageNames)(text)], [])
  .option("--list", "show each image and whether it is up to date; build nothing", false)
  .option("--stale", "print the names of those that are not up to date; build nothing", false)
  .option("--binaries", "compile the programs for this host and print their folder; needs no container engine", false)
  .option("--contents", "print what the images are made of that their files do not say, as JSON; build nothing", false)
  .option("--force", "build also what is up to date, with the newest of Debian's packages", false)
  .action(async ({ only, list: listed, stale, binaries, contents, force }: Flags) => {
    // Files keep their modes on the way into an image, and others must be able to read them there.
    process.umask(0o022);
    const names = imageNames.filter((name) => only.length === 0 || only.includes(name));
    if (listed) return list(names);
    if (stale) return void process.stdout.write((await staleImages(names, force)).map((name) => `${name}\n`).join(""));
    await removeAbandonedWorkDirs();
    if (contents) return printContents(names);
    if (binaries) return buildBinaries(names, force);
    return buildImages(names, force);
  });

const local = (name: ImageName) => imageReference(name, { source: "local" });

async function list(names: readonly ImageName[]): Promise<void> {
  const engine = await engineAnswers();
  for (const name of names) {
    const present = engine ? await presentImage(local(name)) : undefined;
    const state = !engine
      ? "no engine answers"
      : !present
        ? "not built"
        : present.inputs === imageHash(name)
          ? `up to date, ${megabytes(present.bytes)}`
          : "inputs have changed";
    process.stdout.write(`${local(name).padEnd(42)} ${state}\n`);
  }
}

async function buildBinaries(names: readonly ImageName[], force: boolean): Promise<void> {
  const wanted = goImages.filter((name) => names.includes(name));
  const stale = await filter(wanted, async (name) => force || !(await binariesAreCurrent(name)));
  if (stale.length > 0) requirePurposes("programs");
  for (const [index, name] of stale.entries()) {
    const subject = `[${index + 1}/${stale.length}] ${name}`;
    const start = Date.now();
    await compile(name, { step: stepsOf(subject), log: await newLog(name), force });
    say(`${subject}: compiled in ${elapsed(start)}`);
  }
  process.stdout.write(`${binariesDir}\n`);
}

/** For SBOMs. Throws a UserError for images that were made from other inputs: what is known here does not hold for them. */
async function printContents(names: readonly ImageName[]): Promise<void> {
  const stale = await staleImages(names, false);
  if (stale.length > 0) throw new UserError(`${stale.map(local).join(", ")}: not built, or its inputs have changed since; \`make images\``);
  const all: Partial<Record<ImageName, Contents>> = {};
  for (const name of names) all[name] = await contentsOf(name, { step: stepsOf(name), log: await newLog(name) });
  process.stdout.write(`${JSON.stringify(all)}\n`);
}

async function buildImages(names: readonly ImageName[], force: boolean): Promise<void> {
  const stale = await staleImages(names, force);
  if (stale.length > 0) requirePurposes("engine", "images");
  for (const name of names) if (!stale.includes(name)) say(`${local(name)} is up to date`);
  for (const [index, name] of stale.entries()) await buildOne(name, `[${index + 1}/${stale.length}] ${name}`, force);
}

async function buildOne(name: ImageName, subject: string, force: boolean): Promise<void> {
  const start = Date.now();
  const step = stepsOf(subject);
  const log = await newLog(name);
  await withWorkDir(async (context) => {
    await assemble(name, { context, step, log, force });
    const labels = {
      "org.opencontainers.image.title": name,
      "org.opencontainers.image.version": images[name].tested,
      "org.opencontainers.image.description": describe(name),
    };
    await step("building the image", () => buildImage(context, local(name), imageHash(name), labels, log));
  });
  const bytes = (await presentImage(local(name)))?.bytes ?? 0;
  say(`${subject}: built ${local(name)} in ${elapsed(start)}, ${megabytes(bytes)}`);
}

/** The images that are not there, or that were made from other inputs. */
function staleImages(names: readonly ImageName[], force: boolean): Promise<ImageName[]> {
  return filter(names, async (name) => force || (await presentImage(local(name)))?.inputs !== imageHash(name));
}

function requirePurposes(...purposes: Purpose[]): void {
  const machine = thisMachine();
  const missing = missingFor({ purposes }, machine);
  if (missing.length > 0) throw new UserError(report(missing, machine));
}

/** A new file for all that the tools print while one image is made. */
async function newLog(name: ImageName): Promise<string> {
  const log = join(cacheDir, "logs", `${name}.log`);
  await mkdir(join(cacheDir, "logs"), { recursive: true });
  await rm(log, { force: true });
  return log;
}

async function filter<T>(items: readonly T[], keep: (item: T) => Promise<boolean>): Promise<T[]> {
  const kept: T[] = [];
  for (const item of items) if (await keep(item)) kept.push(item);
  return kept;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

runCommand(line);
