/** What became of an attack: pure functions. */
import type { ServiceName } from "../../configs/topology/topology";
import type { Row } from "./row";
import type { Seen } from "./wire";

/** An export of the neighbour. */
export interface Export {
  /** When its first attempt began, ms since 1970, and how long it took until it was answered for good, ms. */
  readonly at: number;
  readonly took: number;
  readonly attempts: number;
  readonly outcome: string;
}

/** What is stored of the neighbour's spans. */
export interface Found {
  readonly acknowledged: number;
  readonly lost: number;
}

/** An attack that was carried out. */
export interface Outcome {
  readonly row: Row;
  readonly seen: Seen;
  /** When it began and ended, ms since 1970. */
  readonly during: readonly [number, number];
  /** The most memory of its targets meanwhile, bytes, and their limit. */
  readonly memory: readonly { readonly service: ServiceName; readonly peak: number; readonly limit: number }[];
  /** Services that were restarted, or are not healthy in time. */
  readonly restarted: readonly ServiceName[];
  readonly unhealthy: string;
  /** The neighbour's exports, before, during and after. */
  readonly exports: readonly Export[];
  readonly found: Found | undefined;
  readonly problem?: string;
}

/** The lines that `ledger exports` prints. */
export function exportsIn(text: string): Export[] {
  const lines = text.trim().split("\n").filter(Boolean);
  return lines.map((line) => {
    const [at, took, attempts, outcome = ""] = line.split("\t");
    return { at: Number(at), took: Number(took), attempts: Number(attempts), outcome };
  });
}

/** A quantile, 0 to 1: of none, not a number. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** Time after an attack in which the neighbour may still feel it, ms. */
const aftermath = 1000;

/** The neighbour's exports during the attack, and those that are far from it. */
export function apart({ exports, during: [began, ended] }: Outcome): { during: Export[]; calm: Export[] } {
  const during = exports.filter(({ at }) => at >= began && at <= ended);
  const calm = exports.filter(({ at, took }) => at + took < began || at > ended + aftermath);
  return { during, calm };
}

/** Exports that were not acknowledged, or not at once. */
export const failed = (exports: readonly Export[]): Export[] =>
  exports.filter(({ attempts, outcome }) => outcome !== "acknowledged" || attempts > 1);

/** What breaks the row, in words; nothing where it holds. */
export function broken({ row, seen, restarted, unhealthy, found, problem, ...rest }: Outcome): string[] {
  if (problem !== undefined) return [problem];
  const wrong = Object.entries(seen).filter(([outcome]) => !row.answers.test(outcome));
  const exports = apart({ row, seen, restarted, unhealthy, found, ...rest }).during;
  const unknown = restarted.filter((service) => service !== row.known?.restarts);
  return [
    ...(Object.keys(seen).length === 0 ? ["nothing came of it"] : []),
    ...wrong.map(([outcome, times]) => `${times} × ${outcome}`),
    ...unknown.map((service) => `${service} was restarted`),
    ...(unhealthy === "" ? [] : [`afterwards: ${unhealthy}`]),
    ...(found === undefined ? ["the ledger gave no verdict"] : []),
    ...(found && found.acknowledged === 0 ? ["the neighbour sent nothing"] : []),
    ...(found && found.lost > (row.known?.lost ?? 0) ? [`the neighbour lost ${found.lost} spans`] : []),
    ...(row.known === undefined && exports.some(({ outcome }) => outcome !== "acknowledged") ? ["an export of the neighbour failed"] : []),
  ];
}

/** Heads of the columns of {@link line}. */
export const heads = ["ATTACK", "CAME OF IT", "MEMORY, AT MOST", "NEIGHBOUR: RETRIED, LOST", "P95 AGAINST CALM", ""] as const;

const mebibytes = (bytes: number) => Math.round(bytes / 1024 ** 2);

/** A row as cells of a table; `calm` is the neighbour's P95 in all calm periods, ms. */
export function line(outcome: Outcome, calm: number): string[] {
  const { row, seen, memory, found } = outcome;
  const { during } = apart(outcome);
  const p95 = quantile(
    during.map(({ took }) => took),
    0.95,
  );
  return [
    row.what,
    Object.entries(seen)
      .sort(([, a], [, b]) => b - a)
      .map(([what, times]) => `${times} × ${what}`)
      .join(", ") || "-",
    memory.map(({ service, peak, limit }) => `${service} ${mebibytes(peak)} of ${mebibytes(limit)} MiB`).join(", "),
    `${failed(during).length} of ${during.length} exports, ${found?.lost ?? "?"} of ${found?.acknowledged ?? "?"} spans`,
    Number.isNaN(p95) ? "-" : `${p95.toFixed(1)} ms, × ${(p95 / calm).toFixed(1)}`,
    broken(outcome).join("; ") || (row.known ? `known: ${row.known.why}` : "ok"),
  ];
}
