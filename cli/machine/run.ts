/** Other programs: started with a list of arguments, never through a shell. */
import type { ChildProcess } from "node:child_process";
import { createWriteStream } from "node:fs";
import spawn, { SubprocessError, type Subprocess } from "nano-spawn";
import { UserError } from "../terminal/output";

export { setTimeout as sleep } from "node:timers/promises";

export interface RunOptions {
  readonly cwd?: string;
  /** Variables on top of the process's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds after which the program is stopped. */
  readonly timeout?: number;
  /** Called with each line of its output and errors. */
  readonly onLine?: (line: string) => void;
  /** Milliseconds within which the first line must come; with `onLine`. */
  readonly firstAnswer?: number;
  /** On interrupt, sends SIGTERM once and waits for a clean exit. For programs that leave work half-done otherwise. */
  readonly patient?: boolean;
  /** On interrupt, sends SIGINT to all that it has started too, as a terminal does. With `patient`. */
  readonly group?: boolean;
  /** File to which its output and errors are appended as they come. */
  readonly log?: string;
  /** Passes lines to `onLine` without keeping them. For programs that may never end. */
  readonly endless?: boolean;
}

export interface Outcome {
  readonly ok: boolean;
  /** Its output without the last line break. Empty with `onLine`. */
  readonly stdout: string;
  /** Its output and errors as they came. */
  readonly output: string;
  /** Why it is not ok, in a few words. */
  readonly why: string;
}

interface Running {
  readonly patient: boolean;
  readonly stop: (reason: string, signal: NodeJS.Signals) => void;
}

const running = new Set<Running>();

/** An interrupt stops all running programs, and this process unless one of them is patient. */
function interrupt(signal: NodeJS.Signals): void {
  for (const program of running) program.stop("interrupted", signal);
  if (![...running].some((program) => program.patient)) process.exit(130);
}
process.on("SIGINT", interrupt).on("SIGTERM", interrupt);

/**
 * Calls an action on interrupt, and leaves it to the action to end this process.
 *
 * @returns A function that takes the action out again.
 */
export function onInterrupt(action: (reason: string, signal: NodeJS.Signals) => void): () => void {
  const work = { patient: true, stop: action };
  running.add(work);
  return () => void running.delete(work);
}

/** Runs a program to its end. Never throws because of what the program does. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const { cwd, env, patient = false, group = false, endless = false, log, onLine } = options;
  // A patient program has its own process group: an interrupt by the terminal would be its second one, and stop it at once.
  const child = spawn(command, [...args], { cwd, env: { ...process.env, ...env }, stdin: "ignore", detached: patient });
  const stopped = track(child, patient, group);
  if (log !== undefined) void child.nodeChildProcess.then((process) => keep(process, log), nothing);
  const limit = (after: number | undefined, reason: string) =>
    after === undefined ? undefined : setTimeout(() => stopped.stop(`${reason} within ${after / 1000} s`), after);
  const timers = [limit(options.timeout, "not done"), limit(options.firstAnswer, "no answer")];
  const heard: string[] = [];
  try {
    if (onLine) {
      for await (const line of child) {
        clearTimeout(timers[1]);
        if (!endless) heard.push(line);
        if (line.trim()) onLine(line);
      }
    }
    const { stdout, output } = await child;
    return { ok: !stopped.why, stdout, output: output || heard.join("\n"), why: stopped.why };
  } catch (error) {
    if (!(error instanceof SubprocessError)) throw error;
    return { ok: false, stdout: error.stdout, output: error.output || heard.join("\n"), why: stopped.why || reason(command, error) };
  } finally {
    timers.forEach(clearTimeout);
    running.delete(stopped);
  }
}

/** Lists a program among those that an interrupt stops. */
function track(
  child: Subprocess,
  patient: boolean,
  group = false,
): { readonly why: string; readonly stop: (reason: string) => void; readonly patient: boolean } {
  let started: ChildProcess | undefined;
  const kill = () => (group && started?.pid ? signalGroup(started.pid) : started?.kill("SIGTERM"));
  const self = {
    patient,
    why: "",
    stop: (why: string) => {
      if (!self.why) kill();
      self.why ||= why;
    },
  };
  void child.nodeChildProcess.then((process) => {
    started = process;
    if (self.why) kill();
  }, nothing);
  running.add(self);
  return self;
}

function signalGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGINT");
  } catch {
    // It has just ended by itself.
  }
}

/** Appends what a program prints to a file. */
function keep({ stdout, stderr }: ChildProcess, log: string): void {
  const file = createWriteStream(log, { flags: "a" });
  for (const stream of [stdout, stderr]) stream?.pipe(file, { end: false });
}

/** A program that cannot be started has a result, like any other. */
const nothing = (): undefined => undefined;

/** Why a program failed. */
function reason(command: string, { exitCode, signalName, cause, message }: SubprocessError): string {
  if (signalName !== undefined) return `ended by ${signalName}`;
  if (exitCode !== undefined) return `exit code ${exitCode}`;
  if ((cause as NodeJS.ErrnoException | undefined)?.code === "ENOENT") return `${command} is not installed`;
  return cause instanceof Error ? cause.message : message;
}

/** Runs a program that must succeed; returns what it printed, without blanks around it. */
export async function execOrThrow(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const outcome = await run(command, args, options);
  if (outcome.ok) return outcome.stdout.trim();
  throw new UserError(`${[command, ...args.slice(0, 3)].join(" ")} failed: ${outcome.why}\n${tail(outcome.output)}`);
}

/** Runs a program on our own terminal; returns its exit code. */
export async function attach(command: string, args: readonly string[], options: Pick<RunOptions, "cwd" | "env"> = {}): Promise<number> {
  const child = spawn(command, [...args], { cwd: options.cwd, env: { ...process.env, ...options.env }, stdio: "inherit" });
  const self = track(child, false);
  try {
    await child;
    return 0;
  } catch (error) {
    if (!(error instanceof SubprocessError)) throw error;
    if (error.exitCode === undefined && error.signalName === undefined) throw new UserError(reason(command, error));
    return error.exitCode ?? 1;
  } finally {
    running.delete(self);
  }
}

/** The last lines of an output, indented. */
export const tail = (output: string, lines = 15): string => output.trimEnd().split("\n").slice(-lines).join("\n").replace(/^/gm, "    ");
