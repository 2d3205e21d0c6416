/** A list with conditional elements: without those that are false or undefined, as in `compact([always, wanted && sometimes])`. */
export const compact = <T>(items: readonly (T | false | undefined)[]): T[] =>
  items.filter((item): item is T => item !== false && item !== undefined);
