/**
 * Renovate's own check of `.github/renovate.json5`. Renovate is no package of the project: it is some 200 MB, wants a newer Node.js than the project
 * supports, and nothing else needs it. It is installed once into the cache.
 */
import { existsSync, rmSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { cacheDir } from "../machine/cache";
import { attach, execOrThrow } from "../machine/run";
import { heartbeat } from "../terminal/output";
import { projectFolder } from "../stack/stack";
import { one, type Counts } from "./counts";
import { nodeProgram } from "./node-versions";

const renovate = "renovate@44.121.2";
const nodeVersion = "24";

/** Path of the config in the project. */
const renovateConfig = join(".github", "renovate.json5");

/** The config is valid, and says nothing in an old way: one test. */
export async function validRenovateConfig(): Promise<Counts> {
  const node = await nodeProgram(nodeVersion);
  const env = { PATH: [dirname(node), process.env.PATH].join(delimiter), LOG_LEVEL: "warn", RENOVATE_X_IGNORE_RE2: "true" };
  const validator = await validatorProgram(env);
  const code = await attach(node, [validator, "--strict", "--no-global", renovateConfig], { cwd: projectFolder, env });
  return one(code === 0, "renovate-config-validator");
}

/** The validator's script, installed if the cache does not have it. */
async function validatorProgram(env: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(cacheDir, renovate.replace("@", "-"));
  const script = join(folder, "node_modules", "renovate", "dist", "config-validator.js");
  if (existsSync(script)) return script;
  rmSync(folder, { recursive: true, force: true });
  // Its optional packages are compiled on this machine, and only searches for updates use them.
  const args = ["install", "--prefix", folder, "--omit=optional", "--no-audit", "--no-fund", "--loglevel=error", renovate];
  await heartbeat(`npm install ${renovate}`, execOrThrow("npm", args, { env }));
  return script;
}
