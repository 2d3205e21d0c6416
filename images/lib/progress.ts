/** Progress on standard error: a line for each step, and a sign of life while a long one goes on. */

import { telling } from "../../cli/terminal/output";

/** `1m12s`, or `9s`. */
export function elapsed(since: number): string {
  const seconds = Math.round((Date.now() - since) / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, "0")}s`;
}

export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Announces and times one step of the work on one image. */
export type Step = <T>(what: string, action: () => Promise<T>) => Promise<T>;

/** Steps that say whose they are, such as `[2/6] otel-collector: compiling (1m12s) …`. */
export const stepsOf =
  (subject: string): Step =>
  (what, action) => {
    const start = Date.now();
    say(`${subject}: ${what} …`);
    return telling(action(), () => say(`${subject}: ${what} (${elapsed(start)}) …`), 10_000);
  };
