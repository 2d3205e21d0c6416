/** `make scan`: known vulnerabilities of what the SBOMs hold. Fails on severe ones that no exception covers. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { goTool } from "../machine/go-tools";
import { execOrThrow } from "../machine/run";
import { projectFolder } from "../stack/stack";
import { exceptionsOf, findingsOf, judge, type Finding } from "../supply-chain/findings";
import { command } from "../terminal/command";
import { heartbeat, note, table, UserError } from "../terminal/output";

const exceptionsFile = join(".github", "vulnerability-exceptions.yaml");
const extension = ".cdx.json";

const scan = command("Look up known vulnerabilities of the components in the SBOMs. Fail on severe ones without an exception.")
  .option("--sboms <folder>", "folder with the output of `make sbom`", "sbom")
  .addHelpText(
    "after",
    `\nGrype downloads its database of vulnerabilities. ${exceptionsFile} lists those that are left for a time, and why.`,
  );

export default scan.action(async ({ sboms }: { readonly sboms: string }) => {
  const exceptions = exceptionsOf(readFileSync(join(projectFolder, exceptionsFile), "utf8"));
  const folder = resolve(sboms);
  const files = readdirSync(folder).filter((file) => file.endsWith(extension));
  if (files.length === 0) throw new UserError(`${sboms}/ has no SBOM; \`make sbom\` makes them`);
  const grype = await goTool("grype");
  const findings: Finding[] = [];
  for (const file of files) {
    const looked = execOrThrow(grype, [`sbom:${join(folder, file)}`, "--output", "json", "--quiet"], {
      env: { GRYPE_CHECK_FOR_APP_UPDATE: "false" },
    });
    findings.push(...findingsOf(file.slice(0, -extension.length), await heartbeat(`grype ${file}`, looked)));
  }
  const { open, excepted, minor, unused } = judge(findings, exceptions, new Date().toISOString().slice(0, 10));
  for (const { id, component } of unused) note(`the exception for ${id} of ${component} is no longer needed: remove it`);
  note(`${files.length} SBOMs: ${open.length} severe and open, ${excepted.length} excepted, ${minor.length} less severe`);
  if (open.length === 0) return;
  const rows = open.map(({ ids: [id], severity, subject, component, version, fixedIn, expired }) => [
    id,
    severity,
    subject,
    `${component} ${version}`,
    fixedIn.join(", ") || "none",
    expired ? `exception until ${expired.until}` : "",
  ]);
  console.log(`\n${table([["ID", "SEVERITY", "IN", "COMPONENT", "FIXED IN", ""], ...rows])}`);
  process.exitCode = 1;
});
