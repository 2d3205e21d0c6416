/** The stack's images: pulled, or built here where no registry can be reached. */
import { join } from "node:path";
import { ownAlertmanager } from "../../configs/alertmanager/delivery";
import { imageNames, imageOrigin, imageReference, type ImageName, type ImageOrigin } from "../../configs/images";
import { hasPerses } from "../../configs/perses/runs";
import type { Settings } from "../../configs/stack/schema";
import { hasImage, serviceContainers, type StackResources } from "../engine/docker";
import { ensure } from "../machine/ensure";
import { options } from "../terminal/options";
import { execOrThrow, run } from "../machine/run";
import { heartbeat, note, UserError, warn } from "../terminal/output";
import { projectFolder } from "./stack";

type Source = ImageOrigin["source"];

/** How long a registry may take until it says anything at all. */
const patience = 30_000;

const builder = ["--import", "tsx", join("images", "build.ts")];

/** Source of a stack's images. */
export interface Choice {
  readonly source: Source;
  /** True: built on this machine. False: pulled. */
  readonly build: boolean;
}

/**
 * Decides where the images come from, and prepares the machine if they have to be built. Pulls at most the smallest image, which tells whether a
 * registry answers.
 */
export async function chooseSource(settings: Settings, own: StackResources): Promise<Choice> {
  const source = await wantedSource(settings, own);
  const { imageRegistry: registry } = settings;
  if (source === "local" && !registry) {
    await prepareBuild();
    return { source, build: true };
  }
  const failure = await pull((await absent(references(settings, source))).slice(-1));
  return failure ? insteadBuild(failure) : { source, build: false };
}

/** Makes the images present, and returns where they come from: they are built here if the registry stops answering. */
export async function ensureImages(settings: Settings, choice: Choice): Promise<Source> {
  if (!choice.build) {
    const all = references(settings, choice.source);
    const missing = await absent(all);
    note(`${all.length - missing.length} of ${all.length} present`);
    const failure = await pull(missing);
    if (!failure) return choice.source;
    await insteadBuild(failure);
  }
  await build(settings.imageRegistry);
  const failure = await pull(await absent(Object.values(settings.otherImages)));
  if (failure) throw new UserError(failure);
  return "local";
}

const references = (settings: Settings, source: Source) =>
  imageNames
    .filter((name) => (name !== "alertmanager" || ownAlertmanager(settings)) && (name !== "perses" || hasPerses(settings)))
    .map((name) => imageReference(name, { ...imageOrigin(settings), source }));

async function insteadBuild(failure: string): Promise<Choice> {
  if (options.images === "official") throw new UserError(failure);
  note(`${failure}\nso the stack gets images built on this machine (tracing:images=local)`);
  await prepareBuild();
  return { source: "local", build: true };
}

/** Installs what building takes, if any image has to be built; throws if it cannot. For images that are only outdated it is not insisted on. */
export async function prepareBuild(): Promise<void> {
  const stale = (await execOrThrow(process.execPath, [...builder, "--stale"], { cwd: projectFolder })).split("\n").filter(Boolean);
  if (stale.length === 0) return;
  const missing = await absent(stale.map((name) => imageReference(name as ImageName, { source: "local" })));
  await ensure(missing.length > 0 ? { purposes: ["engine", "images"] } : { purposes: [], wished: ["engine", "images"] });
}

/** The config value by which the program learns of the choice, unless the stack file says the same. */
export function overridesFor(settings: Settings, source: Source): Record<string, string> {
  return source === settings.images ? {} : { "tracing:images": source };
}

/** The requested source, else the stack's current one: a registry that is reachable again must not change its images. */
export async function wantedSource(settings: Settings, own: StackResources): Promise<Source> {
  const source = options.images ?? settings.images;
  const [first] = serviceContainers(own.containers);
  if (source === "local" || options.images || !first) return source;
  const { stdout } = await run("docker", ["image", "inspect", "--format", "{{json .RepoTags}}", first[1].Image]);
  if (!/["/]tracing\//.test(stdout)) return "official";
  note("the stack has images that were built on this machine, and keeps them; IMAGES=official changes that");
  return "local";
}

/** Pulls images; returns why that failed, if it did. */
async function pull(missing: readonly string[]): Promise<string | undefined> {
  // The last is the smallest.
  for (const reference of [...missing].reverse()) {
    let line = "";
    const pulling = run("docker", ["pull", reference], { firstAnswer: patience, onLine: (text) => (line = text) });
    const { ok, why, output } = await heartbeat(`pulling ${reference}`, pulling, () => line);
    if (!ok) return `cannot pull ${reference}: ${output.trim().split("\n").pop() || why}`;
    note(`pulled ${reference}`);
  }
  return undefined;
}

/** Builds what is missing or outdated; the builder tells its own progress. With a mirror the images have its name before theirs. */
async function build(registry?: string): Promise<void> {
  const { ok, why } = await run(process.execPath, builder, { cwd: projectFolder, onLine: note });
  const local = (name: ImageName, mirror?: string) => imageReference(name, { source: "local", registry: mirror });
  if (!ok) {
    const missing = await absent(imageNames.map((name) => local(name)));
    if (missing.length > 0) throw new UserError(`${missing.join(", ")} cannot be built: ${why}, see above; \`make images\` retries`);
    warn("the images cannot be updated, see above; the existing ones are used");
  }
  if (!registry) return;
  for (const name of imageNames) await execOrThrow("docker", ["tag", local(name), local(name, registry)]);
}

/** Those of some images that the engine does not have. */
async function absent(references: readonly string[]): Promise<string[]> {
  const present = await Promise.all(references.map(hasImage));
  return references.filter((_, i) => !present[i]);
}
