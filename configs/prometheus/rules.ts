/** Prometheus' recording and alerting rules. docs/decisions/0006-alerts.md says why each is as it is. */
import type { Alert } from "./alerts/alert";
import { series } from "./metrics";
import { accepted, enqueueFailed, exportSuccessRate, rate, sendFailed, sent, spansPerSecond, totalRates, watchedRecord } from "./promql";
import { canaryAlerts, canaryRecords } from "./alerts/canary";
import { certificateAlerts } from "./alerts/certificates";
import { collectorAlerts } from "./alerts/collector";
import { ingestAlerts, ingestRecords } from "./alerts/ingest";
import { elasticsearchAlerts, elasticsearchRecords } from "./alerts/elasticsearch";
import { jaegerAlerts, jaegerRecords } from "./alerts/jaeger";
import { loginAlerts, loginRecords } from "./alerts/login";
import { lossAlert, lossRecords } from "./alerts/loss";
import { objectiveAlerts, objectiveInterval, objectiveRecords } from "./alerts/objectives";
import { recentOutageAlerts } from "./alerts/recent-outage";
import { retentionAlerts } from "./alerts/retention";
import { serviceGraphAlerts } from "./alerts/service-graph";
import { setupAlerts } from "./alerts/setup";
import { snapshotAlerts } from "./alerts/snapshots";
import { watchdogAlerts } from "./alerts/watchdog";
import { scoped } from "./scope";
import { withStack } from "../make-command";
import type { StackSettings } from "../stack/schema";
import { toYaml } from "../yaml";

/** A recording rule as the rules file has it. */
interface Recorded {
  readonly record: string;
  readonly expr: string;
  readonly labels?: Record<string, string>;
}

/** Recording rules, in the order that they need. */
const records = (settings: StackSettings): readonly Recorded[] => [
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
  ...canaryRecords(settings),
  ...ingestRecords(settings),
  ...loginRecords(settings),
];

/** Alerts about what goes wrong now. */
const alertsAtOnce = (settings: StackSettings): readonly Alert[] => [
  ...collectorAlerts(settings),
  ...ingestAlerts(settings),
  ...loginAlerts(settings),
  ...jaegerAlerts(settings),
  lossAlert(settings),
  ...elasticsearchAlerts(settings),
  ...setupAlerts,
  ...certificateAlerts(settings),
  ...snapshotAlerts(settings),
  ...retentionAlerts(settings),
  ...serviceGraphAlerts(settings),
  ...watchdogAlerts(settings),
  ...canaryAlerts(settings),
];

/** All alerts, by the group that they are in. */
function alertsByGroup(settings: StackSettings): Readonly<Record<"atOnce" | "ofObjectives", readonly Alert[]>> {
  const [atOnce, ofObjectives] = [alertsAtOnce(settings), objectiveAlerts(settings)];
  return { atOnce: [...atOnce, ...recentOutageAlerts(settings, [...atOnce, ...ofObjectives])], ofObjectives };
}

/** All alerts of a stack. */
export const stackAlerts = (settings: StackSettings): readonly Alert[] => Object.values(alertsByGroup(settings)).flat();

/** The runbooks of all alerts, in this repository. `alerts.runbooks` says where people find it. */
export const runbooks = "docs/runbooks/alerts.md";

/** Text of `tracing_rules.yml`. */
export const rulesFile = (settings: StackSettings): string => toYaml({ groups: ruleGroups(settings) });

/**
 * The groups of rules: one, so that alerts see what was recorded in the same turn; and one for objectives, whose windows are too long to be looked at as
 * often.
 */
export function ruleGroups(settings: StackSettings): object[] {
  const base = settings.alerts.runbooks ?? runbooks;
  const rulesOf = (list: readonly Alert[]) =>
    list.map(({ name, expr, severity, service, labels, summary, value, first, for: hold }) => ({
      alert: name,
      expr,
      for: hold,
      labels: { severity, ...(service ? { service } : {}), ...labels },
      annotations: {
        summary,
        description: withStack(settings.stack, `${value} First: ${first}`),
        runbook_url: `${base}#${name.toLowerCase()}`,
      },
    }));
  const inScope = (recorded: readonly Recorded[], alerts: readonly Alert[]) =>
    [...recorded, ...rulesOf(alerts)].map((rule) => scoped(settings, rule));
  const { atOnce, ofObjectives } = alertsByGroup(settings);
  return [
    { name: "tracing", rules: inScope(records(settings), atOnce) },
    {
      name: "tracing-objectives",
      interval: objectiveInterval,
      rules: inScope(objectiveRecords(settings), ofObjectives),
    },
  ];
}
