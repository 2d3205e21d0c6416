/** Output of the commands: steps, facts, progress, and one clear message for an error. */

import { SettingsError } from "../../configs/stack/parse";

/** Something the operator can mend. Its message is all that is shown: what was found, then what to do. */
export class UserError extends Error {}

/** A step of a command. */
export const step = (title: string): void => console.log(`==> ${title}`);

/** A fact within a step. */
export const note = (text: string): void => console.log(text.replace(/^/gm, "    "));

/** A warning. */
export const warn = (text: string): void => note(`warning: ${text}`);

/** Seconds since a moment that `Date.now()` gave, such as "12.3 s". */
export const since = (start: number): string => `${((Date.now() - start) / 1000).toFixed(1)} s`;

/** Bytes as people read them, such as "1.5 GiB". */
export function size(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  return `${(bytes / 1024 ** power).toFixed(power > 2 ? 1 : 0)} ${units[power]}`;
}

/**
 * Waits for work, and calls a function again and again while it goes on.
 *
 * @param every Milliseconds between two calls.
 */
export async function telling<T>(work: Promise<T>, tell: () => unknown, every = 5000): Promise<T> {
  const timer = setInterval(tell, every);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}

/**
 * Waits for work and says every few seconds that it goes on.
 *
 * @param what What is waited for.
 * @param detail What to say of its state, if that is known.
 */
export function heartbeat<T>(what: string, work: Promise<T>, detail?: () => string | Promise<string>): Promise<T> {
  const start = Date.now();
  return telling(work, async () => {
    const seconds = Math.round((Date.now() - start) / 1000);
    const state = await Promise.resolve(detail?.()).catch(() => "");
    note(`… ${what}: ${seconds} s${state ? ` (${state})` : ""}`);
  });
}

/** Lines in columns, the first line being the heading. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Ends a command that cannot go on: with a message, and only a fault of our own shows where it is. */
export function reportError(error: unknown): void {
  const expected = error instanceof UserError || error instanceof SettingsError;
  console.error(expected ? `\nerror: ${error.message}` : error);
  process.exitCode = 1;
}
