/** Values from `make <target> NAME=value`: environment variables, so that no value passes through a shell. */
import { commandVariables, variable, type Variable } from "./variables";

/** How a stack is deployed: by the Pulumi CLI, or from the rendered compose file. */
export type DeployMethod = "pulumi" | "compose";

checkAll();

/** The options of all commands; cli/terminal/variables.ts says what they mean. */
export const options = {
  stack: variable("ENV") ?? commandVariables.ENV.fallback,
  service: variable("SERVICE"),
  sender: variable("SENDER"),
  token: flag("TOKEN"),
  snapshot: variable("SNAPSHOT"),
  way: variable("WAY") as DeployMethod | undefined,
  images: variable("IMAGES") as "official" | "local" | undefined,
  yes: flag("YES"),
  follow: flag("FOLLOW"),
  diff: flag("DIFF"),
  listen: variable("LISTEN"),
  rung: variable("RUNG"),
  rows: variable("ROWS"),
  set: variable("SET"),
  traffic: variable("TRAFFIC"),
} as const;

function flag(name: "YES" | "FOLLOW" | "DIFF" | "TOKEN"): boolean {
  return /^(1|y|yes|true)$/i.test(variable(name) ?? "");
}

/** Ends the command where a variable is not what it may be; with all such variables at once. */
function checkAll(): void {
  const wrong = Object.entries<Variable>(commandVariables).flatMap(([name, { pattern, allowed }]) => {
    const value = process.env[name];
    return !value || !pattern || pattern.test(value) ? [] : [`error: ${name}: found "${value}"; allowed: ${allowed}`];
  });
  if (wrong.length === 0) return;
  console.error(wrong.join("\n"));
  process.exit(1);
}
