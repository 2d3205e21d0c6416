import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** Shells to run scripts with: the system's, and busybox', which is what runs them in the containers, where there is one. */
export const shells: [name: string, command: readonly [string, ...string[]]][] = [
  ["sh", ["/bin/sh"]],
  ...(existsSync("/bin/busybox") ? [["busybox sh", ["/bin/busybox", "sh"]] as [string, [string, ...string[]]]] : []),
];

/** Result of a script. */
export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a script to its end. */
export function run([program, ...args]: readonly [string, ...string[]], script: string, env: Record<string, string> = {}): Outcome {
  const { status, stdout, stderr, error } = spawnSync(program, [...args, "-c", script], {
    env: { PATH: process.env.PATH, ...env },
    encoding: "utf8",
    timeout: 10_000,
  });
  if (error) throw error;
  return { code: status, out: stdout, err: stderr };
}
