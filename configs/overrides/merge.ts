/** A patch on a program's config. */
import { isGroup } from "../stack/units";

/** In a list of a patch: what the list has already. */
export const rest = "...";

/**
 * A config with a patch on it. Groups are merged; lists and values are replaced, where `...` in a list stands for what was there; null takes a
 * key out.
 */
export function merge(config: unknown, patch: unknown): unknown {
  if (Array.isArray(patch)) {
    const before = Array.isArray(config) ? (config as unknown[]) : [];
    return patch.flatMap((item: unknown) => (item === rest ? before : [item]));
  }
  if (!isGroup(patch)) return patch;
  const merged = new Map(Object.entries(isGroup(config) ? config : {}));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else merged.set(key, merge(merged.get(key), value));
  }
  return Object.fromEntries(merged);
}
