/** Test runners, and how many of their tests passed. */
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { attach, run } from "../machine/run";
import { inTemporaryFolder } from "../machine/temporary-folder";
import { projectFolder } from "../stack/stack";

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Failures by name, with the first lines of their messages. */
  readonly failures?: readonly string[];
}

/** Lines of a failure that are said again at the end. */
const linesTold = 12;

/** A failure for the end of the output: what, and the first lines of why. */
export function failure(what: string, why = ""): string {
  const lines = stripVTControlCharacters(why)
    .split("\n")
    .map((line) => line.trimEnd())
    .filter(Boolean);
  return [what, ...lines.slice(0, linesTold).map((line) => `    ${line}`)].join("\n");
}

const node = (...args: string[]) => attach(process.execPath, args, { cwd: projectFolder });

/** A program of ours or of node_modules that must end well: one test. Path and arguments. */
export async function check(script: string, ...args: string[]): Promise<Counts> {
  const code = await (script.endsWith(".ts") ? node("--import", "tsx", script, ...args) : node(join("node_modules", script), ...args));
  return one(code === 0, [script, ...args].join(" "));
}

/** The counts of a single test. */
export const one = (ok: boolean, what: string): Counts => ({
  passed: Number(ok),
  failed: Number(!ok),
  skipped: 0,
  failures: ok ? [] : [what],
});

interface JestReport {
  readonly success: boolean;
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: readonly JestFile[];
}

interface JestFile {
  readonly name: string;
  /** Why the file could not be loaded, where it could not. */
  readonly message: string;
  readonly assertionResults: readonly { readonly status: string; readonly fullName: string; readonly failureMessages: readonly string[] }[];
}

function jestFailures({ testResults }: JestReport): string[] {
  return testResults.flatMap(({ name, message, assertionResults }) => {
    const file = relative(projectFolder, name);
    if (message && assertionResults.length === 0) return [failure(file, message)];
    const failed = assertionResults.filter(({ status }) => status === "failed");
    return failed.map(({ fullName, failureMessages }) => failure(`${file}: ${fullName}`, failureMessages.join("\n")));
  });
}

/** A project of jest.config.js. A file that cannot be loaded counts as one failed test. */
export function jest(project: string, ...args: string[]): Promise<Counts> {
  return inTemporaryFolder(async (folder) => {
    const report = join(folder, "report.json");
    try {
      const code = await node("node_modules/jest/bin/jest.js", "--selectProjects", project, "--json", "--outputFile", report, ...args);
      const found = JSON.parse(readFileSync(report, "utf8")) as JestReport;
      const failed = found.numFailedTests + found.numRuntimeErrorTestSuites;
      // A run can fail without a failed test, for example if nothing ran.
      return {
        passed: found.numPassedTests,
        failed: code === 0 ? failed : Math.max(1, failed),
        skipped: found.numPendingTests,
        failures: jestFailures(found),
      };
    } catch {
      return one(false, `${project}: no report`);
    }
  });
}

interface GoEvent {
  readonly Action: string;
  readonly Package?: string;
  readonly Test?: string;
  readonly Output?: string;
}

/** `go test` on a module. A package that fails without a failed test counts as one. */
export async function goTest(folder: string): Promise<Counts> {
  const counts = { passed: 0, failed: 0, skipped: 0, failures: [] as string[] };
  const outputs = new Map<string, string>();
  const failedPackages = new Set<string>();
  const onLine = (line: string) => {
    if (!line.startsWith("{")) {
      console.log(line);
      return;
    }
    const { Action, Package = "", Test, Output = "" } = JSON.parse(line) as GoEvent;
    const key = `${Package} ${Test ?? ""}`;
    if (Output) outputs.set(key, (outputs.get(key) ?? "") + Output);
    if (Action === "build-output") console.log(Output.trimEnd());
    if (Test && Action === "pass") counts.passed += 1;
    if (Test && Action === "skip") counts.skipped += 1;
    if (Action !== "fail" || (!Test && failedPackages.has(Package))) return;
    counts.failed += 1;
    failedPackages.add(Package);
    counts.failures.push(failure(key.trim(), outputs.get(key)));
    console.log((outputs.get(key) ?? key).trimEnd());
  };
  const { ok, why } = await run("go", ["test", "-json", "./..."], { cwd: join(projectFolder, folder), onLine, endless: true });
  if (!ok && counts.failed === 0) {
    console.log(`go test in ${folder}: ${why}`);
    counts.failed = 1;
    counts.failures.push(`go test in ${folder}: ${why}`);
  }
  console.log(`go test in ${folder}: ${counts.passed} passed, ${counts.failed} failed`);
  return counts;
}

/** Format and vet of a Go module: one test each. */
export async function goLint(folder: string): Promise<Counts> {
  const cwd = join(projectFolder, folder);
  const unformatted = await run("gofmt", ["-l", "."], { cwd });
  const vet = await run("go", ["vet", "./..."], { cwd });
  if (!unformatted.ok || unformatted.stdout) console.log(`gofmt in ${folder}: ${unformatted.output.trim() || unformatted.why}`);
  if (!vet.ok) console.log(`go vet in ${folder}: ${vet.output.trim() || vet.why}`);
  return sum([one(unformatted.ok && !unformatted.stdout, `gofmt in ${folder}`), one(vet.ok, `go vet in ${folder}`)]);
}

/** The sum of several counts. */
export function sum(all: readonly Counts[]): Counts {
  const add = (key: "passed" | "failed" | "skipped") => all.reduce((total, counts) => total + counts[key], 0);
  return { passed: add("passed"), failed: add("failed"), skipped: add("skipped"), failures: all.flatMap(({ failures = [] }) => failures) };
}
