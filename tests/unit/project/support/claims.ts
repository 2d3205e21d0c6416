/** Documents that name tests as proofs: their tables, and whether what they name exists. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { projectFolder } from "../../../../render/record";

/** Cells of the rows of all tables, without their heads, whose first cell begins with a word. */
export function tableRows(markdown: string, head: string): string[][] {
  return markdown
    .split("\n")
    .filter((line) => line.startsWith("| ") && !/^[-| ]+$/.test(line) && !line.startsWith(`| ${head}`))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** What a file proves by: the names of its tests and the cells of their tables; headings and sentences of a document. */
function claims(file: string, text: string): string[] {
  const all = (pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match.slice(1).find(Boolean) ?? "");
  if (file.endsWith(".go")) return all(/^func (Test\w+)/gm);
  if (file.endsWith(".py")) return all(/^\s*def (test_\w+)/gm);
  // A sentence may go on in the next line.
  if (file.endsWith(".md")) return [text.replace(/\s+/g, " ")];
  const string = String.raw`(?:"((?:[^"\\]|\\.)*)"|\x60([^\x60]*)\x60)`;
  const called = new RegExp(String.raw`\b(?:test|it|describe)(?:\.\w+)*\(\s*${string}`, "g");
  // Tests that several files share are defined elsewhere, and the suites of tests/run.ts say what they prove.
  if (!file.endsWith(".test.ts")) return [...all(called), ...all(/what: "([^"]+)"/g)];
  // `test.each(rows)("name %s", …)`, and the first cell of each row.
  const tabled = new RegExp(String.raw`\)\(\s*${string}`, "g");
  const cells = new RegExp(String.raw`^\s*\[\s*(?:\/\/[^\n]*\s*)*${string},`, "gm");
  return [...all(called), ...all(tabled), ...all(cells)];
}

/** What is wrong with a proof; nothing where it is found. */
export function gap(proof: string): string | undefined {
  const match = /^(\S+\.(?:ts|go|md|py)): (.+)$/.exec(proof);
  if (!match) return "names no file and no part of it";
  const [, file = "", part = ""] = match;
  const path = join(projectFolder, file);
  if (!existsSync(path)) return `${file} does not exist`;
  const wanted = part.toLowerCase();
  return claims(file, readFileSync(path, "utf8")).some((claim) => claim.toLowerCase().includes(wanted))
    ? undefined
    : `${file} has no test "${part}"`;
}
