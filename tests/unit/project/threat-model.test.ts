/** Rung: the threat model against the tree. Every control names a test that exists; a threat without one says so. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectFolder } from "../../../render/record";
import { gap, tableRows } from "./support/claims";

const text = readFileSync(join(projectFolder, "docs", "THREAT_MODEL.md"), "utf8");
const threats = tableRows(text.slice(text.indexOf("## Threats")), "threat");

/** What is wrong with a row; nothing where its test exists, or where it says that there is no control. */
const fault = (control: string, proof: string): string | undefined => {
  if (proof !== "–") return gap(proof);
  return control.includes("**none") ? undefined : "has a control and no proof";
};

it("has the parts of a threat model", () => {
  for (const part of ["Assets", "Who may do what", "Trust boundaries", "Threats", "Out of scope"]) expect(text).toContain(`\n## ${part}\n`);
  expect(threats.length).toBeGreaterThan(30);
});

it.each(threats.map(([threat = "", control = "", proof = ""]) => [threat, control, proof] as const))("%s", (_threat, control, proof) => {
  expect(fault(control, proof)).toBeUndefined();
});

it("says plainly what has no control", () => {
  const open = threats.filter(([, control = ""]) => control.includes("**none"));
  expect(open.map(([threat]) => threat).join()).toMatch(/another service's name.*on the way from Perses/);
  expect(open.every(([, , proof]) => proof === "–")).toBe(true);
});

it.each([
  ["a control", "–"],
  ["a control", "tests/unit/nowhere.test.ts: x"],
  ["**none yet**", "tests/unit/nowhere.test.ts: x"],
])("would see that %p is not proved by %p", (control, proof) => {
  expect(fault(control, proof)).toBeDefined();
});
