/**
 * Settings: stack config as one typed, validated, frozen value. The only home of defaults; everything else of the program follows
 * from it. Values are in the unit that the field's description names, whatever unit they were written in.
 */
import { isIPv4 } from "node:net";
import { distance } from "fastest-levenshtein";
import * as z from "zod";
import { imageNames, versionedReference, type ImageName } from "./images";
import { capacityProblems, samplingTier } from "./sampling/capacity";
import { contradictions, samplingSchema } from "./sampling/model";
import { platformConflicts, sizeConflicts } from "./settings-conflicts";
import { services } from "./settings-services";
import { hostPort, publishedPorts, type PublishedPort } from "./topology";
import { days, integer, leaf, oneOf, text } from "./units";

/** Config namespace: the project's name in Pulumi.yaml. */
export const namespace = "tracing";

const portName = Object.keys(publishedPorts) as PublishedPort[];
const maxPort = 65535;
const port = integer(1, maxPort, "a port");
/** The offset that still leaves every published port a valid one. */
const maxOffset = maxPort - Math.max(...Object.values(publishedPorts));

/** What stack config may hold. */
export const schema = z.strictObject({
  platform: oneOf("docker", "kubernetes").describe("What the stack runs on."),
  environment: oneOf("development", "staging", "production").describe(
    "The environment that the traces come from; every span gets it as `deployment.environment.name`, unless it brings one.",
  ),
  retention: days(1, 365).prefault("7d").describe("How long traces are kept at least, in whole days."),
  images: oneOf("official", "local")
    .prefault("official")
    .describe("Where images come from: the projects' own registries, or the engine, as `make images` built them."),
  imageRegistry: text(
    // A bare word in front of an image's name would be a user of Docker Hub.
    "the host of a registry, with a dot or a port in it, and a path if any, such as mirror.example.com:5000/hub",
    /^([a-z0-9][a-z0-9-]*(\.[a-z0-9-]+)+(:\d+)?|[a-z0-9][a-z0-9-]*:\d+|localhost)(\/[a-z0-9._/-]+)?$/,
  )
    .optional()
    .describe("A registry that mirrors all others: it takes the place of the host in each image's name."),
  otherImages: z
    .strictObject(
      Object.fromEntries(
        imageNames.map((name) => [
          name,
          text("an image whose tag begins with the program's version, such as registry.example.com/jaeger:2.21.0-1", versionedReference)
            .optional()
            .describe("A whole reference in place of that image. Its tag's version decides what the program's config holds."),
        ]),
      ) as Record<ImageName, z.ZodOptional<ReturnType<typeof text>>>,
    )
    .prefault({})
    .describe("Single images that come from elsewhere; no registry is put before them."),
  publish: z
    .strictObject({
      address: leaf("an IPv4 address of this host", (input) => (typeof input === "string" && isIPv4(input) ? input : undefined))
        .prefault("127.0.0.1")
        .describe("The host's address that ports are published on (Docker). Any other than loopback opens the stack to the network."),
      offset: integer(0, maxOffset, "a number to add to each port")
        .prefault(0)
        .describe("Added to the default number of every published port, so that several stacks run on one engine."),
      ports: z
        .strictObject(
          Object.fromEntries(
            portName.map((name) => [
              name,
              port.optional().describe(`Port on the host; ${publishedPorts[name]} plus the offset by default.`),
            ]),
          ) as Record<PublishedPort, z.ZodOptional<typeof port>>,
        )
        .prefault({})
        .describe("Single ports by name, as they are to be on the host; the offset does not apply to them."),
    })
    .prefault({}),
  sampling: samplingSchema.prefault({}),
  ...services,
});

/** The groups of settings, without what every stack has besides. */
export type Parsed = z.output<typeof schema>;

/** The settings of a stack: see the descriptions in this file, or the reference in docs/. */
export type Settings = Readonly<Parsed> & {
  /** Name of the Pulumi stack. */
  readonly stack: string;
};

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
    problems.push(`stack name: found ${show(stack)}; allowed: lower-case letters, digits and dashes, 30 at most, a letter first`);
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
  for (const name of portName) {
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
    problems.push(`${key}: found ${show(value)}; allowed: a group of settings`);
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
  return [`${at(issue.path)}: ${found === undefined ? "missing" : `found ${show(found)}`}; allowed: ${allowed}`];
}

/** Names of the settings at a path of the schema. */
function keysAt(path: readonly PropertyKey[]): string[] {
  let node: unknown = schema;
  const bare = (type: unknown): unknown => (type instanceof z.ZodPrefault || type instanceof z.ZodOptional ? bare(type.unwrap()) : type);
  for (const part of path) {
    const here = bare(node);
    node = here instanceof z.ZodArray ? here.element : (here as z.ZodObject).shape[String(part)];
  }
  return Object.keys((bare(node) as z.ZodObject).shape);
}

const show = (value: unknown): string => {
  const json = JSON.stringify(value);
  return json.length > 80 ? `${json.slice(0, 77)}…` : json;
};

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}
