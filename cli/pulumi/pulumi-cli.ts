/** The Pulumi CLI with all that this program needs of it: found, or installed. */
import { accessSync, constants, existsSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import manifest from "../../package.json";
import { run } from "../machine/run";
import { heartbeat, note } from "../terminal/output";
import { projectFolder } from "../stack/stack";
import { stateFolder } from "./state";

/**
 * The version of the CLI that is installed where there is none: that of the SDK, which package.json pins. The npm package `pulumi` has the
 * CLI's version, and downloads the program when it is first called.
 */
const packageVersion = manifest.dependencies["@pulumi/pulumi"];
const npmTime = 120_000;
const downloadTime = 300_000;
/** The providers of a stack on Docker, the only kind that the commands bring up. */
const providers = ["docker", "random"] as const;

/** A CLI that can run this program, or why there is none. */
export type Cli = { readonly path: string; readonly version: string } | { readonly why: string };

/** The CLI on the PATH, if it is there. Says nothing about its plugins. */
export async function cliOnPath(): Promise<{ path: string; version: string } | undefined> {
  const path = which("pulumi");
  return path === undefined ? undefined : versioned(path);
}

/** The CLI that is here already: on the PATH, or installed by us. */
export async function presentCli(): Promise<{ path: string; version: string } | undefined> {
  return (await cliOnPath()) ?? (existsSync(wrapper()) ? versioned(wrapper(), downloadTime) : undefined);
}

/** Finds or installs the CLI, its language host and its providers. */
export async function ensureCli(): Promise<Cli> {
  const cli = (await presentCli()) ?? (await installCli());
  if ("why" in cli) return cli;
  if (
    !which("pulumi-language-nodejs") &&
    !existsSync(join(dirname(realpathSync(cli.path)), "pulumi-language-nodejs")) &&
    !isWrapper(cli.path)
  ) {
    return { why: `${cli.path} comes without pulumi-language-nodejs` };
  }
  for (const provider of providers) {
    const why = await ensureProvider(cli.path, provider);
    if (why) return { why };
  }
  return cli;
}

const wrapperFolder = () => stateFolder("cli");
const wrapper = () => join(wrapperFolder(), "node_modules", ".bin", "pulumi");
const isWrapper = (path: string) => path === wrapper();

async function installCli(): Promise<Cli> {
  note(`no Pulumi CLI on the PATH; trying the npm package pulumi ${packageVersion}`);
  // Without a network, npm would try again for more than a minute.
  const flags = ["--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=0"];
  const args = ["install", "--prefix", wrapperFolder(), ...flags, `pulumi@${packageVersion}`];
  const npm = await heartbeat("npm install pulumi", run("npm", args, { timeout: npmTime }));
  if (!npm.ok) return { why: `no Pulumi CLI on the PATH, and npm cannot install it (${npm.why})` };
  const cli = await heartbeat("the Pulumi CLI is downloaded", versioned(wrapper(), downloadTime));
  if (cli) return cli;
  // Otherwise every command would try the download again.
  rmSync(wrapperFolder(), { recursive: true, force: true });
  return { why: "no Pulumi CLI on the PATH, and it cannot be downloaded from here" };
}

async function versioned(path: string, timeout = 30_000): Promise<{ path: string; version: string } | undefined> {
  const { ok, stdout } = await run(path, ["version"], { timeout, env: { PULUMI_SKIP_UPDATE_CHECK: "true" } });
  const version = /v?(\d+\.\d+\.\d+\S*)/.exec(stdout)?.[1];
  return ok && version ? { path, version } : undefined;
}

/** A provider's plugin of the version that its SDK asks for, or whichever is on the PATH; returns why there is none. */
async function ensureProvider(cli: string, provider: (typeof providers)[number]): Promise<string | undefined> {
  if (which(`pulumi-resource-${provider}`)) return undefined;
  const sdk = readFileSync(join(projectFolder, "node_modules", "@pulumi", provider, "package.json"), "utf8");
  const { version } = (JSON.parse(sdk) as { pulumi: { version: string } }).pulumi;
  const { ok, stdout } = await run(cli, ["plugin", "ls", "--json"], { timeout: 30_000 });
  const plugins = (ok ? JSON.parse(stdout || "[]") : []) as { name: string; version: string }[];
  if (plugins.some((plugin) => plugin.name === provider && plugin.version === version)) return undefined;
  const install = run(cli, ["plugin", "install", "resource", provider, version], { timeout: downloadTime });
  const outcome = await heartbeat(`the provider ${provider} ${version} is downloaded`, install);
  return outcome.ok ? undefined : `Pulumi's provider ${provider} ${version} cannot be downloaded from here (${outcome.why})`;
}

function which(program: string): string | undefined {
  const candidates = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, program));
  return candidates.find((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
