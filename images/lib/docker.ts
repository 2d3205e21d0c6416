/** The container engine, by its command line. */
import { existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { cacheDir } from "../../cli/machine/cache";
import { run, succeeds } from "./run";

/** The label that tells what an image was made from. */
const inputsLabel = "tracing.inputs";

/** Whether an engine answers. */
export function engineAnswers(): Promise<boolean> {
  return succeeds("docker", ["version", "--format", "{{.Server.Version}}"]);
}

export interface PresentImage {
  readonly id: string;
  /** The input hash it was built with, where it is one of ours: the latest of those that make the same image. */
  readonly inputs: string | undefined;
  readonly bytes: number;
  /** All that a container is made from. */
  readonly content: unknown;
}

/** Where it is written down that an image is also what newer inputs make. */
const stampOf = (id: string) => join(cacheDir, "images", id.replace(":", "-"));

/** What the engine has under a reference, if anything. */
export async function presentImage(reference: string): Promise<PresentImage | undefined> {
  const answer = await run("docker", ["image", "inspect", reference]).catch(() => undefined);
  if (answer === undefined) return undefined;
  const [image] = JSON.parse(answer) as [
    { Id: string; Size: number; RootFS: unknown; Config: { Labels: Record<string, string> | null; Image?: string } },
  ];
  const { [inputsLabel]: label, ...labels } = image.Config.Labels ?? {};
  const stamp = stampOf(image.Id);
  return {
    id: image.Id,
    inputs: existsSync(stamp) ? readFileSync(stamp, "utf8") : label,
    bytes: image.Size,
    // `Image` is the step before the last of the build.
    content: { rootfs: image.RootFS, config: { ...image.Config, Image: undefined, Labels: labels } },
  };
}

/**
 * Builds an image. The reference moves to it only when it is complete, and only where it differs from what is there: a new id for the same content
 * would make every container of it anew.
 */
export async function buildImage(
  context: string,
  reference: string,
  inputs: string,
  labels: Readonly<Record<string, string>>,
  log: string,
): Promise<void> {
  const flags = Object.entries({ ...labels, [inputsLabel]: inputs }).flatMap(([label, value]) => ["--label", `${label}=${value}`]);
  const next = `${reference}-next`;
  await run("docker", ["build", "--force-rm", "--tag", next, ...flags, context], { log });
  const [present, built] = [await presentImage(reference), await presentImage(next)];
  if (present && isDeepStrictEqual(present.content, built?.content)) {
    await mkdir(join(cacheDir, "images"), { recursive: true });
    await writeFile(stampOf(present.id), inputs);
  } else {
    await run("docker", ["tag", next, reference], { log });
  }
  await run("docker", ["rmi", "--force", next], { log });
  // The image that had this reference before has no name any more.
  await run("docker", ["image", "prune", "--force", "--filter", `label=${inputsLabel}`], { log });
}
