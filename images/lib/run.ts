/** Runs other programs, keeps what they print, and takes them down with this one. */
import { appendFileSync, mkdirSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { cacheDir } from "../../cli/machine/cache";
import { isAlive } from "../../cli/machine/processes";
import { UserError } from "../../cli/terminal/output";
import { onInterrupt, run as runProgram, type RunOptions as ProgramOptions } from "../../cli/machine/run";

export class CommandError extends UserError {}

const interruption = new AbortController();

/** Aborted when this program is interrupted. Every wait that is not for a command heeds it. */
export const interrupted = interruption.signal;

// What waits for a command then fails, and cleans up on its way out.
onInterrupt(() => interruption.abort(new CommandError("interrupted")));

export interface RunOptions extends Pick<ProgramOptions, "cwd" | "env" | "log"> {
  /** Runs also after an interrupt, for commands that clear away. */
  readonly always?: boolean;
}

/** Runs a command and returns its standard output. Throws a CommandError that shows the end of what it printed. */
export async function run(command: string, args: readonly string[], { always = false, ...options }: RunOptions = {}): Promise<string> {
  if (!always) interrupted.throwIfAborted();
  if (options.log) appendFileSync(options.log, `$ ${command} ${args.join(" ")}\n`);
  const { ok, stdout, output, why } = await runProgram(command, args, { ...options, patient: true, group: true });
  if (!always) interrupted.throwIfAborted();
  if (ok) return stdout;
  const whole = options.log ? `; all it printed: ${options.log}` : "";
  throw new CommandError(`${command} ${args.slice(0, 3).join(" ")} failed (${why})${whole}\n${output.slice(-3000).trimEnd()}`);
}

/** Whether a command is there and ends well. */
export function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  return run(command, args).then(
    () => true,
    () => false,
  );
}

/** Calls `action` with a new empty folder and removes that folder afterwards, whatever happened. */
export async function withWorkDir<T>(action: (dir: string) => Promise<T>): Promise<T> {
  mkdirSync(cacheDir, { recursive: true });
  const dir = await mkdtemp(join(cacheDir, `work-${process.pid}-`));
  try {
    return await action(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Removes work folders of builders that were killed outright. */
export async function removeAbandonedWorkDirs(): Promise<void> {
  mkdirSync(cacheDir, { recursive: true });
  for (const name of await readdir(cacheDir)) {
    const pid = /^work-(\d+)-/.exec(name)?.[1];
    if (pid && !isAlive(Number(pid))) await rm(join(cacheDir, name), { recursive: true, force: true });
  }
}
