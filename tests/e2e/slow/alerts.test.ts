/**
 * Rung: faults. Alerts of the running stack are provoked for real: those that fire within minutes. `make alerts-drill` provokes the others too.
 */
import { rmSync } from "node:fs";
import { carryOut, type Fired } from "../../../cli/drill/drill";
import { drills } from "../../../cli/drill/drills";
import { Checkout, scratch } from "../lib/checkout";

jest.setTimeout(20 * 60_000);

const stack = Checkout.copy();
const quick = drills.filter((drill) => drill.quick);
let fired: Fired[] = [];

beforeAll(async () => {
  fired = await carryOut(stack.settings, quick, console.log);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test.each(quick.flatMap(({ alerts, what }) => alerts.map((alert) => [alert, what])))("%s fires and ends: %s", (alert) => {
  const row = fired.find((one) => one.alert === alert);
  expect(row).toMatchObject({ firedAfter: expect.any(Number) as number, resolvedAfter: expect.any(Number) as number });
});
