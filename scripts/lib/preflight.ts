/** What must hold before anything is made; looked at first, so that a failure leaves nothing behind. */
import { statfsSync } from "node:fs";
import { createServer } from "node:net";
import type { Settings } from "../../configs/settings";
import { hostPort, networks, publishedPorts, type PublishedPort } from "../../configs/topology";
import { serviceContainers, type Belongings, type EngineInfo } from "./docker";
import { run } from "./run";
import { note, Problem, size, warn } from "./say";

/** Throws where the stack cannot be, warns where it will not be well. */
export async function preflight(settings: Settings, own: Belongings, engine: EngineInfo): Promise<void> {
  await checkNetworks(settings.stack);
  await checkPorts(settings, own);
  checkMemory(settings, engine);
  checkDisk(engine);
}

/** The networks have fixed names, so that applications need not know the stack: one stack a machine. */
async function checkNetworks(stack: string): Promise<void> {
  for (const name of Object.values(networks)) {
    const { ok, stdout } = await run("docker", ["network", "inspect", "--format", '{{index .Labels "tracing.stack"}}', name]);
    const owner = stdout.trim();
    if (!ok || owner === stack) continue;
    throw new Problem(
      owner
        ? `this engine runs the stack ${owner} already, and has room for one\n(the network ${name} has a fixed name). Take that one away: make destroy ENV=${owner}`
        : `there is a network ${name} that the stack did not make. Take it away: docker network rm ${name}`,
    );
  }
}

async function checkPorts(settings: Settings, own: Belongings): Promise<void> {
  const { address } = settings.publish;
  const ours = new Set(
    serviceContainers(own.containers)
      .filter(([, container]) => container.State.Status === "running")
      .flatMap(([, container]) => Object.values(container.NetworkSettings.Ports).flatMap((bindings) => bindings ?? []))
      .map((binding) => Number(binding.HostPort)),
  );
  const names = Object.keys(publishedPorts) as PublishedPort[];
  const wanted = names.map((name) => ({ name, port: hostPort(settings, name) })).filter(({ port }) => !ours.has(port));
  const taken: string[] = [];
  for (const { name, port } of wanted) {
    const error = await bind(address, port);
    if (error === "EADDRNOTAVAIL") throw new Problem(`tracing:publish.address: found ${address}, which is no address of this machine`);
    if (error) taken.push(`  ${address}:${port}  tracing:publish.ports.${name}  ${await holder(port, error)}`);
  }
  note(`ports: ${names.length} on ${address}${taken.length > 0 ? "" : ", all free or ours"}`);
  if (taken.length === 0) return;
  throw new Problem(
    `${taken.length} of the stack's ports cannot be had on this machine:\n${taken.join("\n")}\n` +
      `Stop what holds them, or move ours in Pulumi.${settings.stack}.yaml by the keys above, such as\n` +
      `  tracing:publish:\n    ports: { ${wanted.find(({ port }) => taken.some((line) => line.includes(`:${port} `)))?.name ?? "prometheus"}: 19000 }`,
  );
}

/** Why a port cannot be listened on; undefined if it can. */
function bind(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port }, () => server.close(() => resolve(undefined)));
  });
}

async function holder(port: number, error: string): Promise<string> {
  if (error !== "EADDRINUSE") return `(${error})`;
  const { stdout } = await run("docker", ["ps", "--filter", `publish=${port}`, "--format", "{{.Names}}"]);
  return stdout.trim() ? `(held by container ${stdout.trim().split("\n").join(", ")})` : "(in use)";
}

function checkMemory(settings: Settings, engine: EngineInfo): void {
  const limits = [settings.elasticsearch, settings.jaeger, settings.collector, settings.prometheus].map(({ memory }) => memory);
  const sum = limits.reduce((a, b) => a + b, 0) * 2 ** 20;
  note(`memory: the services may take ${size(sum)} of ${size(engine.MemTotal)}`);
  if (sum > engine.MemTotal) warn("that is more than the engine has: services may be killed under load");
}

/** Below this Elasticsearch places no more indices (its watermark is 2 GB), with room for images and metrics beside it. */
const diskWanted = 6 * 2 ** 30;

function checkDisk(engine: EngineInfo): void {
  let free: number;
  try {
    const { bavail, bsize } = statfsSync(engine.DockerRootDir);
    free = bavail * bsize;
  } catch {
    return; // the engine's disk is not one that we see
  }
  note(`disk: ${size(free)} free`);
  if (free < diskWanted)
    warn(`less than ${size(diskWanted)} free in ${engine.DockerRootDir}: Elasticsearch stops taking spans on a full disk`);
}
