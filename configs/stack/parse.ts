/** Raw stack config to settings, or to everything that is wrong with it. */
import { distance } from "fastest-levenshtein";
import * as z from "zod";
import { capacityProblems, samplingTier } from "../sampling/capacity";
import { contradictions } from "../sampling/model";
import { hostPort } from "../topology/docker";
import { publishedPortNames } from "../topology/ports";
import { platformConflicts, sizeConflicts } from "./conflicts";
import { namespace, schema, type Parsed, type Settings } from "./schema";
import { shown } from "./shown";
import { bare } from "./units";

/** Everything that is wrong with a stack's config, at once. */
export class SettingsError extends Error {
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
 * @param raw Config values by full key (`tracing:retention`), as Pulumi hands them out: text, objects as JSON. Keys of other
 *   namespaces are not looked at. An empty text counts as not given, which is how Pulumi.yaml declares optional keys.
 * @throws SettingsError with every error at once.
 */
export function parseSettings(stack: string, raw: Readonly<Record<string, string>>): Settings {
  const problems: string[] = [];
  if (!/^[a-z][a-z0-9-]{0,29}$/.test(stack)) {
    problems.push(`stack name: found ${shown(stack)}; allowed: lower-case letters, digits and dashes, 30 at most, a letter first`);
  }
  const given: [string, unknown][] = [];
  for (const [key, value] of Object.entries(raw)) {
    if (!key.startsWith(`${namespace}:`) || value === "") continue;
    const name = key.slice(namespace.length + 1);
    given.push([name, structured(name) ? parseJson(key, value, problems) : value]);
  }
  const input = Object.fromEntries(given);
  const result = schema.safeParse(input);
  if (!result.success) problems.push(...result.error.issues.flatMap((issue) => describeIssue(issue, input)));
  // Also where another group is wrong: every error at once.
  problems.push(...portConflicts(schema.shape.publish.safeParse(input.publish).data));
  const groups = groupsOf(input);
  problems.push(
    ...[...platformConflicts(groups), ...sizeConflicts(groups)].map((problem) => `${namespace}:${problem}`),
    ...samplingProblems(groups),
  );
  if (problems.length > 0 || !result.success) throw new SettingsError(stack, problems);
  return deepFreeze({ ...result.data, stack });
}

/** What contradicts itself in the sampling group, and what the tier that samples has too little memory for. */
function samplingProblems({ sampling, collector, sampler }: Partial<Parsed>): string[] {
  if (!sampling) return [];
  return [
    ...contradictions(`${namespace}:sampling`, sampling),
    ...(collector && sampler ? capacityProblems(namespace, sampling, samplingTier({ collector, sampler })) : []),
  ];
}

/** Those groups that are right by themselves. */
function groupsOf(input: Readonly<Record<string, unknown>>): Partial<Parsed> {
  const parsed = Object.entries(schema.shape).map(([name, group]) => [name, group.safeParse(input[name]).data] as const);
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

const structured = (name: string): boolean => {
  const field = (schema.shape as Record<string, z.ZodType | undefined>)[name];
  return field instanceof z.ZodPrefault && field.unwrap() instanceof z.ZodObject;
};

function parseJson(key: string, value: string, problems: string[]): unknown {
  try {
    return JSON.parse(value) as unknown;
  } catch {
    problems.push(`${key}: found ${shown(value)}; allowed: a group of settings`);
    return {};
  }
}

/** A zod issue as our sentences. */
function describeIssue(issue: z.core.$ZodIssue, given: unknown): string[] {
  const at = (path: readonly PropertyKey[]) =>
    namespace + ":" + path.map((part, i) => (typeof part === "number" ? `[${part}]` : (i > 0 ? "." : "") + String(part))).join("");
  if (issue.code === "unrecognized_keys") {
    const siblings = keysAt(issue.path);
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
function keysAt(path: readonly PropertyKey[]): string[] {
  let node: z.core.$ZodType = schema;
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
