/** `make requirements`: what this machine lacks. Without --check, installs it where that is possible. */
import { parseArgs } from "node:util";
import { ensure } from "../machine/ensure";
import { thisMachine } from "../machine/machine";
import { missingFor, report, useNamed, type Use } from "../machine/requirements";
import { main, note, UserError } from "../terminal/output";

const help = `usage: npx tsx cli/main.ts requirements [--check] WORD...

Installs what this machine lacks; only says what it lacks if it cannot, or with --check.

  run      make up, with images that are pulled
  images   make images, and make up without a container registry
  test     make test
  cluster  make cluster
  NAME     a suite of make test, such as django`;

main(async () => {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { check: { type: "boolean", default: false } } });
  const uses = positionals.map(useNamed).filter((use) => use !== undefined);
  if (uses.length === 0 || uses.length < positionals.length) throw new UserError(help);
  const use: Use = { purposes: uses.flatMap(({ purposes }) => purposes), suites: uses.flatMap(({ suites = [] }) => suites) };
  if (!values.check) await ensure(use);
  const machine = thisMachine();
  const missing = missingFor(use, machine);
  if (missing.length > 0) throw new UserError(report(missing, machine));
  note("nothing is missing on this machine");
});
