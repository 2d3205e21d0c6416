/** The stack's images: pulled, or built here where no registry can be reached. */
import { join } from "node:path";
import { imageNames, imageReference, type ImageName, type ImageOrigin } from "../../configs/images";
import type { Settings } from "../../configs/settings";
import { hasImage, serviceContainers, type Belongings } from "./docker";
import { options } from "./options";
import { must, run } from "./run";
import { heartbeat, note, Problem, warn } from "./say";
import { projectFolder } from "./stack";

type Source = ImageOrigin["source"];

/** How long a registry may take until it says anything at all. */
const patience = 30_000;

/** Makes the images present, and returns where they come from. */
export async function ensureImages(settings: Settings, own: Belongings): Promise<Source> {
  const source = await wantedSource(settings, own);
  const { imageRegistry: registry } = settings;
  if (source === "official" || registry) {
    const failure = await pullMissing(imageNames.map((name) => imageReference(name, { source, registry })));
    if (!failure) return source;
    if (options.images === "official") throw new Problem(failure);
    note(`${failure}\nso the stack gets images built on this machine (tracing:images=local)`);
  }
  await build(registry);
  return "local";
}

/** The config value by which the program learns of the choice, unless the stack file says the same. */
export function overridesFor(settings: Settings, source: Source): Record<string, string> {
  return source === settings.images ? {} : { "tracing:images": source };
}

/** What was asked for, else what the stack has: it must not change its images because a registry is back. */
export async function wantedSource(settings: Settings, own: Belongings): Promise<Source> {
  const source = options.images ?? settings.images;
  const [first] = serviceContainers(own.containers);
  if (source === "local" || options.images || !first) return source;
  const { stdout } = await run("docker", ["image", "inspect", "--format", "{{json .RepoTags}}", first[1].Image]);
  if (!/["/]tracing\//.test(stdout)) return "official";
  note("the stack has images that were built on this machine, and keeps them; IMAGES=official changes that");
  return "local";
}

/** Pulls what is missing; returns why that failed, if it did. */
async function pullMissing(references: readonly string[]): Promise<string | undefined> {
  const missing = await absent(references);
  note(`${references.length - missing.length} of ${references.length} present`);
  // The last is the smallest: it tells soon whether there is a registry.
  for (const reference of missing.reverse()) {
    let line = "";
    const pull = run("docker", ["pull", reference], { firstAnswer: patience, onLine: (text) => (line = text) });
    const { ok, why, output } = await heartbeat(`pulling ${reference}`, pull, () => line);
    if (!ok) return `cannot pull ${reference}: ${output.trim().split("\n").pop() || why}`;
    note(`pulled ${reference}`);
  }
  return undefined;
}

/** Builds what is missing or outdated; the builder tells its own progress. With a mirror the images have its name before theirs. */
async function build(registry?: string): Promise<void> {
  const { ok, why } = await run(process.execPath, ["--import", "tsx", join("images", "build.ts")], { cwd: projectFolder, onLine: note });
  const local = (name: ImageName, mirror?: string) => imageReference(name, { source: "local", registry: mirror });
  if (!ok) {
    const missing = await absent(imageNames.map((name) => local(name)));
    if (missing.length > 0)
      throw new Problem(`${missing.join(", ")} cannot be built: ${why}, see above; \`make images\` tries it again alone`);
    warn("the images cannot be brought up to date, see above; those that are there will do");
  }
  if (!registry) return;
  for (const name of imageNames) await must("docker", ["tag", local(name), local(name, registry)]);
}

/** Those of some images that the engine does not have. */
async function absent(references: readonly string[]): Promise<string[]> {
  const present = await Promise.all(references.map(hasImage));
  return references.filter((_, i) => !present[i]);
}
