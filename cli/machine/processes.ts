/** Other processes, known by their numbers. */
import { readFileSync } from "node:fs";

/**
 * Whether a process is at work. One that has ended and that its parent has not asked after yet (a zombie) is not, though signals still
 * reach its number. Where there is no /proc (macOS) it counts as being at work until then.
 */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false; // with EPERM it is somebody else's
  }
  const state = statusOf(pid)?.state;
  return state !== "Z" && state !== "X";
}

/** Status of a process on Linux: program name, letter of the state, parent, and start in ticks since boot. */
export function statusOf(pid: number): { name: string; state: string; parent: number; start: string } | undefined {
  try {
    // "pid (name) state …"; the name may hold anything.
    const [, name, rest] = /^\d+ \((.*)\) (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
    if (name === undefined || rest === undefined) return undefined;
    const fields = rest.split(" ");
    return { name, state: fields[0] ?? "", parent: Number(fields[1]), start: fields[19] ?? "" };
  } catch {
    return undefined;
  }
}
