/**
 * `make chaos`: breaks each part of a stack in each way that is known, one fault after the other, under 500 spans a second of all sizes, and prints
 * what it cost, by the ledger. The stack is one of its own and is removed however this ends; no other stack is touched. Exit code 1 where
 * a fault costs more than is documented. It takes less than an hour; ROWS, or words behind the command, choose faults.
 */
import { rmSync } from "node:fs";
import { scratch } from "../e2e/lib/checkout";
import { removeTestStacks, removeTestStacksAtExit } from "../e2e/lib/shared-stack";
import { carryOut } from "./carry-out";
import { allHold, heads, line, type Outcome } from "./outcome";
import { chosen } from "./rows";
import { ChaosStack, impossible } from "./stack";
import { confirm } from "../../cli/terminal/confirm";
import { ensureEngine } from "../../cli/engine/engine";
import { ensure } from "../../cli/machine/ensure";
import { alone } from "../../cli/machine/lock";
import { program, runCommand } from "../../cli/terminal/command";
import { options } from "../../cli/terminal/options";
import { heartbeat, note, since, step, table } from "../../cli/terminal/output";

/** No fault begins later, ms: the longest takes the rest of the hour, where a stack does not recover. */
const lastBeginning = 50 * 60_000;

const chaos = program("tests/chaos/main.ts", "Break each part of a stack under load, and judge what is lost").argument(
  "[rows...]",
  "single faults",
);

chaos.action(async (words: readonly string[]) => {
  const rows = chosen([...words, ...(options.rows ?? "").split(/[\s,]+/).filter(Boolean)]);
  step(`Chaos: ${rows.length} faults`);
  note("on a stack of its own, beside any other, with spans of its own; the machine is busy until it ends");
  await confirm("Begin? Type yes", "yes", "an hour of load wants a yes: make chaos YES=1");
  // The ledger needs what its own tests need, and a shifted clock what the lifecycle tests need.
  await ensure({ purposes: ["engine", "compose"], suites: ["ledger", "lifecycle"] });
  await ensureEngine();
  // The tests remove all test stacks, this one too: one at a time.
  await alone("tests", async () => {
    await removeTestStacks();
    removeTestStacksAtExit();
    process.once("exit", () => rmSync(scratch, { recursive: true, force: true }));
    const start = Date.now();
    const stack = new ChaosStack();
    const outcomes: Outcome[] = [];
    const left: string[] = [];
    for (const [i, row] of rows.entries()) {
      step(`${i + 1} of ${rows.length}: ${row.id}`);
      const late = Date.now() - start > lastBeginning;
      const why = late ? "the hour is nearly over" : impossible(row);
      if (why !== undefined) {
        left.push(`${row.id}: not run: ${why}`);
        // A fault that this machine cannot bring about says nothing; one that there was no time for should have been tried.
        if (late) process.exitCode = 1;
        continue;
      }
      await stack.be(row.stack);
      const outcome = await heartbeat(row.id, carryOut(stack.checkout, row, row.seconds, note));
      outcomes.push(outcome);
      note(line(outcome).join(" | "));
    }
    console.log(`\n${table([heads, ...outcomes.map(line)])}\n`);
    note([...left, `${outcomes.length} faults in ${since(start)}`].join("\n"));
    if (!allHold(outcomes)) process.exitCode = 1;
  });
});
runCommand(chaos);
