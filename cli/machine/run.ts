/** Other programs: started with a list of arguments, never through a shell. */
import { spawn } from "node:child_process";
import { UserError } from "../terminal/output";

export interface RunOptions {
  readonly cwd?: string;
  /** Variables on top of the process's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds after which the program is stopped. */
  readonly timeout?: number;
  /** Milliseconds within which its first output must come. */
  readonly firstAnswer?: number;
  /** Called with each line of its output and errors. */
  readonly onLine?: (line: string) => void;
  /** It leaves things half-made unless it ends in its own time: an interrupt of ours is handed to it once, and waited for. */
  readonly patient?: boolean;
  /** Its output goes by line to `onLine` only: it may never end. */
  readonly endless?: boolean;
}

export interface Outcome {
  readonly ok: boolean;
  readonly stdout: string;
  /** Its output and errors as they came. */
  readonly output: string;
  /** Why it is not ok, in a few words. */
  readonly why: string;
}

interface Running {
  readonly patient: boolean;
  readonly stop: (reason: string) => void;
}

const running = new Set<Running>();

/** An interrupt ends what we started; and us, unless one of them needs its time. */
function interrupt(): void {
  for (const program of running) program.stop("interrupted");
  if (![...running].some((program) => program.patient)) process.exit(130);
}
process.on("SIGINT", interrupt).on("SIGTERM", interrupt);

/** Runs a program to its end. Never throws because of what the program does. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const { patient = false, endless = false } = options;
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
      // The terminal would interrupt it too, and a second interrupt means at once.
      detached: patient,
    });
    let [stdout, output, stopped] = ["", "", ""];
    const stop = (reason: string) => {
      if (!stopped) child.kill("SIGTERM");
      stopped ||= reason;
    };
    const limit = (after: number | undefined, reason: string) =>
      after === undefined ? undefined : setTimeout(() => stop(`${reason} within ${after / 1000} s`), after);
    const timers = [limit(options.timeout, "not done"), limit(options.firstAnswer, "no answer")];
    const lines = lineReader(options.onLine);
    const self = { patient, stop };
    running.add(self);
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      clearTimeout(timers[1]);
      if (!endless) stdout += text;
      if (!endless) output += text;
      lines(text);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      if (!endless) output += text;
      lines(text);
    });
    const end = (ok: boolean, why: string) => {
      timers.forEach(clearTimeout);
      running.delete(self);
      lines("\n");
      resolve({ ok: ok && !stopped, stdout, output, why: stopped || why });
    };
    child.on("error", (error: NodeJS.ErrnoException) =>
      end(false, error.code === "ENOENT" ? `${command} is not installed` : error.message),
    );
    child.on("close", (code, signal) => end(code === 0, code === null ? `ended by ${String(signal)}` : `exit code ${code}`));
  });
}

function lineReader(onLine?: (line: string) => void): (text: string) => void {
  let rest = "";
  return (text) => {
    if (!onLine) return;
    const lines = (rest + text).split(/\r?\n|\r/);
    rest = lines.pop() ?? "";
    lines.filter((line) => line.trim()).forEach(onLine);
  };
}

/** Runs a program that must succeed; returns what it printed, without blanks around it. */
export async function execOrThrow(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const outcome = await run(command, args, options);
  if (outcome.ok) return outcome.stdout.trim();
  throw new UserError(`${[command, ...args.slice(0, 3)].join(" ")} failed: ${outcome.why}\n${tail(outcome.output)}`);
}

/** Runs a program on our own terminal; returns its exit code. */
export function attach(command: string, args: readonly string[], options: Pick<RunOptions, "cwd" | "env"> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: options.cwd, env: { ...process.env, ...options.env }, stdio: "inherit" });
    const self = { patient: false, stop: () => child.kill("SIGTERM") };
    running.add(self);
    child.on("error", (error: NodeJS.ErrnoException) =>
      reject(error.code === "ENOENT" ? new UserError(`${command} is not installed`) : error),
    );
    child.on("close", (code) => {
      running.delete(self);
      resolve(code ?? 1);
    });
  });
}

/** The last lines of an output, indented. */
export const tail = (output: string, lines = 15): string => output.trimEnd().split("\n").slice(-lines).join("\n").replace(/^/gm, "    ");

export const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
