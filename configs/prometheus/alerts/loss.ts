/** Spans that were lost after they had been acknowledged. */
import type { Alert } from "./alert";
import { storageDown } from "./causes";
import { handed, rejected, unencodable, unwritten, writes, writeSeconds } from "./jaeger";
import { is, series } from "../metrics";
import { byInstance, enqueueFailed, grown, minOver, rate, resets, sendFailed, watched } from "../promql";
import { elasticsearchAnswers } from "./elasticsearch";
import { samplingStrategy } from "../../sampling";
import type { StackSettings } from "../../stack/schema";
import { hasSamplers, jaegerWriter } from "../../topology/kubernetes";
import { can } from "../../versions";

const undecided = series("tracesDroppedEarly");
const oversized = series("tracesDroppedLarge");
const failedBatches = series("batchesFailed", { exporter: is("jaeger_storage_exporter") });

/** Recorded series: what was lost, by place. */
export const lost = "tracing:lost_5m";

/**
 * Upper bound of the spans in flight in Jaeger: one second's worth, as it writes five times a second, and what arrives during a write. A worker's
 * next write waits for those of the others, so that counts several times.
 */
const perSecond = (counter: string) => byInstance(rate(counter, "2m"));
const onTheirWay = `(${perSecond(handed)} + 5 * ${perSecond(handed)} * ${perSecond(writeSeconds)} / (${perSecond(writes)} > 0) or ${perSecond(handed)})`;

/**
 * Spans that Jaeger took and never wrote. It drops spans that it cannot encode, for example with an attribute that is NaN, before a bulk request, and no
 * failure counter moves. So compare minimums of the unwritten spans: the one of the last two minutes, minus the one of the five minutes before, must exceed
 * the spans in flight. While Elasticsearch does not answer its exporter either, spans may wait in memory.
 */
const settled = minOver(unwritten, "2m");
const vanished =
  `((${settled} - ${minOver(unwritten, "5m", "2m")} unless on (job, instance) ${byInstance(resets(handed, "7m"))} > 0) ` +
  `or ${settled} and on (job, instance) ${watched}) > ${onTheirWay} ` +
  `and on () ${elasticsearchAnswers}`;

/**
 * Documents that a synchronously writing Jaeger has given up: rejected documents, minus those of batches that it reported as failed, which are sent
 * again. Such a batch is counted in spans. It has one document per span, and at most one more for its service and operation.
 */
const givenUp = `(${grown(rejected)} - 2 * ${grown(failedBatches)} or ${grown(rejected)})`;

/** Places where Jaeger can lose spans. */
const lostInJaeger = (settings: StackSettings): Record<string, string> =>
  can(settings, "synchronousWrites") ? { storage: givenUp, Jaeger: grown(unencodable) } : { storage: grown(rejected), Jaeger: vanished };

/**
 * Places where acknowledged spans can be lost. Traces that sampling dropped early count only if it waits for whole traces: if it decides on arrival,
 * every kept trace has already left its memory, and is counted there too.
 */
const losses = (settings: StackSettings): Record<string, string> => ({
  "the Collector's queue": grown(enqueueFailed),
  "the Collector's exporter": grown(sendFailed),
  ...(samplingStrategy(settings.sampling) === "trace-complete" ? { sampling: grown(undecided) } : {}),
  "an oversized trace": grown(oversized),
  ...lostInJaeger(settings),
});

/** Recording rules. They use those of Jaeger. */
export const lossRecords = (settings: StackSettings) =>
  Object.entries(losses(settings)).map(([place, expr]) => ({ record: lost, labels: { place }, expr }));

export const lossAlert = (settings: StackSettings): Alert => ({
  name: "TraceDataLoss",
  expr: `${lost} > 0`,
  for: "0s",
  severity: "critical",
  summary: "Spans were lost after they had been acknowledged",
  value: "{{ $value | humanize }} lost in five minutes at {{ $labels.place }} (sampling and oversized traces count traces).",
  first: `\`make logs SERVICE=${hasSamplers(settings) ? "otel-sampler" : "otel-collector"}\` and \`make logs SERVICE=${jaegerWriter(settings)}\`: the errors of the last minutes.`,
  follows: storageDown(settings),
  // The loss that an outage caused is reported as soon as it is over.
  remembers: "0m",
});
