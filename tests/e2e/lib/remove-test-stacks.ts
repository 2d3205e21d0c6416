/** Removes all test stacks from the engine: `npx tsx tests/e2e/lib/remove-test-stacks.ts`. */
import { main } from "../../../scripts/lib/say";
import { removeTestStacks } from "./shared-stack";

main(removeTestStacks);
