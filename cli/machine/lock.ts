/** One command at a time changes a stack, and one fills a cache. The Pulumi CLI has its own lock; Compose has none. */
import { linkSync, readFileSync, rmSync, statSync, utimes, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isAlive } from "./processes";
import { holds } from "./retry";
import { UserError } from "../terminal/output";
import { stateFolder } from "../pulumi/state";

/** The owner's sign of life, and the time without one after which a lock is nobody's: its process number may have gone to another. */
const beat = 5_000;
const dead = 60_000;

/** Does work on a stack alone, or throws a problem that names the process which is at it. A lock of a process that has ended is nobody's. */
export async function alone<T>(stack: string, work: () => Promise<T>): Promise<T> {
  const file = join(stateFolder(stack), "lock");
  const owner = take(file);
  if (owner !== undefined) throw new UserError(`stack ${stack} is being changed by process ${owner}; try again when it has ended`);
  return holding(file, work);
}

/**
 * Does work alone that several processes may want done: whoever comes later waits.
 *
 * @param file The lock.
 * @param wait Waits for the turn, and says so; it is told the process that is at it.
 */
export async function inTurn<T>(
  file: string,
  wait: (owner: number, turn: Promise<void>) => Promise<void>,
  work: () => Promise<T>,
): Promise<T> {
  const owner = take(file);
  if (owner !== undefined) await wait(owner, turnAt(file));
  return holding(file, work);
}

/** Takes a lock as soon as nobody has it. */
async function turnAt(file: string): Promise<void> {
  await holds(() => Promise.resolve(take(file) === undefined));
}

/** Does work while a lock is ours. */
async function holding<T>(file: string, work: () => Promise<T>): Promise<T> {
  const release = () => rmSync(file, { force: true });
  process.once("exit", release);
  const alive = setInterval(() => utimes(file, new Date(), new Date(), () => undefined), beat).unref();
  try {
    return await work();
  } finally {
    clearInterval(alive);
    release();
    process.off("exit", release);
  }
}

/** Takes a lock; where somebody has it, the number of that process. */
function take(file: string): number | undefined {
  const own = `${file}.${process.pid}`;
  // Written first and linked then: whoever sees the lock also sees its owner.
  writeFileSync(own, String(process.pid), { mode: 0o600 });
  try {
    for (;;) {
      try {
        linkSync(own, file);
        return undefined;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const owner = ownerOf(file);
      if (owner !== undefined) return owner;
      rmSync(file, { force: true });
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** The process that has the lock; undefined where it has ended. */
function ownerOf(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, "utf8"));
    if (Date.now() - statSync(file).mtimeMs > dead) return undefined;
    return isAlive(pid) ? pid : undefined;
  } catch {
    return undefined; // gone in between
  }
}
