/** This machine, as the list of requirements asks about it. Programs are run without `run.ts`, so that every command can ask. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join, resolve } from "node:path";

const projectFolder = resolve(__dirname, "..", "..");

/** The operating system. */
export interface System {
  /** Such as "Debian GNU/Linux 12 (bookworm)". */
  readonly name: string;
  /** Such as "bookworm"; empty where there is none. */
  readonly codename: string;
  /** How packages are installed, if that is known. */
  readonly packages?: "apt" | "brew";
}

/** Properties of a machine. */
export interface Machine {
  readonly system: System;
  readonly platform: NodeJS.Platform;
  readonly root: boolean;
  /** DOCKER_HOST names an engine on another machine. */
  readonly remoteEngine: boolean;
  hasProgram(name: string): boolean;
  /** `*` in the path stands for anything within one segment, `~` for the home folder. */
  hasFile(pattern: string): boolean;
  /** Output of a program; undefined if it is missing or fails. */
  output(command: readonly [string, ...string[]], folder?: string): string | undefined;
}

/** Milliseconds for a question to a program. Go may have to download another version of itself first. */
const patience = 60_000;

/** The machine that this process runs on. */
export function thisMachine(): Machine {
  const host = process.env.DOCKER_HOST;
  return {
    system: process.platform === "linux" ? parseRelease(readRelease()) : otherSystem(process.platform),
    platform: process.platform,
    root: process.getuid?.() === 0,
    remoteEngine: host !== undefined && host !== "" && !host.startsWith("unix://"),
    hasProgram: (name) => programFolders().some((folder) => existsSync(join(folder, name))),
    hasFile: (pattern) => matchesFile(pattern.replace(/^~/, homedir())),
    output,
  };
}

/** A system other than Linux. */
function otherSystem(platform: NodeJS.Platform): System {
  return platform === "darwin" ? { name: "macOS", codename: "", packages: "brew" } : { name: platform, codename: "" };
}

/** Reads the text of /etc/os-release. */
export function parseRelease(text: string): System {
  const value = (key: string) => new RegExp(`^${key}="?([^"\\n]*)"?$`, "m").exec(text)?.[1] ?? "";
  const family = [value("ID"), ...value("ID_LIKE").split(" ")];
  return {
    name: value("PRETTY_NAME") || "Linux",
    codename: value("VERSION_CODENAME"),
    packages: family.includes("debian") || family.includes("ubuntu") ? "apt" : undefined,
  };
}

const readRelease = (): string => (existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "");

/** The PATH, and the folders of system programs, which are not on the PATH of every user. */
const programFolders = (): string[] => [
  ...(process.env.PATH ?? "").split(delimiter).filter(Boolean),
  "/usr/local/sbin",
  "/usr/sbin",
  "/sbin",
];

/** True if a file matches the pattern. */
export function matchesFile(pattern: string): boolean {
  const [head = "", ...rest] = pattern.split("/").filter(Boolean);
  return matchesBelow("/", head, rest);
}

function matchesBelow(folder: string, head: string, rest: readonly string[]): boolean {
  const [next, ...later] = rest;
  return entries(folder, head).some((path) => next === undefined || matchesBelow(path, next, later));
}

/** The entries of a folder that match one segment of a pattern. */
function entries(folder: string, segment: string): string[] {
  if (!segment.includes("*")) return existsSync(join(folder, segment)) ? [join(folder, segment)] : [];
  const expression = new RegExp(`^${segment.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`);
  try {
    return readdirSync(folder)
      .filter((name) => expression.test(name))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function output([program, ...args]: readonly [string, ...string[]], folder = "."): string | undefined {
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: join(projectFolder, folder),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    timeout: patience,
  });
  return status === 0 ? stdout + stderr : undefined;
}
