/** Jaeger: that it answers, writes to Elasticsearch, and does so in time. */
import { down, type Alert, type Watched } from "./alert";
import { histogram, is, series } from "../metrics";
import { byInstance, grown, increase, minOver, quantile, queueSize, rate, resets, total } from "../promql";
import { elasticsearchDown, storageDown } from "./causes";
import { elasticsearchAnswers } from "./elasticsearch";
import type { StackSettings } from "../../stack/schema";
import { jaegerServices, jaegerWriter } from "../../topology/kubernetes";
import { can } from "../../versions";

/** Spans handed to the writer, and documents that Elasticsearch rejected or Jaeger could not make. */
export const handed = series("spansHanded");
export const rejected = series("documentsRejected");
export const unencodable = series("spansUnencodable");
/** Successful writes: their number and total duration. */
export const writes = histogram("writeSeconds", "count");
export const writeSeconds = histogram("writeSeconds", "sum");
const jaegerUp = series("up", {}, ["jaeger"]);

/** Recorded series: errors by kind, and spans that are not written. */
export const storageErrors = "tracing:storage_errors_5m";
export const unwritten = "tracing:jaeger_unwritten_spans";

/**
 * Writes and reads fail; or spans arrive, or wait for a Jaeger that has been up for four minutes, and no write succeeds: the writer stops after
 * a failure. Four minutes, because after a long outage the Collector retries Jaeger only every two minutes (gRPC's back-off is 120 s with 20 % jitter,
 * https://github.com/grpc/grpc/blob/master/doc/connection-backoff.md), and a successful write shows after two scrapes.
 *
 * While Elasticsearch answers its exporter, arriving spans alone prove nothing: on an idle stack, a single span that Jaeger cannot encode looks the same.
 */
const storageFails =
  `sum(${storageErrors}) > 10 or ` +
  `((sum(${increase(handed, "2m")}) > 0 unless ${elasticsearchAnswers}) ` +
  `or sum(${queueSize}) > 0 and min_over_time(${total(jaegerUp)}[4m:15s]) > 0) ` +
  `and sum(${jaegerUp}) > 0 unless sum(${increase(writes, "2m")}) > 0`;

/**
 * Unwritten spans in excess of the last hour's minimum. Service documents, and bulk requests that failed as a whole (Jaeger counts them as
 * inserted), can only lower `unwritten`. After a restart it starts at 0 again, so the hour before is ignored. Five seconds' worth of spans are in flight.
 */
const queueDepth =
  `((${unwritten} - ${minOver(unwritten, "1h")} unless on (job, instance) ${byInstance(resets(handed, "1h"))} > 0) or ${unwritten})` +
  ` > 100 + 5 * ${byInstance(rate(handed, "2m"))}`;

/**
 * Spans handed to Jaeger's writer that are not written. Spans of a failed synchronous write are no longer there: they are counted again when they are
 * sent again.
 */
const notWritten = (settings: StackSettings): string =>
  [series("documentsWritten"), ...(can(settings, "synchronousWrites") ? [rejected, unencodable] : [])]
    .map((counter) => ` - (${byInstance(counter)} or ${byInstance(handed)} * 0)`)
    .reduce((left, right) => left + right, byInstance(handed));

const errors = { documents: rejected, writes: histogram("failedWriteSeconds", "count"), reads: series("reads", { result: is("err") }) };

/** Recording rules. */
export const jaegerRecords = (settings: StackSettings) => [
  { record: unwritten, expr: notWritten(settings) },
  ...Object.entries(errors).map(([of, counter]) => ({ record: storageErrors, labels: { of }, expr: grown(counter) })),
];

/** The services of Jaeger. */
function jaegers(settings: StackSettings): Watched[] {
  const services = jaegerServices(settings);
  const { replicas, collectors } = settings.jaeger;
  return services.map((service) => ({
    job: "jaeger",
    service,
    labels: services.length === 1 ? {} : { service: is(service) },
    replicas: service === "jaeger-collector" ? collectors : replicas,
  }));
}

export function jaegerAlerts(settings: StackSettings): readonly Alert[] {
  const synchronous = can(settings, "synchronousWrites");
  const logs = jaegerServices(settings)
    .map((service) => `\`make logs SERVICE=${service}\``)
    .join(" and ");
  return [
    ...jaegers(settings).flatMap((service) =>
      down(service, {
        name: "JaegerDown",
        none:
          service.service === "jaeger-collector" || jaegerServices(settings).length === 1
            ? "Jaeger does not answer: spans wait in the Collector's queue"
            : "Jaeger does not answer: nothing can be searched",
        some: "An instance of Jaeger does not answer; the others do its work",
        first: `\`make status\`, then \`make logs SERVICE=${service.service}\`.`,
        // Jaeger does not start without Elasticsearch.
        follows: [elasticsearchDown],
      }),
    ),
    {
      name: "JaegerElasticsearchConnectionFailed",
      expr: storageFails,
      for: "1m",
      severity: "critical",
      summary: "Jaeger cannot write to or read from Elasticsearch",
      value: "{{ $value | humanize }} errors in five minutes, or spans that wait while nothing is written.",
      first: `\`make status\`: is Elasticsearch healthy? Then ${logs}.`,
      follows: storageDown(settings),
    },
    {
      name: "JaegerHighQueueDepth",
      expr: queueDepth,
      for: "5m",
      severity: "warning",
      summary: "Jaeger has received spans that are not stored",
      value: `{{ $value | humanize }} spans handed to Jaeger are not stored; ${synchronous ? "writes do not finish" : "they are in its memory, or lost"}.`,
      first:
        `\`make logs SERVICE=${jaegerWriter(settings)}\` and \`make logs SERVICE=elasticsearch\`.` +
        (synchronous ? "" : " Do not restart Jaeger: the spans in its memory would be lost."),
      follows: storageDown(settings),
    },
    {
      name: "HighTraceLatency",
      expr: `${quantile(0.95, histogram("writeSeconds", "bucket"), "job")} > 0.1`,
      for: "10m",
      severity: "warning",
      summary: "Traces are stored slowly: writes take longer than 100 ms",
      value: "95 % of the writes took up to {{ $value | humanizeDuration }}.",
      first: "`make status` and `make logs SERVICE=elasticsearch`: load, memory, disk.",
      follows: [elasticsearchDown],
    },
  ];
}
