/**
 * Changes of a pull request as one Markdown comment: resources by stack, sampling rates before and after, and rendered files.
 * Text of the pull request is quoted as code, so that it can neither mention people nor pose as ours.
 */
import { compact } from "../../configs/compact";

/** Output of `pulumi preview --json`: the fields that are read here. */
export interface Preview {
  readonly steps?: readonly PreviewStep[];
  readonly changeSummary?: Readonly<Record<string, number>>;
  readonly diagnostics?: readonly { readonly severity: string; readonly message: string }[];
}

interface PreviewStep {
  readonly op: string;
  readonly urn: string;
  readonly diffReasons?: readonly string[] | null;
  readonly replaceReasons?: readonly string[] | null;
}

/** Percent of traces kept, by request; or why it cannot be told. */
export type Rates = Readonly<Record<string, string>> | { readonly problem: string };

/** One stack, before and after. */
export interface StackChange {
  readonly stack: string;
  /** Without one only files are compared: pull requests of forks have no credentials. */
  readonly preview?: Preview;
  readonly rates: { readonly before: Rates; readonly after: Rates };
  /** Difference of rendered/<stack>/ as `diff -u` writes it; empty where there is none. */
  readonly rendered: string;
}

/** The first line of the comment, by which the next run finds it. */
export const marker = "<!-- tracing: what this changes -->";

/** GitHub refuses comments above 65,536 characters. */
export const longest = 65_000;

const mostSteps = 60;

/**
 * The comment.
 *
 * @param commit The commit that was compared.
 */
export function changeReport(changes: readonly StackChange[], commit: string): string {
  const head = [marker, `### What ${code(commit.slice(0, 12))} changes`];
  const summary = table(["stack", "resources", "sampling", "rendered files"], changes.map(summaryRow));
  const details = changes.flatMap((change) => [resources(change), rates(change)]).filter((part) => part !== "");
  const text = [...head, summary, ...details].join("\n\n");
  // Rendered files last: they are what may not fit.
  return changes.reduce((sofar, change) => append(sofar, rendered(change)), `${text}\n`);
}

function append(text: string, part: string): string {
  if (part === "") return text;
  const all = `${text}\n${part}\n`;
  const note = "\n_More differences than a comment holds: see the run's summary._\n";
  if (all.length + note.length <= longest) return all;
  return text.endsWith(note) ? text : text.slice(0, longest - note.length) + note;
}

function summaryRow(change: StackChange): string[] {
  const files = changedFiles(change.rendered).length;
  const same = ratesDiffer(change.rates) ? "**changed**" : "unchanged";
  return [
    code(change.stack),
    change.preview ? counts(change.preview) : "not previewed (no credentials)",
    isProblem(change.rates.after) || isProblem(change.rates.before) ? "not known" : same,
    files === 0 ? "unchanged" : `${files} changed`,
  ];
}

/** Marks of the operations that are worth a line; the steps inside a replacement are not. */
const marks: Readonly<Record<string, string>> = { create: "+", update: "~", replace: "+-", delete: "-", import: "=", read: ">" };

function counts({ changeSummary = {}, diagnostics = [] }: Preview): string {
  const changed = Object.entries(changeSummary).filter(([op, count]) => op !== "same" && count > 0);
  const said = changed.map(([op, count]) => `${count} ${code(op)}`).join(", ");
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  return `${errors > 0 ? "**failed**; " : ""}${said || "no change"}`;
}

function resources({ stack, preview }: StackChange): string {
  if (!preview) return "";
  const steps = (preview.steps ?? []).filter(({ op }) => op in marks);
  const errors = (preview.diagnostics ?? []).filter(({ severity }) => severity === "error").map(({ message }) => message.trim());
  const lines = steps.slice(0, mostSteps).map(stepLine);
  if (steps.length > mostSteps) lines.push(`… and ${steps.length - mostSteps} more`);
  if (lines.length === 0 && errors.length === 0) return "";
  return details(
    `Resources of ${code(stack)}`,
    compact([...errors.map((error) => fence(error)), lines.length > 0 && fence(lines.join("\n"), "diff")]),
  );
}

/** Such as `~  apps/v1:Deployment tracing-jaeger (spec)`: the type without its provider's module path, the name, what differs. */
function stepLine({ op, urn, diffReasons, replaceReasons }: PreviewStep): string {
  const [, , types = "", name = ""] = urn.split("::");
  const type = (types.split("$").pop() ?? "").replace(/^kubernetes:/, "").replace(/^(\w+):\w+\/\w+:/, "$1:");
  const why = (op === "replace" ? replaceReasons : diffReasons) ?? [];
  return `${(marks[op] ?? "").padEnd(2)} ${type} ${name}${why.length > 0 ? ` (${why.join(", ")})` : ""}`;
}

const isProblem = (rates: Rates): rates is { readonly problem: string } => "problem" in rates && Object.keys(rates).length === 1;

function ratesDiffer({ before, after }: StackChange["rates"]): boolean {
  return JSON.stringify(Object.entries(before)) !== JSON.stringify(Object.entries(after));
}

/** Old and new rates side by side; only requests whose rate changes, as a rule that stays says nothing new. */
function rates({ stack, rates: { before, after } }: StackChange): string {
  const title = `**Sampling of ${code(stack)}**`;
  const problems = [before, after].filter(isProblem).map(({ problem }) => fence(problem));
  if (problems.length > 0) return [`${title}: the rates cannot be told`, ...problems].join("\n\n");
  const [old, now] = [before, after] as readonly Readonly<Record<string, string>>[];
  if (!old || !now || !ratesDiffer({ before, after })) return "";
  const requests = [...new Set([...Object.keys(now), ...Object.keys(old)])].filter((request) => old[request] !== now[request]);
  if (requests.length === 0) return `${title}: the same rates in another order; the first rule that matches applies`;
  const rows = requests.map((request) => [code(request), old[request] ?? "by another rule", now[request] ?? "by another rule"]);
  return [`${title}, percent of traces kept`, table(["request", "before", "after"], rows)].join("\n\n");
}

const changedFiles = (difference: string): readonly string[] => difference.split("\n").filter((line) => line.startsWith("+++ "));

function rendered({ stack, rendered: difference }: StackChange): string {
  if (difference === "") return "";
  return details(`Rendered files of ${code(stack)}`, [fence(difference.trimEnd(), "diff")]);
}

const details = (title: string, parts: readonly string[]): string =>
  `<details><summary>${title}</summary>\n\n${parts.join("\n\n")}\n\n</details>`;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.map((cell) => cell.replace(/\|/g, "\\|")).join(" | ")} |`).join("\n");

/** Text as code on one line. HTML, because Markdown's own way cannot hold a backtick and is not read inside HTML tags. */
function code(text: string): string {
  const escaped = text.replace(/\s+/g, " ").replace(/[&<>@`|*_[\]~:#]/g, (character) => `&#${character.charCodeAt(0)};`);
  return `<code>${escaped}</code>`;
}

/** A block of code, within a fence longer than any that the text holds. */
function fence(text: string, language = ""): string {
  const longestRun = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fenceText = "`".repeat(longestRun + 1);
  return `${fenceText}${language}\n${text}\n${fenceText}`;
}
