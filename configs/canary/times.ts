/** How long a canary's trace may take until it can be found. */
import { queueFlush } from "../collector/config";
import { capWait } from "../collector/tail-sampling";
import { refreshInterval } from "../elasticsearch/templates";
import { bulkFlush } from "../jaeger/config";
import { decisionWaitOf, samplingStrategy } from "../sampling";
import type { Settings } from "../stack/schema";

/** Seconds between two looks of a sampling processor at what it has to decide. */
const decisionTick = 1;

/** Seconds beside the waits that settings make: transport, writing, and a look at Jaeger. The objective on freshness grants no more. */
const work = 1;

/** Seconds after which a trace that is late counts as missing: a restart of Jaeger, or a pause of Elasticsearch's, is no loss. */
const margin = 10;

/** Times of a trace from the moment that it is sent, in seconds. */
export interface CanaryTimes {
  /** Until it is decided on: 0 where the decision falls on arrival. */
  readonly decided: number;
  /** Until it should be searchable. */
  readonly searchable: number;
  /** Until it counts as missing. */
  readonly deadline: number;
}

/** The times that follow from how traces are sampled, and from how often Elasticsearch refreshes an index. */
export function canaryTimes({ sampling }: Pick<Settings, "sampling">): CanaryTimes {
  const byRate = samplingStrategy(sampling) === "span-ingest" ? 0 : decisionWaitOf(sampling) + decisionTick;
  const decided = byRate + (sampling.cap === undefined ? 0 : capWait + decisionTick);
  const searchable = decided + refreshInterval + work;
  return { decided, searchable, deadline: searchable + Math.ceil((queueFlush + bulkFlush) / 1000) + margin };
}

/** Whether a stack has a canary. A Jaeger that asks for a login itself would not answer it. */
export const hasCanary = ({ canary, jaeger }: Pick<Settings, "canary" | "jaeger">): boolean =>
  canary.enabled ?? jaeger.ingress?.usersSecret === undefined;
