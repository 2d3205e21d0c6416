/** Checks before anything is created, so that a failure leaves nothing behind. */
import { statfsSync } from "node:fs";
import { createServer } from "node:net";
import { ownAlertmanager } from "../../configs/alertmanager/delivery";
import { compact } from "../../configs/compact";
import { isPublished } from "../../configs/login/screens";
import { hasPerses } from "../../configs/perses/runs";
import type { Settings } from "../../configs/stack/schema";
import { hostPort, networksOf } from "../../configs/topology/docker";
import { publishedPortNames, stackLabels, type PublishedPort } from "../../configs/topology/ports";
import { serviceContainers, type StackResources, type EngineInfo } from "../engine/docker";
import { checkEngine, memoryLimits } from "../engine/engine-check";
import { run } from "../machine/run";
import { note, UserError, size, warn } from "../terminal/output";

/** Throws with everything that keeps the stack from being, warns where it will not be well. */
export async function preflight(settings: Settings, own: StackResources, engine: EngineInfo): Promise<void> {
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
  throw new UserError(`${count} the stack ${settings.stack} from running here:\n${all.map((one) => `  - ${one}`).join("\n")}`);
}

/** Networks that have the stack's names and are not the stack's. */
async function foreignNetworks(stack: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of Object.values(networksOf(stack)) as string[]) {
    const { ok, stdout } = await run("docker", ["network", "inspect", "--format", `{{index .Labels "${stackLabels.stack}"}}`, name]);
    if (ok && stdout.trim() !== stack) {
      found.push(`network ${name}: exists, and does not belong to the stack ${stack}; remove it: docker network rm ${name}`);
    }
  }
  return found;
}

async function takenPorts(settings: Settings, own: StackResources): Promise<string[]> {
  const { address } = settings.publish;
  const ours = serviceContainers(own.containers)
    .filter(([, container]) => container.State.Status === "running")
    .flatMap(([, container]) => Object.values(container.NetworkSettings.Ports).flatMap((bindings) => bindings ?? []));
  const unused = compact<PublishedPort>([!ownAlertmanager(settings) && "alertmanager", !hasPerses(settings) && "perses"]);
  const names = publishedPortNames.filter((name) => !unused.includes(name) && isPublished(settings, name));
  const taken: string[] = [];
  const byStack = new Map<string, number[]>();
  for (const name of names) {
    const port = hostPort(settings, name);
    const held = ours.filter(({ HostPort }) => Number(HostPort) === port).map(({ HostIp }) => HostIp);
    if (held.includes(address)) continue;
    // A port of ours that is in the way goes when the new one is made: then only the address itself can be tried.
    const inTheWay = held.some((own) => isAll(own) || isAll(address));
    const error = await bind(address, inTheWay ? 0 : port);
    if (error === "EADDRNOTAVAIL") return [`tracing:publish.address: found ${address}; allowed: an address of this machine, or 0.0.0.0`];
    if (!error) continue;
    const found = await holder(port, error);
    if ("stack" in found) byStack.set(found.stack, [...(byStack.get(found.stack) ?? []), port]);
    else taken.push(`tracing:publish.ports.${name}: port ${port} of ${address} ${found.why}; free it, or give another`);
  }
  for (const [stack, held] of byStack) {
    taken.push(
      `tracing:publish.offset: found ${settings.publish.offset}, which needs ${held.length === 1 ? "port" : "ports"} ${held.join(", ")} ` +
        `of ${address}, held by the stack ${stack}; choose another offset, such as ${settings.publish.offset === 1000 ? 2000 : 1000}`,
    );
  }
  note(`ports: ${names.length} on ${address}${taken.length > 0 ? "" : ", all free or ours"}`);
  return taken;
}

const isAll = (address: string): boolean => address === "0.0.0.0" || address === "::";

/** Why a port is not available; undefined if it is, or if only this user may not bind it: the engine has other rights. */
function bind(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "EACCES" ? undefined : (error.code ?? error.message)));
    server.listen({ host, port }, () => server.close(() => resolve(undefined)));
  });
}

/** Who uses a port: another stack, or another program, as words of a message. */
async function holder(port: number, error: string): Promise<{ readonly stack: string } | { readonly why: string }> {
  if (error !== "EADDRINUSE") return { why: `cannot be listened on (${error})` };
  const { stdout } = await run("docker", [
    "ps",
    ...["--filter", `publish=${port}`, "--format", `{{.Names}}\t{{.Label "${stackLabels.stack}"}}`],
  ]);
  const containers = stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => line.split("\t"));
  const stack = containers.map(([, label]) => label).find(Boolean);
  if (stack) return { stack };
  return { why: containers.length > 0 ? `is held by container ${containers.map(([name]) => name).join(", ")}` : "is in use" };
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
