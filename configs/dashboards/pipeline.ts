/** The way of spans through the stack: received, refused, sampled, queued, stored, lost. */
import { dropRate, heapShares } from "../prometheus/alerts/collector";
import { acceptedOf, failedHandshakes, ingestBytes, ingestRequests, notAccepted } from "../prometheus/alerts/ingest";
import { compact } from "../compact";
import { hasIngest } from "../ingest/senders";
import { takesBoth, takesTls } from "../ingest/tls";
import { droppedSpans } from "../prometheus/alerts/hygiene";
import { handed, storageErrors, unwritten } from "../prometheus/alerts/jaeger";
import { lost } from "../prometheus/alerts/loss";
import { decisions } from "../prometheus/decisions";
import { redactedKinds, redactedLabel } from "../collector/redaction";
import { histogram, is, metrics, series } from "../prometheus/metrics";
import {
  accepted,
  exportSuccessRate,
  failed,
  queueCapacity,
  queueSize,
  quantile,
  rate,
  refused,
  refusedRequests,
  sent,
  spansPerSecond,
  sumBy,
  total,
  totalRates,
} from "../prometheus/promql";
import type { StackSettings } from "../stack/schema";
import type { Dashboard, Section } from "./dashboard";

/** Whether every instance of a job answers Prometheus. */
const answering = (settings: StackSettings): string => {
  const absent: readonly string[] = compact([!hasIngest(settings) && "ingest", !settings.login && "login"]);
  const jobs = metrics.up.jobs.filter((job) => !absent.includes(job));
  return `min by (job) (${series("up", {}, jobs)})`;
};

/** How full the queue is of the Collector whose queue is fullest, in percent. */
const fullestQueue = `100 * max(${queueSize} / ${queueCapacity})`;

/** Losses of five minutes at all places together. */
const allLosses = total(lost);

/** Seconds that a share of Jaeger's bulk requests stays below. */
const writeDuration = (share: number) => quantile(share, histogram("writeSeconds", "bucket"));

/** Traces a second that were kept, or decided on. */
const decidedPerSecond = (settings: StackSettings, which: "kept" | "all") => `${decisions(settings, "[5m]")[which]} / 300`;

/** Spans a second in which redaction has masked something of a kind. */
const redactedSpans = (kind: (typeof redactedKinds)[number]) => ({
  expr: total(rate(series("calls", { [redactedLabel(kind)]: is("true") }), "5m")),
  legend: kind,
});
const [firstKind, ...otherKinds] = redactedKinds;

const now = (settings: StackSettings): Section => ({
  title: "Now",
  panels: [
    {
      title: "Programs that answer",
      description:
        "Every scraped program answers, and Elasticsearch is not among them; `make status` names what is down and `make logs` shows why.",
      unit: "state",
      kind: "status",
      wide: true,
      queries: [{ expr: answering(settings), legend: "{{job}}" }],
    },
    {
      title: "Spans received",
      description:
        "Follows the traffic of the applications; none at all while they have traffic means that they do not reach the Collector.",
      unit: "spans/s",
      kind: "stat",
      queries: [{ expr: spansPerSecond, legend: "received" }],
    },
    {
      title: "Fullest queue",
      description:
        "Close to 0 %; it grows while Jaeger accepts too few spans, and at 100 % receivers refuse: look at Jaeger and Elasticsearch.",
      unit: "percent",
      kind: "stat",
      queries: [{ expr: fullestQueue, legend: "of its capacity" }],
      limit: { value: 90, bad: "above" },
    },
    {
      title: "Lost in five minutes",
      description: "Always 0; anything else is lost for good, and the alert TraceDataLoss says where and what to do.",
      unit: "count",
      kind: "stat",
      queries: [{ expr: allLosses, legend: "spans" }],
      limit: { value: 1, bad: "above" },
    },
  ],
});

const received: Section = {
  title: "Received and refused",
  panels: [
    {
      title: "Received by protocol",
      description:
        "Spans that receivers accepted, as even as the traffic; a protocol that stops means that a group of applications no longer sends.",
      unit: "spans/s",
      kind: "time series",
      queries: [{ expr: sumBy("receiver, transport", rate(accepted, "5m")), legend: "{{receiver}} {{transport}}" }],
    },
    {
      title: "Refused",
      description:
        "0; clients resend refused spans for a while and lose unreadable or oversized requests, so look into the logs of the clients.",
      unit: "spans/s",
      kind: "time series",
      queries: [
        { expr: totalRates(refused), legend: "refused, sent again" },
        { expr: totalRates(failed), legend: "failed behind the receiver" },
        { expr: totalRates(...refusedRequests), legend: "requests refused for good" },
      ],
    },
    {
      title: "Dropped on arrival, by reason",
      description:
        "0; spans without ids or from another time cannot be stored, and the alert SpansDroppedAtTheDoor says how to find who sends them.",
      unit: "spans/s",
      kind: "time series",
      queries: [{ expr: sumBy("filter", rate(droppedSpans, "5m")), legend: "{{filter}}" }],
    },
    {
      title: "Spans with something redacted, by kind",
      description:
        "As low as applications can make it: each value that was masked was sent by one, and the label `service_name` of the metric says which.",
      unit: "spans/s",
      kind: "time series",
      queries: [redactedSpans(firstKind), ...otherKinds.map(redactedSpans)],
    },
    {
      title: "Share refused or dropped",
      description: "0 %; above 10 % OTELHighSpanDropRate fires, and the queue and the Collector's memory are the first places to look.",
      unit: "percent",
      kind: "time series",
      queries: [{ expr: `100 * ${dropRate}`, legend: "of what came" }],
      limit: { value: 10, bad: "above" },
      empty: "no spans came",
    },
  ],
};

