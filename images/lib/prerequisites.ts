/** What the host must have, found out before any work is done. */
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { ImageName } from "../../configs/images";
import { debianRelease } from "./debian";
import { engineAnswers } from "./docker";
import { isGoImage } from "./go-programs";
import { succeeds } from "./run";

interface Prerequisite {
  readonly name: string;
  readonly how: string;
  readonly present: () => boolean | Promise<boolean>;
}

function command(name: string, how: string): Prerequisite {
  return { name, how, present: () => (process.env.PATH ?? "").split(delimiter).some((dir) => existsSync(join(dir, name))) };
}

const go = command("go", "Go 1.26 or newer: go.dev/doc/install");

const engine: Prerequisite = {
  name: "a container engine that answers",
  how: "apt-get install docker.io and start it, or set DOCKER_HOST; the user must be allowed to use it",
  present: engineAnswers,
};

const debian: Prerequisite = {
  name: `Debian ${debianRelease}`,
  how: "build in that release, for example in a virtual machine or a container of it: its packages become part of the images",
  present: () => existsSync("/etc/os-release") && readFileSync("/etc/os-release", "utf8").includes(`VERSION_CODENAME=${debianRelease}`),
};

const packageLists: Prerequisite = {
  name: "lists of Debian's packages",
  how: "apt-get update",
  present: () => succeeds("apt-cache", ["show", "busybox-static"]),
};

const forElasticsearch = [
  command("javac", "apt-get install openjdk-17-jdk-headless"),
  command("mvn", "apt-get install maven"),
  command("unzip", "apt-get install unzip"),
  command("mmdebstrap", "apt-get install mmdebstrap"),
];

/** What is missing to build the given images, or only their programs. One line each, with the way to get it. */
export async function missingPrerequisites(names: readonly ImageName[], what: "images" | "binaries"): Promise<string[]> {
  const needed = new Set<Prerequisite>();
  if (names.some(isGoImage)) needed.add(go);
  if (what === "images" && names.length > 0) for (const prerequisite of [engine, debian, packageLists]) needed.add(prerequisite);
  if (what === "images" && names.includes("elasticsearch")) for (const prerequisite of forElasticsearch) needed.add(prerequisite);
  const missing: string[] = [];
  for (const { name, how, present } of needed) if (!(await present())) missing.push(`${name}: ${how}`);
  return missing;
}
