/**
 * Recorded Docker resources as a compose file. It translates: a resource type or property that it does not know is an error, so the
 * compose file can never silently say less than `pulumi up` does.
 */
import { posix } from "node:path";
import { dockerName } from "../configs/topology/docker";
import { stackLabels } from "../configs/topology/ports";
import { markedSecretLength, type Recorded } from "./record";

/** A compose file's content, and the config files that it carries, by file name. */
export interface Composed {
  readonly compose: object;
  readonly files: Readonly<Record<string, string>>;
}

type Inputs = Record<string, unknown>;
interface Named {
  name: string;
}
interface Upload {
  file: string;
  content: string;
  permissions: string;
}
interface Mount {
  volumeName: string;
  containerPath: string;
  readOnly?: boolean;
}
interface Port {
  ip: string;
  external: number;
  internal: number;
  protocol: string;
}
interface Label {
  label: string;
  value: string;
}

const container = "docker:index/container:Container";

/** Resources that hold nothing to translate: components, providers, images (each container names its own) and secrets (markers). */
const withoutTranslation = [
  /^pulumi:/,
  /^tracing:/,
  /^docker:index\/remoteImage:RemoteImage$/,
  /^random:index\/randomPassword:RandomPassword$/,
];

/** Translates the resources of a stack. */
export function compose(stack: string, resources: readonly Recorded[]): Composed {
  const prefix = dockerName(stack, "");
  const containers = resources.filter((resource) => resource.type === container);
  const services = new Set(containers.filter(isService).map(({ inputs }) => inputs.name));
  // The services have the brief's names. All else keeps the prefix: an application's own compose file may be merged with this one.
  const keyOf = (name: string) => (services.has(name) ? name.replace(prefix, "") : name.replace(prefix, "tracing-"));
  const byUrn = new Map(containers.map((resource) => [resource.urn, resource]));
  const files: Record<string, string> = {};
  const sections: Record<"services" | "networks" | "volumes", Record<string, object>> = { services: {}, networks: {}, volumes: {} };
  for (const { type, name, inputs } of resources) {
    const key = keyOf(typeof inputs.name === "string" ? inputs.name : name);
    if (type === "docker:index/network:Network")
      sections.networks[key] = network(known(inputs, ["name", "driver", "attachable", "labels"]));
    else if (type === "docker:index/volume:Volume") sections.volumes[key] = volume(known(inputs, ["name", "driver", "labels"]));
    else if (type !== container && !withoutTranslation.some((pattern) => pattern.test(type))) {
      throw new Error(`no translation for a resource of type ${type} (${name})`);
    }
  }
  for (const resource of containers) {
    const dependencies = resource.dependencies.flatMap((urn) => byUrn.get(urn) ?? []);
    const service = translate(resource, dependencies, keyOf, files);
    sections.services[keyOf(String(resource.inputs.name))] = escapeDollars(service) as object;
  }
  return { compose: sections, files };
}

const isService = ({ inputs }: Recorded) => labelMap(inputs)[stackLabels.role] === "service";

function network(inputs: Inputs): object {
  const { name, driver, attachable } = inputs;
  return { name, driver, attachable, labels: labelMap(inputs) };
}

function volume(inputs: Inputs): object {
  const { name, driver } = inputs;
  return { name, driver, labels: labelMap(inputs) };
}

const containerProperties = [
  "name", "image", "hostname", "entrypoints", "command", "envs", "user", "restart", "memory", "memorySwap", "ulimits", "readOnly", "tmpfs",
  "capabilities", "securityOpts", "init", "networkMode", "networksAdvanced", "ports", "volumes", "healthcheck", "wait", "waitTimeout",
  "stopTimeout", "destroyGraceSeconds", "logDriver", "logOpts", "labels", "attach", "mustRun", "start", "uploads",
]; // prettier-ignore

/** One container as a service of the compose file. */
function translate(
  { inputs, secretInputs }: Recorded,
  dependencies: readonly Recorded[],
  keyOf: (name: string) => string,
  files: Record<string, string>,
): object {
  const c = known(inputs, containerProperties);
  const capabilities = knownGroup(c, "capabilities", ["adds", "drops"]) as { adds?: string[]; drops?: string[] } | undefined;
  return defined({
    container_name: c.name,
    image: c.image,
    hostname: c.hostname,
    user: c.user,
    restart: c.restart,
    mem_limit: megabytes(c.memory),
    memswap_limit: megabytes(c.memorySwap),
    ulimits: limits(c),
    read_only: c.readOnly,
    tmpfs: c.tmpfs && Object.entries(c.tmpfs as Record<string, string>).map(([path, options]) => `${path}:${options}`),
    // The compose names of capabilities have no prefix in the oldest supported version.
    cap_add: capabilities?.adds?.map((name) => name.replace(/^CAP_/, "")),
    cap_drop: capabilities?.drops ?? (c.start === false ? ["ALL"] : undefined),
    security_opt: c.securityOpts,
    init: c.init,
    ...networking(c, keyOf),
    ports: knownAll<Port>(c, "ports", ["ip", "external", "internal", "protocol"]).map(
      ({ ip, external, internal, protocol }) => `${ip}:${external}:${internal}/${protocol}`,
    ),
    volumes: knownAll<Mount>(c, "volumes", ["volumeName", "containerPath", "readOnly"]).map(
      ({ volumeName, containerPath, readOnly }) => `${keyOf(volumeName)}:${containerPath}${readOnly ? ":ro" : ""}`,
    ),
    healthcheck: health(c),
    stop_grace_period: c.stopTimeout === undefined ? undefined : `${c.stopTimeout as number}s`,
    logging: defined({ driver: c.logDriver, options: c.logOpts }),
    labels: labelMap(c),
    depends_on: Object.fromEntries(dependencies.map((d) => [keyOf(String(d.inputs.name)), { condition: condition(d.inputs) }])),
    ...(c.start === false
      ? uploader(knownAll<Upload>(c, "uploads", ["file", "content", "permissions"]), files, secretInputs.includes("uploads"))
      : program(c)),
  });
}

