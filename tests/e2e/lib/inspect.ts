/** `docker inspect` of a stack's services, without what differs from run to run or only says who made it. */
import { stackLabels } from "../../../configs/topology/ports";
import { listStackResources } from "../../../cli/engine/docker";
import { execOrThrow } from "../../../cli/machine/run";

interface Inspected {
  readonly Name: string;
  readonly Image: string;
  readonly Config: Record<string, unknown> & { Labels: Record<string, string>; Env: string[]; Healthcheck?: unknown };
  readonly HostConfig: Record<string, unknown> & { Binds: string[] | null; PortBindings: unknown };
  readonly Mounts: { Type: string; Name?: string; Destination: string; RW: boolean }[];
  readonly NetworkSettings: { Networks: Record<string, { Aliases: string[] | null }> };
}

/** Ids of the stack's containers of a role. */
export async function containerIds(stack: string, role: "service" | "helper"): Promise<string[]> {
  const { containers } = await listStackResources(stack);
  return containers
    .filter(({ Config }) => Config.Labels[stackLabels.role] === role)
    .map(({ Id }) => Id)
    .sort();
}

/** The raw text, to look for what must not be in it. */
export async function inspectText(stack: string): Promise<string> {
  return execOrThrow("docker", ["inspect", ...(await containerIds(stack, "service")), ...(await containerIds(stack, "helper"))]);
}

/** The services of a stack by name: all that decides how they run. */
export async function inspectServices(stack: string): Promise<Record<string, object>> {
  const raw = JSON.parse(await execOrThrow("docker", ["inspect", ...(await containerIds(stack, "service"))])) as Inspected[];
  return Object.fromEntries(raw.map((container) => [container.Name, normalise(container)]));
}

/** Parts of the host config that decide how a container runs. */
const hostConfig = [
  "AutoRemove", "CapAdd", "CapDrop", "CgroupnsMode", "CpuShares", "Devices", "Dns", "ExtraHosts", "GroupAdd", "Init", "IpcMode", "LogConfig",
  "Memory", "MemorySwap", "NanoCpus", "OomKillDisable", "PidMode", "PidsLimit", "PortBindings", "Privileged", "PublishAllPorts",
  "ReadonlyRootfs", "RestartPolicy", "SecurityOpt", "ShmSize", "Sysctls", "Tmpfs", "Ulimits", "UsernsMode",
]; // prettier-ignore

/** Parts of the config that decide how a container runs. Its image is compared by id. */
const config = ["Cmd", "Entrypoint", "Healthcheck", "Hostname", "StopSignal", "StopTimeout", "Tty", "User", "WorkingDir"];

function normalise(container: Inspected): object {
  const pick = (from: Record<string, unknown>, names: string[]) =>
    Object.fromEntries(names.map((name): [string, unknown] => [name, meaningful(from[name])]).filter(([, value]) => value !== undefined));
  return {
    image: container.Image,
    ...pick(container.Config, config),
    ...pick(container.HostConfig, hostConfig),
    environment: [...container.Config.Env].sort(),
    labels: Object.fromEntries(
      Object.entries(container.Config.Labels)
        .filter(([name]) => !name.startsWith("com.docker.compose."))
        .sort(),
    ),
    mounts: container.Mounts.map(({ Type, Name, Destination, RW }) => `${Type} ${Name ?? ""} ${Destination} ${RW ? "rw" : "ro"}`).sort(),
    networks: Object.fromEntries(
      Object.entries(container.NetworkSettings.Networks)
        .sort()
        // Compose adds its service name, which is our alias, a second time; both ways add the short id.
        .map(([name, { Aliases }]) => [name, [...new Set((Aliases ?? []).filter((alias) => !/^[0-9a-f]{12}$/.test(alias)))].sort()]),
    ),
  };
}

/** Empty and absent mean the same to the engine. */
function meaningful(value: unknown): unknown {
  const empty =
    value === null ||
    value === undefined ||
    value === "" ||
    value === 0 ||
    value === false ||
    (typeof value === "object" && Object.keys(value).length === 0);
  return empty ? undefined : value;
}
