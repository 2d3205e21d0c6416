/**
 * `make test`: the rungs of the tests that every change passes, cheap ones first. All cheap rungs run, so that one run shows all that is
 * wrong; those that build or start something run only when nothing has failed before them. `make test-all` runs the slow rungs too.
 *
 * Tests that need a container engine bring up stacks of their own beside the stacks that the engine has, and remove them however they end.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { check, goLint, goTest, jest, one, sum, type Counts } from "../cli/suites/counts";
import { goTool } from "../cli/machine/go-tools";
import { onSupportedNodes } from "../cli/suites/node-versions";
import { options } from "../cli/terminal/options";
import { cliOnPath, versionOf } from "../cli/pulumi/pulumi-cli";
import { canRun, type Lock, pytest, python } from "../cli/suites/python";
import { validRenovateConfig } from "../cli/suites/renovate";
import { alone } from "../cli/machine/lock";
import { attach, execOrThrow } from "../cli/machine/run";
import { program, runCommand } from "../cli/terminal/command";
import { note, UserError, since, step, table } from "../cli/terminal/output";
import { projectFolder } from "../cli/stack/stack";
import { ensureForSuites } from "../cli/suites/suite-requirements";
import { kubeconfig } from "./cluster/lib/layout";
import { kubectlProblem, preferOwnPrograms } from "./cluster/lib/programs";
import { djangoEnvironment } from "./e2e/lib/django";
import { removeTestStacks, removeTestStacksAtExit, SharedStack } from "./e2e/lib/shared-stack";

interface Rung {
  readonly name: string;
  readonly what: string;
  readonly cheap: boolean;
  /** It runs by its name and in `make test-all` only: it takes long, and what it tests rarely breaks. */
  readonly slow?: true;
  /** It brings up stacks of its own on the container engine, or uses the one that several rungs share. */
  readonly stacks?: "own" | "shared";
  readonly run: () => Promise<Counts>;
}

const shared = new SharedStack();

const ledger = join("tests", "ledger");
const builder = join("images", "build.ts");
const tracePage = join("images", "jaeger", "trace-page");
const servers = ["never_in_the_way", "memory"].map((name) => join("tests", "e2e", `test_${name}.py`));
// Two processes at once: half of the time these tests wait, for processes of their own and for the next try.
const djangoUnit = [join("tests", "unit"), "-n", "2", "--dist", "worksteal"];
const exceptPackage = "--ignore=tests/unit/test_package.py";
const jestRung = (name: string) => () => jest(name);

const rungs: readonly Rung[] = [
  { name: "lint", what: "eslint, prettier and markdownlint", cheap: true, run: lint },
  { name: "types", what: "tsc; typedoc without its pages", cheap: true, run: types },
  { name: "workflows", what: "actionlint on .github/workflows", cheap: true, run: workflows },
  { name: "renovate", what: "Renovate takes its config", cheap: true, run: validRenovateConfig },
  { name: "shell", what: "shellcheck on shell programs, the rendered ones too", cheap: true, run: shell },
  { name: "golint", what: "gofmt and go vet", cheap: true, run: () => goLint(ledger) },
  { name: "unit", what: "pure functions", cheap: true, run: jestRung("unit") },
  { name: "component", what: "the program under Pulumi's mocks", cheap: true, run: jestRung("component") },
  { name: "oracle", what: "a second opinion on sampling, from the config files alone", cheap: true, run: jestRung("oracle") },
  { name: "render", what: "rendered/ is what the program renders", cheap: true, run: render },
  { name: "node", what: "component and render on each supported Node.js", cheap: true, slow: true, run: onSupportedNodes },
  { name: "ledger", what: "the judge of lost spans", cheap: true, run: () => goTest(ledger) },
  { name: "django", what: "the Django package: types, lint, tests on Django 5.2", cheap: true, run: django },
  {
    name: "django-others",
    what: "the Django package on the oldest packages and, with Python 3.12, the latest Django; under each server",
    cheap: true,
    slow: true,
    run: djangoOthers,
  },
  { name: "binaries", what: "real programs accept the config files", cheap: false, run: () => binaries("binaries") },
  {
    name: "binaries-slow",
    what: "applications and Prometheus by TLS, under load and at each step of an update",
    cheap: false,
    slow: true,
    run: () => binaries("binaries-slow"),
  },
  { name: "rules", what: "alerts fire, stay silent and recover", cheap: false, run: () => binaries("rules") },
  {
    name: "schemas",
    what: "manifests for the oldest and the newest Kubernetes, dashboards for Perses",
    cheap: false,
    run: jestRung("schemas"),
  },
  { name: "sbom", what: "SBOMs of the packages and the images", cheap: false, slow: true, run: sbom },
  { name: "page", what: "the trace page in a browser", cheap: false, run: jestRung("page") },
  { name: "images", what: "the images are built", cheap: false, run: () => check(builder) },
  { name: "faults", what: "refusals: everything at once, before anything is changed", cheap: false, run: jestRung("faults") },
  {
    name: "lifecycle",
    what: "up, edit, down and destroy, each way; and seven days are kept, older ones deleted",
    cheap: false,
    stacks: "own",
    run: jestRung("lifecycle"),
  },
  { name: "e2e", what: "a running stack, end to end", cheap: false, stacks: "shared", run: jestRung("e2e") },
  { name: "django-e2e", what: "the Django example through the stack", cheap: false, stacks: "shared", run: djangoEndToEnd },
  {
    name: "e2e-slow",
    what: "edits and crashes under load, alerts, chaos, compose files, the commands of the documents",
    cheap: false,
    slow: true,
    stacks: "shared",
    run: jestRung("e2e-slow"),
  },
  {
    name: "attacks",
    what: "hostile clients against every open port, and a sender far above its limits; 40 minutes",
    cheap: false,
    slow: true,
    stacks: "own",
    run: attacks,
  },
  { name: "cluster", what: "staging and prod on a real Kubernetes", cheap: false, slow: true, run: () => onCluster("cluster") },
  {
    name: "cluster-load",
    what: "prod under load on a real Kubernetes, while pods go; half an hour",
    cheap: false,
    slow: true,
    run: () => onCluster("cluster-load"),
  },
];

