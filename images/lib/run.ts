/** Runs other programs, keeps what they print, and takes them down with this one. */
import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream, mkdirSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { cacheDir } from "../../cli/machine/cache";

export class CommandError extends Error {}

const children = new Set<ChildProcess>();
const interruption = new AbortController();

/** Aborted when this program is interrupted. Every wait that is not for a command heeds it. */
export const interrupted = interruption.signal;

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    interruption.abort(new CommandError("interrupted"));
    // To the whole group of each child, as a terminal does. What waits for the child then fails, and cleans up on its way out.
    for (const child of children) interrupt(child);
  });
}

function interrupt({ pid }: ChildProcess): void {
  try {
    if (pid) process.kill(-pid, "SIGINT");
  } catch {
    // It has just ended by itself.
  }
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** File that everything the command prints is added to. */
  readonly log?: string;
  /** Runs also after an interrupt, for commands that clear away. */
  readonly always?: boolean;
}

/** Runs a command and returns its standard output. Throws a CommandError that shows the end of what it printed. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const throwIfInterrupted = () => {
    if (!options.always) interrupted.throwIfAborted();
  };
  throwIfInterrupted();
  const log = options.log ? createWriteStream(options.log, { flags: "a" }) : undefined;
  log?.write(`$ ${command} ${args.join(" ")}\n`);
  let stdout = "";
  let tail = "";
  const code = await new Promise<number | string>((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      // A group of its own: an interrupt reaches it once, from here.
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    children.add(child);
    const keep = (text: string) => {
      log?.write(text);
      tail = (tail + text).slice(-3000);
    };
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      keep(text);
    });
    child.stderr.setEncoding("utf8").on("data", keep);
    child.on("error", (error) => {
      children.delete(child);
      resolve(error.message);
    });
    child.on("close", (exitCode, signal) => {
      children.delete(child);
      resolve(exitCode ?? signal ?? "no exit code");
    });
  });
  log?.end();
  throwIfInterrupted();
  if (code === 0) return stdout;
  const whole = options.log ? `; all it printed: ${options.log}` : "";
  throw new CommandError(`${command} ${args.slice(0, 3).join(" ")} failed (${code})${whole}\n${tail.trimEnd()}`);
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
    if (pid && !isRunning(Number(pid))) await rm(join(cacheDir, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
