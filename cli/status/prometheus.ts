/** Questions to a running stack's Prometheus. */
import type { Settings } from "../../configs/stack/schema";
import { publishedUrl } from "../../configs/topology/docker";

/** How long an answer may take, ms. */
const patience = 5000;

async function ask<T>(settings: Settings, path: string): Promise<T> {
  const answer = await fetch(`${publishedUrl(settings, "prometheus")}/api/v1/${path}`, { signal: AbortSignal.timeout(patience) });
  return ((await answer.json()) as { data: T }).data;
}

/** The value of an expression, the first where there are several series; undefined where there is none. */
export async function query(settings: Settings, expression: string): Promise<number | undefined> {
  const parameters = new URLSearchParams({ query: expression }).toString();
  const data = await ask<{ result: { value: [number, string] }[] } | undefined>(settings, `query?${parameters}`);
  const value = data?.result[0]?.value[1];
  return value === undefined ? undefined : Number(value);
}

/** What is known of an alert: one whose `for` is not over yet is pending. */
export type AlertState = "firing" | "pending";

/** Names of the alerts in some states. */
export async function alertsIn(settings: Settings, ...states: AlertState[]): Promise<ReadonlySet<string>> {
  const { alerts } = await ask<{ alerts: { state: AlertState; labels: { alertname: string } }[] }>(settings, "alerts");
  return new Set(alerts.filter(({ state }) => states.includes(state)).map(({ labels }) => labels.alertname));
}
