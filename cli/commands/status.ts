/** `make status`: one screen on a stack, also where it is partly down. */
import { listStackResources, madeBy, memoryUse, serviceContainers, stateOf, type Container } from "../engine/docker";
import { cleaning, collectorHealth, queueFill, sampledShare, snapshots, spanCounts, storage } from "../status/measures";
import { run } from "../machine/run";
import { main, size, table } from "../terminal/output";
import { loadSettings, optionalServices, services } from "../stack/stack";

main(async () => {
  const settings = loadSettings();
  const own = await listStackResources(settings.stack);
  const way = madeBy(own);
  console.log(`stack ${settings.stack} (${settings.environment}), ${way ? `made by ${way}` : "not on this engine: make up"}\n`);
  if (!way) return;

  const containers = new Map(serviceContainers(own.containers));
  const [used, tags] = await Promise.all([memoryUse(), imageTags([...containers.values()])]);
  const wanted = services.filter((service) => containers.has(service) || !optionalServices.has(service));
  const rows = wanted.map((service) => {
    const container = containers.get(service);
    if (!container) return [service, "missing"];
    const limit = size(container.HostConfig.Memory);
    const restarts = String(container.RestartCount);
    return [
      service,
      state(container),
      `${used.get(container.Id) ?? "-"} of ${limit}`,
      restarts,
      tags.get(container.Image) ?? container.Config.Image,
    ];
  });
  console.log(table([["SERVICE", "STATE", "MEMORY", "RESTARTS", "IMAGE"], ...rows]));

  const unwell = rows.filter(([, found]) => found !== "healthy" && found !== "running").map(([service]) => service);
  console.log(unwell.length > 0 ? `\nnot well: ${unwell.join(", ")}; make logs SERVICE=… shows why, make up starts what is stopped\n` : "");

  const asked: [string, Promise<string>][] = [
    ["collector", collectorHealth(settings)],
    ["spans", spanCounts(settings)],
    ["sampled", sampledShare(settings)],
    ["queue", queueFill(settings)],
    ["storage", storage(settings)],
    ["cleaning", cleaning(settings, containers.get("index-cleaner"))],
    ["snapshots", snapshots(settings)],
  ];
  const facts = asked.map(async ([name, answer]) => [name, await answer.catch(noAnswer)]);
  console.log(table(await Promise.all(facts)));
});

const noAnswer = (error: unknown) => `no answer (${(error as Error & { cause?: Error }).cause?.message ?? (error as Error).message})`;

function state(container: Container): string {
  const { Status, ExitCode, OOMKilled } = container.State;
  return Status === "exited" ? `exited (${ExitCode}${OOMKilled ? ", out of memory" : ""})` : stateOf(container);
}

/** Names of the containers' images, which Pulumi gives by id. */
async function imageTags(containers: readonly Container[]): Promise<Map<string, string>> {
  const { stdout } = await run("docker", ["image", "inspect", ...new Set(containers.map(({ Image }) => Image))]);
  const images = JSON.parse(stdout || "[]") as { Id: string; RepoTags: string[] | null }[];
  return new Map(images.flatMap(({ Id, RepoTags }) => (RepoTags?.[0] ? [[Id, RepoTags[0]]] : [])));
}
