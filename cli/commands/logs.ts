/** `make logs`: the logs of the services, each line with the name of the service, or of its pod, before it. */
import { serviceNames, type ServiceName } from "../../configs/topology/topology";
import { runningStack } from "../running";
import { containerLogs } from "../running/docker-stack";
import { dockerServices, servicesOf } from "../running/services";
import { anySettings, platformOf } from "../stack/stack";
import { options } from "../terminal/options";
import { command } from "../terminal/command";
import { UserError } from "../terminal/output";

/** The service that is asked for; throws where there is none of that name. */
function chosen(known: readonly ServiceName[]): ServiceName | undefined {
  const { service } = options;
  if (!service) return undefined;
  const found = serviceNames.find((name) => name === service && known.includes(name));
  if (!found) throw new UserError(`SERVICE: found "${service}"; there are ${known.join(", ")}`);
  return found;
}

export default command("Show the logs of the services").action(async () => {
  // Whoever reads may have seen enough.
  process.stdout.on("error", () => process.exit(0));
  const { stack, follow } = options;
  let width = Math.max(...dockerServices.map(({ length }) => length));
  const onLine = (source: string, line: string) => {
    width = Math.max(width, source.length);
    console.log(`${source.padEnd(width)} | ${line}`);
  };
  // Without settings: on Docker they may be wrong, or the stack's file gone.
  if (platformOf(stack) !== "kubernetes") return containerLogs(stack, chosen(dockerServices), { follow, onLine });
  const settings = anySettings();
  return runningStack(settings).logs(chosen(servicesOf(settings)), { follow, onLine });
});