const senders = (settings: StackSettings): Section => ({
  title: "Senders",
  panels: compact([
    {
      title: "Requests by sender",
      description: "Requests with the token of each sender; one that stops no longer sends, or sends with another token.",
      unit: "requests/s",
      kind: "time series",
      queries: [{ expr: sumBy("sender", acceptedOf(settings, ingestRequests)), legend: "{{sender}}" }],
    },
    {
      title: "Bytes by sender",
      description: "Bytes of these requests, as they are on the wire; the limits are in tracing:ingest.senders.",
      unit: "bytes/s",
      kind: "time series",
      queries: [{ expr: sumBy("sender", acceptedOf(settings, ingestBytes)), legend: "{{sender}}" }],
    },
    {
      title: "Refused by credential or limit",
      description:
        "0; with the mode report these are the requests that require would refuse, and with require the alert IngestRefused says what to do.",
      unit: "requests/s",
      kind: "time series",
      queries: [{ expr: sumBy("sender, verdict", notAccepted(settings)), legend: "{{verdict}} {{sender}}" }],
    },
    takesBoth(settings) && {
      title: "Plain text by sender",
      description: "Accepted requests that did not come by TLS; when there are none left, tracing:ingest.tls.mode can be on.",
      unit: "requests/s",
      kind: "time series",
      queries: [{ expr: sumBy("sender", `${ingestRequests}{verdict="plaintext"}`), legend: "{{sender}}" }],
    },
    takesTls(settings) && {
      title: "Failed TLS handshakes",
      description:
        "0; otherwise clients do not trust the proxy's certificate, know no TLS 1.2, or send plain text where only TLS is taken.",
      unit: "requests/s",
      kind: "time series",
      queries: [{ expr: failedHandshakes, legend: "failed" }],
    },
  ]),
});

const sampledAndQueued = (settings: StackSettings): Section => ({
  title: "Sampled and queued",
  panels: [
    {
      title: "Traces decided on",
      description:
        "The two lines are as far apart as the sampling rates say; the dashboard Sampling compares them with the configured rates.",
      unit: "traces/s",
      kind: "time series",
      queries: [
        { expr: decidedPerSecond(settings, "all"), legend: "decided" },
        { expr: decidedPerSecond(settings, "kept"), legend: "kept" },
      ],
    },
    {
      title: "Waiting for Jaeger",
      description:
        "Close to 0; a line that climbs towards the capacity means that Jaeger or Elasticsearch is slower than the spans that arrive.",
      unit: "bytes",
      kind: "time series",
      queries: [
        { expr: sumBy("instance", queueSize), legend: "{{instance}}" },
        { expr: `min(${queueCapacity})`, legend: "capacity" },
      ],
    },
    {
      title: "Heap of the Collector",
      description: "Varies below 50 % of the memory limit; longer above it means more load than `tracing:collector.memory` is meant for.",
      unit: "percent",
      kind: "time series",
      queries: [{ expr: `100 * (${heapShares(settings).join(" or ")})`, legend: "{{instance}}" }],
      limit: { value: 50, bad: "above" },
    },
    {
      title: "Exports that succeed",
      description: "100 %; less means that Jaeger rejects spans permanently or a queue accepts none, and its log says why.",
      unit: "percent",
      kind: "time series",
      queries: [{ expr: `100 * ${exportSuccessRate}`, legend: "of what was sent" }],
      limit: { value: 99, bad: "below" },
    },
  ],
});

const stored: Section = {
  title: "Stored",
  panels: [
    {
      title: "Sent and written",
      description: "The lines run together, documents a little above spans; where writing falls behind, look at Elasticsearch.",
      unit: "spans/s",
      kind: "time series",
      queries: [
        { expr: totalRates(sent), legend: "spans sent to Jaeger" },
        { expr: totalRates(handed), legend: "spans handed to its writer" },
        { expr: totalRates(series("documentsWritten")), legend: "documents written" },
      ],
    },
    {
      title: "Duration of a bulk write",
      description: "95 % stay below 100 ms; above it HighTraceLatency fires, so look at Elasticsearch's load, memory and disk.",
      unit: "seconds",
      kind: "time series",
      queries: [
        { expr: writeDuration(0.5), legend: "50 %" },
        { expr: writeDuration(0.95), legend: "95 %" },
        { expr: writeDuration(0.99), legend: "99 %" },
      ],
      limit: { value: 0.1, bad: "above" },
    },
    {
      title: "In Jaeger, not yet in Elasticsearch",
      description: "Level at any height, because requests that failed as a whole count too; a rising line means that writes do not finish.",
      unit: "count",
      kind: "time series",
      queries: [{ expr: unwritten, legend: "{{instance}}" }],
    },
    {
      title: "Storage errors in five minutes",
      description: "0; a write or a read that fails is in the log of Jaeger with Elasticsearch's answer.",
      unit: "count",
      kind: "time series",
      queries: [{ expr: sumBy("of", storageErrors), legend: "{{of}}" }],
      empty: "no error yet",
    },
  ],
};

const losses: Section = {
  title: "Lost",
  panels: [
    {
      title: "Lost in five minutes, by place",
      description: "Nothing; acknowledged spans that were lost, by place (traces for sampling): TraceDataLoss has the steps.",
      unit: "count",
      kind: "time series",
      queries: [{ expr: sumBy("place", lost), legend: "{{place}}" }],
      empty: "nothing was lost",
    },
  ],
};

/** From the receivers to Elasticsearch. */
export const pipeline = (settings: StackSettings): Dashboard => ({
  name: "pipeline",
  title: "Tracing: pipeline",
  description: "What happens to the spans that applications send: received, refused, sampled, queued, stored, lost.",
  sections: compact([now(settings), received, hasIngest(settings) && senders(settings), sampledAndQueued(settings), stored, losses]),
});
