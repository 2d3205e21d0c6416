/** Whether what Jaeger needs in Elasticsearch is there, by what the setup reports. */
import type { Alert } from "./alert";
import { collectorDown, elasticsearchDown } from "./causes";
import { series } from "../metrics";
import { latestOf } from "../promql";

/** Seconds without a look that found everything in place, after which somebody should look. It looks each minute. */
const lost = 900;

/** Seconds for which the alert about a repair stays. */
const shown = 900;

export const setupAlerts: readonly Alert[] = [
  {
    name: "ElasticsearchSetupFailing",
    expr: `time() - ${latestOf("setupInPlace")} > ${lost} or max(absent_over_time(${series("setupInPlace")}[1h]))`,
    for: "15m",
    severity: "warning",
    summary: "Elasticsearch's templates, roles and users have not been confirmed for too long",
    value: "{{ $value | humanizeDuration }} since they were confirmed (1s: more than an hour, or never).",
    first: "`make logs SERVICE=elasticsearch-setup`: what does Elasticsearch answer?",
    follows: [elasticsearchDown, collectorDown],
  },
  {
    name: "ElasticsearchSetupRepaired",
    expr: `time() - ${latestOf("setupRepaired")} < ${shown}`,
    for: "0m",
    severity: "warning",
    summary: "A template, role or user of Elasticsearch was missing or changed, and was repaired",
    value: "That was {{ $value | humanizeDuration }} ago.",
    first: "did Elasticsearch lose its data, or did somebody change it by hand? `make logs SERVICE=elasticsearch-setup`.",
  },
];
