/** An interrupted command: all of its processes end at once, as when the power goes. */
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { statusOf } from "../../../cli/machine/processes";
import { answered } from "../../../cli/machine/retry";
import { run } from "../../../cli/machine/run";

/**
 * Starts `make <words>` and kills it, with all that it started, when a container of that name runs.
 *
 * @returns What it printed until then. Throws if it ends by itself, or if the container does not come.
 */
export async function interrupted(
  folder: string,
  env: Readonly<Record<string, string>>,
  container: string,
  words: string[],
): Promise<string> {
  const child = spawn("make", ["--no-print-directory", "-C", folder, ...words], { env: { ...process.env, ...env } });
  const seen = { output: "", ended: false };
  child.stdout.on("data", (data: Buffer) => (seen.output += data.toString()));
  child.stderr.on("data", (data: Buffer) => (seen.output += data.toString()));
  const closed = new Promise<void>((resolve) => child.on("close", () => resolve()));
  void closed.then(() => (seen.ended = true));
  const runs = async () => (await run("docker", ["ps", "--quiet", "--filter", `name=^/${container}$`])).stdout !== "";
  const state = async () => ((await runs()) ? "runs" : seen.ended ? "ended" : undefined);
  if ((await answered(state, { within: 180_000, every: 200 })) !== "runs")
    throw new Error(`${container} was never seen running:\n${seen.output}`);
  if (seen.ended || child.pid === undefined) throw new Error(`it ended before it could be interrupted:\n${seen.output}`);
  killAll(child.pid);
  await closed;
  return seen.output;
}

/** Kills a process and all that it started, and they. They are halted first, so that none of them starts another meanwhile. */
function killAll(root: number): void {
  const halted = new Set<number>();
  for (let fresh = [root]; fresh.length > 0; fresh = descendants(root).filter((pid) => !halted.has(pid))) {
    for (const pid of fresh) {
      signal(pid, "SIGSTOP");
      halted.add(pid);
    }
  }
  for (const pid of halted) signal(pid, "SIGKILL");
}

function signal(pid: number, name: "SIGSTOP" | "SIGKILL"): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
}

/** A process and all that it started, and they. */
function descendants(root: number): number[] {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), parent: statusOf(Number(name))?.parent }));
  const found = [root];
  for (const pid of found) found.push(...all.filter(({ parent }) => parent === pid).map((child) => child.pid));
  return found;
}
