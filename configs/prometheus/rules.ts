/** Prometheus' recording and alerting rules. docs/decisions/0006-alerts.md says why each is as it is. */
import type { Alert } from "./alerts/alert";
import { series } from "./metrics";
import { accepted, enqueueFailed, exportSuccessRate, rate, sendFailed, sent, spansPerSecond, totalRates, watchedRecord } from "./promql";
import { collectorAlerts } from "./alerts/collector";
import { elasticsearchAlerts, elasticsearchRecords } from "./alerts/elasticsearch";
import { jaegerAlerts, jaegerRecords } from "./alerts/jaeger";
import { lossAlert, lossRecords } from "./alerts/loss";
import { retentionAlerts } from "./alerts/retention";
import { setupAlerts } from "./alerts/setup";
import { snapshotAlerts } from "./alerts/snapshots";
import type { StackSettings } from "../stack/schema";
import { toYaml } from "../yaml";

/** Recording rules, in the order that they need. */
const records = (settings: StackSettings): readonly { record: string; expr: string; labels?: Record<string, string> }[] => [
  { record: spansPerSecond, expr: `sum(${rate(accepted, "1m")}) or sum(${series("up", {}, ["otel-collector"])}) * 0` },
  {
    // Where nothing is exported, nothing fails.
    record: exportSuccessRate,
    expr: `${totalRates(sent)} / (${totalRates(sent, sendFailed, enqueueFailed)} > 0) or vector(1)`,
  },
  ...elasticsearchRecords,
  watchedRecord,
  ...jaegerRecords(settings),
  ...lossRecords(settings),
];

const alerts = (settings: StackSettings): readonly Alert[] => [
  ...collectorAlerts(settings),
  ...jaegerAlerts(settings),
  lossAlert,
  ...elasticsearchAlerts(settings),
  ...setupAlerts,
  ...snapshotAlerts(settings),
  ...retentionAlerts(settings),
];

/** Text of `tracing_rules.yml`. */
export const rulesFile = (settings: StackSettings): string => toYaml({ groups: ruleGroups(settings) });

/** The groups of rules: one, so that alerts see what was recorded in the same turn. */
export function ruleGroups(settings: StackSettings): object[] {
  const rules = alerts(settings).map(({ name, expr, severity, service, summary, value, first, for: hold }) => ({
    alert: name,
    expr,
    for: hold,
    labels: { severity, ...(service ? { service } : {}) },
    annotations: { summary, description: `${value} First: ${first}`, runbook: `docs/runbooks/alerts.md#${name.toLowerCase()}` },
  }));
  return [{ name: "tracing", rules: [...records(settings), ...rules] }];
}
