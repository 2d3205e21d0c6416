/** Python: virtual environments of locked packages, and what runs in them. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { failure, one, type Counts } from "./counts";
import { attach, run } from "../machine/run";
import { inTemporaryFolder } from "../machine/temporary-folder";
import { UserError } from "../terminal/output";
import { projectFolder } from "../stack/stack";

/** The Django package's folder. */
export const djangoFolder = join(projectFolder, "instrumentation", "django");

/**
 * Which lock file of `instrumentation/django/requirements/`: of the newest Django that Debian's Python runs, the oldest release supported of
 * each package, or the latest Django, which needs a Python that many machines lack: `canRun` tells.
 */
export type Lock = "newest" | "oldest" | "latest";

const attempts = 3;

const debians = "python3";

/** Python versions by preference: the oldest for the oldest packages, the newest for the latest. */
const pythons: Record<Lock, readonly string[]> = {
  newest: [debians, "python3.14", "python3.13", "python3.12", "python3.11"],
  oldest: ["python3.10", debians, "python3.11", "python3.12"],
  latest: ["python3.14", "python3.13", "python3.12"],
};

/** True if this machine has a Python for a lock file. */
export const canRun = async (lock: Lock): Promise<boolean> => (await basePython(lock)) !== undefined;

/** A Python of the PATH, or of pyenv, that is new enough and makes virtual environments. */
async function basePython(lock: Lock): Promise<string | undefined> {
  const pyenv = join(process.env.PYENV_ROOT ?? join(homedir(), ".pyenv"), "versions");
  const installed = existsSync(pyenv) ? readdirSync(pyenv) : [];
  const program = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))";
  for (const name of pythons[lock]) {
    const ofPyenv = installed
      .filter((version) => `python${version}`.startsWith(`${name}.`))
      .map((version) => join(pyenv, version, "bin", name));
    for (const python of [name, ...ofPyenv]) {
      if ((await run(python, ["-c", program])).ok) return python;
    }
  }
  return undefined;
}

/**
 * The Python of a virtual environment that has what the lock file says, with the package itself installed to be edited. It is made once
 * for each lock file's text, under ~/.cache/tracing.
 */
export async function pythonOf(lock: Lock): Promise<string> {
  const file = join(djangoFolder, "requirements", `${lock}.txt`);
  const parts = [readFileSync(file), readFileSync(join(djangoFolder, "pyproject.toml")), projectFolder];
  const hash = parts.reduce((all, part) => all.update(part), createHash("sha256")).digest("hex");
  const folder = join(homedir(), ".cache", "tracing", "python", `${lock}-${hash.slice(0, 12)}`);
  const python = join(folder, "bin", "python");
  const made = join(folder, "made");
  if (existsSync(made)) return python;
  rmSync(folder, { recursive: true, force: true });
  await execOrThrow((await basePython(lock)) ?? "python3", ["-m", "venv", folder]);
  // A registry may fail for a moment; what pip has got stays in its cache.
  const install = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--retries", "5"];
  await execOrThrow(...command([...install, "--require-hashes", "-r", file]), attempts);
  await execOrThrow(...command([...install, "--no-build-isolation", "-e", djangoFolder]));
  writeFileSync(made, "");
  return python;
}

const command = ([program = "", ...args]: string[]): [string, string[]] => [program, args];

async function execOrThrow(program: string, args: string[], tries = 1): Promise<void> {
  const { ok, output } = await run(program, args, { cwd: djangoFolder });
  if (ok) return;
  if (tries > 1) return execOrThrow(program, args, tries - 1);
  throw new UserError(`${[program, ...args].join(" ")}:\n${output.slice(-2000)}`);
}

/** pytest in the package's folder. What fails without a failed test counts as one. */
export const pytest = (lock: Lock, ...args: string[]): Promise<Counts> =>
  inTemporaryFolder(async (folder) => {
    const report = join(folder, "report.xml");
    const code = await attach(await pythonOf(lock), ["-m", "pytest", "-q", `--junitxml=${report}`, ...args], { cwd: djangoFolder });
    const xml = readFileSync(report, "utf8");
    const suite = /<testsuite [^>]*>/.exec(xml)?.[0] ?? "";
    const count = (name: string) => Number(new RegExp(` ${name}="(\\d+)"`).exec(suite)?.[1] ?? 0);
    const failed = count("failures") + count("errors");
    const passed = Math.max(0, count("tests") - failed - count("skipped"));
    return { passed, failed: code === 0 ? failed : Math.max(1, failed), skipped: count("skipped"), failures: junitFailures(xml) };
  });

/** Failures in pytest's report in JUnit format. Attributes have line breaks and quotes as entities. */
function junitFailures(xml: string): string[] {
  const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };
  const plain = (text: string) =>
    text.replace(/&(?:#(\d+)|(\w+));/g, (all, code: string | undefined, name: string) =>
      code ? String.fromCodePoint(Number(code)) : (entities[name] ?? all),
    );
  const cases = xml.matchAll(/<testcase classname="([^"]*)" name="([^"]*)"[^>]*><(?:failure|error) message="([^"]*)"/g);
  return [...cases].map(([, group = "", name = "", message = ""]) => failure(`${plain(group)}: ${plain(name)}`, plain(message)));
}

/** A Python module's program in the package's folder that must end well: one test. */
export async function python(lock: Lock, ...args: string[]): Promise<Counts> {
  const code = await attach(await pythonOf(lock), ["-m", ...args], { cwd: djangoFolder });
  return one(code === 0, `python -m ${args.join(" ")}`);
}
