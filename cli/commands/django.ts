/** `make demo`, `make django-bench`: a program of the Django package's tools/ against the running stack. */
import { join } from "node:path";
import { publishedUrl } from "../../configs/topology/docker";
import { djangoFolder, pythonOf } from "../suites/python";
import { attach } from "../machine/run";
import { main, UserError } from "../terminal/output";
import { loadSettings } from "../stack/stack";

const tools = ["demo", "overhead"];

main(async () => {
  const [tool = "", ...args] = process.argv.slice(2);
  if (!tools.includes(tool)) throw new UserError(`found ${tool || "nothing"}; allowed is ${tools.join(", ")}`);
  const settings = loadSettings();
  const env = { E2E_COLLECTOR: publishedUrl(settings, "otlp-http"), E2E_JAEGER: publishedUrl(settings, "jaeger-ui") };
  process.exitCode = await attach(await pythonOf("newest"), [join(djangoFolder, "tools", `${tool}.py`), ...args], { env });
});
