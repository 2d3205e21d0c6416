/** Prometheus' recording and alerting rules. docs/decisions/0006-alerts.md says why each is as it is. */
import type { Alert } from "./alerts/alert";
import { series } from "./metrics";
import { accepted, enqueueFailed, rate, sendFailed, sent, totalRates, watchedRecord } from "./promql";
import { collectorAlerts } from "./alerts/collector";
import { elasticsearchAlerts, elasticsearchRecords } from "./alerts/elasticsearch";
import { jaegerAlerts, jaegerRecords } from "./alerts/jaeger";
import { lossAlert, lossRecords } from "./alerts/loss";
import { retentionAlerts } from "./alerts/retention";
import { serviceGraphAlerts } from "./alerts/service-graph";
import { setupAlerts } from "./alerts/setup";
import { snapshotAlerts } from "./alerts/snapshots";
import { watchdogAlerts } from "./alerts/watchdog";
import { scoped } from "./scope";
import type { StackSettings } from "../stack/schema";
import { toYaml } from "../yaml";

/** Recording rules, in the order that they need. */
const records = (settings: StackSettings): readonly { record: string; expr: string; labels?: Record<string, string> }[] => [
  { record: "tracing:spans_per_second", expr: `sum(${rate(accepted, "1m")}) or sum(${series("up", {}, ["otel-collector"])}) * 0` },
  {
    // Where nothing is exported, nothing fails.
    record: "tracing:export_success_rate",
    expr: `${totalRates(sent)} / (${totalRates(sent, sendFailed, enqueueFailed)} > 0) or vector(1)`,
  },
  ...elasticsearchRecords,
  watchedRecord,
  ...jaegerRecords(settings),
  ...lossRecords(settings),
];

/** All alerts of a stack. */
export const stackAlerts = (settings: StackSettings): readonly Alert[] => [
  ...collectorAlerts(settings),
  ...jaegerAlerts(settings),
  lossAlert(settings),
  ...elasticsearchAlerts(settings),
  ...setupAlerts,
  ...snapshotAlerts(settings),
  ...retentionAlerts(settings),
  ...serviceGraphAlerts(settings),
  ...watchdogAlerts(settings),
];

/** The runbooks of all alerts, in this repository. `alerts.runbooks` says where people find it. */
export const runbooks = "docs/runbooks/alerts.md";

/** Text of `tracing_rules.yml`. */
export const rulesFile = (settings: StackSettings): string => toYaml({ groups: ruleGroups(settings) });

/** The groups of rules: one, so that alerts see what was recorded in the same turn. */
export function ruleGroups(settings: StackSettings): object[] {
  const base = settings.alerts.runbooks ?? runbooks;
  const rules = stackAlerts(settings).map(({ name, expr, severity, service, summary, value, first, for: hold }) => ({
    alert: name,
    expr,
    for: hold,
    labels: { severity, ...(service ? { service } : {}) },
    annotations: { summary, description: `${value} First: ${first}`, runbook_url: `${base}#${name.toLowerCase()}` },
  }));
  return [{ name: "tracing", rules: [...records(settings), ...rules].map((rule) => scoped(settings, rule)) }];
}
