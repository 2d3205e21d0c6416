/** A stack on a container engine. */
import { hasIngest, stackSender, tokenSecret } from "../../configs/ingest/senders";
import { makeCommand } from "../../configs/make-command";
import type { Settings } from "../../configs/stack/schema";
import { isPublished } from "../../configs/login/screens";
import { networksOf, publishedUrl } from "../../configs/topology/docker";
import { cronState, files, paths, type PublishedPort } from "../../configs/topology/ports";
import type { ServiceName } from "../../configs/topology/topology";
import { listStackResources, madeBy, memoryUse, serviceContainers, stateOf, type Container } from "../engine/docker";
import { run, type Outcome, type RunOptions } from "../machine/run";
import { readSecret } from "../stack/secret";
import { requireFile } from "../stack/stack";
import { askElasticsearch } from "../status/elasticsearch";
import { UserError } from "../terminal/output";
import { endpoints } from "./endpoints";
import { patience, type ElasticsearchAnswer, type LastRuns, type LogLines, type RunningStack, type ServiceState } from "./running-stack";
import { dockerServices, missing, servicesOf } from "./services";

/** Folders in which daily services keep the times of their runs. */
const stateFolders: Partial<Record<ServiceName, string>> = {
  "index-cleaner": paths.cleanerState,
  "elasticsearch-snapshots": paths.snapshotState,
};

/** A stack on a container engine. */
export class DockerStack implements RunningStack {
  where = "docker";
  private readonly known = new Map<string, Promise<string>>();

  constructor(readonly settings: Settings) {}

  async services(): Promise<readonly ServiceState[]> {
    const { stack } = this.settings;
    const own = await listStackResources(stack, patience);
    const way = madeBy(own);
    if (!way) return [];
    this.where = `docker, made by ${way}`;
    const containers = new Map(serviceContainers(own.containers));
    const [used, tags] = await Promise.all([memoryUse(patience), imageTags([...containers.values()])]);
    const wanted = servicesOf(this.settings);
    return dockerServices
      .filter((service) => containers.has(service) || wanted.includes(service))
      .map((service) => {
        const container = containers.get(service);
        if (!container) return missing(service, makeCommand(stack, "up"));
        return { ...containerState(stack, service, container, used), image: tags.get(container.Image) ?? container.Config.Image };
      });
  }

  logs(service: ServiceName | undefined, lines: LogLines): Promise<void> {
    return containerLogs(this.settings.stack, service, lines);
  }

  /** A screen that only the login shows to people is reached at its container. An engine in a virtual machine has no route there. */
  async reach(port: PublishedPort): Promise<string> {
    if (isPublished(this.settings, port)) return publishedUrl(this.settings, port);
    const { service, port: own } = endpoints[port];
    const { NetworkSettings } = await containerOf(this.settings.stack, service);
    const address = NetworkSettings.Networks[networksOf(this.settings.stack).backend]?.IPAddress;
    if (!address) throw new UserError(`${service} of stack ${this.settings.stack} has no address: set tracing:login.direct to true`);
    return `http://${address}:${own}`;
  }

  async run(service: ServiceName, words: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    const container = await containerOf(this.settings.stack, service);
    return run("docker", ["exec", container.Id, ...words], options);
  }

  password(): Promise<string> {
    return this.secret(files.elasticsearchPassword);
  }

  stackToken(): Promise<string | undefined> {
    return hasIngest(this.settings) ? this.secret(tokenSecret(stackSender)) : Promise.resolve(undefined);
  }

  /** A secret of the stack, read once: it takes a container. */
  private secret(name: string): Promise<string> {
    const known = this.known.get(name) ?? readSecret(this.settings, name);
    this.known.set(name, known);
    return known;
  }

  async elasticsearch(
    path: string,
    { method = "GET", body, timeout = patience }: { method?: string; body?: object; timeout?: number } = {},
  ): Promise<ElasticsearchAnswer> {
    const answer = await askElasticsearch(this.settings, await this.password(), path, {
      method,
      headers: { "content-type": "application/json" },
      body: body ? JSON.stringify(body) : undefined,
      signal: AbortSignal.timeout(timeout),
    });
    return { ok: answer.ok, status: answer.status, body: await answer.text() };
  }

  async lastRuns(service: ServiceName): Promise<LastRuns> {
    const folder = stateFolders[service] ?? "";
    const read = async (name: keyof typeof cronState) => {
      const { ok, stdout } = await this.run(service, ["cat", `${folder}/${cronState[name]}`], { timeout: patience });
      return ok && /^\d+$/.test(stdout) ? Number(stdout) : undefined;
    };
    return { success: await read("lastSuccess"), result: await read("lastResult") };
  }

  close(): void {
    // Published ports stay.
  }
}

/** Prints the logs of a stack's containers; needs no settings, so it works also where those are wrong. */
export async function containerLogs(stack: string, service: ServiceName | undefined, { follow, onLine }: LogLines): Promise<void> {
  const found = serviceContainers((await listStackResources(stack)).containers).filter(([name]) => !service || name === service);
  if (found.length === 0) {
    requireFile(stack);
    throw new UserError(`stack ${stack} has no ${service ?? "services"} on this engine: ${makeCommand(stack, "up")}`);
  }
  const lines = follow ? ["--follow", "--tail", "20"] : ["--tail", service ? "all" : "20"];
  const show = ([name, { Id }]: (typeof found)[number]) =>
    run("docker", ["logs", ...lines, Id], { endless: true, onLine: (line) => onLine(name, line) });
  if (follow) await Promise.all(found.map(show));
  else for (const one of found) await show(one);
}

/** A service's container; throws where it does not run. */
async function containerOf(stack: string, service: ServiceName): Promise<Container> {
  const { containers } = await listStackResources(stack, patience);
  const [, container] = serviceContainers(containers).find(([name]) => name === service) ?? [];
  if (container?.State.Status !== "running") throw new UserError(`${service} of stack ${stack} does not run: ${makeCommand(stack, "up")}`);
  return container;
}

/** How a container is. */
function containerState(
  stack: string,
  service: ServiceName,
  container: Container,
  used: ReadonlyMap<string, number>,
): Omit<ServiceState, "image"> {
  const { Status, ExitCode, OOMKilled } = container.State;
  const state = Status === "exited" ? `exited (${ExitCode}${OOMKilled ? ", out of memory" : ""})` : stateOf(container);
  const well = state === "healthy" || state === "running";
  // A stop by hand or by `make down` leaves 0, 130, 137 or 143; whatever it was, starting it is the first thing to try.
  const next =
    Status === "running" || Status === "restarting" ? makeCommand(stack, "logs", `SERVICE=${service}`) : makeCommand(stack, "up");
  return {
    service,
    state,
    condition: well ? "well" : state === "unhealthy" || state === "starting" ? "degraded" : "down",
    restarts: container.RestartCount,
    outOfMemory: OOMKilled,
    memoryUsed: used.get(container.Id),
    memoryLimit: container.HostConfig.Memory,
    next: well ? undefined : next,
  };
}

/** Names of the containers' images, which Pulumi gives by id. */
async function imageTags(containers: readonly Container[]): Promise<Map<string, string>> {
  const ids = new Set(containers.map(({ Image }) => Image));
  const { stdout } = await run("docker", ["image", "inspect", ...ids], { timeout: patience });
  const images = JSON.parse(stdout || "[]") as { Id: string; RepoTags: string[] | null }[];
  return new Map(images.flatMap(({ Id, RepoTags }) => (RepoTags?.[0] ? [[Id, RepoTags[0]]] : [])));
}
