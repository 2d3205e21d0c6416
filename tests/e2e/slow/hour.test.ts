/** Rung: real systems end to end. An hour of spans as applications send them, on the stack that several test files share: nothing is lost, and nobody is called. */
import { rmSync } from "node:fs";
import { watchAlerts } from "../../chaos/watch";
import { Checkout, scratch } from "../lib/checkout";
import { Ledger } from "../lib/ledger";

const stack = Checkout.copy();

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Spans a second: what an hour of them takes on the disk, a test may leave there for a while. */
const rate = 100;

it(
  "an hour of spans of all sizes, a tenth of the requests failed, of hosts whose clocks are off: no alert fires, each span is stored once",
  async () => {
    const alerts = await watchAlerts(stack.settings);
    const load = ["--profile", "mixed", "--rate", String(rate), "--trace-duration", "2s", "--error-percent", "10", "--clock-skew", "30s"];
    const verdict = await new Ledger(stack).run("hour", "--duration", "60m", "--retry-for", "5m", "--wait", "10m", ...load);
    expect(await alerts.end()).toEqual([]);
    expect(verdict).toMatchObject({ lost: 0, unacknowledged: 0, duplicated: 0 });
    expect(verdict.acknowledged).toBeGreaterThan(0.9 * rate * 3600);
  },
  80 * 60_000,
);
