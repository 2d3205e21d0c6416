/** Rung: the documents against the tree. Every criterion of the brief names a test or a decision that exists. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectFolder } from "../../../render/record";
import { gap, tableRows } from "./support/claims";

describe("docs/criteria.md", () => {
  const rows = tableRows(readFileSync(join(projectFolder, "docs", "criteria.md"), "utf8"), "criterion");

  it("holds the brief's criteria", () => {
    expect(rows.length).toBeGreaterThan(40);
  });

  it.each(rows.map(([criterion = "", proof = ""]) => [criterion, proof] as const))("%s", (_, proof) => {
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
