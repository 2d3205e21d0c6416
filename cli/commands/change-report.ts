/** Writes the comment of a pull request: what it changes in every stack, compared with a checkout of where it branched off. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { rateTable } from "../../configs/sampling";
import { parseSettings } from "../../configs/stack/parse";
import { stackConfig } from "../../render/record";
import { changeReport, type Preview, type Rates, type StackChange } from "../pulumi/change-report";
import { run } from "../machine/run";
import { command } from "../terminal/command";
import { UserError } from "../terminal/output";
import { projectFolder } from "../stack/stack";

interface Flags {
  readonly base: string;
  readonly previews?: string;
  readonly commit: string;
  readonly out?: string;
}

const report = command(
  `Compares this checkout with another and writes, as Markdown, what changes: resources, sampling rates, rendered files.
Nothing of the other checkout is run: its stack files and its rendered files are read.`,
)
  .requiredOption("--base <folder>", "a checkout of the merge base")
  .option("--previews <folder>", "folder with <stack>.json from `pulumi preview --json`; without one, only files are compared")
  .option("--commit <id>", "commit to name in the report", "HEAD")
  .option("--out <file>", "output file (default: standard output)");

export default report.action(async (flags: Flags) => {
  if (!existsSync(join(flags.base, "Pulumi.yaml")))
    throw new UserError(`--base: found ${flags.base}; allowed: a folder with a checkout of this project`);
  const base = resolve(flags.base);
  const changes: StackChange[] = [];
  for (const stack of stacksOf(projectFolder)) {
    changes.push({
      stack,
      preview: flags.previews === undefined ? undefined : previewOf(join(flags.previews, `${stack}.json`)),
      rates: { before: ratesOf(stack, base), after: ratesOf(stack, projectFolder) },
      rendered: await difference(base, stack),
    });
  }
  const text = changeReport(changes, flags.commit);
  if (flags.out === undefined) process.stdout.write(text);
  else writeFileSync(flags.out, text);
});

const stacksOf = (folder: string): string[] =>
  readdirSync(folder)
    .flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? [])
    .sort();

/** A preview that was made; a file that cannot be read is a preview that failed. */
function previewOf(file: string): Preview | undefined {
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, "utf8");
  try {
    return JSON.parse(text) as Preview;
  } catch {
    return { diagnostics: [{ severity: "error", message: text.trim().slice(-2000) || "the preview said nothing" }] };
  }
}

/** The rates that a checkout's stack file asks for, as this version of the program understands it. */
function ratesOf(stack: string, folder: string): Rates {
  if (!existsSync(join(folder, `Pulumi.${stack}.yaml`))) return {};
  try {
    return rateTable(parseSettings(stack, stackConfig(stack, folder)).sampling);
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/** Difference of a stack's rendered files, with paths as in the repository. */
async function difference(base: string, stack: string): Promise<string> {
  const [before, after] = [join(base, "rendered", stack), join(projectFolder, "rendered", stack)];
  // diff wants both folders; a stack may be new.
  if (!existsSync(before) && !existsSync(after)) return "";
  mkdirSync(before, { recursive: true });
  const { ok, stdout, output } = await run("diff", ["-urN", before, after]);
  if (!ok && stdout === "") throw new UserError(`diff failed: ${output}`);
  return stdout
    .replaceAll(`${before}/`, `a/rendered/${stack}/`)
    .replaceAll(`${after}/`, `b/rendered/${stack}/`)
    .replace(/^diff -urN .*\n/gm, "")
    .replace(/^(---|\+\+\+) (\S+)\t.*$/gm, "$1 $2");
}
