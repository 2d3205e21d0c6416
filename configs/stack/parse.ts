/** Raw stack config to settings, or to everything that is wrong with it. */
import { distance } from "fastest-levenshtein";
import * as z from "zod";
import { capacityProblems, samplingTier } from "../sampling/capacity";
import { contradictions } from "../sampling/model";
import { hostPort } from "../topology/docker";
import { publishedPortNames } from "../topology/ports";
import { alertSecretsKey } from "../alertmanager/delivery";
import { ingestTokensKey, type Tokens } from "../ingest/senders";
import { loginSecretKey } from "../login/secrets";
import { alertConflicts } from "./alert-conflicts";
import { platformConflicts, sizeConflicts } from "./conflicts";
import { ingestConflicts } from "./ingest-conflicts";
import { loginConflicts } from "./login-conflicts";
import type { StackOptions } from "./options";
import { namespace, schema, type Parsed, type Settings } from "./schema";
import { sizeProblems } from "./sizing";
import { shown } from "./shown";
import { bare, isGroup } from "./units";

/** Everything that is wrong with a stack's config, at once. */
export class SettingsError extends Error {
  /** By this mark Pulumi knows an error of which it prints the message alone, without a stack trace (`pulumi.RunError`). */
  readonly __pulumiRunError = true;
  /** One sentence each: the key, what was found, what is allowed. */
  readonly problems: readonly string[];

