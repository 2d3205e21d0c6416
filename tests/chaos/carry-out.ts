/** Carries rows out: load, fault, recovery, verdict. */
import { can } from "../../configs/versions";
import type { Checkout } from "../e2e/lib/checkout";
import { Ledger } from "../e2e/lib/ledger";
import { Running } from "../../cli/status/running";
import { waitHealthy } from "../../cli/engine/health";
import { sleep } from "../../cli/machine/run";
import { UserError } from "../../cli/terminal/output";
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
  const outcome = await judge(checkout, row, await provoke(checkout, row, seconds, tell), tell);
  return { row, seconds, ...outcome, alerts: await alerts.end() };
}

/** Carries rows out quickly, one after the other, and judges them side by side at the end: each verdict waits for what comes late. */
export async function carryOutQuickly(checkout: Checkout, rows: readonly Row[], tell: (text: string) => void): Promise<Outcome[]> {
  const ends: (() => Promise<Outcome>)[] = [];
  for (const row of rows) {
    const seconds = row.quickly ?? row.seconds;
    const watched = await watchAlerts(checkout.settings);
    const provoked = await provoke(checkout, row, seconds, tell);
    const alerts = await watched.end();
    ends.push(async () => ({ row, seconds, ...(await judge(checkout, row, provoked, tell)), alerts }));
  }
  return Promise.all(ends.map((end) => end()));
}

/** A row before its verdict. */
interface Provoked extends Pick<Outcome, "synchronous" | "recovered" | "problem"> {
  /** The ledger's file; undefined where there is none, by a problem. */
  readonly file?: string;
}

/** What an error says in a line. */
function problemOf(error: unknown, tell: (text: string) => void): string {
  const why = error instanceof Error ? error.message : String(error);
  tell(`it cannot be carried out: ${why}`);
  return why.split("\n", 1).join("");
}

const provoke = (checkout: Checkout, row: Row, seconds: number, tell: (text: string) => void): Promise<Provoked> =>
  attempt(checkout, row, seconds, tell).catch((error: unknown) => ({
    synchronous: false,
    recovered: undefined,
    problem: problemOf(error, tell),
  }));

/** The verdict about what is stored, given what a row came to. */
async function judge(
  checkout: Checkout,
  row: Row,
  { file, ...rest }: Provoked,
  tell: (text: string) => void,
): Promise<Omit<Outcome, "row" | "seconds" | "alerts">> {
  if (file === undefined) return { found: undefined, ...rest };
  tell(`judging: ${row.what}`);
  return new Ledger(checkout).verify(file, undefined, ...judging).then(
    (found) => ({ found, ...rest }),
    (error: unknown) => ({ found: undefined, ...rest, problem: problemOf(error, tell) }),
  );
}

/** Load, fault and recovery; throws where one of them cannot be had. */
async function attempt(checkout: Checkout, row: Row, seconds: number, tell: (text: string) => void): Promise<Provoked> {
  await waitHealthy(checkout.stack);
  const stack = await Running.find(checkout.settings);
  if (!stack) throw new UserError(`stack ${checkout.stack} does not run`);
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
    if (recovered !== undefined) tell(`spans are stored as they come after ${recovered} s`);
    await sleep(calm);
  });
  return { synchronous, file, recovered };
}
