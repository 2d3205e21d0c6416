/** A row of chaos: one fault under load, and what it may cost. */
import type { Running } from "../../cli/status/running";

/** Spans a second of the load. */
export const rate = 500;

/** A number of spans that may be lost or stored twice, and why. */
export interface Documented {
  readonly spans: number;
  readonly why: string;
  /** Only a Jaeger that does not write synchronously costs it. */
  readonly asynchronous?: true;
}

/** The stacks that rows run on: as it is by default, or with size-limited disks and an Elasticsearch whose clock can be set. */
export type StackKind = "plain" | "confined";

/** A fault. */
export interface Row {
  /** Its name on the command line. */
  readonly id: string;
  /** What is done, in a few words. */
  readonly what: string;
  readonly stack: StackKind;
  /** How long it lasts once it is there. */
  readonly seconds: number;
  /** The same on the stack that end-to-end tests share; rows without it take too long, or leave it broken. */
  readonly quickly?: number;
  /** Flags of the ledger's load beyond those of all rows. */
  readonly load?: readonly string[];
  /** Brings the fault about. */
  readonly begin: (stack: Running) => Promise<unknown>;
  /** Takes it away. */
  readonly end: (stack: Running) => Promise<unknown>;
  /** What may be lost in so many seconds; nothing where it is left out. */
  readonly lost?: (seconds: number) => Documented;
  /** What may be stored twice, beyond what the sender's own retries explain. */
  readonly twice?: Documented;
  /** The alert that has to fire where anything is lost: the stack can know of it. */
  readonly alert?: string;
  /** The spans' times do not tell when they were sent, so no time to recover can be read from them. */
  readonly untimed?: true;
}