  constructor(stack: string, problems: readonly string[]) {
    const count = problems.length === 1 ? "1 error" : `${problems.length} errors`;
    super(`${count} in the config of stack "${stack}":\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
    this.name = "SettingsError";
    this.problems = problems;
  }
}

/**
 * Settings from raw stack config.
 *
 * @param stack Name of the stack; part of resource and container names.
 * @param raw Config values by full key (`tracing:retention`), as Pulumi hands them out: see {@link optionsFrom}.
 * @throws SettingsError with every error at once.
 */
export const parseSettings = (stack: string, raw: Readonly<Record<string, string>>): Settings =>
  settingsOf(stack, optionsFrom(raw), everyKey);

/**
 * Stack config as options, not validated. Groups are parsed from JSON; invalid JSON stays text, which validation rejects. Leaves out keys of
 * other namespaces, and empty texts and optional groups: Pulumi.yaml declares optional keys that way.
 */
export function optionsFrom(raw: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> {
  const given = Object.entries(raw).filter(([key, value]) => key.startsWith(`${namespace}:`) && !besides.has(key) && value !== "");
  return Object.fromEntries(
    given.flatMap(([key, value]) => {
      const name = key.slice(namespace.length + 1);
      return optionalGroup(name) && value === "{}" ? [] : [[name, structured(name) ? json(value) : value]];
    }),
  );
}

/**
 * Stack config as arguments of a TracingStack, validated. Arguments may contain a password; a stack file must not.
 *
 * @throws SettingsError as {@link parseSettings} does.
 */
export function checkedOptions(stack: string, raw: Readonly<Record<string, string>>): StackOptions {
  parseSettings(stack, raw);
  return optionsFrom(raw) as unknown as StackOptions;
}

const alertSecretsName = `${namespace}:${alertSecretsKey}`;
const ingestTokensName = `${namespace}:${ingestTokensKey}`;
const loginSecretName = `${namespace}:${loginSecretKey}`;

/** Keys that stand beside the settings. */
const besides: ReadonlySet<string> = new Set([alertSecretsName, ingestTokensName, loginSecretName]);

/**
 * The secrets of receivers of alerts, by name. They stand beside the settings: no message shows them.
 *
 * @throws SettingsError if they are no texts by name.
 */
export function alertSecretsFrom(stack: string, raw: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const secrets = json(raw[alertSecretsName] || "{}");
  const isSecret = (value: unknown) => typeof value === "string" && value !== "";
  if (isGroup(secrets) && Object.values(secrets).every(isSecret)) return secrets as Readonly<Record<string, string>>;
  throw new SettingsError(stack, [`${alertSecretsName}: found something else; allowed: texts by the names of receivers`]);
}

/**
 * The tokens of senders, by name: a text or a list of texts each. They stand beside the settings: no message shows them.
 *
 * @throws SettingsError if they are no texts by name.
 */
export function ingestTokensFrom(stack: string, raw: Readonly<Record<string, string>>): Tokens {
  const found = json(raw[ingestTokensName] || "{}");
  if (!isGroup(found))
    throw new SettingsError(stack, [
      `${ingestTokensName}: found something else; allowed: texts, or lists of texts, by the names of senders`,
    ]);
  const tokens = Object.entries(found).map(([name, own]) => [name, Array.isArray(own) ? (own as unknown[]) : [own]] as const);
  const isToken = (token: unknown): token is string => typeof token === "string" && token !== "";
  const problems = tokens.flatMap(([name, own]) =>
    own.length > 0 && own.every(isToken)
      ? []
      : [
          `${ingestTokensName}.${name}: found ${own.length > 0 ? "something else" : "an empty list"}; allowed: a token, or a list of tokens`,
        ],
  );
  if (problems.length > 0) throw new SettingsError(stack, problems);
  return Object.fromEntries(tokens) as Tokens;
}

/** The client's secret for the login, which stands beside the settings; undefined if there is none. */
export const loginSecretFrom = (raw: Readonly<Record<string, string>>): string | undefined => raw[loginSecretName] || undefined;

/** A group of settings, or a setting that is in none. */
export type SettingsKey = keyof Parsed;

/** Every one of them. */
export const everyKey = Object.keys(schema.shape) as readonly SettingsKey[];

/**
 * Settings from what somebody wrote: those that are asked for, with their defaults.
 *
 * @param stack Name of the stack.
 * @param options What was written, by group.
 * @param keys The groups that are asked for; others may not be written.
 * @param known Settings that are right already, which these must go with.
 * @throws SettingsError with every error at once.
 */
export function settingsOf<K extends SettingsKey>(
  stack: string,
  options: Readonly<Record<string, unknown>>,
  keys: readonly K[],
  known: Partial<Parsed> = {},
): Pick<Parsed, K> & { readonly stack: string } {
  const problems: string[] = [];
  // Parts of a stack have the name of their platform's, which is checked there.
  if (keys.some((key) => key === "platform") && !/^[a-z][a-z0-9-]{0,29}$/.test(stack)) {
    problems.push(`stack name: found ${shown(stack)}; allowed: lower-case letters, digits and dashes, 30 at most, a letter first`);
  }
  const written = plain(options, problems);
  const asked = z.strictObject(Object.fromEntries(keys.map((key) => [key, schema.shape[key]])));
  const result = asked.safeParse(written);
  if (!result.success) problems.push(...result.error.issues.flatMap((issue) => describeIssue(issue, written, asked)));
  // Also where another group is wrong: every error at once.
  const groups = { ...known, ...groupsOf(written, keys) };
  problems.push(
    ...portConflicts(groups.publish),
    ...[
      ...platformConflicts(groups),
      ...sizeConflicts(groups),
      ...alertConflicts(groups),
      ...ingestConflicts(groups),
      ...loginConflicts(groups, keys.some((key) => key === "login") && written.login === undefined),
    ].map((problem) => `${namespace}:${problem}`),
    ...samplingProblems(groups),
    ...loadProblems(groups),
  );
  if (problems.length > 0 || !result.success) throw new SettingsError(stack, problems);
  return deepFreeze({ ...(result.data as unknown as Pick<Parsed, K>), stack });
}

/**
 * A copy of what somebody wrote, without what is not a plain value: an Output, a promise or a resource is not known at preview, and a function is no
 * setting at all.
 */
function plain(options: Readonly<Record<string, unknown>>, problems: string[]): Readonly<Record<string, unknown>> {
  const copy = (value: unknown, path: string, around: readonly object[]): unknown => {
    const refused = typeof value === "object" && value !== null ? kindOfObject(value, around) : kindOfValue(value);
    if (refused !== undefined) {
      problems.push(`${namespace}:${path}: found ${refused}; allowed: a plain value, known at preview`);
      return undefined;
    }
    if (typeof value !== "object" || value === null) return value;
    const inside = [...around, value];
    if (Array.isArray(value)) return value.map((one, i) => copy(one, `${path}[${i}]`, inside));
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, copy(one, path === "" ? key : `${path}.${key}`, inside)]));
  };
  return copy(options, "", []) as Readonly<Record<string, unknown>>;
}

function kindOfObject(value: object, around: readonly object[]): string | undefined {
  if (around.includes(value)) return "a value that holds itself";
  if ("__pulumiOutput" in value) return "an Output";
  if ("__pulumiResource" in value) return "a resource";
  return "then" in value && typeof value.then === "function" ? "a promise" : undefined;
}

const kindOfValue = (value: unknown): string | undefined =>
  ["function", "symbol", "bigint"].includes(typeof value) ? `a ${typeof value}` : undefined;

/** Contradictions in the sampling group, and a load that does not fit the memory of the sampling tier. */
function samplingProblems({ sampling, collector, sampler }: Partial<Parsed>): string[] {
  if (!sampling) return [];
  return [
    ...contradictions(`${namespace}:sampling`, sampling),
    ...(collector && sampler ? capacityProblems(namespace, sampling, samplingTier({ collector, sampler })) : []),
  ];
}

/** Sizes that are too small for the expected load. */
function loadProblems({ platform, retention, elasticsearch, sampling, collector, sampler, jaeger }: Partial<Parsed>): string[] {
  if (!platform || !retention || !elasticsearch || !sampling || !collector || !sampler || !jaeger) return [];
  return sizeProblems(namespace, { platform, retention, elasticsearch, sampling, collector, sampler, jaeger });
}

/** Those groups that are right by themselves. */
function groupsOf(options: Readonly<Record<string, unknown>>, keys: readonly SettingsKey[]): Partial<Parsed> {
  const parsed = keys.map((name) => [name, schema.shape[name].safeParse(options[name]).data] as const);
  return Object.fromEntries(parsed.filter(([, value]) => value !== undefined));
}

/** Published ports that two services would share. */
function portConflicts(publish: Parsed["publish"] | undefined): string[] {
  if (!publish) return [];
  const problems: string[] = [];
  const owner = new Map<number, string>();
  for (const name of publishedPortNames) {
    const port = hostPort({ publish }, name);
    const other = owner.get(port);
    if (other) problems.push(`${namespace}:publish.ports.${name}: found ${port}, which ${other} has; allowed: a port of its own`);
    owner.set(port, name);
  }
  return problems;
}

const fieldOf = (name: string): z.ZodType | undefined => (schema.shape as Record<string, z.ZodType | undefined>)[name];

const structured = (name: string): boolean => {
  const field = fieldOf(name);
  return field !== undefined && bare(field) instanceof z.ZodObject;
};

/** A group that a stack may be without. */
const optionalGroup = (name: string): boolean => structured(name) && fieldOf(name) instanceof z.ZodOptional;

function json(value: string): unknown {
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

/** A zod issue as our sentences. */
function describeIssue(issue: z.core.$ZodIssue, given: unknown, asked: z.ZodObject): string[] {
  const at = (path: readonly PropertyKey[]) =>
    namespace + ":" + path.map((part, i) => (typeof part === "number" ? `[${part}]` : (i > 0 ? "." : "") + String(part))).join("");
  if (issue.code === "unrecognized_keys") {
    const siblings = keysAt(asked, issue.path);
    return issue.keys.map((key) => {
      const guess = siblings.map((s) => ({ s, d: distance(s, key) })).sort((a, b) => a.d - b.d)[0];
      const hint = guess && guess.d <= Math.max(2, key.length / 3) ? `; did you mean ${guess.s}?` : "";
      return `${at([...issue.path, key])}: no such setting${hint}; allowed here: ${siblings.join(", ")}`;
    });
  }
  const found = issue.path.reduce<unknown>((value, part) => (value as Record<PropertyKey, unknown> | undefined)?.[part], given);
  const allowed = issue.code === "invalid_type" ? (issue.expected === "array" ? "a list" : "a group of settings") : issue.message;
  return [`${at(issue.path)}: ${found === undefined ? "missing" : `found ${shown(found)}`}; allowed: ${allowed}`];
}

/** Names of the settings at a path of the schema. */
function keysAt(from: z.ZodObject, path: readonly PropertyKey[]): string[] {
  let node: z.core.$ZodType = from;
  for (const part of path) {
    const here = bare(node);
    node =
      here instanceof z.ZodArray ? here.element : (((here as z.ZodObject).shape as Record<string, z.ZodType>)[String(part)] as z.ZodType);
  }
  return Object.keys((bare(node) as z.ZodObject).shape);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}
