/** Folders that are made once and kept in the cache, each with a stamp of what it was made from. */
import { existsSync } from "node:fs";
import { chmod, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { withWorkDir } from "./run";

const stampOf = (folder: string) => join(folder, ".inputs");

/** Whether a folder was made from these inputs. */
export async function isCurrent(folder: string, inputs: string): Promise<boolean> {
  return existsSync(stampOf(folder)) && (await readFile(stampOf(folder), "utf8")) === inputs;
}

/** Makes a folder anew unless it is current, and returns its path. It takes its place only when it is complete. */
export async function cachedFolder(folder: string, inputs: string, force: boolean, make: (work: string) => Promise<void>): Promise<string> {
  if (!force && (await isCurrent(folder, inputs))) return folder;
  await withWorkDir(async (work) => {
    await make(work);
    await writeFile(stampOf(work), inputs);
    // Work folders are their owner's alone; the cache need not be.
    await chmod(work, 0o755);
    await mkdir(dirname(folder), { recursive: true });
    await rm(folder, { recursive: true, force: true });
    await rename(work, folder);
  });
  return folder;
}
