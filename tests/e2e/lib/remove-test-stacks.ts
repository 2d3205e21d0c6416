/** Removes all test stacks from the engine: `npx tsx tests/e2e/lib/remove-test-stacks.ts`. */
import { rmSync } from "node:fs";
import { program, runCommand } from "../../../cli/terminal/command";
import { scratch } from "./checkout";
import { removeTestStacks } from "./shared-stack";

const line = program("tests/e2e/lib/remove-test-stacks.ts", "Remove all test stacks from the engine").action(async () => {
  await removeTestStacks();
  rmSync(scratch, { recursive: true, force: true });
});
runCommand(line);
