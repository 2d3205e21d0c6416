/** The alert that always fires, so that somebody outside can tell when none arrives any more. */
import type { Alert } from "./alert";
import { ownAlertmanager } from "../../alertmanager/delivery";
import type { StackSettings } from "../../stack/schema";

export const watchdogName = "Watchdog";

/** The watchdog of a stack with its own Alertmanager. The cluster's Prometheus has its own watchdog. */
export function watchdogAlerts(settings: StackSettings): readonly Alert[] {
  if (!ownAlertmanager(settings)) return [];
  return [
    {
      name: watchdogName,
      expr: "vector(1)",
      for: "0s",
      severity: "none",
      summary: "Prometheus and Alertmanager deliver alerts: this one always fires",
      value: "A dead man's switch reports when it no longer receives this alert.",
      first: "nothing, as long as it fires.",
    },
  ];
}
