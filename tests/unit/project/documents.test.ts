/** Rung: unit. The documents against the tree: the commands that they give, and that their check finds dead links. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectFolder } from "../../../render/record";
import { temporaryFolder } from "../../support/temporary-folder";

/** Documents for operators. docs/measurements.md is not one: it lists the commands of past measurements. */
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

const folder = temporaryFolder();

test("markdownlint finds links to missing files and headings", () => {
  const links = ["#a-heading", "#nowhere", "other.md", "nowhere.md", "other.md#elsewhere", "other.md#nowhere"];
  writeFileSync(join(folder(), "other.md"), "# Elsewhere\n");
  writeFileSync(join(folder(), "page.md"), `# A heading\n\n${links.map((link) => `[a](${link})`).join("\n")}\n`);
  const bin = join("node_modules", "markdownlint-cli2", "markdownlint-cli2-bin.mjs");
  const args = [bin, "--no-globs", "--config", ".markdownlint-cli2.jsonc", join(folder(), "page.md")];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: projectFolder, encoding: "utf8" });
  const found = [...stderr.matchAll(/page\.md:(\d+)\S* error/g)].map(([, line]) => links[Number(line) - 3]);
  expect({ status, found: found.sort() }).toEqual({ status: 1, found: ["#nowhere", "nowhere.md", "other.md#nowhere"] });
}, 60_000);
