/** What must hold before anything is made; looked at first, so that a failure leaves nothing behind. */
import { statfsSync } from "node:fs";
import { createServer } from "node:net";
import type { Settings } from "../../configs/settings";
import { hostPort, networks, publishedPorts, stackLabels, type PublishedPort } from "../../configs/topology";
import { serviceContainers, type Belongings, type EngineInfo } from "./docker";
import { checkEngine, memoryLimits } from "./engine-check";
import { run } from "./run";
import { note, Problem, size, warn } from "./say";

/** Throws with everything that keeps the stack from being, warns where it will not be well. */
export async function preflight(settings: Settings, own: Belongings, engine: EngineInfo): Promise<void> {
  const disk = freeDisk(engine.DockerRootDir);
  note(
    `memory: the services may take ${size(memoryLimits(settings))} of ${size(engine.MemTotal)}; ` +
      `disk: ${disk === undefined ? "not known" : `${size(disk)} free`}`,
  );
  const exists = own.containers.length > 0;
  const { problems, warnings } = checkEngine(settings, { version: engine.ServerVersion, memory: engine.MemTotal, disk, exists });
  warnings.forEach(warn);
  const all = [...problems, ...(await foreignNetworks(settings.stack)), ...(await takenPorts(settings, own))];
  if (all.length === 0) return;
  const count = all.length === 1 ? "1 thing keeps" : `${all.length} things keep`;
  throw new Problem(`${count} the stack ${settings.stack} from running here:\n${all.map((one) => `  - ${one}`).join("\n")}`);
}

/** The networks have fixed names, so that applications need not know the stack: one stack a machine. */
async function foreignNetworks(stack: string): Promise<string[]> {
  const found = new Set<string>();
  for (const name of Object.values(networks)) {
    const { ok, stdout } = await run("docker", ["network", "inspect", "--format", `{{index .Labels "${stackLabels.stack}"}}`, name]);
    const owner = stdout.trim();
    if (!ok || owner === stack) continue;
    found.add(
      owner
        ? `engine: found the stack ${owner} on it; it has room for one, as applications know the network by its name. ` +
            `Take that stack away: make destroy ENV=${owner}`
        : `network ${name}: found one that no stack made. Take it away: docker network rm ${name}`,
    );
  }
  return [...found];
}

async function takenPorts(settings: Settings, own: Belongings): Promise<string[]> {
  const { address } = settings.publish;
  const ours = serviceContainers(own.containers)
    .filter(([, container]) => container.State.Status === "running")
    .flatMap(([, container]) => Object.values(container.NetworkSettings.Ports).flatMap((bindings) => bindings ?? []));
  const names = Object.keys(publishedPorts) as PublishedPort[];
  const taken: string[] = [];
  for (const name of names) {
    const port = hostPort(settings, name);
    const held = ours.filter(({ HostPort }) => Number(HostPort) === port).map(({ HostIp }) => HostIp);
    if (held.includes(address)) continue;
    // A port of ours that is in the way goes when the new one is made: then only the address itself can be tried.
    const inTheWay = held.some((own) => isAll(own) || isAll(address));
    const error = await bind(address, inTheWay ? 0 : port);
    if (error === "EADDRNOTAVAIL") return [`tracing:publish.address: found ${address}; allowed: an address of this machine, or 0.0.0.0`];
    if (error)
      taken.push(`tracing:publish.ports.${name}: port ${port} of ${address} ${await holder(port, error)}; free it, or give another`);
  }
  note(`ports: ${names.length} on ${address}${taken.length > 0 ? "" : ", all free or ours"}`);
  return taken;
}

const isAll = (address: string): boolean => address === "0.0.0.0" || address === "::";

/** Why a port cannot be listened on; undefined if it can, or if only we may not: the engine binds it, and has rights of its own. */
function bind(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "EACCES" ? undefined : (error.code ?? error.message)));
    server.listen({ host, port }, () => server.close(() => resolve(undefined)));
  });
}

async function holder(port: number, error: string): Promise<string> {
  if (error !== "EADDRINUSE") return `cannot be listened on (${error})`;
  const { stdout } = await run("docker", ["ps", "--filter", `publish=${port}`, "--format", "{{.Names}}"]);
  return stdout.trim() ? `is held by container ${stdout.trim().split("\n").join(", ")}` : "is in use";
}

/** Free disk of the engine; undefined where it is not one that we see. */
function freeDisk(folder: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}
