/**
 * Rung: rules. Prometheus' own rule engine over made-up series of a Jaeger that writes synchronously, as the official one does: what failed for a time is
 * sent again and is no loss, what was given up is one.
 */
import { settingsWith } from "../support/settings";
import { eachCase, type Case } from "./support/promtool";
import { absent, flat, jaeger, rise, storage, then } from "./support/series";

const handed = storage("spans_attempts_total");
const unencodable = storage("spans_errors_total");
const inserted = storage("bulk_index_inserts_total");
const rejected = storage("bulk_index_errors_total");
const failed = jaeger("otelcol_exporter_send_failed_spans_total", ', exporter="jaeger_storage_exporter"');
const storageFails = ["JaegerElasticsearchConnectionFailed"];
const loss = ["TraceDataLoss"];
const depth = ["JaegerHighQueueDepth"];

const cases: Record<string, readonly Case[]> = {
  TraceDataLoss: [
    [
      "fires where documents are given up: their batch is not said to have failed",
      30,
      { [rejected]: then(flat(10, 0), flat(20, 3)) },
      { 9.75: [], 10: loss, 16: [] },
    ],
    [
      "is silent where batches fail for a time, with the documents of their services",
      30,
      {
        [handed]: then(rise(10, 500, 75), rise(5, 3500, 150), rise(15, 6500, 75)),
        [inserted]: then(rise(10, 520, 75), rise(20, 3520, 75)),
        [rejected]: then(flat(10, 0), rise(5, 80, 80), flat(15, 1600)),
        [failed]: then(absent(10), rise(5, 75, 75), flat(15, 1500)),
      },
      { 10.5: [], 13: storageFails, 21: [], 29: [] },
    ],
    [
      "fires where more is given up than batches that failed may have had",
      30,
      { [rejected]: then(flat(10, 0), flat(20, 9)), [failed]: then(absent(10), flat(20, 4)) },
      { 9.75: [], 10: loss, 16: [] },
    ],
    [
      "fires on a span that Jaeger cannot make a document of",
      30,
      { [unencodable]: then(absent(10), flat(20, 1)), [handed]: then(rise(10, 500, 75), rise(20, 3501, 75)) },
      { 9.75: [], 10: loss, 16: [] },
    ],
    [
      "is silent on a gap between what was handed over and what was written: nothing is acknowledged in it",
      30,
      { [handed]: then(rise(10, 500, 75), rise(20, 3560, 75)) },
      { 12: [], 15: [], 30: [] },
    ],
  ],
  JaegerHighQueueDepth: [
    [
      "fires where writes of more than a hundred spans, and of five seconds, do not end",
      40,
      { [handed]: then(rise(10, 500, 75), rise(30, 3700, 75)) },
      { 14.75: [], 15.5: depth, 39: depth },
    ],
    [
      "is silent after an outage whose batches were handed over many times",
      60,
      {
        [handed]: then(rise(10, 500, 75), rise(5, 4425, 1000), rise(45, 23_500, 75)),
        [rejected]: then(flat(10, 0), rise(5, 925, 925), flat(45, 18_500)),
        [failed]: then(absent(10), rise(5, 925, 925), flat(45, 18_500)),
        [inserted]: then(rise(10, 520, 75), rise(50, 3520, 75)),
      },
      { 10: [], 14: storageFails, 22: [], 59: [] },
    ],
  ],
};

eachCase(cases, settingsWith());
