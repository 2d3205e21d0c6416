/** Rung: schemas. Perses' own percli finds the rendered dashboards valid, by the schemas of its plugins. */
import { copyFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { goTool, percliModule, publishedModule } from "../../cli/machine/go-tools";
import { run } from "../../cli/machine/run";
import { persesPlugins, tableSchema } from "../../images/lib/perses-plugins";
import { projectFolder } from "../../render/record";
import { sharedFolder } from "../support/temporary-folder";

const folder = sharedFolder();
const plugins = join(folder, "plugins");

/** The plugins that dashboards use, from the Go modules that hold their schemas. */
const modules = persesPlugins.flatMap(({ schemas }) => schemas ?? []);

interface Package {
  readonly perses: { readonly schemasPath?: string; readonly plugins: readonly object[] };
}

/** A plugin's folder as a Perses has it; `schemas` fills the folder of that name. */
function addPlugin(name: string, version: string, { perses }: Package, common: string, schemas: (folder: string) => void): void {
  const root = join(plugins, name);
  mkdirSync(join(root, "schemas"), { recursive: true });
  schemas(join(root, "schemas"));
  writeFileSync(join(root, "package.json"), JSON.stringify({ version, perses: { ...perses, schemasPath: "schemas" } }));
  writeFileSync(
    join(root, "mf-manifest.json"),
    JSON.stringify({ id: name, name, metaData: { buildInfo: { buildVersion: version, buildName: name } } }),
  );
  // What all schemas import. Releases hold it too, as nothing is to be downloaded when a Perses starts.
  const imported = join(root, "cue.mod", "pkg", "github.com", "perses", "perses", "cue");
  cpSync(common, imported, { recursive: true, filter: (source) => basename(source) !== "cue.mod" });
  writeFileSync(join(root, "cue.mod", "module.cue"), `module: "github.com/perses/plugins/${name}@v0"\nlanguage: version: "v0.14.0"\n`);
}

let percli: string;

beforeAll(async () => {
  percli = await goTool("percli");
  const common = join(await publishedModule(percliModule), "cue");
  for (const module of modules) {
    const source = await publishedModule(module);
    const description = JSON.parse(readFileSync(join(source, "package.json"), "utf8")) as Package;
    // Go's module cache is read-only: only texts are copied, one by one.
    addPlugin(basename(module.path), module.version.slice(1), description, common, (schemas) => {
      cpSync(join(source, "schemas"), schemas, { recursive: true, filter: (file) => !["migrate", "tests"].includes(basename(file)) });
    });
  }
  // The module of tables is not to be had: theirs takes any options.
  addPlugin("table", "0.8.0", { perses: { plugins: [{ kind: "Panel", spec: { name: "Table" } }] } }, common, (schemas) => {
    copyFileSync(tableSchema, join(schemas, "table.cue"));
  });
}, 1_200_000);

const lint = (flag: "-d" | "-f", path: string) => run(percli, ["lint", "--plugin.path", plugins, flag, path]);

const rendered = (stack: string) => join(projectFolder, "rendered", stack, "dashboards", "perses");

test.each(["dev", "staging", "prod"])("percli takes the dashboards of %s", async (stack) => {
  const { ok, output } = await lint("-d", rendered(stack));
  expect(output).toContain("your resources look good");
  expect(ok).toBe(true);
});

test.each<[string, string, string, RegExp]>([
  ["a unit that there is not", "unit: counts/sec", "unit: spans/sec", /invalid panel .*format/s],
  ["a kind of panel that no plugin has", "kind: StatChart", "kind: BigNumber", /schema not found for plugin BigNumber/],
  ["an option that the panel does not have", "calculation: last-number", "calculation: newest", /invalid panel .*calculation/s],
  ["a query without PromQL", "query: tracing:spans_per_second", 'query: ""', /invalid query/],
  ["a place for a panel that there is not", "#/spec/panels/refused", "#/spec/panels/unknown", /no panel found for ref "unknown"/],
])("percli refuses %s", async (_what, right, wrong, why) => {
  const text = readFileSync(join(rendered("dev"), "pipeline.yaml"), "utf8");
  expect(text).toContain(right);
  const file = join(folder, "wrong.yaml");
  writeFileSync(file, text.replace(right, wrong));
  const { ok, output } = await lint("-f", file);
  expect(output).toMatch(why);
  expect(ok).toBe(false);
});
