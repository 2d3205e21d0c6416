/** A stack as the commands see it: its settings, and the names that its parts have with the engine. */
import { readdirSync } from "node:fs";
import { parseSettings, type Settings } from "../../configs/settings";
import { dockerName, type ServiceName } from "../../configs/topology";
import { projectFolder, stackConfig } from "../../render/record";
import { options } from "./options";
import { Problem } from "./say";

export { projectFolder };

/** Services of a stack on Docker, in the order in which they start; they stop in the opposite one, so that each can still hand on what it holds. */
export const services = Object.keys({
  elasticsearch: 1,
  jaeger: 1,
  "otel-collector": 1,
  "index-cleaner": 1,
  prometheus: 1,
} satisfies Partial<Record<ServiceName, 1>>) as ServiceName[];

/** The settings of the chosen stack. Throws with everything that is wrong with them. */
export function anySettings(stack = options.stack): Settings {
  const stacks = readdirSync(projectFolder).flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []);
  if (!stacks.includes(stack)) throw new Problem(`ENV: found "${stack}"; there are the stacks ${stacks.sort().join(", ")}`);
  return parseSettings(stack, stackConfig(stack));
}

/** The same for a command that deals with a container engine. */
export function loadSettings(): Settings {
  const settings = anySettings();
  if (settings.platform === "docker") return settings;
  throw new Problem(
    `stack ${settings.stack} runs on ${settings.platform}; this command is for stacks on docker.\n` +
      `There it is: pulumi up -s ${settings.stack}, and kubectl (docs/SETUP_AND_INTEGRATION.md)`,
  );
}

/** The volume with the stack's secrets. */
export const secretsVolume = (stack: string): string => dockerName(stack, "secrets");
