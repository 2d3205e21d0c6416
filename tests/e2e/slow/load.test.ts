/** Rung: real systems end to end. The load that the brief names, for a minute, on the stack that several test files share. */
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { Checkout, scratch } from "../lib/checkout";
import { containerIds } from "../lib/inspect";
import { Ledger } from "../lib/ledger";

jest.setTimeout(5 * 60_000);

const stack = Checkout.copy();
const ledger = new Ledger(stack);

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

it("takes 1,000 spans/s for a minute inside its memory limits", async () => {
  const verdict = await ledger.run("minute", "--duration", "60s", "--rate", "1000");
  expect(verdict).toMatchObject({ lost: 0, unacknowledged: 0 });
  expect(verdict.acknowledged).toBeGreaterThan(55_000);
  const states = JSON.parse(execFileSync("docker", ["inspect", ...(await containerIds(stack.stack, "service"))], { encoding: "utf8" })) as {
    RestartCount: number;
    State: { OOMKilled: boolean; Status: string };
  }[];
  expect(states.map(({ RestartCount, State }) => [RestartCount, State.OOMKilled, State.Status])).toEqual(
    states.map(() => [0, false, "running"]),
  );
});
