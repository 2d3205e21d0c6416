/** How many traces sampling kept. */
import { cappedTraces, decidedTraces, total } from "./promql";
import type { StackSettings } from "../stack/schema";

/** Expressions for the traces that were decided on by rate and those that were kept in the end: of all time, or what a window such as `[5m]` has brought. */
export function decisions({ sampling }: Pick<StackSettings, "sampling">, window = ""): { kept: string; all: string } {
  const count = (counter: string) => total(window ? `increase(${counter}${window})` : counter);
  const [yes, no] = [count(decidedTraces(true)), count(decidedTraces(false))];
  if (sampling.cap === undefined) return { kept: yes, all: `(${yes} + ${no})` };
  const kept = `(${yes} - ${count(cappedTraces)})`;
  return { kept, all: `(${no} + ${kept})` };
}

/** The share of the traces decided in a window, or of all time, that were kept, in percent; nothing where none was decided. */
export function keptShare(settings: Pick<StackSettings, "sampling">, window?: string): string {
  const { kept, all } = decisions(settings, window);
  return `100 * ${kept} / (${all} > 0)`;
}
