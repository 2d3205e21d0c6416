/** The compose way: the rendered program, run by docker compose. */
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { canInstall, install } from "./apt";
import { pending } from "./docker";
import { must, run, tail } from "./run";
import { heartbeat, note, Problem } from "./say";
import { projectFolder } from "./stack";
import { keepLog, stateFolder } from "./state";

/** Config values in place of the stack file's. */
export type Overrides = Readonly<Record<string, string>>;

/** The folder with what the stack runs: what compose has carried out last. */
export const deployedFolder = (stack: string): string => stateFolder(stack, "compose");

/** Renders the stack into a folder. */
export async function render(stack: string, overrides: Overrides, folder: string): Promise<void> {
  const set = Object.entries(overrides).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
  const args = ["--import", "tsx", join("render", "main.ts"), "--stack", stack, "--out", folder, ...set];
  await must(process.execPath, args, { cwd: projectFolder });
}

/** Brings the stack up; returns when each service is started, and all that others wait for are healthy. */
export async function composeUp(stack: string, overrides: Overrides): Promise<void> {
  const [program, ...plugin] = await composeCommand();
  const folder = deployedFolder(stack);
  const next = stateFolder(stack, "compose-next");
  await render(stack, overrides, next);
  const file = join(next, "docker-compose.tracing.yml");
  // Without a project folder of its own, compose would read the .env file of whoever calls it.
  const args = [...plugin, "--project-name", `tracing-${stack}`, "--project-directory", folder, "--file", file, "up", "--detach"];
  const up = run(program, [...args, "--remove-orphans"], { patient: true });
  const { ok, why, output } = await heartbeat("compose up", up, () => pending(stack));
  const log = keepLog(stack, "compose-up", output);
  if (!ok) throw new Problem(`compose up failed: ${why}; all it said is in ${log}\n${tail(output)}`);
  rmSync(folder, { recursive: true });
  renameSync(next, folder);
}

/** Compose as a plugin of docker, or as a program of its own from 1.29 on, the first that waits for tasks. */
async function composeCommand(): Promise<[string, ...string[]]> {
  const found = await findCompose();
  if (found) return found;
  if (await canInstall()) await install("docker-compose");
  const installed = await findCompose();
  if (installed) return installed;
  throw new Problem("no docker compose: install Docker's compose plugin, or docker-compose 1.29 or newer");
}

async function findCompose(): Promise<[string, ...string[]] | undefined> {
  if ((await run("docker", ["compose", "version"])).ok) return ["docker", "compose"];
  const { stdout } = await run("docker-compose", ["version", "--short"]);
  const [major = 0, minor = 0] = stdout.trim().replace(/^v/, "").split(".").map(Number);
  if (major > 1 || (major === 1 && minor >= 29)) return ["docker-compose"];
  if (stdout.trim()) note(`docker-compose ${stdout.trim()} is too old`);
  return undefined;
}
