/**
 * Runs the Pulumi program without an engine and records what it registers. The same index.ts as `pulumi up` runs: no second
 * description of the stack.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { parseDocument } from "yaml";
import { SettingsError } from "../configs/stack/parse";

/** A resource as the program registered it. */
export interface Recorded {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  /** URN of the component that it is a part of; empty at the top. */
  readonly parent: string;
  /** URNs of all that it depends on. */
  readonly dependencies: readonly string[];
  /** Inputs as plain values; secrets are unwrapped, see {@link secretMarker}. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Names of the inputs that are secret or hold a secret. */
  readonly secretInputs: readonly string[];
  /** URN and id of the provider that was named for it; empty where it was left to the engine. */
  readonly provider: string;
  readonly protect: boolean;
  readonly retainOnDelete: boolean;
  readonly deleteBeforeReplace: boolean;
  readonly replaceOnChanges: readonly string[];
  /** Paths of the inputs that an edit of the program does not change once the resource is there. */
  readonly ignoreChanges: readonly string[];
  /** What it was called by earlier versions of the program. */
  readonly aliases: readonly Alias[];
  /** What a component registered as its outputs; undefined where it registered none, as resources of a provider do. */
  outputs?: Readonly<Record<string, unknown>>;
}

/** An earlier name of a resource. */
export interface Alias {
  readonly type: string;
  readonly name: string;
}

/** How to run the program. */
export interface RecordOptions {
  /** As `pulumi preview` does: what a provider computes is unknown. */
  readonly preview?: boolean;
  /** What to run in place of index.ts. */
  readonly program?: () => unknown;
  /** Receives the resources, also those that were registered before the program failed. */
  readonly recorded?: Recorded[];
}

/** What a generated secret looks like in recorded inputs: never a value, always a request to make one. */
export const secretMarker = (length: number): string => `<generated secret of ${length} letters and digits>`;

/** The length that a marker asks for; undefined for any other text. */
export function markedSecretLength(text: string): number | undefined {
  const match = /^<generated secret of (\d+) letters and digits>$/.exec(text);
  return match ? Number(match[1]) : undefined;
}

/** Folder of Pulumi.yaml. */
export const projectFolder = join(__dirname, "..");

/**
 * Config of a stack as Pulumi hands it to the program: defaults of Pulumi.yaml, then the stack's file.
 *
 * @throws SettingsError where a file is not there, or no YAML.
 */
export function stackConfig(stack: string, folder = projectFolder): Record<string, string> {
  const read = (file: string): Record<string, unknown> => {
    const path = join(folder, file);
    if (!existsSync(path)) throw new SettingsError(stack, [`${file}: there is no such file`]);
    const document = parseDocument(readFileSync(path, "utf8"));
    // The first line says what and where; a picture of the place follows.
    const problems = document.errors.map(({ message }) => `${file}: ${(message.split("\n")[0] ?? "").replace(/:$/, "")}`);
    if (problems.length > 0) throw new SettingsError(stack, problems);
    return (document.toJS() as { config?: Record<string, unknown> } | null)?.config ?? {};
  };
  const defaults = Object.entries(read("Pulumi.yaml")).map(([key, entry]): [string, unknown] => [
    key,
    (entry as { default?: unknown }).default,
  ]);
  return asPulumiHasIt(encrypted({ ...Object.fromEntries(defaults), ...read(`Pulumi.${stack}.yaml`) }) as Record<string, unknown>);
}

/** What stands for a value that only Pulumi can decrypt. */
const encryptedMarker = "<encrypted>";

/** Config with a marker for each value that a stack file has encrypted. */
function encrypted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(encrypted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  if (entries.length === 1 && typeof (value as { secure?: unknown }).secure === "string") return encryptedMarker;
  return Object.fromEntries(entries.map(([key, one]) => [key, encrypted(one)]));
}

/** Config values as Pulumi hands them out: text as it is, everything else as JSON. */
export const asPulumiHasIt = (values: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );

