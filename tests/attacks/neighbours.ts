/**
 * `make bench-neighbours`: one sender at twenty times its limits, in requests and in bytes, and what its neighbour notices: periods of calm and of noise
 * in turns, as a table of Markdown. Exit code 1 where the neighbour loses a span or an export, or its P95 in noise is more than 1.5 times that in calm, by
 * the median of the rounds. The stack is one of its own and is removed however this ends. It runs on Linux, on the machine of the engine.
 */
import { cpus } from "node:os";
import { ports } from "../../configs/topology/ports";
import { Neighbour } from "./neighbour";
import { noise } from "./noisy";
import { onOwnStack, withinTests } from "./own-stack";
import { fared, medianRatio, roundsReport, worst, type Period, type Round } from "./rounds";
import { attackerLimits, type AttackedStack } from "./stack";
import { sleep } from "../../cli/machine/run";
import { program, runCommand, wholeNumber } from "../../cli/terminal/command";
import { note, step } from "../../cli/terminal/output";

/** How far above its limits the noisy sender is. */
const times = 20;

const bench = program("tests/attacks/neighbours.ts", "A sender at twenty times its limits, and what its neighbour notices")
  .option("--rounds <times>", "periods of calm and of noise, in turns", wholeNumber, 8)
  .option("--seconds <seconds>", "length of each period", wholeNumber, 12)
  .addOption(withinTests);

interface Flags {
  readonly rounds: number;
  readonly seconds: number;
  readonly withinTests?: boolean;
}

/** Processor time of this machine since it started, ms: in use, and in all. */
function processors(): { used: number; all: number } {
  const sums = cpus().map(({ times }) => ({ idle: times.idle, all: Object.values(times).reduce((sum, part) => sum + part, 0) }));
  const all = sums.reduce((sum, one) => sum + one.all, 0);
  return { used: all - sums.reduce((sum, one) => sum + one.idle, 0), all };
}

/** Does something, and says when, and how busy the machine was meanwhile. */
async function period<T>(work: () => Promise<T>): Promise<[Period, T]> {
  const [began, before] = [Date.now(), processors()];
  const result = await work();
  const after = processors();
  return [{ began, ended: Date.now(), busy: (after.used - before.used) / (after.all - before.all) }, result];
}

/** Carries the rounds out; whether the neighbour was left in peace. */
async function benchNeighbours(stack: AttackedStack, rounds: number, seconds: number): Promise<boolean> {
  const { requestsPerSecond, mebibytesPerSecond } = attackerLimits;
  const bytes = (mebibytesPerSecond * 1024 * 1024) / requestsPerSecond;
  const all: Round[] = [];
  const neighbour = await Neighbour.start(stack, "neighbours");
  await sleep(5000);
  for (let i = 1; i <= rounds; i++) {
    const [calm] = await period(() => sleep(seconds * 1000));
    const address = stack.at("ingest", ports.collector.otlpHttp);
    const [noisy, seen] = await period(() => noise(address, stack.token, times * requestsPerSecond, bytes, seconds));
    all.push({ calm, noisy: { ...noisy, seen } });
    note(`round ${i} of ${rounds}: ${JSON.stringify(seen)}, CPU ${(noisy.busy * 100).toFixed(0)} %`);
    // What waits is stored before the next calm begins.
    await sleep(3000);
  }
  const exports = await neighbour.end();
  const found = await neighbour.judge();
  console.log(`\n${roundsReport(all, exports)}\n`);
  const failed = exports.filter(({ outcome }) => outcome !== "acknowledged").length;
  note(
    `the neighbour: ${found?.acknowledged ?? 0} spans acknowledged, ${found?.lost ?? "?"} lost, ${failed} of ${exports.length} exports failed`,
  );
  const ratio = medianRatio(all.map((round) => fared(round, exports)));
  return found?.lost === 0 && found.acknowledged > 0 && failed === 0 && ratio <= worst;
}

bench.action(async ({ rounds, seconds, withinTests: within = false }: Flags) => {
  step(`A sender at ${times} times its limits, and its neighbour: ${rounds} rounds`);
  await onOwnStack(within, (stack) => benchNeighbours(stack, rounds, seconds));
});
runCommand(bench);
