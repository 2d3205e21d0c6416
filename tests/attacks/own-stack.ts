/** A stack for one program of this folder, brought up before its work and removed after it. */
import { rmSync } from "node:fs";
import { Option } from "commander";
import { ensureEngine } from "../../cli/engine/engine";
import { removeByLabel } from "../../cli/engine/remove";
import { ensure } from "../../cli/machine/ensure";
import { alone } from "../../cli/machine/lock";
import { heartbeat } from "../../cli/terminal/output";
import { scratch } from "../e2e/lib/checkout";
import { removeTestStacks, removeTestStacksAtExit } from "../e2e/lib/shared-stack";
import { AttackedStack } from "./stack";

/** The option with which tests/run.ts starts a program: it is alone already, and removes test stacks itself. */
export const withinTests = new Option("--within-tests", "part of tests/run.ts, which is alone already").hideHelp();

/** Does work on the stack; exit code 1 unless it says that all is well. */
export async function onOwnStack(within: boolean, work: (stack: AttackedStack) => Promise<boolean>): Promise<void> {
  await ensure({ purposes: ["engine", "compose"], suites: ["attacks"] });
  await ensureEngine();
  process.once("exit", () => rmSync(scratch, { recursive: true, force: true }));
  const onStack = async () => {
    const stack = new AttackedStack();
    await heartbeat("bringing up the stack", stack.up());
    if (!(await work(stack))) process.exitCode = 1;
    await removeByLabel(stack.checkout.stack);
  };
  if (within) return onStack();
  await alone("tests", async () => {
    await removeTestStacks();
    removeTestStacksAtExit();
    await onStack();
  });
}
