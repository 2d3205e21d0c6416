/** A stack as the commands see it: its settings, and the names that its parts have with the engine. */
import { readdirSync } from "node:fs";
import { parseSettings } from "../../configs/stack/parse";
import type { Settings } from "../../configs/stack/schema";
import { dockerName } from "../../configs/topology/docker";
import { projectFolder, stackConfig } from "../../render/record";
import { options } from "../terminal/options";
import { UserError } from "../terminal/output";

export { projectFolder };

/** Names of the stacks that have a file. */
const stacks = (): string[] => readdirSync(projectFolder).flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []);

/** Throws where there is no file of a stack. */
export function requireFile(stack: string): void {
  const known = stacks();
  if (!known.includes(stack)) throw new UserError(`ENV: found "${stack}"; there are the stacks ${known.sort().join(", ")}`);
}

/** The settings of the chosen stack. Throws with everything that is wrong with them. */
export function anySettings(stack = options.stack): Settings {
  requireFile(stack);
  return parseSettings(stack, stackConfig(stack));
}

/** The same for a command that deals with a container engine. */
export function loadSettings(): Settings {
  const settings = anySettings();
  refuseElsewhere(settings.stack, settings.platform);
  return settings;
}

/**
 * The name of the chosen stack, for a command that takes things away or shows them: it works also where the settings are wrong, or the
 * stack's file has gone. Throws where the file says that the stack is not on a container engine.
 */
export function stackOnEngine(): string {
  const { stack } = options;
  refuseElsewhere(stack, platformOf(stack));
  return stack;
}

/** Platform of a stack by its file; undefined without a file. */
export const platformOf = (stack: string): string | undefined =>
  stacks().includes(stack) ? stackConfig(stack)["tracing:platform"] : undefined;

function refuseElsewhere(stack: string, platform: string | undefined): void {
  if (platform !== "kubernetes") return;
  throw new UserError(
    `stack ${stack} runs on ${platform}; this command is for stacks on docker.\n` +
      `Use instead: pulumi up -s ${stack} --policy-pack policy (docs/SETUP_AND_INTEGRATION.md)`,
  );
}

/** The volume with the stack's secrets. */
export const secretsVolume = (stack: string): string => dockerName(stack, "secrets");
