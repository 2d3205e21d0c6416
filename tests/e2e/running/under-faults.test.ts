/**
 * Rung: real systems end to end. The quickest rows of `make chaos` on the stack that several test files share: parts of it are killed, paused, cut
 * off and restarted under load. After the other files of this folder, as alerts and restarts are what those do not expect.
 */
import { rmSync } from "node:fs";
import { carryOutQuickly } from "../../chaos/carry-out";
import { broken, line, type Outcome } from "../../chaos/outcome";
import { quickRows } from "../../chaos/rows";
import { Checkout, scratch } from "../lib/checkout";

let outcomes: readonly Outcome[] = [];

beforeAll(async () => {
  outcomes = await carryOutQuickly(Checkout.copy(), quickRows, () => undefined);
  console.log(outcomes.map((outcome) => line(outcome).join(" | ")).join("\n"));
}, 15 * 60_000);

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

it.each(quickRows.map((row) => [row.what, row] as const))("costs no more than is documented: %s", (_, row) => {
  const outcome = outcomes.find((one) => one.row === row);
  expect(outcome && broken(outcome)).toEqual([]);
});
