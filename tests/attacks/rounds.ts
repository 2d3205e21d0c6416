/** Periods of calm and of noise, in turns, and how a neighbour fared in them: pure functions. */
import { median } from "../../cli/bench/median";
import { quantile, type Export } from "./outcome";
import type { Seen } from "./wire";

/** A round: a calm period and a noisy one. Times are ms since 1970; `busy` is the share of the machine's processors in use. */
export interface Round {
  readonly calm: Period;
  readonly noisy: Period & { readonly seen: Seen };
}

export interface Period {
  readonly began: number;
  readonly ended: number;
  readonly busy: number;
}

/** How a round went: the neighbour's exports and P95s, ms. */
export interface Fared {
  readonly exports: number;
  readonly retried: number;
  readonly calm: number;
  readonly noisy: number;
  readonly ratio: number;
}

/** The most that the neighbour's P95 may be of that in calm: the median of the rounds' ratios. */
export const worst = 1.5;

export function fared({ calm, noisy }: Round, exports: readonly Export[]): Fared {
  const within = ({ began, ended }: Period) => exports.filter(({ at }) => at >= began && at < ended);
  const p95 = (period: Period) =>
    quantile(
      within(period).map(({ took }) => took),
      0.95,
    );
  return {
    exports: within(noisy).length,
    retried: within(noisy).filter(({ attempts, outcome }) => attempts > 1 || outcome !== "acknowledged").length,
    calm: p95(calm),
    noisy: p95(noisy),
    ratio: p95(noisy) / p95(calm),
  };
}

/** The median of the rounds' ratios. */
export const medianRatio = (all: readonly Fared[]): number => median(all.map(({ ratio }) => ratio));

const percent = (share: number) => `${Math.round(share * 100)} %`;

/** A table of Markdown. */
export function roundsReport(rounds: readonly Round[], sent: readonly Export[]): string {
  const all = rounds.map((round) => fared(round, sent));
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const answers = (seen: Seen) =>
    Object.entries(seen)
      .map(([outcome, times]) => `${times} × ${outcome}`)
      .join(", ");
  return [
    row([
      "round",
      "the noisy sender's answers",
      "neighbour's exports, retried",
      "P95 in calm",
      "P95 in noise",
      "ratio",
      "CPU in calm, in noise",
    ]),
    row(Array.from({ length: 7 }, () => "---")),
    ...rounds.map((round, i) => {
      const { exports: count, retried, calm, noisy, ratio } = all[i] as Fared;
      const ms = (value: number) => `${value.toFixed(1)} ms`;
      const busy = `${percent(round.calm.busy)}, ${percent(round.noisy.busy)}`;
      return row([String(i + 1), answers(round.noisy.seen), `${count}, ${retried}`, ms(calm), ms(noisy), ratio.toFixed(2), busy]);
    }),
    row([
      "median",
      "",
      "",
      ...[median(all.map(({ calm }) => calm)), median(all.map(({ noisy }) => noisy))].map((value) => `${value.toFixed(1)} ms`),
      medianRatio(all).toFixed(2),
      "",
    ]),
  ].join("\n");
}
