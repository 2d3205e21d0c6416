/** The node's programs as processes: started once, ended by number, never by name. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { isAlive, statusOf } from "../../../cli/machine/processes";
import { holds } from "../../../cli/machine/retry";
import { tail } from "../../../cli/machine/run";
import { UserError } from "../../../cli/terminal/output";
import { at } from "./layout";

/** What identifies a process for as long as the machine is up: its number may go to another, with another start. */
const identity = (pid: number): string | undefined => (isAlive(pid) ? `${pid} ${statusOf(pid)?.start ?? ""}` : undefined);

const record = (name: string) => at("pids", name);
const log = (name: string) => at("logs", `${name}.log`);

/** Number of a program that we started and that is running. */
export function runningPid(name: string): number | undefined {
  if (!existsSync(record(name))) return undefined;
  const known = readFileSync(record(name), "utf8").trim();
  const pid = Number(known.split(" ")[0]);
  return identity(pid) === known ? pid : undefined;
}

/** Names of the programs that we started and that have not been stopped. */
export const started = (): string[] => (existsSync(at("pids")) ? readdirSync(at("pids")) : []);

/** Starts a program that outlives this one. */
export function start(name: string, command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): void {
  if (runningPid(name) !== undefined) return;
  for (const folder of ["pids", "logs"]) mkdirSync(at(folder), { recursive: true, mode: 0o700 });
  const output = openSync(log(name), "a", 0o600);
  const child = spawn(command, args, { detached: true, stdio: ["ignore", output, output], env: { ...process.env, ...env }, cwd: at() });
  // Its record, without a process, tells.
  child.on("error", () => undefined);
  child.unref();
  if (child.pid === undefined) throw new UserError(`${basename(command)} cannot be started; is it installed?`);
  writeFileSync(record(name), identity(child.pid) ?? "");
}

/** Waits until something holds; gives up where the program it depends on has ended. */
export async function until(what: string, name: string, ask: () => Promise<boolean>, seconds = 120): Promise<void> {
  const held = async () => {
    if (await ask()) return true;
    if (runningPid(name) === undefined) throw new UserError(`${name} has ended:\n${lastWords(name)}`);
    return false;
  };
  if (await holds(held, { within: seconds * 1000 })) return;
  throw new UserError(`${what}: not within ${seconds} s; the end of ${log(name)}:\n${lastWords(name)}`);
}

const lastWords = (name: string) => tail(readFileSync(log(name), "utf8"), 12);

/** Ends a program that we started, by its number, and waits for its end. */
export async function stop(name: string): Promise<void> {
  const pid = runningPid(name);
  if (pid !== undefined) await end(pid);
  rmSync(record(name), { force: true });
}

/** Ends a process: asks, waits, and insists. */
export async function end(pid: number, patience = 20): Promise<void> {
  const known = identity(pid);
  const runs = () => known !== undefined && identity(pid) === known;
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    try {
      if (runs()) process.kill(pid, signal);
    } catch {
      return;
    }
    if (await holds(() => Promise.resolve(!runs()), { within: patience * 1000, every: 100 })) return;
  }
}
