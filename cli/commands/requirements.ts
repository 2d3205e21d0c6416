/** `make requirements`: what this machine lacks. Without --check, installs it where that is possible. */
import { compact } from "../../configs/compact";
import { ensure } from "../machine/ensure";
import { thisMachine } from "../machine/machine";
import { missingFor, report, useNamed, type Use } from "../machine/requirements";
import { command } from "../terminal/command";
import { note, UserError } from "../terminal/output";

const help = `
Lists what is missing, and installs it where possible. Words:

  run      make up, with images that are pulled
  images   make images, and make up without a container registry
  test     make test
  cluster  make cluster
  NAME     a suite of make test, such as django`;

const requirements = command("Install missing requirements of this machine")
  .argument("<words...>", "uses of the machine, see below")
  .option("--check", "install nothing; list what is missing", false)
  .addHelpText("after", help);

export default requirements.action(async (words: readonly string[], { check }: { readonly check: boolean }) => {
  const uses = compact(words.map(useNamed));
  if (uses.length < words.length) throw new UserError(`found ${words.join(" ")}\n${help}`);
  const use: Use = { purposes: uses.flatMap(({ purposes }) => purposes), suites: uses.flatMap(({ suites = [] }) => suites) };
  if (!check) await ensure(use);
  const machine = thisMachine();
  const missing = missingFor(use, machine);
  if (missing.length > 0) throw new UserError(report(missing, machine));
  note("nothing is missing on this machine");
});
