/** Questions to a running stack's Prometheus. */
import { ruleGroups } from "../../configs/prometheus/rules";
import { scopedQuery } from "../../configs/prometheus/scope";
import type { Settings } from "../../configs/stack/schema";
import { patience, type Reachable } from "../running/running-stack";
import { UserError } from "../terminal/output";
import { loginHeader } from "./elasticsearch";

/** An address without the login in it, which fetch does not take from there. */
function withoutLogin(address: string): { url: string; headers: Record<string, string> } {
  const url = new URL(address);
  const [user, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
  [url.username, url.password] = ["", ""];
  return { url: url.href, headers: user || password ? loginHeader(user, password) : {} };
}

async function ask<T>(stack: Reachable, path: string): Promise<T> {
  const { url, headers } = withoutLogin(`${await stack.reach("prometheus")}/api/v1/${path}`);
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(patience) });
  if (!answer.ok && !(answer.headers.get("content-type") ?? "").includes("json"))
    throw new UserError(`Prometheus answers with status ${answer.status}`);
  const { data, error } = (await answer.json()) as { data?: T; error?: string };
  if (data === undefined) throw new UserError(`Prometheus answers with status ${answer.status}: ${error ?? "no data"}`);
  return data;
}

/** Series of an expression. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The series of an expression, with their values of now. */
export async function samples(stack: Reachable, expression: string): Promise<Sample[]> {
  const parameters = new URLSearchParams({ query: scopedQuery(stack.settings, expression) }).toString();
  const data = await ask<{ result: { metric: Record<string, string>; value: [number, string] }[] }>(stack, `query?${parameters}`);
  return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
}

/** The value of an expression, the first where there are several series; undefined where there is none. */
export async function query(stack: Reachable, expression: string): Promise<number | undefined> {
  return (await samples(stack, expression))[0]?.value;
}

/** An alert: pending until its `for` is over. */
export type AlertState = "firing" | "pending";

/** An alert as Prometheus has it. */
export interface AlertNow {
  readonly state: AlertState;
  readonly labels: Readonly<Record<string, string>> & { readonly alertname: string };
  readonly annotations: Readonly<Record<string, string>>;
  /** Since when its expression has held, as ISO 8601. */
  readonly activeAt: string;
}

/** The stack's alerts, those of others left out: the cluster's Prometheus has everybody's. */
export async function alertsNow(stack: Reachable): Promise<AlertNow[]> {
  const { alerts } = await ask<{ alerts: AlertNow[] }>(stack, "alerts");
  return ownAlerts(stack.settings, alerts);
}

/** Those of some alerts that are the stack's, by name, and by namespace where they have one, and that want somebody: the watchdog always fires. */
export function ownAlerts(settings: Settings, all: readonly AlertNow[]): AlertNow[] {
  const alerts = all.filter(({ labels }) => labels.severity !== "none");
  if (settings.prometheus.mode === "own") return alerts;
  const groups = ruleGroups(settings) as { rules: { alert?: string }[] }[];
  const names = new Set(groups.flatMap(({ rules }) => rules.flatMap(({ alert }) => alert ?? [])));
  const { namespace } = settings.kubernetes;
  return alerts.filter(({ labels }) => names.has(labels.alertname) && (labels.namespace ?? namespace) === namespace);
}

/** Names of the alerts in some states. */
export async function alertsIn(stack: Reachable, ...states: AlertState[]): Promise<ReadonlySet<string>> {
  const alerts = await alertsNow(stack);
  return new Set(alerts.filter(({ state }) => states.includes(state)).map(({ labels }) => labels.alertname));
}
