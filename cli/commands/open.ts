/**
 * `make open`: prints where the stack is, and opens Jaeger in the browser where there is one. On Kubernetes it leads Jaeger and Prometheus to ports of this machine, and stays until it is
 * interrupted. A sender's token is read and printed on request only.
 */
import { hostPort, publishedUrl } from "../../configs/topology/docker";
import type { PublishedPort } from "../../configs/topology/ports";
import { KubernetesStack } from "../running/kubernetes/kubernetes-stack";
import { addresses, clusterAddresses, clusterEnvironmentLines, environmentLines } from "../stack/addresses";
import { headersOf } from "../stack/sender-token";
import { anySettings } from "../stack/stack";
import { showPage } from "../terminal/browser";
import { command } from "../terminal/command";
import { options } from "../terminal/options";
import { UserError } from "../terminal/output";

export default command("Open Jaeger; print the addresses and an application's environment").action(async () => {
  const settings = anySettings();
  const { service, sender, token } = options;
  const application = { service, headers: await headersOf(settings, { service, sender, token }) };
  if (settings.platform === "docker") {
    console.log(`${addresses(settings)}\n\n${environmentLines(settings, application)}`);
    await showPage(settings.login?.url ?? publishedUrl(settings, "jaeger-ui"));
    return;
  }
  const stack = new KubernetesStack(settings);
  const reach = (port: PublishedPort) => stack.reach(port, hostPort(settings, port));
  // Without Jaeger there is nothing to open; Prometheus may be one whose address nobody has given.
  const jaeger = await reach("jaeger-ui");
  const prometheus = await reach("prometheus").catch((error: unknown) => {
    if (error instanceof UserError) return `not known: ${error.message}`;
    throw error;
  });
  console.log(`${clusterAddresses(settings, { jaeger, prometheus })}\n\n${clusterEnvironmentLines(settings, application)}\n`);
  await showPage(jaeger);
  console.log("Jaeger and Prometheus can be reached here until Ctrl-C.");
  await new Promise(() => setInterval(() => undefined, 60_000));
});
