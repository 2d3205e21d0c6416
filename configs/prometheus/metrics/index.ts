/**
 * The catalogue of metrics: every metric that a rule, a command or a test reads. Names stand here only. `make render` writes docs/metrics.md from
 * it, and tests/e2e/running/metrics.test.ts looks for each metric on a running stack.
 */
import { redactedKinds, redactedLabel } from "../../collector/redaction";
import { canaryReports, canarySums } from "./canary";
import { collector, collectorGauges, tier } from "./collector";
import { ingestCounters } from "./ingest";
import { loginCounters } from "./login";
import { jaegerCounters, jaegerHistograms } from "./jaeger";
import type { Described, Job, Metric } from "./metric";
import { cleanerReports, elasticsearchGauges, kubeletGauges } from "./storage";

export type { Job, Metric };

/** Metrics of one type under some jobs. */
const of = <const T extends Metric["type"], const J extends Metric["jobs"], const M extends Record<string, Described>>(
  type: T,
  jobs: J,
  some: M,
) =>
  Object.fromEntries(Object.entries(some).map(([key, metric]) => [key, { ...metric, type, jobs }])) as {
    [K in keyof M]: M[K] & { type: T; jobs: J };
  };

/** All metrics, by the key that code uses. */
export const metrics = {
  ...of("counter", ["otel-collector"], collector),
  ...of("gauge", ["otel-collector"], collectorGauges),
  ...of("counter", ["ingest"], ingestCounters),
  ...of("counter", ["login"], loginCounters),
  ...of("counter", ["jaeger"], jaegerCounters),
  ...of("histogram", ["jaeger"], jaegerHistograms),
  ...of("gauge", ["elasticsearch-exporter"], elasticsearchGauges),
  ...of("gauge", ["index-cleaner"], cleanerReports),
  ...of("counter", ["index-cleaner"], canarySums),
  ...of("gauge", ["index-cleaner"], canaryReports),
  ...of("gauge", ["kubelet"], kubeletGauges),
  ...of("counter", ["otel-collector", "jaeger"], {
    uptime: {
      name: "otelcol_process_uptime_seconds_total",
      labels: [],
      unit: "seconds",
      since: "start",
      meaning: "Uptime of the process.",
    },
  }),
  ...of("counter", ["otel-collector-exporter"], {
    calls: {
      name: "traces_span_metrics_calls_total",
      labels: [...(["service_name", "span_name", "span_kind", "status_code"] as const), ...redactedKinds.map(redactedLabel)],
      unit: "spans",
      since: "first span",
      meaning: `Spans of applications, kept or not. Those in which something was redacted say what: \`${redactedLabel("emails")}="true"\`.`,
    },
    graphCalls: {
      name: "traces_service_graph_request_total",
      labels: ["client", "server", "connection_type", "failed"],
      unit: "calls",
      since: "first call",
      meaning: "Calls between services, kept or not, of which both the client's and the server's span have arrived.",
    },
    graphFailedCalls: {
      name: "traces_service_graph_request_failed_total",
      labels: ["client", "server", "connection_type"],
      unit: "calls",
      since: "failure",
      meaning: "Such calls in which either span has an error.",
    },
  }),
  ...of("histogram", ["otel-collector-exporter"], {
    callSeconds: {
      name: "traces_span_metrics_duration_seconds",
      labels: ["service_name", "span_name", "span_kind", "status_code", "le"],
      unit: "seconds",
      since: "first span",
      meaning: "Duration of applications' spans.",
    },
    graphServerSeconds: {
      name: "traces_service_graph_request_server_seconds",
      labels: ["client", "server", "connection_type", "le"],
      unit: "seconds",
      since: "first call",
      meaning: "Duration of calls between services, measured by the server.",
    },
    graphClientSeconds: {
      name: "traces_service_graph_request_client_seconds",
      labels: ["client", "server", "connection_type", "le"],
      unit: "seconds",
      since: "first call",
      meaning: "Duration of calls between services, measured by the client.",
    },
  }),
  ...of(
    "gauge",
    ["otel-collector", "otel-collector-exporter", "ingest", "login", "index-cleaner", "jaeger", "elasticsearch-exporter", "prometheus"],
    {
      up: {
        name: "up",
        labels: [tier, "service"],
        unit: "0 or 1",
        since: "start",
        meaning: "Whether Prometheus can scrape the instance.",
      },
    },
  ),
} as const;

/** Key of a metric in the catalogue. */
export type MetricName = keyof typeof metrics;

/** A label matcher: see {@link is}, {@link isNot}, {@link like}, {@link unlike}. */
export type Matcher = `${"=" | "!=" | "=~" | "!~"}"${string}"`;

/** Matchers for a metric's labels. */
export type Matchers<M extends MetricName> = Partial<Record<(typeof metrics)[M]["labels"][number], Matcher>>;

export const is = (value: string): Matcher => `="${value}"`;
export const isNot = (value: string): Matcher => `!="${value}"`;
/** The whole value matches a regular expression. */
export const like = (pattern: string): Matcher => `=~"${pattern}"`;
export const unlike = (pattern: string): Matcher => `!~"${pattern}"`;

/**
 * A selector for a metric. It always names the job: the same metric may be scraped twice, and metrics of applications are under a separate job,
 * whatever their names.
 *
 * @param matchers Matchers for other labels.
 * @param jobs Jobs to select. Default: all jobs of the metric.
 */
export function series<M extends MetricName>(
  metric: M,
  matchers: Matchers<M> = {},
  jobs: readonly (typeof metrics)[M]["jobs"][number][] = metrics[metric].jobs,
): string {
  return selector(metrics[metric].name, jobs, matchers);
}

/** Key of a histogram. */
export type HistogramName = { [M in MetricName]: (typeof metrics)[M]["type"] extends "histogram" ? M : never }[MetricName];

/** One of a histogram's three series. */
export const histogram = <M extends HistogramName>(metric: M, part: "bucket" | "count" | "sum", matchers: Matchers<M> = {}): string =>
  selector(`${metrics[metric].name}_${part}`, metrics[metric].jobs, matchers);

function selector(name: string, jobs: readonly Job[], matchers: Readonly<Record<string, Matcher | undefined>>): string {
  const [only, ...others] = jobs;
  const job = others.length === 0 ? is(only ?? "") : like(jobs.join("|"));
  return `${name}{${["job" + job, ...Object.entries(matchers).map(([label, matcher]) => label + (matcher ?? ""))].join(", ")}}`;
}
