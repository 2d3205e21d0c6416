/**
 * Alerts can go on after an outage, while queues drain and windows still contain it. For that time, an alert without a receiver stands for
 * the outage, so that Alertmanager keeps muting them.
 */
import type { Alert, Cause, Memory } from "./alert";
import { ownAlertmanager } from "../../alertmanager/delivery";
import { is, like } from "../metrics";
import type { StackSettings } from "../../stack/schema";

export const recentOutageName = "RecentOutage";

/** Times for which outages are remembered, the shortest first. */
export const memories = ["5m", "1h", "6h"] as const satisfies readonly Memory[];

/** For how long an outage that is over explains an alert that follows from it: five minutes, in which queues empty, unless the alert says otherwise. */
export const memoryOf = ({ remembers = "5m" }: Pick<Alert, "remembers">): Memory => remembers;

/** One for each time that one of the alerts needs: it fires from when an outage's critical alert fires until so long after. Its label `outage` is the name of that alert. */
export function recentOutageAlerts(settings: StackSettings, alerts: readonly Alert[]): readonly Alert[] {
  if (!ownAlertmanager(settings)) return [];
  const followers = alerts.filter(({ follows = [] }) => follows.length > 0);
  const causes = new Set(followers.flatMap(({ follows = [] }) => follows.map(({ name }: Cause) => name)));
  const outages = `ALERTS{alertstate${is("firing")}, severity${is("critical")}, alertname${like([...causes].sort().join("|"))}}`;
  return memories
    .filter((within) => followers.some((alert) => memoryOf(alert) === within))
    .map((within) => ({
      name: recentOutageName,
      expr: `label_replace(count by (alertname, service) (count_over_time(${outages}[${within}])), "outage", "$1", "alertname", "(.*)")`,
      for: "0s",
      severity: "none",
      labels: { within },
      summary: "An outage is in progress or ended recently: the alerts that it leaves behind are muted",
      value: `{{ $labels.outage }} fired within ${within}.`,
      first: "nothing.",
    }));
}
