/** One number for everything that something is made from: what has the same one need not be made again. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { imagesDir } from "./folder";

/**
 * Hashes files and folders of images/, by name, content and whether they can be executed, together with plain values.
 * Installed packages are left out: the lock file beside them names them.
 */
export function inputHash(paths: readonly string[], ...values: unknown[]): string {
  const hash = createHash("sha256").update(JSON.stringify(values));
  for (const file of paths.flatMap((path) => filesOf(join(imagesDir, path))).sort()) {
    hash.update(`\0${relative(imagesDir, file)}\0${statSync(file).mode & 0o100}\0`).update(readFileSync(file));
  }
  return hash.digest("hex").slice(0, 32);
}

function filesOf(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => name !== "node_modules");
  return names.flatMap((name) => filesOf(join(path, name)));
}
