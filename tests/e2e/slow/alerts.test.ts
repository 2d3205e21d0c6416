/**
 * Rung: faults. Alerts of the running stack are provoked for real: those that fire within minutes. `make alerts-drill` provokes the others too.
 */
import { rmSync } from "node:fs";
import { anySettings } from "../../scripts/lib/stack";
import { carryOut, type Fired } from "../../scripts/lib/drill";
import { drills } from "../../scripts/lib/drills";
import { project, scratch } from "./lib/commands";

jest.setTimeout(20 * 60_000);

const stack = "dev";
const quick = drills.filter((drill) => drill.quick);
let fired: Fired[] = [];

beforeAll(async () => {
  await project.make("destroy", "YES=1", `ENV=${stack}`);
  await project.makes("up", "WAY=compose", `ENV=${stack}`);
  fired = await carryOut(anySettings(stack), quick, console.log);
});
afterAll(async () => {
  await project.make("destroy", "YES=1", `ENV=${stack}`);
  rmSync(scratch, { recursive: true, force: true });
});

test.each(quick.flatMap(({ alerts, what }) => alerts.map((alert) => [alert, what])))("%s fires and ends: %s", (alert) => {
  const row = fired.find((one) => one.alert === alert);
  expect(row).toMatchObject({ firedAfter: expect.any(Number) as number, resolvedAfter: expect.any(Number) as number });
});
