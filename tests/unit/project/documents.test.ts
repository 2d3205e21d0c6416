/** Rung: unit. The documents against the tree: the commands that they give. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { projectFolder } from "../../../render/record";

/** What an operator reads; measurements say what was run. */
const documents = ["README.md", ...readdirSync(join(projectFolder, "docs")).map((name) => join("docs", name))].filter(
  (name) => name.endsWith(".md") && name !== join("docs", "measurements.md"),
);

test("each preview and update of the whole of staging or prod runs the policy pack", () => {
  const commands = documents.flatMap((name) => {
    // A command may go on in the next line.
    const text = readFileSync(join(projectFolder, name), "utf8").replace(/\\\n/g, "");
    return text.match(/pulumi (?:preview|up)\b[^`\n]* (?:-s|--stack)[ =](?:staging|prod)\b[^`\n]*/g) ?? [];
  });
  expect(commands.length).toBeGreaterThanOrEqual(8);
  // Rules on a whole stack would find that a part of it misses the rest.
  const ofAll = commands.filter((command) => !command.includes(" --target "));
  expect(ofAll.filter((command) => !command.includes(" --policy-pack policy"))).toEqual([]);
});
