/** The proxy in front of the Collector: that it answers, and whom it refuses. */
import { down, type Alert } from "./alert";
import { collectorDown } from "./causes";
import { unlike, series } from "../metrics";
import { rate, sumBy } from "../promql";
import { hasIngest, ingestMode } from "../../ingest/senders";
import type { StackSettings } from "../../stack/schema";

/** Recorded: requests and bytes per second of five minutes, by sender and by what became of them (`verdict`). */
export const ingestRequests = "tracing:ingest_requests_per_second";
export const ingestBytes = "tracing:ingest_bytes_per_second";

/** The backend's name in two labels: `limited:shop` is the verdict `limited` on the sender `shop`; `unknown` has no sender. */
const bySender = (counter: string) => {
  const verdict = `label_replace(${sumBy("proxy", rate(counter, "5m"))}, "verdict", "$1", "proxy", "([a-z]+)(:.*)?")`;
  return sumBy("sender, verdict", `label_replace(${verdict}, "sender", "$1", "proxy", ".*:(.*)")`);
};

/** Not where no request comes to: the table of rates. */
const requests = { proxy: unlike("limits") };

export const ingestRecords = (settings: StackSettings) =>
  hasIngest(settings)
    ? [
        { record: ingestRequests, expr: bySender(series("ingestRequests", requests)) },
        { record: ingestBytes, expr: bySender(series("ingestBytes", requests)) },
      ]
    : [];

/** Requests that are refused, or would be. */
export const notAccepted = `${ingestRequests}{verdict!="accepted"}`;

export function ingestAlerts(settings: StackSettings): readonly Alert[] {
  if (!hasIngest(settings)) return [];
  const service = settings.platform === "docker" ? "ingest" : "otel-collector";
  const replicas = settings.collector.replicas;
  const proxyDown = down(
    { job: "ingest", service: "ingest", replicas },
    {
      name: "IngestDown",
      none: "The proxy in front of the Collector does not answer: applications cannot send",
      some: "A proxy in front of a Collector does not answer; the others accept the spans",
      first: `\`make status\`, then \`make logs SERVICE=${service}\`.`,
      follows: [collectorDown],
    },
  );
  if (ingestMode(settings) !== "require") return proxyDown;
  return [
    ...proxyDown,
    {
      name: "IngestRefused",
      expr: `${notAccepted} > 0`,
      for: "5m",
      severity: "warning",
      summary: "Requests are refused because of their credential, or because the sender is above its limits",
      value: "{{ $value | humanize }} requests per second, {{ $labels.verdict }} {{ $labels.sender }}.",
      first: "the runbook says what the reason is, and how to find the application.",
    },
  ];
}
