/** How full the memory for undecided traces is. */
import { byInstance, collector } from "./promql";
import { instanceCapacity } from "./sampling";
import type { Settings } from "./settings";

/**
 * Share of the undecided traces that fit above which their memory counts as full; it blocks at all of it. The gauge is written once a second,
 * after that second's decisions have freed their part: at the default wait a full memory shows as little as nine tenths in the worst seconds.
 */
export const fullSampling = 0.8;

const metric = (name: string, more = "") => collector(`otelcol_processor_tail_sampling_${name}`, more);

/**
 * Undecided traces, as a share of those that fit, of each Collector that samples: the highest of two minutes, as a saturated Collector decides
 * in waves, and a look now and then may fall between them.
 *
 * With a cap two processors write the same gauge without a label, and whichever is the last of a second stands in it. So there it is worked
 * out: a trace is undecided for the decision wait, so many a second are decided. The cap's processor adds to the same counters; what it was
 * given is what its own policy has looked at.
 */
export function undecidedShare(settings: Settings): string {
  const { traces, decisionWait } = instanceCapacity(settings);
  if (settings.sampling.cap === undefined) return `max_over_time(${metric("sampling_traces_on_memory")}[2m]) / ${traces}`;
  const perSecond = (name: string, more = "") => byInstance(`rate(${metric(name, more)}[2m])`);
  const all = perSecond("global_count_traces_sampled_total");
  const byCap = perSecond("count_traces_sampled_total", ', policy="cap.errors"');
  return `(${all} - (${byCap} or ${all} * 0)) * ${decisionWait} / ${traces}`;
}
