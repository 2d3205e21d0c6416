/** What becomes of spans between the Collector and Elasticsearch: written, waiting, or lost. */
import { down, type Alert, type Watched } from "./alert";
import { histogram, is, series } from "../metrics";
import { byInstance, enqueueFailed, grown, queueSize, sendFailed, total, watched } from "../promql";
import { elasticsearchAnswers } from "./elasticsearch";
import { samplingStrategy } from "../../sampling";
import type { StackSettings } from "../../stack/schema";
import { jaegerServices } from "../../topology/kubernetes";
import { can } from "../../versions";

const undecided = series("tracesDroppedEarly");
const oversized = series("tracesDroppedLarge");
const handed = series("spansHanded");
const inserted = series("documentsWritten");
const rejected = series("documentsRejected");
const unencodable = series("spansUnencodable");
const failedBatches = series("batchesFailed", { exporter: is("jaeger_storage_exporter") });
const writes = histogram("writeSeconds", "count");
const writeSeconds = histogram("writeSeconds", "sum");
const writeBuckets = histogram("writeSeconds", "bucket");
const failedWrites = histogram("failedWriteSeconds", "count");
const failedReads = series("requests", { result: is("err") });
const jaegerUp = series("up", {}, ["jaeger"]);

/** Names of recorded series that other rules use. */
const storageErrors = "tracing:storage_errors_5m";
const lost = "tracing:lost_5m";
const unwritten = "tracing:jaeger_unwritten_spans";

/**
 * Failed writes and reads; or spans that come, or wait for a Jaeger that has been there for four minutes, while not one write goes well: the
 * writer stops after a failure. Four minutes, as the Collector looks for a Jaeger that was away for long every two only: gRPC's back-off is 120 s,
 * a fifth more by chance (https://github.com/grpc/grpc/blob/master/doc/connection-backoff.md), and a write is seen to go well after two scrapes.
 *
 * Spans that only come say nothing while Elasticsearch answers its exporter: alone on an idle stack, spans that Jaeger cannot write (`vanished`)
 * look the same.
 */
const storageFails =
  `sum(${storageErrors}) > 10 or ` +
  `((sum(increase(${handed}[2m])) > 0 unless ${elasticsearchAnswers}) ` +
  `or sum(${queueSize}) > 0 and min_over_time(${total(jaegerUp)}[4m:15s]) > 0) ` +
  `and sum(${jaegerUp}) > 0 unless sum(increase(${writes}[2m])) > 0`;

/**
 * Spans above the least that were unwritten in the last hour. Documents of services, and bulk requests that failed as a whole (Jaeger
 * counts them as inserted), only ever lower `unwritten`. After a restart it begins at 0 again, and the hour before says nothing. What five
 * seconds bring is on its way.
 */
const queueDepth =
  `((${unwritten} - min_over_time(${unwritten}[1h]) unless on (job, instance) ${byInstance(`resets(${handed}[1h])`)} > 0) or ${unwritten})` +
  ` > 100 + 5 * ${byInstance(`rate(${handed}[2m])`)}`;

/**
 * Spans on their way through Jaeger at most: what a second brings, as it writes five times a second, and what comes while a write goes on. The next
 * write of a worker waits for those of the others, so that is several times.
 */
const rate = (counter: string) => byInstance(`rate(${counter}[2m])`);
const onTheirWay = `(${rate(handed)} + 5 * ${rate(handed)} * ${rate(writeSeconds)} / (${rate(writes)} > 0) or ${rate(handed)})`;

/**
 * Spans that Jaeger took and never wrote. Those that it cannot make a document of, as of an attribute that is NaN, it drops before a bulk
 * request, and no counter of failures moves. So: what is unwritten at the quietest moment of two minutes, and was not at the quietest of the five
 * before, but for what is on its way. Where Elasticsearch does not answer its exporter either, they may wait in memory.
 */
const settled = `min_over_time(${unwritten}[2m])`;
const vanished =
  `((${settled} - min_over_time(${unwritten}[5m] offset 2m) unless on (job, instance) ${byInstance(`resets(${handed}[7m])`)} > 0) ` +
  `or ${settled} and on (job, instance) ${watched}) > ${onTheirWay} ` +
  `and on () ${elasticsearchAnswers}`;

