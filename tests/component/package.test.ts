/**
 * Rung: component. The package as `npm pack` makes it: a program in an empty project compiles against it and runs, and what it holds is what its users
 * need. Its dependencies are those of this project; that npm installs them is tried by hand.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { projectFolder } from "../../render/record";
import { temporaryFolder } from "../support/temporary-folder";

jest.setTimeout(4 * 60_000);

const folder = temporaryFolder();
const modules = join(projectFolder, "node_modules");

/** Its dependencies, by name; nothing else of this project's is there. */
const { dependencies } = JSON.parse(readFileSync(join(projectFolder, "package.json"), "utf8")) as { dependencies: Record<string, string> };

const program = `import * as pulumi from "@pulumi/pulumi";
import { SettingsError, TracingStack, type TracingStackArgs } from "tracing";

void pulumi.runtime.setMocks({ call: () => ({}), newResource: ({ name, inputs }) => ({ id: name, state: inputs as object }) }, "user", "dev");
const args: TracingStackArgs = { platform: "docker", environment: "development", retention: "14d", sampling: { default: 10 } };
const { endpoints, retentionDays } = new TracingStack("tracing", args).outputs;
console.log(endpoints.jaeger, retentionDays);
try {
  new TracingStack("other", { ...args, retention: "7days", collector: { memory: "1" } });
} catch (error) {
  console.log(error instanceof SettingsError && error.problems.join("\\n"));
}
`;

const run = (command: string, args: string[], cwd: string) =>
  execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

test("compiles and runs in an empty project", () => {
  const [packed] = JSON.parse(run("npm", ["pack", "--json", "--silent", "--pack-destination", folder()], projectFolder)) as [
    { filename: string; files: { path: string }[] },
  ];
  expect(
    packed.files.filter(({ path }) => !/^(dist\/(components|configs)\/.*\.(js|d\.ts)|README\.md|LICENSE|package\.json)$/.test(path)),
  ).toEqual([]);
  run("tar", ["xzf", packed.filename], folder());
  const project = join(folder(), "user");
  const own = join(project, "node_modules");
  mkdirSync(join(own, "@pulumi"), { recursive: true });
  symlinkSync(join(folder(), "package"), join(own, "tracing"));
  // The package finds its dependencies where npm would put them: beside it.
  const beside = join(folder(), "node_modules");
  mkdirSync(join(beside, "@pulumi"), { recursive: true });
  for (const name of Object.keys(dependencies)) {
    mkdirSync(dirname(join(beside, name)), { recursive: true });
    symlinkSync(join(modules, name), join(beside, name));
  }
  symlinkSync(join(modules, "@pulumi/pulumi"), join(own, "@pulumi/pulumi"));
  writeFileSync(join(project, "index.ts"), program);
  const options = { module: "nodenext", target: "es2022", strict: true, skipLibCheck: true, types: [], lib: ["es2022", "dom"] };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions: options }));
  run(process.execPath, [join(modules, "typescript/bin/tsc"), "-p", "."], project);
  expect(run(process.execPath, ["index.js"], project).split("\n")).toEqual([
    "http://127.0.0.1:16686 14",
    'tracing:retention: found "7days"; allowed: days from 1d to 365d, such as 7d',
    'tracing:collector.memory: found "1"; allowed: a size from 128Mi to 32Gi',
    "",
  ]);

  // What an editor shows of a setting.
  const types = readFileSync(join(folder(), "package/dist/configs/stack/options.d.ts"), "utf8");
  expect(types).toMatch(/\/\*\*[^/]*Minimum time that traces are kept[^/]*Default: "7d"[^/]*\*\/\n\s*readonly retention\?: string;/);
});
