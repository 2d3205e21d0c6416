/** The compose way: the rendered program, run by docker compose. */
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pending } from "./docker";
import { ensure } from "../machine/ensure";
import { composeFile } from "./rendered-changes";
import { execOrThrow, run, tail } from "../machine/run";
import { heartbeat, UserError } from "../terminal/output";
import { projectFolder } from "../stack/stack";
import { keepLog, stateFolder } from "../pulumi/state";

/** Config values in place of the stack file's. */
export type Overrides = Readonly<Record<string, string>>;

/** The folder with what the stack runs: what compose has carried out last. */
export const deployedFolder = (stack: string): string => stateFolder(stack, "compose");

/** Renders a stack into a folder, by its file in this project or in a copy of it. */
export async function render(stack: string, overrides: Overrides, folder: string, project = projectFolder): Promise<void> {
  const set = Object.entries(overrides).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
  const args = ["--import", "tsx", join("cli", "main.ts"), "render", "--stack", stack, "--out", folder, ...set];
  await execOrThrow(process.execPath, args, { cwd: project });
}

/** Brings the stack up; returns when each service is started, and all that others wait for are healthy. */
export async function composeUp(stack: string, overrides: Overrides): Promise<void> {
  const [program, ...plugin] = await composeCommand();
  const folder = deployedFolder(stack);
  const next = stateFolder(stack, "compose-next");
  await render(stack, overrides, next);
  const file = join(next, composeFile);
  // Without a separate project folder, Compose would read the caller's .env file.
  const args = [...plugin, "--project-name", `tracing-${stack}`, "--project-directory", folder, "--file", file, "up", "--detach"];
  const up = run(program, [...args, "--remove-orphans"], { patient: true });
  const { ok, why, output } = await heartbeat("compose up", up, () => pending(stack));
  const log = keepLog(stack, "compose-up", output);
  if (!ok) throw new UserError(`compose up failed: ${why}; its whole output is in ${log}\n${tail(output)}`);
  rmSync(folder, { recursive: true });
  renameSync(next, folder);
}

/** Compose as a plugin of docker, or as a separate program. */
export async function composeCommand(): Promise<[string, ...string[]]> {
  await ensure({ purposes: ["compose"] });
  return (await run("docker", ["compose", "version"])).ok ? ["docker", "compose"] : ["docker-compose"];
}
