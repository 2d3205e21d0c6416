/** The state folder: what must be kept between commands and has no place in the repository. Only its owner may read it. */
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { variable } from "../terminal/variables";

/** A folder in the state folder, made if need be. */
export function stateFolder(...parts: string[]): string {
  const root = variable("TRACING_HOME") ?? join(process.env.XDG_STATE_HOME || join(homedir(), ".local", "state"), "tracing");
  mkdirSync(root, { recursive: true, mode: 0o700 });
  chmodSync(root, 0o700);
  const folder = join(root, ...parts);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

/** The file with the passphrase of Pulumi's secrets; made at random, once. */
export function passphraseFile(): string {
  const file = join(stateFolder(), "passphrase");
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(32).toString("base64")}\n`, { mode: 0o600, flag: "wx" });
  return file;
}

/** Keeps a program's output for whoever looks into a failure; returns the file's name. */
export function keepLog(stack: string, name: string, text: string): string {
  const file = join(stateFolder(stack), `${name}.log`);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}