/** Limits of a process, by name. */
function limits(c: Inputs): object | undefined {
  if (!c.ulimits) return undefined;
  const all = knownAll<Named & { soft: number; hard: number }>(c, "ulimits", ["name", "soft", "hard"]);
  return Object.fromEntries(all.map(({ name, soft, hard }) => [name, { soft, hard }]));
}

function program(c: Inputs): object {
  if (c.uploads) throw new Error(`${String(c.name)}: files can be uploaded by a container that is not started only`);
  return { entrypoint: c.entrypoints, command: c.command, environment: c.envs };
}

function networking(c: Inputs, keyOf: (name: string) => string): object {
  if (!c.networksAdvanced) return { network_mode: c.networkMode };
  const attached = knownAll<Named & { aliases: string[] }>(c, "networksAdvanced", ["name", "aliases"]);
  if (c.networkMode !== "bridge") throw new Error(`${String(c.name)}: network mode ${String(c.networkMode)} with networks`);
  return { networks: Object.fromEntries(attached.map(({ name, aliases }) => [keyOf(name), { aliases }])) };
}

/** What others wait for: health where there is a probe, the end where it is a task. */
function condition(inputs: Inputs): string {
  if (inputs.mustRun === false) return "service_completed_successfully";
  return inputs.wait ? "service_healthy" : "service_started";
}

function health(c: Inputs): object | undefined {
  const check = knownGroup(c, "healthcheck", ["tests", "interval", "timeout", "retries", "startPeriod"]);
  if (!check) return undefined;
  const { tests, interval, timeout, retries, startPeriod } = check;
  return { test: tests, interval, timeout, retries, start_period: startPeriod };
}

/**
 * Compose has no uploads, and a relative path would be looked up beside the first of several compose files. So a task writes the files
 * from its environment. A secret is made on the spot, once: it never stands in the file, and lives and goes with its volume.
 */
function uploader(uploads: readonly Upload[], files: Record<string, string>, secret: boolean): object {
  const environment: Record<string, string> = {};
  const lines = uploads.flatMap(({ file, content, permissions }, index) => {
    const length = markedSecretLength(content);
    const fresh = posix.join(posix.dirname(file), `.${posix.basename(file)}`);
    // One command a line: `set -e` does not see what fails within a list of `&&`.
    const put = (make: string) => [`rm -f ${fresh}`, `${make} > ${fresh}`, `chmod ${permissions} ${fresh}`, `mv -f ${fresh} ${file}`];
    if (length !== undefined) {
      const make = put(`head -c ${length * 8} /dev/urandom | base64 | tr -dc A-Za-z0-9 | head -c ${length}`);
      return [`if [ ! -s ${file} ]; then`, "umask 377", ...make, "fi"];
    }
    if (secret)
      throw new Error(`${posix.basename(file)}: a compose file cannot hold a secret that somebody gave; deploy this stack with Pulumi`);
    environment[`FILE_${index}`] = content;
    const name = posix.basename(file);
    if (name in files) throw new Error(`two files are called ${name}`);
    files[name] = content;
    return put(`printf %s "$FILE_${index}"`);
  });
  return { entrypoint: ["/bin/sh", "-c"], command: [["set -e", ...lines].join("\n")], environment };
}

/** The inputs, if none of them is unknown here. */
function known(inputs: Inputs, names: readonly string[], owner = inputs.name): Inputs {
  const unknown = Object.keys(inputs).filter((key) => inputs[key] !== undefined && !names.includes(key));
  if (unknown.length > 0) throw new Error(`no translation for ${unknown.join(", ")} of ${owner as string}`);
  return inputs;
}

/** The elements of a list that an input holds, none where there is no list, if nothing in them is unknown here. */
function knownAll<T>(inputs: Inputs, input: string, names: readonly string[]): T[] {
  const list = (inputs[input] ?? []) as Inputs[];
  return list.map((element) => known(element, names, `${input} of ${inputs.name as string}`) as T);
}

/** The group that an input holds, if there is one and nothing in it is unknown here. */
function knownGroup(inputs: Inputs, input: string, names: readonly string[]): Inputs | undefined {
  const group = inputs[input] as Inputs | undefined;
  return group && known(group, names, `${input} of ${inputs.name as string}`);
}

function labelMap(inputs: Inputs): Record<string, string> {
  return Object.fromEntries(knownAll<Label>(inputs, "labels", ["label", "value"]).map(({ label, value }) => [label, value]));
}

const megabytes = (value: unknown) => (value === undefined ? undefined : `${value as number}m`);

/** Compose puts variables in for `$name`; two dollars stand for one. */
function escapeDollars(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll("$", "$$$$");
  if (Array.isArray(value)) return value.map(escapeDollars);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, escapeDollars(v)]));
}

/** Without members that say nothing. */
function defined(object: Inputs): Inputs {
  const empty = (value: unknown) => value === undefined || (typeof value === "object" && value !== null && Object.keys(value).length === 0);
  return Object.fromEntries(Object.entries(object).filter(([, value]) => !empty(value)));
}
