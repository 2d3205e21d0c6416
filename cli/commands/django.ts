/** `make demo`, `make django-bench`, `make django-overhead`: a program of the Django package's tools/, with the running stack's addresses. */
import { join } from "node:path";
import { Argument } from "commander";
import { publishedUrl } from "../../configs/topology/docker";
import { djangoFolder, pythonOf } from "../suites/python";
import { attach } from "../machine/run";
import { inTemporaryFolder } from "../machine/temporary-folder";
import { runningStack } from "../running";
import { credentialFile } from "../running/credential";
import { command } from "../terminal/command";
import { requirePublished } from "../stack/published";
import { loadSettings } from "../stack/stack";

/** Programs that send to a stand-in for the Collector, and need no stack. */
const alone = new Set(["compare"]);

const django = command("Run a program of the Django package against the running stack")
  .addArgument(new Argument("<tool>", "the program").choices(["compare", "demo", "overhead"]))
  .argument("[words...]", "arguments of the program")
  .passThroughOptions()
  .allowUnknownOption();

export default django.action(async (tool: string, args: readonly string[]) => {
  const settings = loadSettings();
  if (!alone.has(tool)) requirePublished(settings, "jaeger-ui");
  await inTemporaryFolder(async (folder) => {
    const token = alone.has(tool) ? undefined : await credentialFile(runningStack(settings), folder);
    const env = {
      E2E_COLLECTOR: publishedUrl(settings, "otlp-http"),
      E2E_JAEGER: publishedUrl(settings, "jaeger-ui"),
      E2E_TOKEN_FILE: token ?? "",
    };
    process.exitCode = await attach(await pythonOf("newest"), [join(djangoFolder, "tools", `${tool}.py`), ...args], { env });
  });
});
