/**
 * Rung: real systems end to end. The quickest rows of `make chaos` on the stack that several test files share: parts of it are killed, paused, cut
 * off and restarted under load. After the other files of this folder, as alerts and restarts are what those do not expect.
 */
import { rmSync } from "node:fs";
import { carryOut } from "../../../scripts/lib/chaos/carry-out";
import { broken, line } from "../../../scripts/lib/chaos/outcome";
import { quickRows } from "../../../scripts/lib/chaos/rows";
import { Checkout, scratch } from "../lib/checkout";

jest.setTimeout(15 * 60_000);

const stack = Checkout.copy();

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

it.each(quickRows.map((row) => [row.what, row] as const))("costs no more than is documented: %s", async (_, row) => {
  const outcome = await carryOut(stack, row, row.quickly ?? row.seconds, () => undefined);
  console.log(line(outcome).join(" | "));
  expect(broken(outcome)).toEqual([]);
});
