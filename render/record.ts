/**
 * Runs the Pulumi program without an engine and records what it registers. The same index.ts as `pulumi up` runs: no second
 * description of the stack.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";

/** A resource as the program registered it. */
export interface Recorded {
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  /** URNs of all that it depends on. */
  readonly dependencies: readonly string[];
  /** Inputs as plain values; secrets are unwrapped, see {@link secretMarker}. */
  readonly inputs: Readonly<Record<string, unknown>>;
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

/** Config of a stack as Pulumi hands it to the program: defaults of Pulumi.yaml, then the stack's file. */
export function stackConfig(stack: string, folder = projectFolder): Record<string, string> {
  const read = (file: string) => parse(readFileSync(join(folder, file), "utf8")) as { config?: Record<string, unknown> };
  const defaults = Object.entries(read("Pulumi.yaml").config ?? {}).map(([key, entry]): [string, unknown] => [
    key,
    (entry as { default?: unknown }).default,
  ]);
  const values = { ...Object.fromEntries(defaults), ...read(`Pulumi.${stack}.yaml`).config };
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}

/** Runs the program for a stack. Once per process: the program's module is evaluated only once. */
export async function record(stack: string, config: Record<string, string>): Promise<Recorded[]> {
  const recorded: Recorded[] = [];
  await pulumi.runtime.setMocks(
    {
      call: ({ token }) => {
        throw new Error(`the program calls ${token}, which needs a provider`);
      },
      newResource: ({ type, name, inputs }) => ({
        // What an engine names by id is known here by its name.
        id: String((inputs as { name?: string }).name ?? name),
        state: { ...(inputs as object), ...computed(type, inputs as Record<string, unknown>) },
      }),
    },
    "tracing",
    stack,
    false,
  );
  pulumi.runtime.setAllConfig(config);
  watchRegistrations(recorded);
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- evaluated here, once the mocks are in place
  require("../index");
  await (pulumi.runtime as unknown as { waitForRPCs(): Promise<void> }).waitForRPCs();
  return recorded;
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

/** The part of the SDK's registration request that is read here. */
interface Request {
  getType(): string;
  getName(): string;
  getDependenciesList(): string[];
  getObject(): { toJavaScript(): Record<string, unknown> };
}
type Callback = (error: unknown, response?: { getUrn(): string }) => void;

/** Mocks are not shown dependencies; the request to the monitor holds them. */
function watchRegistrations(recorded: Recorded[]): void {
  const monitor = pulumi.runtime.getMonitor() as unknown as { registerResource(request: Request, callback: Callback): void };
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    register(request, (error, response) => {
      if (response) {
        recorded.push({
          type: request.getType(),
          name: request.getName(),
          urn: response.getUrn(),
          dependencies: request.getDependenciesList(),
          inputs: unwrapSecrets(request.getObject().toJavaScript()) as Record<string, unknown>,
        });
      }
      callback(error, response);
    });
  };
}

const secretSignature = "4dabf18193072939515e22adb298388d";

function unwrapSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrapSecrets);
  if (typeof value !== "object" || value === null) return value;
  if (secretSignature in value) return unwrapSecrets((value as { value?: unknown }).value);
  return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, unwrapSecrets(v)]));
}
