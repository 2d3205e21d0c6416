/** The environment variables that the commands read: the one place that says what each means. docs/environment.md is made from it. */

/** A variable. */
export interface Variable {
  /** What it decides. */
  readonly meaning: string;
  /** What holds where it is not set, or empty. */
  readonly fallback: string;
  /** What it may be, as a whole; left out where any text may be meant. */
  readonly pattern?: RegExp;
  /** The same in words. */
  readonly allowed: string;
}

const yes = { pattern: /^(0|1|n|y|no|yes|false|true)$/i, allowed: "1 or yes; 0 or no" };
const words = (...all: string[]) => ({ pattern: new RegExp(`^(${all.join("|")})$`), allowed: all.join(" or ") });

/** Variables of `make <command> NAME=value`. */
export const commandVariables = {
  ENV: {
    meaning: "The stack: Pulumi.<ENV>.yaml is its config.",
    fallback: "dev",
    pattern: /^[a-z][a-z0-9-]{0,29}$/,
    allowed: "lower-case letters, digits and dashes",
  },
  WAY: {
    meaning: "Forces a way to deploy.",
    fallback: "as the stack was made, else pulumi where the CLI can be had",
    ...words("pulumi", "compose"),
  },
  IMAGES: {
    meaning: "Forces where images come from.",
    fallback: "`tracing:images`, and local where no registry answers",
    ...words("official", "local"),
  },
  SERVICE: { meaning: "One service (logs).", fallback: "all services", allowed: "a service's name" },
  SNAPSHOT: {
    meaning: "The snapshot to restore; `latest` is the newest whole one (restore).",
    fallback: "none: they are listed",
    pattern: /^[a-z0-9][a-z0-9._-]{0,199}$/,
    allowed: "a snapshot's name from `make restore`, or latest",
  },
  PROMETHEUS_URL: {
    meaning:
      "The cluster's Prometheus, for stacks with `prometheus.mode: operator` (status, alerts-drill). A login goes into the address: https://user:password@host.",
    fallback: "none: what only Prometheus knows is not shown",
    pattern: /^https?:\/\/\S+$/,
    allowed: "an http or https address",
  },
  LISTEN: {
    meaning:
      "Where to take the messages of a webhook that the stack's alerts are told to, so that drills time them too (alerts-drill). On Docker the gateway of the stack's network.",
    fallback: "nowhere: messages are not timed",
    pattern: /^\S+:\d{1,5}$/,
    allowed: "host:port of this machine",
  },
  FOLLOW: { meaning: "Go on as lines come (logs).", fallback: "no", ...yes },
  YES: { meaning: "Do not ask (destroy, chaos; alerts-drill on Kubernetes).", fallback: "no", ...yes },
  DIFF: { meaning: "Print the whole difference too, not its summary alone (preview).", fallback: "no", ...yes },
  SET: {
    meaning: "Other values of the sampling model, to see what they would mean (sampling).",
    fallback: "none",
    allowed: "key=value, with commas between them",
  },
  TRAFFIC: { meaning: "The traffic to expect (sampling).", fallback: "100 traces/s", allowed: "key=value, with commas between them" },
  ROWS: { meaning: "Faults to try (chaos).", fallback: "all faults", allowed: "names of rows, with blanks between them" },
  RUNG: { meaning: "Rungs of the tests to run (test).", fallback: "all rungs", allowed: "names of rungs, with blanks between them" },
} as const satisfies Record<string, Variable>;

/** Variables of the machine that the commands run on. */
export const machineVariables = {
  DOCKER_HOST: { meaning: "The container engine.", fallback: "unix:///var/run/docker.sock", allowed: "an address as docker takes it" },
  TRACING_HOME: {
    meaning: "State folder: Pulumi's state, passphrase, and what compose runs. It holds secrets.",
    fallback: "$XDG_STATE_HOME/tracing, or ~/.local/state/tracing",
    allowed: "a folder",
  },
  TRACING_DOCKER_ROOT: {
    meaning: "Where an engine that is started by hand keeps its data.",
    fallback: "/var/lib/docker",
    allowed: "a folder",
  },
  TRACING_DOCKER_RUN: {
    meaning: "Where it keeps its process number, log and sockets.",
    fallback: "/run/tracing-docker",
    allowed: "a folder",
  },
  XDG_CACHE_HOME: {
    meaning: "Where programs that are built here are kept, in the folder tracing.",
    fallback: "~/.cache",
    allowed: "a folder",
  },
  PULUMI_BACKEND_URL: {
    meaning: "Where Pulumi's state is.",
    fallback: "the folder backend in TRACING_HOME",
    allowed: "an address as Pulumi takes it",
  },
  PULUMI_CONFIG_PASSPHRASE_FILE: {
    meaning: "File with the passphrase of the secrets in Pulumi's state; or PULUMI_CONFIG_PASSPHRASE.",
    fallback: "the file passphrase in TRACING_HOME, made at random",
    allowed: "a file",
  },
} as const satisfies Record<string, Variable>;

type Name = keyof typeof commandVariables | keyof typeof machineVariables;

/** The value of a variable; undefined where it is not set, or empty. */
export const variable = (name: Name): string | undefined => process.env[name] || undefined;
