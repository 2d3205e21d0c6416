/** A row of attacks: what is done to which port, and what may come of it. */
import type { ServiceName } from "../../configs/topology/topology";
import type { Address, Seen } from "./wire";

/** What an attack needs to know of the stack. */
export interface Victim {
  /** Where a service listens, as its neighbours on the stack's networks reach it. */
  readonly at: (service: ServiceName, port: number) => Address;
  /** The token of the sender that attacks. */
  readonly token: string;
}

/** An attack. */
export interface Row {
  /** Its name on the command line. */
  readonly id: string;
  /** What is done, in a few words. */
  readonly what: string;
  /** The services whose memory is watched. */
  readonly targets: readonly ServiceName[];
  readonly attack: (victim: Victim) => Promise<Seen>;
  /** Outcomes that are allowed. Any other breaks the row; and so does an attack of which nothing came. */
  readonly answers: RegExp;
  /** A service that the attack brings down, and why that is not prevented. Spans of the neighbour that it loses are within `lost`. */
  readonly known?: { readonly restarts: ServiceName; readonly why: string; readonly lost: number };
}
