/** Whether a stack runs a Perses that shows its dashboards. */
import type { Settings } from "../stack/schema";

/** Settings that it depends on. */
export type PersesSettings = Pick<Settings, "dashboards" | "environment" | "platform">;

/** See `dashboards.perses`. */
export const hasPerses = ({ dashboards, environment, platform }: PersesSettings): boolean =>
  dashboards.perses ?? (platform === "docker" && environment === "development");