/**
 * Documents that Jaeger, which writes synchronously, has given up: those that were not taken, less those of batches that it said had failed, which come
 * again. A batch is counted in spans there; it has one document for each, and at most one more, of its service and operation.
 */
const givenUp = `(${grown(rejected)} - 2 * ${grown(failedBatches)} or ${grown(rejected)})`;

/**
 * Spans that were handed to Jaeger's writer and are not written. What failed in a synchronous write is no longer there: it counts anew when it is
 * sent again.
 */
const notWritten = (settings: StackSettings): string =>
  [inserted, ...(can(settings, "synchronousWrites") ? [rejected, unencodable] : [])]
    .map((counter) => ` - (${byInstance(counter)} or ${byInstance(handed)} * 0)`)
    .reduce((left, right) => left + right, byInstance(handed));

/** Where a stack's Jaeger loses spans, by what tells of it. */
const lostInJaeger = (settings: StackSettings): Record<string, string> =>
  can(settings, "synchronousWrites") ? { storage: givenUp, Jaeger: grown(unencodable) } : { storage: grown(rejected), Jaeger: vanished };

/**
 * Where spans can be lost after they were acknowledged. Traces that sampling gave up count only where it waits for whole traces: where it
 * decides on arrival, every kept trace has left its memory by the time that it looks for it, and is counted there too.
 */
const losses = (settings: StackSettings): Record<string, string> => ({
  "the Collector's queue": grown(enqueueFailed),
  "the Collector's exporter": grown(sendFailed),
  ...(samplingStrategy(settings.sampling) === "trace-complete" ? { sampling: grown(undecided) } : {}),
  "an oversized trace": grown(oversized),
  ...lostInJaeger(settings),
});

const errors = { documents: rejected, writes: failedWrites, reads: failedReads };

/** Recording rules, in the order that they need. */
export const storageRecords = (settings: StackSettings) => [
  {
    record: watched,
    expr: `last_over_time(${series("up", {}, ["otel-collector", "jaeger"])}[1m] offset 5m) == 1 or ${series("uptime")} < 330`,
  },
  { record: unwritten, expr: notWritten(settings) },
  ...Object.entries(errors).map(([of, counter]) => ({ record: storageErrors, labels: { of }, expr: grown(counter) })),
  ...Object.entries(losses(settings)).map(([place, expr]) => ({ record: lost, labels: { place }, expr })),
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

export function storageAlerts(settings: StackSettings): readonly Alert[] {
  const synchronous = can(settings, "synchronousWrites");
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
      }),
    ),
    {
      name: "JaegerElasticsearchConnectionFailed",
      expr: storageFails,
      for: "1m",
      severity: "critical",
      summary: "Jaeger cannot work with Elasticsearch",
      value: "{{ $value | humanize }}: errors in five minutes, or spans that wait while nothing is written.",
      first: "`make status`: is Elasticsearch healthy? Then `make logs SERVICE=jaeger`.",
    },
    {
      name: "JaegerHighQueueDepth",
      expr: queueDepth,
      for: "5m",
      severity: "warning",
      summary: "Jaeger holds spans that Elasticsearch does not have",
      value: `{{ $value | humanize }} spans handed to Jaeger are not stored; ${synchronous ? "writes do not end" : "they are in its memory, or lost"}.`,
      first:
        "`make logs SERVICE=jaeger` and `make logs SERVICE=elasticsearch`." +
        (synchronous ? "" : " Do not restart Jaeger before: what it holds would be lost."),
    },
    {
      name: "HighTraceLatency",
      expr: `histogram_quantile(0.95, sum by (job, le) (rate(${writeBuckets}[5m]))) > 0.1`,
      for: "10m",
      severity: "warning",
      summary: "Traces are stored slowly: a write takes longer than 100 ms",
      value: "95 % of the writes took up to {{ $value | humanizeDuration }}.",
      first: "`make status` and `make logs SERVICE=elasticsearch`: load, memory, disk.",
    },
    {
      name: "TraceDataLoss",
      expr: `${lost} > 0`,
      for: "0s",
      severity: "critical",
      summary: "Spans were lost after they had been acknowledged",
      value: "{{ $value | humanize }} lost in five minutes at {{ $labels.place }} (sampling and oversized traces count traces).",
      first: "`make logs SERVICE=otel-collector` and `make logs SERVICE=jaeger`: the errors of the last minutes.",
    },
  ];
}
