/** What `make <target> NAME=value` hands over: environment variables, so that no value passes through a shell. */

/** How a stack is deployed: by the Pulumi CLI, or from the rendered compose file. */
export type Way = "pulumi" | "compose";

/** The options of all commands. */
export const options = {
  /** The stack. */
  stack: matching("ENV", /^[a-z][a-z0-9-]{0,29}$/, "lower-case letters, digits and dashes") ?? "dev",
  /** One service, where a command can do with one. */
  service: process.env.SERVICE || undefined,
  /** Forces a way. */
  way: choice("WAY", ["pulumi", "compose"]) as Way | undefined,
  /** Forces where images come from. */
  images: choice("IMAGES", ["official", "local"]) as "official" | "local" | undefined,
  /** Go on without asking. */
  yes: flag("YES"),
  /** Logs: go on as new lines come. */
  follow: flag("FOLLOW"),
  /** One rung of the tests. */
  rung: process.env.RUNG || undefined,
} as const;

function flag(name: string): boolean {
  return /^(1|y|yes|true)$/i.test(process.env[name] ?? "");
}

function choice(name: string, allowed: readonly string[]): string | undefined {
  return matching(name, new RegExp(`^(${allowed.join("|")})$`), allowed.join(" or "));
}

function matching(name: string, pattern: RegExp, allowed: string): string | undefined {
  const value = process.env[name];
  if (!value || pattern.test(value)) return value || undefined;
  console.error(`error: ${name}: found "${value}"; allowed: ${allowed}`);
  process.exit(1);
}
