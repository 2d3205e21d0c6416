/** `make render`: writes what a stack would run, as files, to rendered/<stack>/. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { dashboardFiles } from "../../configs/dashboards/files";
import { parseSettings } from "../../configs/stack/parse";
import { toYaml } from "../../configs/yaml";
import { compose } from "../../render/compose";
import { capacityReference } from "../reference/capacity";
import { editorSchema, editorSchemaFile } from "../reference/editor-schema";
import { environmentReference } from "../reference/environment";
import { metricsReference } from "../reference/metrics";
import { optionsFile, optionsInterfaces } from "../reference/options";
import { manifests } from "../../render/manifests";
import { projectFolder, record, stackConfig, type Recorded } from "../../render/record";
import { requirementsReference } from "../reference/requirements";
import { settingsReference } from "../reference/settings";
import { command, repeated } from "../terminal/command";
import { UserError } from "../terminal/output";

interface Flags {
  readonly stack: string;
  readonly out?: string;
  readonly check: boolean;
  readonly set: readonly string[];
}

const help = `
Needs no engine and no cluster. Writes:
  - on Docker, docker-compose.tracing.yml and the config files of its services; on Kubernetes, the manifests
  - dashboards/, for Grafana and Perses
  - without --out, also the files that are generated from the code: docs/ (settings, environment, metrics, requirements, capacity),
    ${editorSchemaFile} for editors, and ${optionsFile} for programs`;

const render = command("Write the Compose file or the manifests of a stack, and the files generated from the code")
  .option("--stack <name>", "stack to render", "dev")
  .option("--out <folder>", "output folder (default: rendered/<name>)")
  .option("--check", "write nothing; fail if a file differs", false)
  .option("--set <key=value>", "overrides a config value of the stack file; repeatable", repeated, [])
  .addHelpText("after", help);

/** Documents that are made from the code, by their path in the project. */
const references = (): Record<string, string> => ({
  [editorSchemaFile]: editorSchema(),
  [optionsFile]: optionsInterfaces(),
  "docs/settings.md": settingsReference(),
  "docs/CAPACITY.md": capacityReference(),
  "docs/environment.md": environmentReference(),
  "docs/metrics.md": metricsReference(),
  "docs/requirements.md": requirementsReference(),
});

export default render.action(async (flags: Flags) => {
  const { stack } = flags;
  const folder = flags.out ?? join(projectFolder, "rendered", stack);
  const overrides = Object.fromEntries(flags.set.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]));
  const config = { ...stackConfig(stack), ...overrides };
  const resources = await record(stack, config);
  const programs = config["tracing:platform"] === "kubernetes" ? manifests(resources) : composeFiles(stack, resources);
  const files = { ...programs, ...dashboardFiles(parseSettings(stack, config)) };
  const documents = flags.out === undefined ? references() : {};
  if (flags.check) {
    check(folder, files, documents);
    return;
  }
  mkdirSync(folder, { recursive: true });
  for (const stale of filesIn(folder).filter((name) => !(name in files))) rmSync(join(folder, stale));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  for (const [name, content] of Object.entries(documents)) writeFileSync(join(projectFolder, name), content);
  console.log(`rendered ${stack}: ${Object.keys(files).sort().join(", ")}`);
});

/** The files of a folder and of the folders in it, by their paths in it. */
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));

function composeFiles(stack: string, resources: readonly Recorded[]): Record<string, string> {
  const rendered = compose(stack, resources);
  return { ...rendered.files, "docker-compose.tracing.yml": toYaml(rendered.compose) };
}

/** Fails with every file that is missing, left over or different. */
function check(folder: string, files: Record<string, string>, documents: Record<string, string>): void {
  const present = filesIn(folder);
  const wrong = [...new Set([...present, ...Object.keys(files)])].filter(
    (name) => !present.includes(name) || !(name in files) || readFileSync(join(folder, name), "utf8") !== files[name],
  );
  for (const [name, content] of Object.entries(documents)) {
    const file = join(projectFolder, name);
    if (!existsSync(file) || readFileSync(file, "utf8") !== content) wrong.push(name);
  }
  if (wrong.length > 0) throw new UserError(`${folder} is not what the program renders: ${wrong.sort().join(", ")}; run \`make render\``);
}
