/** Rung: the documents against the tree. Every criterion of the brief names a test or a decision that exists. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { projectFolder } from "../../../render/record";

/** Rows of all tables: the criterion and its proof. */
function criteria(markdown: string): [criterion: string, proof: string][] {
  return markdown
    .split("\n")
    .filter((line) => line.startsWith("| ") && !/^[-| ]+$/.test(line) && !line.startsWith("| criterion"))
    .map((line) => {
      const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
      return [cells[1] ?? "", cells[2] ?? ""];
    });
}

/** Texts that can be cited from a file: names of tests and cells of their tables; the text of a document. */
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

/** The problem of a proof; undefined if there is none. */
function gap(proof: string): string | undefined {
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

describe("docs/criteria.md", () => {
  const rows = criteria(readFileSync(join(projectFolder, "docs", "criteria.md"), "utf8"));

  it("holds the brief's criteria", () => {
    expect(rows.length).toBeGreaterThan(40);
  });

  it.each(rows)("%s", (_, proof) => {
    expect(gap(proof)).toBeUndefined();
  });

  it.each([
    "",
    "no file",
    "tests/unit/nowhere.test.ts: x",
    "tests/unit/project/criteria.test.ts: what is not th" + "ere",
    "tests/unit/project/criteria.test.ts: readFileSync",
  ])("would see the gap of %p", (proof) => {
    expect(gap(proof)).toBeDefined();
  });
});
