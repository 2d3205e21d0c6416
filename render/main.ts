/** `make render`: writes what a stack would run, as files, to rendered/<stack>/. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { toYaml } from "../configs/yaml";
import { compose } from "./compose";
import { projectFolder, record, stackConfig } from "./record";
import { settingsReference } from "./settings-reference";

const help = `Usage: npx tsx render/main.ts [--stack dev] [--out FOLDER] [--check] [--set tracing:key=value …]

Renders a stack without an engine: docker-compose.tracing.yml and the config files of the programs in it; without --out also
docs/settings.md, the reference of stack config.

  --stack NAME   which stack (default: dev)
  --out FOLDER   where to (default: rendered/NAME)
  --check        write nothing; fail where a file differs
  --set K=V      a config value in place of the stack file's`;

const { values } = parseArgs({
  options: {
    stack: { type: "string", default: "dev" },
    out: { type: "string" },
    check: { type: "boolean", default: false },
    set: { type: "string", multiple: true, default: [] },
    help: { type: "boolean", short: "h", default: false },
  },
});

const referenceFile = join(projectFolder, "docs", "settings.md");

async function main(): Promise<void> {
  if (values.help) {
    console.log(help);
    return;
  }
  const { stack } = values;
  const folder = values.out ?? join(projectFolder, "rendered", stack);
  const overrides = Object.fromEntries(values.set.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]));
  const rendered = compose(stack, await record(stack, { ...stackConfig(stack), ...overrides }));
  const files: Record<string, string> = { ...rendered.files, "docker-compose.tracing.yml": toYaml(rendered.compose) };
  const reference = values.out === undefined ? settingsReference() : undefined;
  if (values.check) {
    check(folder, files, reference);
    return;
  }
  mkdirSync(folder, { recursive: true });
  for (const stale of readdirSync(folder).filter((name) => !(name in files))) rmSync(join(folder, stale));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  if (reference !== undefined) writeFileSync(referenceFile, reference);
  console.log(`rendered ${stack}: ${Object.keys(files).sort().join(", ")}`);
}

/** Fails with every file that is missing, left over or different. */
function check(folder: string, files: Record<string, string>, reference: string | undefined): void {
  const present = readdirSync(folder);
  const wrong = [...new Set([...present, ...Object.keys(files)])].filter(
    (name) => !present.includes(name) || !(name in files) || readFileSync(join(folder, name), "utf8") !== files[name],
  );
  if (reference !== undefined && readFileSync(referenceFile, "utf8") !== reference) wrong.push(referenceFile);
  if (wrong.length > 0) throw new Error(`${folder} is not what the program renders: ${wrong.sort().join(", ")}; run \`make render\``);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
