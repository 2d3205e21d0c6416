/**
 * Rung: faults. The rows of `make chaos` that a stack that others use does not suit, on a stack of their own: Elasticsearch refuses, disks and queues are
 * full, a file is damaged, clocks are wrong, and outages last.
 */
import { rmSync } from "node:fs";
import { carryOut } from "../../chaos/carry-out";
import { broken, line } from "../../chaos/outcome";
import { quickRows, rows } from "../../chaos/rows";
import { ChaosStack } from "../../chaos/stack";
import { removeByLabel } from "../../../cli/engine/remove";
import { scratch } from "../lib/checkout";

jest.setTimeout(20 * 60_000);

const stack = new ChaosStack();
const slow = rows.filter((row) => !quickRows.includes(row) || row.seconds > (row.quickly ?? 0));

afterAll(async () => {
  await removeByLabel(stack.checkout.stack);
  rmSync(scratch, { recursive: true, force: true });
});

it.each(slow.map((row) => [row.what, row] as const))("costs no more than is documented: %s", async (_, row) => {
  await stack.be(row.stack);
  const outcome = await carryOut(stack.checkout, row, row.seconds, console.log);
  console.log(line(outcome).join(" | "));
  expect(broken(outcome)).toEqual([]);
});
