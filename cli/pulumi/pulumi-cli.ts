/** The Pulumi CLI with all that this program needs of it: found, or installed. */
import { accessSync, constants, existsSync, readFileSync, realpathSync } from "node:fs";
import { delimiter, dirname, isAbsolute, join } from "node:path";
import { LocalWorkspace, PulumiCommand } from "@pulumi/pulumi/automation";
import { projectFolder } from "../stack/stack";
import { heartbeat, note } from "../terminal/output";
import { stateFolder } from "./state";

/** The providers of a stack on Docker, the only kind that the commands bring up. */
const providers = ["docker", "random"] as const;

/** Any version will do: what it cannot do, it says itself. */
const anyVersion = { skipVersionCheck: true };

/** A CLI that can run this program, or why there is none. */
export type Cli = PulumiCommand | { readonly why: string };

/** The CLI on PATH, if any. Does not check its plugins. */
export const cliOnPath = (): Promise<PulumiCommand | undefined> => PulumiCommand.get(anyVersion).catch(() => undefined);

/** The CLI that is here already: on the PATH, or installed by us. */
export const presentCli = async (): Promise<PulumiCommand | undefined> =>
  (await cliOnPath()) ?? PulumiCommand.get({ ...anyVersion, root: ownRoot() }).catch(() => undefined);

/** Finds or installs the CLI, its language host and its providers. */
export async function ensureCli(): Promise<Cli> {
  const cli = (await presentCli()) ?? (await installCli());
  if ("why" in cli) return cli;
  if (!which("pulumi-language-nodejs") && !existsSync(join(dirname(realpathSync(pathOf(cli))), "pulumi-language-nodejs"))) {
    return { why: `${pathOf(cli)} comes without pulumi-language-nodejs` };
  }
  const workspace = await LocalWorkspace.create({ workDir: projectFolder, pulumiCommand: cli });
  for (const provider of providers) {
    const why = await ensureProvider(workspace, provider);
    if (why) return { why };
  }
  return cli;
}

/** Path of a CLI. */
export const pathOf = ({ command }: PulumiCommand): string => which(command) ?? command;

/** Such as 3.265.0. */
export const versionOf = ({ version }: PulumiCommand): string => version?.version ?? "of unknown version";

const ownRoot = () => stateFolder("cli");

/** Installs the CLI of the SDK's version, which package.json pins. */
async function installCli(): Promise<Cli> {
  note("no Pulumi CLI on the PATH; downloading it");
  const install = PulumiCommand.install({ root: ownRoot() });
  return heartbeat("downloading the Pulumi CLI", install).catch(() => ({
    why: "no Pulumi CLI on the PATH, and it cannot be downloaded from here",
  }));
}

/** A provider's plugin of the version that its SDK asks for, or whichever is on the PATH; returns why there is none. */
async function ensureProvider(workspace: LocalWorkspace, provider: (typeof providers)[number]): Promise<string | undefined> {
  if (which(`pulumi-resource-${provider}`)) return undefined;
  const sdk = readFileSync(join(projectFolder, "node_modules", "@pulumi", provider, "package.json"), "utf8");
  const { version } = (JSON.parse(sdk) as { pulumi: { version: string } }).pulumi;
  const plugins = await workspace.listPlugins().catch(() => []);
  if (plugins.some((plugin) => plugin.name === provider && plugin.version === version)) return undefined;
  const install = workspace.installPlugin(provider, version).then(
    () => undefined,
    () => `Pulumi's provider ${provider} ${version} cannot be downloaded from here`,
  );
  return heartbeat(`downloading the provider ${provider} ${version}`, install);
}

/** Path of a program on PATH. */
function which(program: string): string | undefined {
  if (isAbsolute(program)) return program;
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
