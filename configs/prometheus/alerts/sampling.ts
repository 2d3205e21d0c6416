/** How full the memory for undecided traces is. */
import { series } from "../metrics";
import { byInstance, cappedTraces, decidedTraces, maxOver, rate } from "../promql";
import { instanceCapacity } from "../../sampling";
import type { StackSettings } from "../../stack/schema";

/**
 * Share of the undecided traces that fit above which their memory counts as full; it blocks at all of it. The gauge is written once a second,
 * after that second's decisions have freed their part: at the default wait a full memory shows as little as nine tenths in the worst seconds.
 */
export const fullSampling = 0.8;

/**
 * Undecided traces, as a share of those that fit, of each Collector that samples: the highest of two minutes, as a saturated Collector decides
 * in waves, and a look now and then may fall between them.
 *
 * With a cap the gauge may be that of the cap's processor. So there it is worked out: a trace is undecided for the decision wait, so many a
 * second are decided by rate.
 */
export function undecidedShare(settings: StackSettings): string {
  const { traces, decisionWait } = instanceCapacity(settings);
  if (settings.sampling.cap === undefined) return `${maxOver(series("undecidedTraces"), "2m")} / ${traces}`;
  const perSecond = (counter: string) => byInstance(rate(counter, "2m"));
  const [all, capped] = [perSecond(decidedTraces()), perSecond(cappedTraces)];
  return `(${all} - (${capped} or ${all} * 0)) * ${decisionWait} / ${traces}`;
}
