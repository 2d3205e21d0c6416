/** What became of a row, against what it may cost: pure functions. */
import type { Documented, Row } from "./row";

/** What the ledger found, as far as it is judged here. Numbers are of spans. */
export interface Found {
  readonly sent: number;
  readonly acknowledged: number;
  readonly refused: number;
  readonly stored: number;
  readonly lost: number;
  readonly duplicated: number;
  /** Those of `duplicated` that the sender's own retries explain. */
  readonly resent: number;
  readonly unexpected: number;
}

/** A row that was carried out. */
export interface Outcome {
  readonly row: Row;
  /** How long the fault lasted once it was there, seconds. */
  readonly seconds: number;
  /** Whether Jaeger wrote synchronously. */
  readonly synchronous: boolean;
  /** Undefined where there is no verdict. */
  readonly found: Found | undefined;
  /** Seconds from the end of the fault until spans were stored as they came; undefined where that was not seen. */
  readonly recovered: number | undefined;
  /** Names of the alerts that fired. */
  readonly alerts: readonly string[];
  /** Why it could not be carried out to its end. */
  readonly problem?: string;
}

/** Copies that the stack has made. */
const twice = ({ duplicated, resent }: Found): number => duplicated - resent;

/** What may be lost, and what may be stored twice; undefined where nothing may. */
function bounds({ row, seconds, synchronous }: Outcome): { lost: number | undefined; twice: number | undefined } {
  const holds = (documented: Documented | undefined) => (documented?.asynchronous && synchronous ? undefined : documented?.spans);
  return { lost: holds(row.lost?.(seconds)), twice: holds(row.twice) };
}

/** What breaks the row's bounds, in words; nothing where it holds. */
export function broken(outcome: Outcome): string[] {
  const { row, found, recovered, alerts, problem } = outcome;
  const bound = bounds(outcome);
  if (problem !== undefined) return [problem];
  if (!found) return ["the ledger gave no verdict"];
  const beyond = (what: string, spans: number, bound: number) => (spans > bound ? [`${spans} spans ${what}, bound ${bound}`] : []);
  return [
    ...(found.acknowledged === 0 ? ["nothing was acknowledged, so nothing is proven"] : []),
    ...beyond("lost", found.lost, bound.lost ?? 0),
    ...beyond("stored twice", twice(found), bound.twice ?? 0),
    ...beyond("stored that nobody sent", found.unexpected, 0),
    ...(recovered === undefined && !row.untimed ? ["spans were not stored as they came again in time"] : []),
    ...(row.alert !== undefined && found.lost > 0 && !alerts.includes(row.alert) ? [`${row.alert} did not fire`] : []),
  ];
}

/** Heads of the columns of {@link line}. */
export const heads = ["FAULT", "SENT", "ACKNOWLEDGED", "REFUSED", "STORED", "LOST", "TWICE", "RECOVERS", "ALERT", ""] as const;

/** A row as cells of a table. */
export function line(outcome: Outcome): string[] {
  const { row, seconds, found, recovered, alerts } = outcome;
  const bound = bounds(outcome);
  const within = (count: number, bound: number | undefined) => `${count}${bound === undefined ? "" : ` (bound ${bound})`}`;
  const counts = found
    ? [
        ...[found.sent, found.acknowledged, found.refused, found.stored].map(String),
        within(found.lost, bound.lost),
        `${within(twice(found), bound.twice)}${found.resent > 0 ? `, and ${found.resent} by the sender` : ""}`,
      ]
    : Array.from({ length: 6 }, () => "-");
  return [
    `${row.what}${seconds > 0 ? `, ${seconds} s` : ""}`,
    ...counts,
    recovered === undefined ? "-" : `${recovered} s`,
    alerts.join(", ") || "-",
    broken(outcome).join("; ") || "ok",
  ];
}

/** Whether every row holds. */
export const allHold = (outcomes: readonly Outcome[]): boolean => outcomes.every((outcome) => broken(outcome).length === 0);
