/** Whether Jaeger's Dependencies page shows what services call now, by what the service graph's script reports. */
import type { Alert } from "./alert";
import { collectorDown, elasticsearchDown } from "./causes";
import { hasServiceGraph } from "../../jaeger/service-graph";
import { series } from "../metrics";
import type { StackSettings } from "../../stack/schema";

/** Seconds without an update. There is one every five minutes, and one that fails is tried again after half a minute. */
const old = 3600;

const updated = series("serviceGraphLastSuccess");

export const serviceGraphAlerts = (settings: StackSettings): readonly Alert[] =>
  hasServiceGraph(settings)
    ? [
        {
          name: "ServiceGraphOld",
          // Whichever Collector took the report; of times the latest is the highest.
          expr: `time() - max(last_over_time(${updated}[2h])) > ${old} or max(absent_over_time(${updated}[2h]))`,
          for: "15m",
          severity: "warning",
          follows: [elasticsearchDown, collectorDown],
          summary: "Jaeger's Dependencies page has not been updated for more than an hour",
          value: "{{ $value | humanizeDuration }} since it was up to date (1s: more than two hours, or never).",
          first: "`make logs SERVICE=service-graph`: what do Prometheus and Elasticsearch answer?",
        },
      ]
    : [];
