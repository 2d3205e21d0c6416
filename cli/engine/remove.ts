/** Takes away what carries a stack's label, whoever made it. */
import { listStackResources, type StackResources } from "./docker";
import { execOrThrow, run } from "../machine/run";
import { heartbeat, note, UserError } from "../terminal/output";

/** Removes containers, then networks and volumes. */
export async function removeByLabel(stack: string): Promise<void> {
  const { containers, networks, volumes } = await listStackResources(stack);
  const remove = async (kind: string, args: readonly string[], ids: readonly string[]) => {
    if (ids.length === 0) return;
    await heartbeat(`removing ${kind}`, execOrThrow("docker", [...args, ...ids]));
    note(`${kind} removed: ${ids.length}`);
  };
  // A volume that the image declared and nobody named goes with its container.
  await remove(
    "containers",
    ["rm", "--force", "--volumes"],
    containers.map(({ Id }) => Id),
  );
  await remove(
    "networks",
    ["network", "rm"],
    networks.map(({ Id }) => Id),
  );
  await remove(
    "volumes",
    ["volume", "rm"],
    volumes.map(({ Name }) => Name),
  );
}

/** Names of a stack's parts, by kind. */
export function namesOf({ containers, volumes, networks }: StackResources): string[] {
  return [...containers, ...volumes, ...networks].map(({ Name }) => Name.replace(/^\//, ""));
}

/** Applications on the stack's networks keep these from being removed; throws with their names. */
export async function refuseWhileUsed({ containers, networks }: StackResources): Promise<void> {
  const ours = new Set(containers.map(({ Id }) => Id));
  for (const { Name } of networks) {
    const { stdout } = await run("docker", ["network", "inspect", "--format", "{{json .Containers}}", Name]);
    const attached = Object.entries(JSON.parse(stdout || "{}") as Record<string, { Name: string }>);
    const others = attached.filter(([id]) => !ours.has(id)).map(([, container]) => container.Name);
    if (others.length === 0) continue;
    throw new UserError(
      `other containers are on the network ${Name}: ${others.join(", ")}. Stop them, or take them off it:\n` +
        others.map((name) => `  docker network disconnect ${Name} ${name}`).join("\n"),
    );
  }
}
