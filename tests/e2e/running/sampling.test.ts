/**
 * Rung: real systems end to end. What a running stack keeps, against an oracle: at a low default, which the Collector decides on arrival, and
 * at 100 %, where it waits for the whole trace. The other cases are in tests/e2e/slow/.
 */
import { rmSync } from "node:fs";
import { Checkout, scratch } from "../lib/checkout";
import { SampledStack, storesWhatIsPredicted } from "../lib/sampled-stack";

jest.setTimeout(15 * 60_000);

const stack = new SampledStack(Checkout.copy());

afterAll(async () => {
  await stack.restore();
  rmSync(scratch, { recursive: true, force: true });
});

storesWhatIsPredicted(stack, 10, "span-ingest");
// A rule of 50 % below a default of 100 %.
storesWhatIsPredicted(stack, 100, "trace-complete");
