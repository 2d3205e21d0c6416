/** `make logs`: what the services say, each line with the service's name before it. */
import { listStackResources, serviceContainers } from "../engine/docker";
import { options } from "../terminal/options";
import { run } from "../machine/run";
import { main, UserError } from "../terminal/output";
import { requireFile, services, stackOnEngine } from "../stack/stack";

// Whoever reads may have seen enough.
process.stdout.on("error", () => process.exit(0));

main(async () => {
  const { service, follow } = options;
  const stack = stackOnEngine();
  if (service && !services.some((name) => name === service)) {
    throw new UserError(`SERVICE: found "${service}"; there are ${services.join(", ")}`);
  }
  const found = serviceContainers((await listStackResources(stack)).containers).filter(([name]) => !service || name === service);
  if (found.length === 0) {
    requireFile(stack);
    throw new UserError(`stack ${stack} has no ${service ?? "services"} on this engine: make up`);
  }
  const width = Math.max(...found.map(([name]) => name.length));
  const args = follow ? ["--follow", "--tail", "20"] : ["--tail", service ? "all" : "20"];
  const show = ([name, { Id }]: (typeof found)[number]) =>
    run("docker", ["logs", ...args, Id], { endless: true, onLine: (line) => console.log(`${name.padEnd(width)} | ${line}`) });
  if (follow) await Promise.all(found.map(show));
  else for (const one of found) await show(one);
});
