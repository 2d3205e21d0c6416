/**
 * What the Collector does to applications' own metrics before its Prometheus exporter shows them. All applications share one page, and Prometheus
 * rejects a page as a whole: help text that is no UTF-8, or a label twice in one series, would take every metric on it away. A metric that
 * the exporter cannot convert is left out, with an error in the log at each scrape.
 */

/** In a pattern, each byte that is no UTF-8 reads as the character U+FFFD; so replacing that by itself makes a text valid. */
const invalid = String.raw`"\\x{FFFD}", "\uFFFD"`;

/** A text in a statement. The Collector's config has each dollar sign twice: a single one begins a variable. */
const text = (value: string) => JSON.stringify(value.replaceAll("$", () => "$$"));

const validText = (path: string) => `replace_pattern(${path}, ${invalid})`;
const validValues = (path: string) => `replace_all_patterns(${path}, "value", ${invalid})`;
const renameKeys = (path: string, pattern: string, to: string) => `replace_all_patterns(${path}, "key", ${text(pattern)}, ${text(to)})`;
const deleteKeys = (path: string, pattern: string) => `delete_matching_keys(${path}, ${text(pattern)})`;

/** Keys that make no label: they have neither letter nor digit, or two underscores in front, which Prometheus keeps to itself. */
const noLabel = "^_*$|^__";

/** Labels that the exporter adds itself. */
const ownLabels = "^(job|instance|le|quantile|otel_scope_.*)$";

/** Names of metrics that the Collector makes of spans, whoever sends them: of two types of one name, the exporter keeps the one that is on its page first and drops the other. */
const spanMetrics = "^(traces[^a-zA-Z0-9](span[^a-zA-Z0-9]metrics|service[^a-zA-Z0-9]graph)[^a-zA-Z0-9])";

/** The processors of applications' metrics, in order. */
export const metricProcessors = {
  "transform/metrics": {
    error_mode: "silent",
    metric_statements: [
      validValues("resource.attributes"),
      // Two keys of one name would be one label twice, so names are made what they will be first.
      renameKeys("resource.attributes", "[^a-zA-Z0-9_.]", "_"),
      deleteKeys("resource.attributes", "^[_.]*$|^[_.]{2}|^(job|instance)$"),
      ...["scope.name", "scope.version", "scope.schema_url"].map(validText),
      validValues("scope.attributes"),
      renameKeys("scope.attributes", "[^a-zA-Z0-9_]", "_"),
      validText("metric.description"),
      `replace_pattern(metric.name, ${text(spanMetrics)}, ${text("exported.$1")})`,
      validValues("datapoint.attributes"),
      renameKeys("datapoint.attributes", "[^a-zA-Z0-9_]", "_"),
      renameKeys("datapoint.attributes", ownLabels, "exported_$1"),
      deleteKeys("datapoint.attributes", noLabel),
    ],
  },
  // What Prometheus has no name or no buckets for.
  "filter/metrics": {
    error_mode: "silent",
    metrics: {
      metric: ['not IsMatch(metric.name, "[a-zA-Z0-9]")'],
      datapoint: ["metric.type == METRIC_DATA_TYPE_EXPONENTIAL_HISTOGRAM and datapoint.scale < -4"],
    },
  },
} as const;
