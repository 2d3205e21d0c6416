/** The environment variables that the commands read: the one place that says what each means. docs/environment.md is made from it. */

/** A variable. */
export interface Variable {
  /** Its effect. */
  readonly meaning: string;
  /** The default, if it is not set or empty. */
  readonly fallback: string;
  /** Pattern of the whole value. Undefined: any text. */
  readonly pattern?: RegExp;
  /** The same in words. */
  readonly allowed: string;
}

const yes = { pattern: /^(0|1|n|y|no|yes|false|true)$/i, allowed: "1 or yes; 0 or no" };
const words = (...all: string[]) => ({ pattern: new RegExp(`^(${all.join("|")})$`), allowed: all.join(" or ") });

/** Variables of `make <command> NAME=value`. */
export const commandVariables = {
  ENV: {
    meaning: "The stack; its config is `Pulumi.<ENV>.yaml`.",
    fallback: "dev",
    pattern: /^[a-z][a-z0-9-]{0,29}$/,
    allowed: "lower-case letters, digits and dashes",
  },
  WAY: {
    meaning: "How to deploy.",
    fallback: "as the stack was created, otherwise pulumi if the CLI is available",
    ...words("pulumi", "compose"),
  },
  IMAGES: {
    meaning: "Where images come from.",
    fallback: "`tracing:images`, or local if no registry answers",
    ...words("official", "local"),
  },
  SERVICE: {
    meaning: "The service whose logs to show (logs), or the application whose variables to print (open).",
    fallback: "all services; for `open` the example service `thebot-platform`",
    allowed: "a service's name",
  },
  SENDER: {
    meaning: "The sender in `tracing:ingest` that the application is (open).",
    fallback: "the sender with the application's name, or the only one",
    pattern: /^[a-z0-9-]{1,40}$/,
    allowed: "a sender's name",
  },
  TOKEN: { meaning: "Print the sender's token instead of a placeholder (open).", fallback: "no", ...yes },
  SNAPSHOT: {
    meaning: "The snapshot to restore; `latest` is the newest complete one (restore).",
    fallback: "none: lists the snapshots",
    pattern: /^[a-z0-9][a-z0-9._-]{0,199}$/,
    allowed: "a snapshot's name from `make restore`, or latest",
  },
  PROMETHEUS_URL: {
    meaning:
      "The cluster's Prometheus, for stacks with `prometheus.mode: operator` (status, alerts-drill). A login is part of the address: `https://user:password@host`.",
    fallback: "none: facts that only Prometheus has are not shown",
    pattern: /^https?:\/\/\S+$/,
    allowed: "an http or https address",
  },
  LISTEN: {
    meaning:
      "Address to receive the webhook messages of the stack's alerts at, so that drills time them too (alerts-drill). On Docker, the gateway of the stack's network.",
    fallback: "none: messages are not timed",
    pattern: /^\S+:\d{1,5}$/,
    allowed: "host:port of this machine",
  },
  FOLLOW: { meaning: "Follow the logs (logs).", fallback: "no", ...yes },
  YES: { meaning: "Do not ask for confirmation (destroy, chaos; alerts-drill on Kubernetes).", fallback: "no", ...yes },
  DIFF: { meaning: "Print the whole diff, not only its summary (preview).", fallback: "no", ...yes },
  SET: {
    meaning: "Other values of the sampling model to evaluate (sampling).",
    fallback: "none",
    allowed: "key=value, separated by commas",
  },
  TRAFFIC: { meaning: "The traffic to evaluate (sampling).", fallback: "100 traces/s", allowed: "key=value, separated by commas" },
  ROWS: { meaning: "Faults or attacks to run (chaos, attacks).", fallback: "all", allowed: "names of rows, separated by spaces" },
  RUNG: { meaning: "Test suites to run (test).", fallback: "all suites", allowed: "names of suites, separated by spaces" },
} as const satisfies Record<string, Variable>;

/** Variables of the machine that the commands run on. */
export const machineVariables = {
  DOCKER_HOST: { meaning: "The container engine.", fallback: "unix:///var/run/docker.sock", allowed: "an address as docker takes it" },
  TRACING_HOME: {
    meaning: "State folder: Pulumi's state, passphrase, and the files that Compose runs. It contains secrets.",
    fallback: "$XDG_STATE_HOME/tracing, or ~/.local/state/tracing",
    allowed: "a folder",
  },
  TRACING_DOCKER_ROOT: {
    meaning: "Data folder of an engine that `make engine` starts.",
    fallback: "/var/lib/docker",
    allowed: "a folder",
  },
  TRACING_DOCKER_RUN: {
    meaning: "Folder for that engine's process id, log and sockets.",
    fallback: "/run/tracing-docker",
    allowed: "a folder",
  },
  XDG_CACHE_HOME: {
    meaning: "Cache for programs that are built here, in its folder tracing.",
    fallback: "~/.cache",
    allowed: "a folder",
  },
  PULUMI_BACKEND_URL: {
    meaning: "Backend with Pulumi's state.",
    fallback: "the folder backend in TRACING_HOME; to preview a stack on Kubernetes, the backend that the Pulumi CLI is logged in to",
    allowed: "an address as Pulumi takes it",
  },
  PULUMI_CONFIG_PASSPHRASE_FILE: {
    meaning: "File with the passphrase of the secrets in Pulumi's state; or PULUMI_CONFIG_PASSPHRASE.",
    fallback: "the file passphrase in TRACING_HOME, generated",
    allowed: "a file",
  },
} as const satisfies Record<string, Variable>;

type Name = keyof typeof commandVariables | keyof typeof machineVariables;

/** The value of a variable; undefined where it is not set, or empty. */
export const variable = (name: Name): string | undefined => process.env[name] || undefined;
