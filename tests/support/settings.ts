import { parseSettings, SettingsError } from "../../configs/stack/parse";
import type { Settings } from "../../configs/stack/schema";

/** The least that stack config must hold. */
export const minimal = { "tracing:platform": "docker", "tracing:environment": "development" };

/** Settings from the minimum and some groups, given as plain values. */
export function settingsWith(groups: Readonly<Record<string, unknown>> = {}): Settings {
  return parseSettings("dev", rawConfig(groups));
}

/** The problems that stack config has; none where it has none. */
export function problemsOf(groups: Readonly<Record<string, unknown>>, base: Readonly<Record<string, string>> = minimal): readonly string[] {
  try {
    parseSettings("dev", { ...base, ...rawConfig(groups, {}) });
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
}

/** Stack config as Pulumi hands it out: text as it is, everything else as JSON. */
function rawConfig(groups: Readonly<Record<string, unknown>>, base: Readonly<Record<string, string>> = minimal): Record<string, string> {
  const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
  return { ...base, ...Object.fromEntries(Object.entries(groups).map(([name, value]) => [`tracing:${name}`, text(value)])) };
}
