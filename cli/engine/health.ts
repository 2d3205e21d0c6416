/** Health of the services, and logs of unhealthy ones. */
import { listStackResources, pending, serviceContainers, stateOf } from "./docker";
import { holds } from "../machine/retry";
import { run, tail } from "../machine/run";
import { heartbeat, note, UserError } from "../terminal/output";

/** A service that is healthy goes by its probe; this is for those that nobody waits for while the stack is brought up. */
const longest = 180_000;

/** Waits until all services run, and are healthy where they have a probe. */
export async function waitHealthy(stack: string): Promise<void> {
  const healthy = holds(async () => !(await pending(stack)), { within: longest });
  if (await heartbeat("waiting for healthy services", healthy, () => pending(stack))) return;
  throw new UserError(`not all services are healthy after ${longest / 1000} s: ${await pending(stack)}\n${await explain(stack)}`);
}

/**
 * Starts the services that are stopped, each when those before it are up. Whether they are well then is for others to judge: what is
 * deployed next may be what mends them.
 */
export async function resume(stack: string): Promise<void> {
  for (const [service, container] of serviceContainers((await listStackResources(stack)).containers)) {
    if (container.State.Status !== "exited") continue;
    const start = async () => {
      await run("docker", ["start", container.Id]);
      const started = async () =>
        stateOf((await listStackResources(stack)).containers.find(({ Id }) => Id === container.Id) ?? container) !== "starting";
      await holds(started, { within: longest });
    };
    await heartbeat(`starting ${service}`, start());
    note(`started ${service}`);
  }
}

/** For each service that is not well: its state, and the last that it said. */
export async function explain(stack: string): Promise<string> {
  const { containers } = await listStackResources(stack);
  const unwell = serviceContainers(containers).filter(([, container]) => !["healthy", "running"].includes(stateOf(container)));
  const parts = unwell.map(async ([service, container]) => {
    const { ExitCode, OOMKilled, Status } = container.State;
    const end =
      Status === "exited" || Status === "restarting" ? `, exit code ${ExitCode}${OOMKilled ? ", killed for want of memory" : ""}` : "";
    const { output } = await run("docker", ["logs", "--tail", "8", container.Id]);
    return `${service} is ${stateOf(container)}${end}; its last lines:\n${tail(output, 8)}`;
  });
  return (await Promise.all(parts)).join("\n");
}