type Result = Rung & { readonly time: string; readonly counts?: Counts };

const line = program("tests/run.ts", "Run suites: those that every change passes, those of RUNG, or those that are named")
  .argument("[suites...]", "single suites")
  .option("--all", "all suites, the slow ones too", false)
  .action(async (names: readonly string[], { all }: { readonly all: boolean }) => {
    const wanted = chosen(names, all);
    await ensureForSuites(wanted.map(({ name }) => name));
    const cli = await cliOnPath();
    console.log(
      cli ? `pulumi CLI: found v${versionOf(cli)} on PATH → the Pulumi path runs` : "pulumi CLI: not on PATH → compose path only",
    );
    const results = wanted.some(({ stacks }) => stacks) ? await alone("tests", () => withTestStacks(wanted)) : await runAll(wanted);
    const total = sum(results.flatMap(({ counts }) => counts ?? []));
    console.log(`\n${table([["RUNG", "TIME", "PASSED", "FAILED", "SKIPPED", ""], ...results.map(row)])}\n`);
    if (total.failures?.length) console.log(`Failed:\n\n${total.failures.join("\n\n")}\n`);
    console.log(`${total.passed} passed, ${total.failed} failed`);
    process.exitCode = total.failed === 0 ? 0 : 1;
  });
runCommand(line);

/** Runs rungs that bring up stacks: those of an interrupted run are removed first, all others when this process ends. */
async function withTestStacks(wanted: readonly Rung[]): Promise<Result[]> {
  await removeTestStacks();
  removeTestStacksAtExit();
  return runAll(wanted);
}

async function runAll(wanted: readonly Rung[]): Promise<Result[]> {
  const results: Result[] = [];
  const lastShared = wanted.findLast(({ stacks }) => stacks === "shared");
  for (const rung of wanted) {
    const failed = results.some(({ counts }) => counts && counts.failed > 0);
    if (failed && !rung.cheap) {
      results.push({ ...rung, time: "-" });
      continue;
    }
    step(`${rung.name}: ${rung.what}`);
    const start = Date.now();
    if (rung.stacks === "shared") await shared.up();
    const counts = [await rung.run()];
    if (rung === lastShared) counts.push(one(await shared.destroy(), "the shared stack: destroyed"));
    results.push({ ...rung, time: since(start), counts: sum(counts) });
  }
  return results;
}

function row({ name, time, counts, what }: Result): string[] {
  if (!counts) return [name, time, "-", "-", "-", `${what}: not run, as a rung before it failed`];
  return [name, time, String(counts.passed), String(counts.failed), String(counts.skipped), what];
}

/** The rungs named on the command line or in RUNG; all with `--all`; else those that every change passes. */
function chosen(words: readonly string[], all: boolean): readonly Rung[] {
  const named = [...words, ...(options.rung ?? "").split(/[\s,]+/)].filter(Boolean);
  const unknown = named.filter((name) => !rungs.some((rung) => rung.name === name));
  if (unknown.length > 0) throw new UserError(`RUNG: found ${unknown.join(", ")}; there are ${rungs.map(({ name }) => name).join(", ")}`);
  return rungs.filter((rung) => (named.length > 0 ? named.includes(rung.name) : all || !rung.slow));
}

