/** Secrets of a stack on Docker, read where the stack keeps them, which is the same place for both ways. */
import { imageOrigin, imageReference } from "../../configs/images";
import type { Settings } from "../../configs/stack/schema";
import { hasImage } from "../engine/docker";
import { execOrThrow, run } from "../machine/run";
import { UserError } from "../terminal/output";
import { secretsVolume } from "./stack";

/** Milliseconds that the engine may take for a step. */
const timeout = 20_000;

/** Reads a secret with a container that is gone at once; it passes through a pipe only. */
export async function readSecret(settings: Settings, secret: string): Promise<string> {
  const { stack } = settings;
  const volume = secretsVolume(stack);
  if (!(await run("docker", ["volume", "inspect", volume], { timeout })).ok)
    throw new UserError(`stack ${stack} has no secrets on this engine: make up`);
  const candidates = (["official", "local"] as const).map((source) => imageReference("busybox", { ...imageOrigin(settings), source }));
  const present = await Promise.all(candidates.map(hasImage));
  const image = candidates.find((_, i) => present[i]);
  if (!image) throw new UserError(`the image ${candidates.join(" or ")} is not there: make up`);
  const mount = `type=volume,source=${volume},target=/secrets,readonly`;
  return execOrThrow("docker", ["run", "--rm", "--network", "none", "--mount", mount, image, "cat", `/secrets/${secret}`], { timeout });
}
