/** Objects of a stack in the container engine. The engine's objects are the only state; nothing is stored elsewhere. */
import { stackLabels } from "../../configs/topology/ports";
import type { ServiceName } from "../../configs/topology/topology";
import { execOrThrow, run } from "../machine/run";
import { UserError } from "../terminal/output";
import { dockerServices, requiredServices } from "../running/services";

/** A command to the container engine that must go well; what it prints. */
export const docker = (...args: string[]): Promise<string> => execOrThrow("docker", args);

/** A container as `docker inspect` shows it; the parts that are used here. */
export interface Container {
  readonly Id: string;
  readonly Name: string;
  /** Id of its image. */
  readonly Image: string;
  readonly RestartCount: number;
  readonly State: {
    readonly Status: string;
    readonly ExitCode: number;
    readonly OOMKilled: boolean;
    readonly Health?: { readonly Status: string };
  };
  readonly Config: { readonly Image: string; readonly Labels: Readonly<Record<string, string>> };
  readonly HostConfig: { readonly Memory: number };
  readonly NetworkSettings: {
    readonly Ports: Readonly<Record<string, readonly Binding[] | null>>;
    readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>>;
  };
}

/** An address of this machine at which a container's port is. */
export interface Binding {
  readonly HostIp: string;
  readonly HostPort: string;
}

/** Objects of a stack, by kind. */
export interface StackResources {
  readonly containers: readonly Container[];
  readonly volumes: readonly Labelled[];
  readonly networks: readonly (Labelled & { readonly Id: string })[];
}

interface Labelled {
  readonly Name: string;
  readonly Labels: Readonly<Record<string, string>> | null;
}

const composeProject = "com.docker.compose.project";

/**
 * Everything that carries the stack's label.
 *
 * @param timeout Milliseconds that the engine may take for each answer. Default: no limit.
 */
export async function listStackResources(stack: string, timeout?: number): Promise<StackResources> {
  const filter = ["--filter", `label=${stackLabels.stack}=${stack}`];
  const [containers, volumes, networks] = await Promise.all([
    inspect<Container>("container", ["ps", "--all", "--quiet", "--no-trunc", ...filter], timeout),
    inspect<Labelled>("volume", ["volume", "ls", "--quiet", ...filter], timeout),
    inspect<Labelled & { Id: string }>("network", ["network", "ls", "--quiet", "--no-trunc", ...filter], timeout),
  ]);
  return { containers, volumes, networks };
}

async function inspect<T>(kind: string, list: readonly string[], timeout: number | undefined): Promise<T[]> {
  const limit = timeout === undefined ? {} : { timeout };
  const { ok, stdout, output, why } = await run("docker", list, limit);
  if (!ok) throw new UserError(`the container engine does not answer: ${output.trim() || why}\n\`make engine\` installs and starts one`);
  const ids = stdout.split("\n").filter(Boolean);
  if (ids.length === 0) return [];
  // An object that disappears between the two calls is no error.
  return JSON.parse((await run("docker", [kind, "inspect", ...ids], limit)).stdout || "[]") as T[];
}

/** The way a stack was made, read off its parts; undefined where it has none. */
export function madeBy({ containers, volumes, networks }: StackResources): "pulumi" | "compose" | undefined {
  const labels = [...containers.map((c) => c.Config.Labels), ...[...volumes, ...networks].map((part) => part.Labels ?? {})];
  if (labels.length === 0) return undefined;
  return labels.some((label) => composeProject in label) ? "compose" : "pulumi";
}

/** The container of each service that has one, in the order of their start. */
export function serviceContainers(containers: readonly Container[]): [ServiceName, Container][] {
  return dockerServices.flatMap((service) => {
    const found = containers.find((c) => c.Config.Labels[stackLabels.service] === service);
    return found ? [[service, found] as [ServiceName, Container]] : [];
  });
}

/** A service's state in one word: its health where it has a probe and runs. */
export function stateOf({ State }: Container): string {
  return State.Status === "running" && State.Health ? State.Health.Status : State.Status;
}

/** The states of the services that are not there yet, such as "jaeger starting, prometheus missing". */
export async function pending(stack: string): Promise<string> {
  const found = new Map(serviceContainers((await listStackResources(stack)).containers));
  return dockerServices
    .filter((service) => found.has(service) || requiredServices.includes(service))
    .map((service) => [service, found.get(service)] as const)
    .map(([service, container]) => [service, container ? stateOf(container) : "missing"] as const)
    .filter(([, state]) => state !== "healthy" && state !== "running")
    .map(([service, state]) => `${service} ${state}`)
    .join(", ");
}

/** Properties of the engine. */
export interface EngineInfo {
  readonly ServerVersion: string;
  readonly NCPU: number;
  readonly MemTotal: number;
  readonly DockerRootDir: string;
}

/** The engine, if one answers. */
export async function engineInfo(): Promise<EngineInfo | undefined> {
  const { ok, stdout } = await run("docker", ["info", "--format", "{{json .}}"], { timeout: 20_000 });
  const info = (ok ? JSON.parse(stdout) : {}) as Partial<EngineInfo>;
  return info.ServerVersion ? (info as EngineInfo) : undefined;
}

/** True if the engine has an image. */
export const hasImage = async (reference: string): Promise<boolean> => (await run("docker", ["image", "inspect", reference])).ok;

const memoryUnits: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/**
 * Memory in use, bytes, by container id: the working set, without the page cache.
 *
 * @param timeout Milliseconds that the engine may take; after them nothing is known. Default: no limit.
 */
export async function memoryUse(timeout?: number): Promise<Map<string, number>> {
  const words = ["stats", "--no-stream", "--no-trunc", "--format", "{{.ID}} {{.MemUsage}}"];
  const { stdout } = await run("docker", words, timeout === undefined ? {} : { timeout });
  const lines = stdout.split("\n").map((line) => /^(\S+) ([\d.]+)([KMG]iB|B) \//.exec(line));
  return new Map(
    lines.flatMap((match) => (match ? [[match[1] ?? "", Number(match[2]) * (memoryUnits[match[3] ?? ""] ?? 1)] as const] : [])),
  );
}
