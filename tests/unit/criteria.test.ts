/** Rung: the documents against the tree. Every criterion of the brief names a test or a decision that exists. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { projectFolder } from "../../render/record";

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

/** What is wrong with a proof; nothing where it is found. */
function gap(proof: string): string | undefined {
  const match = /^(\S+\.(?:ts|go|md|py)): (.+)$/.exec(proof);
  if (!match) return "names no file and no part of it";
  const [, file = "", part = ""] = match;
  const path = join(projectFolder, file);
  if (!existsSync(path)) return `${file} does not exist`;
  return readFileSync(path, "utf8").toLowerCase().includes(part.toLowerCase()) ? undefined : `${file} does not say "${part}"`;
}

describe("docs/criteria.md", () => {
  const rows = criteria(readFileSync(join(projectFolder, "docs", "criteria.md"), "utf8"));

  it("holds the brief's criteria", () => {
    expect(rows.length).toBeGreaterThan(40);
  });

  it.each(rows)("%s", (_, proof) => {
    expect(gap(proof)).toBeUndefined();
  });

  it.each(["", "no file", "tests/unit/nowhere.test.ts: x", "tests/unit/criteria.test.ts: what is not th" + "ere"])(
    "would see the gap of %p",
    (proof) => {
      expect(gap(proof)).toBeDefined();
    },
  );
});