/** Runs the program for a stack. Once per process: the program's module is evaluated only once. */
export async function record(stack: string, config: Record<string, string>, options: RecordOptions = {}): Promise<Recorded[]> {
  const { preview = false, recorded = [], program = evaluateIndex } = options;
  await pulumi.runtime.setMocks(
    {
      call: ({ token }) => {
        throw new Error(`the program calls ${token}, which needs a provider`);
      },
      newResource: ({ type, name, inputs }) => ({
        // What an engine names by id is known here by its name.
        id: preview ? undefined : ((inputs as { name?: string }).name ?? name),
        state: { ...(inputs as object), ...(preview ? {} : computed(type, inputs as Record<string, unknown>)) },
      }),
    },
    "tracing",
    stack,
    preview,
  );
  pulumi.runtime.setAllConfig(config);
  watchRegistrations(recorded);
  try {
    program();
  } finally {
    // Also where it fails: what it has registered by then is on its way.
    await (pulumi.runtime as unknown as { waitForRPCs(): Promise<void> }).waitForRPCs();
  }
  return recorded;
}

function evaluateIndex(): void {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- evaluated here, once the mocks are in place
  require("../index");
}

/** Outputs that a provider would compute and the program reads. */
function computed(type: string, inputs: Record<string, unknown>): Record<string, unknown> {
  if (type === "docker:index/remoteImage:RemoteImage") return { imageId: inputs.name };
  if (type === "random:index/randomPassword:RandomPassword") {
    if (inputs.special !== false) throw new Error("a generated secret is of letters and digits only");
    return { result: pulumi.secret(secretMarker(Number(inputs.length))) };
  }
  return {};
}

/** The parts of the SDK's requests that are read here. */
interface Registration {
  getType(): string;
  getName(): string;
  getParent(): string;
  getDependenciesList(): string[];
  getProvider(): string;
  getProtect(): boolean;
  getRetainondelete(): boolean;
  getDeletebeforereplace(): boolean;
  getReplaceonchangesList(): string[];
  getIgnorechangesList(): string[];
  getAliasesList(): { getUrn(): string; getSpec(): { getType(): string; getName(): string } | undefined }[];
  getObject(): { toJavaScript(): Record<string, unknown> };
}
interface Outputs {
  getUrn(): string;
  getOutputs(): { toJavaScript(): Record<string, unknown> };
}
type Callback = (error: unknown, response?: { getUrn(): string }) => void;
interface Monitor {
  registerResource(request: Registration, callback: Callback): void;
  registerResourceOutputs(request: Outputs, callback: Callback): void;
}

/** Mocks are shown inputs only; the requests to the monitor hold the rest. */
function watchRegistrations(recorded: Recorded[]): void {
  const monitor = pulumi.runtime.getMonitor() as unknown as Monitor;
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    register(request, (error, response) => {
      if (response) recorded.push(resourceOf(request, response.getUrn()));
      callback(error, response);
    });
  };
  const registerOutputs = monitor.registerResourceOutputs.bind(monitor);
  monitor.registerResourceOutputs = (request, callback) => {
    const resource = recorded.findLast(({ urn }) => urn === request.getUrn());
    if (resource) resource.outputs = unwrapSecrets(request.getOutputs().toJavaScript()) as Record<string, unknown>;
    registerOutputs(request, callback);
  };
}

function resourceOf(request: Registration, urn: string): Recorded {
  const inputs = request.getObject().toJavaScript();
  return {
    type: request.getType(),
    name: request.getName(),
    urn,
    parent: request.getParent(),
    dependencies: request.getDependenciesList(),
    inputs: unwrapSecrets(inputs) as Record<string, unknown>,
    secretInputs: Object.keys(inputs).filter((key) => JSON.stringify(inputs[key]).includes(secretSignature)),
    provider: request.getProvider(),
    protect: request.getProtect(),
    retainOnDelete: request.getRetainondelete(),
    deleteBeforeReplace: request.getDeletebeforereplace(),
    replaceOnChanges: request.getReplaceonchangesList(),
    ignoreChanges: request.getIgnorechangesList(),
    aliases: aliasesOf(request),
  };
}

/** Earlier names, whichever way they were given: as a URN, or as what differs from the name of today. */
function aliasesOf(request: Registration): Alias[] {
  return request.getAliasesList().map((alias) => {
    const [types = "", name = ""] = alias.getUrn().split("::").slice(2);
    const spec = alias.getSpec();
    return {
      type: types.split("$").at(-1) || spec?.getType() || request.getType(),
      name: name || spec?.getName() || request.getName(),
    };
  });
}

const secretSignature = "4dabf18193072939515e22adb298388d";

function unwrapSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrapSecrets);
  if (typeof value !== "object" || value === null) return value;
  if (secretSignature in value) return unwrapSecrets((value as { value?: unknown }).value);
  return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, unwrapSecrets(v)]));
}
