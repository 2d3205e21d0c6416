/** The container engine, by its command line. */
import { run, succeeds } from "./run";

/** The label that tells what an image was made from. */
const inputsLabel = "tracing.inputs";

/** Whether an engine answers. */
export function engineAnswers(): Promise<boolean> {
  return succeeds("docker", ["version", "--format", "{{.Server.Version}}"]);
}

export interface PresentImage {
  /** The input hash it was built with, where it is one of ours. */
  readonly inputs: string | undefined;
  readonly bytes: number;
}

/** What the engine has under a reference, if anything. */
export async function presentImage(reference: string): Promise<PresentImage | undefined> {
  const answer = await run("docker", ["image", "inspect", reference]).catch(() => undefined);
  if (answer === undefined) return undefined;
  const [image] = JSON.parse(answer) as [{ Size: number; Config: { Labels: Record<string, string> | null } }];
  return { inputs: image.Config.Labels?.[inputsLabel], bytes: image.Size };
}

/** Builds an image. The reference moves to it only when it is complete. */
export async function buildImage(
  context: string,
  reference: string,
  inputs: string,
  labels: Readonly<Record<string, string>>,
  log: string,
): Promise<void> {
  const flags = Object.entries({ ...labels, [inputsLabel]: inputs }).flatMap(([label, value]) => ["--label", `${label}=${value}`]);
  await run("docker", ["build", "--force-rm", "--tag", reference, ...flags, context], { log });
  // The image that had this reference before has no name any more.
  await run("docker", ["image", "prune", "--force", "--filter", `label=${inputsLabel}`], { log });
}
