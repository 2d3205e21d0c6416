/** Carries a row out: load, fault, recovery, verdict. */
import { can } from "../../../configs/versions";
import type { Checkout } from "../../../tests/e2e/lib/checkout";
import { Ledger } from "../../../tests/e2e/lib/ledger";
import { Running } from "../drills";
import { waitHealthy } from "../health";
import { sleep } from "../run";
import { Problem } from "../say";
import type { Outcome } from "./outcome";
import { rate, type Row } from "./row";
import { recovery, watchAlerts } from "./watch";

/** Time for the load before a fault, and after it, ms. */
const calm = 4000;

/** Longest time until spans are stored as they come again, ms: the Collector looks for a Jaeger that was away for long every two minutes. */
const patience = 5 * 60_000;

/** Traces of a second, tried for as long as any fault lasts. */
const load = ["--profile", "mixed", "--rate", String(rate), "--trace-duration", "1s", "--connections", "8", "--retry-for", "5m"];

/** Longer than Jaeger's 10 to 23 s before it repeats a failed write. */
const judging = ["--settle", "40s", "--wait", "3m", "--linger", "5s"];

/**
 * Carries out a row on a running stack. Whatever goes wrong is part of the outcome: the next row may go well.
 *
 * @param seconds How long the fault lasts.
 * @param tell Called with each step, in words.
 */
export async function carryOut(checkout: Checkout, row: Row, seconds: number, tell: (text: string) => void): Promise<Outcome> {
  const alerts = await watchAlerts(checkout.settings);
  const done = await attempt(checkout, row, seconds, tell).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    tell(`it cannot be carried out: ${why}`);
    return { synchronous: false, found: undefined, recovered: undefined, problem: why.split("\n", 1).join("") };
  });
  return { row, seconds, ...done, alerts: await alerts.end() };
}

/** Load, fault, recovery and verdict; throws where one of them cannot be had. */
async function attempt(
  checkout: Checkout,
  row: Row,
  seconds: number,
  tell: (text: string) => void,
): Promise<Pick<Outcome, "synchronous" | "found" | "recovered">> {
  await waitHealthy(checkout.stack);
  const stack = await Running.find(checkout.settings);
  if (!stack) throw new Problem(`stack ${checkout.stack} does not run`);
  // Its images need not be those of the settings: what cannot be pulled is built.
  const synchronous = can({ ...checkout.settings, otherImages: { jaeger: await stack.image("jaeger") } }, "synchronousWrites");
  const ledger = new Ledger(checkout);
  const service = `chaos-${row.id}-${Date.now()}`;
  let recovered: number | undefined;
  const file = await ledger.sendWhile(row.id, [...load, ...(row.load ?? []), "--service", service], async () => {
    await sleep(calm);
    tell(row.what);
    try {
      await row.begin(stack);
      await sleep(seconds * 1000);
    } finally {
      await row.end(stack);
    }
    tell("undone");
    if (!row.untimed) recovered = await recovery(stack, service, Date.now(), patience);
    tell(recovered === undefined ? "judging" : `spans are stored as they come after ${recovered} s; judging`);
    await sleep(calm);
  });
  return { synchronous, found: await ledger.verify(file, undefined, ...judging), recovered };
}
