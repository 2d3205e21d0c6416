/** Throw-away containers to look into images with. */
import { randomBytes } from "node:crypto";
import { run } from "../lib/run";

/** Names of this process's own, so that nothing else is touched and everything can be found again. */
export function ownName(what: string): string {
  return `tracing-contract-${what}-${randomBytes(4).toString("hex")}`;
}

export interface ImageConfig {
  readonly User: string;
  readonly Entrypoint: readonly string[] | null;
  readonly Cmd: readonly string[] | null;
  readonly Env: readonly string[] | null;
  readonly WorkingDir: string;
  readonly Volumes: Readonly<Record<string, unknown>> | null;
}

export async function imageConfig(reference: string): Promise<ImageConfig> {
  const [image] = JSON.parse(await run("docker", ["image", "inspect", reference])) as [{ Config: ImageConfig }];
  return image.Config;
}

/** Runs a shell script in a new container of an image, without network, and returns what it prints. */
export async function shell(reference: string, script: string, options: readonly string[] = []): Promise<string> {
  return (await run("docker", ["run", "--rm", "--network=none", ...options, "--entrypoint=/bin/sh", reference, "-c", script])).trim();
}

/** Runs an image's own entrypoint to its end, and returns all it printed with its exit code. */
export async function runToEnd(
  reference: string,
  options: readonly string[],
  args: readonly string[],
): Promise<{ code: number; output: string }> {
  const name = ownName("run");
  try {
    await run("docker", ["create", "--name", name, "--network=none", ...options, reference, ...args]);
    await run("docker", ["start", name]);
    const code = Number(await run("docker", ["wait", name]));
    return { code, output: await logs(name) };
  } finally {
    await remove(name);
  }
}

export function logs(container: string): Promise<string> {
  return run("sh", ["-c", 'docker logs "$1" 2>&1', "sh", container]);
}

export async function remove(container: string): Promise<void> {
  await run("docker", ["rm", "--force", "--volumes", container], { always: true }).catch(() => undefined);
}

/** Fills a new volume, which the script sees at /v, calls `action` with its name, and removes it afterwards. */
export async function withVolume<T>(busybox: string, script: string, action: (volume: string) => Promise<T>): Promise<T> {
  const volume = ownName("volume");
  await run("docker", ["volume", "create", volume]);
  try {
    await shell(busybox, script, ["--user=0", `--volume=${volume}:/v`]);
    return await action(volume);
  } finally {
    await run("docker", ["volume", "rm", "--force", volume], { always: true }).catch(() => undefined);
  }
}
