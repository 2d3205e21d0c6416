/** Removes all test stacks from the engine: `npx tsx tests/e2e/lib/remove-test-stacks.ts`. */
import { rmSync } from "node:fs";
import { main } from "../../../cli/terminal/output";
import { scratch } from "./checkout";
import { removeTestStacks } from "./shared-stack";

main(async () => {
  await removeTestStacks();
  rmSync(scratch, { recursive: true, force: true });
});