async function types(): Promise<Counts> {
  await installTracePage();
  return sum([
    await check("typescript/bin/tsc", "--noEmit"),
    await check("typescript/bin/tsc", "--project", tracePage),
    await check("typedoc/bin/typedoc", "--emit", "none"),
  ]);
}

/** Types and lint of the trace page need the packages that it is built from. */
async function installTracePage(): Promise<void> {
  const cwd = join(projectFolder, tracePage);
  if (!existsSync(join(cwd, "node_modules"))) await execOrThrow("npm", ["ci", "--no-audit", "--no-fund"], { cwd });
}

async function lint(): Promise<Counts> {
  await installTracePage();
  return sum([
    await check("eslint/bin/eslint.js", "."),
    await check("prettier/bin/prettier.cjs", "--check", "--log-level=warn", "."),
    await check("markdownlint-cli2/markdownlint-cli2-bin.mjs"),
  ]);
}

async function render(): Promise<Counts> {
  const all: Counts[] = [];
  for (const stack of readdirSync(join(projectFolder, "rendered")))
    all.push(await check("cli/main.ts", "render", "--stack", stack, "--check"));
  return sum(all);
}

/** A project of jest.config.js that runs the programs themselves. */
async function binaries(project: string): Promise<Counts> {
  const built = await check(builder, "--binaries");
  return built.failed > 0 ? built : jest(project);
}

/** SBOMs of images that are up to date. */
async function sbom(): Promise<Counts> {
  const built = await check(builder);
  return built.failed > 0 ? built : jest("sbom");
}

/** Each on a stack of its own, one after the other. Other than their commands, they do not take the lock of the tests, which this process has. */
async function attacks(): Promise<Counts> {
  return sum([
    await check(join("tests", "attacks", "main.ts"), "--within-tests"),
    await check(join("tests", "attacks", "neighbours.ts"), "--within-tests"),
  ]);
}

async function workflows(): Promise<Counts> {
  return one((await attach(await goTool("actionlint"), [], { cwd: projectFolder })) === 0, "actionlint");
}

/** All shell programs, of which most are rendered. .shellcheckrc says what is not asked of them. */
async function shell(): Promise<Counts> {
  const files = (await execOrThrow("git", ["ls-files", "*.sh", ".ci/run"], { cwd: projectFolder })).split("\n");
  return one((await attach("shellcheck", ["--severity=warning", ...files], { cwd: projectFolder })) === 0, "shellcheck");
}

/** On the cluster that KUBECONFIG names, else on a node of our own, where this machine lets us make one. */
async function onCluster(project: string): Promise<Counts> {
  const node = (...args: string[]) => check(join("tests", "cluster", "main.ts"), ...args);
  if (process.env.KUBECONFIG) {
    if (process.env.KUBECONFIG === kubeconfig()) preferOwnPrograms();
    const problem = await kubectlProblem();
    if (problem === undefined) return jest(project, "--runInBand");
    console.error(problem);
    return one(false, problem);
  }
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    note("not run: no KUBECONFIG, and a node of our own needs root on Linux. Name a cluster that nobody needs in KUBECONFIG.");
    return { passed: 0, failed: 0, skipped: 1 };
  }
  preferOwnPrograms();
  const started = await node("start");
  if (started.failed > 0) return started;
  Object.assign(process.env, { KUBECONFIG: kubeconfig(), IMAGES: "local" });
  try {
    return sum([await jest(project, "--runInBand"), await node("stop")]);
  } finally {
    delete process.env.KUBECONFIG;
  }
}

/** The Django package without servers. */
async function django(): Promise<Counts> {
  return sum([
    await python("newest", "ruff", "check", "."),
    await python("newest", "ruff", "format", "--check", "."),
    await python("newest", "mypy"),
    await pytest("newest", ...djangoUnit),
  ]);
}

/** The oldest and the latest packages, and servers with a stand-in for the Collector: how long a process takes to end is measured there. */
async function djangoOthers(): Promise<Counts> {
  const latest = await canRun("latest");
  if (!latest)
    note("not run on the latest Django: it needs Python 3.12 or newer, and none is found as python3.12 to python3.14, or pyenv's.");
  const locks: readonly Lock[] = latest ? ["oldest", "latest"] : ["oldest"];
  const counts = [{ passed: 0, failed: 0, skipped: latest ? 0 : 1 }];
  for (const lock of locks) counts.push(await pytest(lock, ...djangoUnit, exceptPackage), await pytest(lock, ...servers, "-m", "e2e"));
  return sum(counts);
}

/** The example project with real servers, through the shared stack. */
async function djangoEndToEnd(): Promise<Counts> {
  Object.assign(process.env, djangoEnvironment(await shared.up()));
  return pytest("newest", "tests/e2e", "-m", "e2e", ...servers.map((file) => `--ignore=${file}`));
}
