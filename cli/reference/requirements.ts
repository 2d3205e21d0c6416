/** The reference of what a machine needs: docs/requirements.md, from cli/machine/requirements-list.ts. */
import { compact } from "../../configs/compact";
import { purposes, requirements, suitePurposes, type Requirement } from "../machine/requirements-list";
import { supportedNodes } from "../machine/supported-nodes";

/** Text of docs/requirements.md. */
export function requirementsReference(): string {
  return `# What a machine needs

This page is generated from the code by \`make render\`.

Every command checks its requirements before it starts anything long. As root on Debian or Ubuntu it
installs what is missing. Elsewhere it prints everything that is missing, with the command that installs
it. \`make requirements\` only prints.

- All commands: Linux or macOS, make, and Node.js ${supportedNodes.join(" or ")} with npm.
- \`make up\` with a container registry: also a container engine, and nothing else. It downloads the
  Pulumi CLI and its providers from get.pulumi.com if they are not installed. If that fails, it needs
  Docker Compose.
- \`make images\`, and \`make up\` without a container registry: Debian 12 only, because its packages
  become part of the images.
- \`make cluster\`: Linux only, as root, with packages of Debian or Ubuntu.
- \`make test\`: Debian 12 as root, because it builds the images. \`make test RUNG=…\` needs only what
  the named suites need. Suites that need nothing from Debian also run on other systems; \`make test\`
  lists them.

| what | why | Debian package | needed for |
| --- | --- | --- | --- |
${requirements.map(row).join("\n")}
`;
}

function row(requirement: Requirement): string {
  const { name, least, why, debian = [], url } = requirement;
  const packages = debian.flatMap((alternatives) => alternatives.split(" | "));
  const source = packages.length > 0 ? [...new Set(packages)].map((name) => `\`${name}\``).join(", ") : url ? `[none](${url})` : "none";
  return `| ${name}${least === undefined ? "" : ` ${least} or newer`} | ${why} | ${source} | ${uses(requirement).join("; ")} |`;
}

/** What needs it: purposes, and suites that do not already need one of these as a whole. */
function uses({ for: needed = [], suites = [] }: Requirement): string[] {
  const whole = Object.entries(suitePurposes).filter(([, own]) => own.some((purpose) => needed.includes(purpose)));
  const tests = [...new Set([...whole.map(([suite]) => suite), ...suites])].sort();
  return compact([...needed.map((purpose) => purposes[purpose]), tests.length > 0 && `tests: ${tests.join(", ")}`]);
}
