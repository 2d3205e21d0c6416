/** The proxy in front of the Collector: that it answers, and whom it refuses. */
import { down, type Alert } from "./alert";
import { collectorDown } from "./causes";
import { compact } from "../../compact";
import { is, unlike, series } from "../metrics";
import { rate, sumBy } from "../promql";
import { hasIngest, ingestMode } from "../../ingest/senders";
import { passingVerdicts, tables, type Verdict } from "../../ingest/haproxy";
import { doorBackends, takesBoth, takesTls } from "../../ingest/tls";
import type { StackSettings } from "../../stack/schema";

/** Recorded: requests and bytes per second of five minutes, by sender and by what became of them (`verdict`). */
export const ingestRequests = "tracing:ingest_requests_per_second";
export const ingestBytes = "tracing:ingest_bytes_per_second";

/** Recorded: TLS handshakes per second that fail, of five minutes. */
export const failedHandshakes = "tracing:ingest_failed_handshakes_per_second";

/** The backend's name in two labels: `limited:shop` is the verdict `limited` on the sender `shop`; `unknown` has no sender. */
const bySender = (counter: string) => {
  const verdict = `label_replace(${sumBy("proxy", rate(counter, "5m"))}, "verdict", "$1", "proxy", "([a-z]+)(:.*)?")`;
  return sumBy("sender, verdict", `label_replace(${verdict}, "sender", "$1", "proxy", ".*:(.*)")`);
};

/** Not where no request comes to: tables of rates and connections, and the door that tells TLS from plain text. */
const requests = (settings: StackSettings) => ({ proxy: unlike(`${tables.join("|")}${takesBoth(settings) ? `|${doorBackends}` : ""}`) });

/** TLS handshakes that fail: of clients that do not trust the proxy, speak no TLS 1.2, or, where only TLS is taken, plain text. */
const failed = (settings: StackSettings) => {
  const perSecond = (metric: "ingestConnections" | "ingestHandshakes") => sumBy("job", rate(series(metric, { proxy: is("ingest") }), "5m"));
  const difference = `clamp_min(${perSecond("ingestConnections")} - ${perSecond("ingestHandshakes")}, 0)`;
  return takesTls(settings) ? [{ record: failedHandshakes, expr: `label_replace(${difference}, "verdict", "handshake", "", "")` }] : [];
};

export const ingestRecords = (settings: StackSettings) =>
  hasIngest(settings)
    ? [
        { record: ingestRequests, expr: bySender(series("ingestRequests", requests(settings))) },
        { record: ingestBytes, expr: bySender(series("ingestBytes", requests(settings))) },
        ...failed(settings),
      ]
    : [];

/** The verdicts on requests that pass, in this stack. */
const passing = (settings: StackSettings): readonly Verdict[] =>
  passingVerdicts.filter((verdict) => verdict !== "plaintext" || takesBoth(settings));
const among = (verdicts: readonly string[], not: "" | "!") =>
  verdicts.length === 1 ? `verdict${not}="${verdicts.join("")}"` : `verdict${not || "="}~"${verdicts.join("|")}"`;

/** Requests, or their bytes, that are accepted; of one transport or of any. */
export const acceptedOf = (settings: StackSettings, recorded: typeof ingestRequests | typeof ingestBytes): string =>
  `${recorded}{${among(passing(settings), "")}}`;

/** Requests that are refused, or would be. */
export const notAccepted = (settings: StackSettings): string => `${ingestRequests}{${among(passing(settings), "!")}}`;

/** Failed handshakes per second that are no accident of two counters read during a handshake. */
const manyFailures = 0.01;

export function ingestAlerts(settings: StackSettings): readonly Alert[] {
  if (!hasIngest(settings)) return [];
  // On Kubernetes it is the second container of the Collector's pods, and `make logs` shows the first.
  const logs =
    settings.platform === "docker"
      ? "make logs SERVICE=ingest"
      : `kubectl -n ${settings.kubernetes.namespace} logs -l app.kubernetes.io/name=otel-collector -c ingest --prefix`;
  const replicas = settings.collector.replicas;
  const proxyDown = down(
    { job: "ingest", service: "ingest", replicas },
    {
      name: "IngestDown",
      none: "The proxy in front of the Collector does not answer: applications cannot send",
      some: "A proxy in front of a Collector does not answer; the others accept the spans",
      first: `\`make status\`, then \`${logs}\`.`,
      follows: [collectorDown],
    },
  );
  const refused = compact([
    ingestMode(settings) === "require" && `${notAccepted(settings)} > 0`,
    takesTls(settings) && `${failedHandshakes} > ${manyFailures}`,
  ]);
  if (refused.length === 0) return proxyDown;
  return [
    ...proxyDown,
    {
      name: "IngestRefused",
      expr: refused.join(" or "),
      for: "5m",
      severity: "warning",
      summary: "Requests are refused because of their credential, or because the sender is above its limits",
      value: "{{ $value | humanize }} requests per second, {{ $labels.verdict }} {{ $labels.sender }}.",
      first: "the runbook says what the reason is, and how to find the application.",
    },
  ];
}
