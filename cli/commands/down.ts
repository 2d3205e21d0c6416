/** `make down`: stops a stack. Its data, and the secrets without which the data cannot be read, stay together for the next `make up`. */
import { listStackResources, serviceContainers } from "../engine/docker";
import { alone } from "../machine/lock";
import { execOrThrow } from "../machine/run";
import { command } from "../terminal/command";
import { heartbeat, note, since, step } from "../terminal/output";
import { requireFile, stackOnEngine } from "../stack/stack";

export default command("Stop a stack; data and secrets stay").action(() => {
  const stack = stackOnEngine();
  return alone(stack, () => down(stack));
});

async function down(stack: string): Promise<void> {
  step(`Down: stack ${stack}`);
  const { containers } = await listStackResources(stack);
  if (containers.length === 0) requireFile(stack);
  const running = serviceContainers(containers).filter(([, { State }]) => ["running", "restarting", "paused"].includes(State.Status));
  // Whoever sends stops before whoever receives.
  for (const [service, container] of running.reverse()) {
    const start = Date.now();
    await heartbeat(`stopping ${service}`, execOrThrow("docker", ["stop", container.Id]));
    note(`stopped ${service} in ${since(start)}`);
  }
  if (running.length === 0) note("nothing is running");
  else note("data and secrets are kept: make up continues with them, make destroy deletes them");
}
