/** Other versions of Node.js, from the npm package `node`. */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { cacheDir } from "../machine/cache";
import { attach, execOrThrow } from "../machine/run";
import { supportedNodes } from "../machine/supported-nodes";
import { one, sum, type Counts } from "./counts";
import { heartbeat, note } from "../terminal/output";
import { projectFolder } from "../stack/stack";

/** The program of a version, installed once into the cache. */
export async function nodeProgram(version: string): Promise<string> {
  const folder = join(cacheDir, `node-${version}`);
  const program = join(folder, "node_modules", "node", "bin", "node");
  if (existsSync(program)) return program;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const args = ["install", "--prefix", folder, "--no-audit", "--no-fund", "--loglevel=error", `node@${version}`];
  await heartbeat(`npm install node@${version}`, execOrThrow("npm", args));
  return program;
}

/** The program under Pulumi's mocks, and what it renders, on each supported version: one test each. */
export async function onSupportedNodes(): Promise<Counts> {
  const all: Counts[] = [];
  for (const version of supportedNodes) {
    const node = await nodeProgram(version);
    note(`Node.js ${await execOrThrow(node, ["--version"])}`);
    const env = { PATH: [dirname(node), process.env.PATH].join(delimiter), RUNG: "component render" };
    const code = await attach(node, ["--import", "tsx", join("tests", "run.ts")], { cwd: projectFolder, env });
    all.push(one(code === 0, `component and render on Node.js ${version}`));
  }
  return sum(all);
}
