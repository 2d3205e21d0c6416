/** Rung: rules. Prometheus' own rule engine over made-up series: Jaeger's alerts fire, stay silent, and recover. */
import { eachCase, type Case } from "./support/promtool";
import {
  absent,
  exporter,
  flat,
  gone,
  healthy,
  jaeger,
  nodes,
  rise,
  storage,
  then,
  upOf,
  without,
  writes,
  type Series,
} from "./support/series";

const handed = storage("spans_attempts_total");
const inserted = storage("bulk_index_inserts_total");
const rejected = storage("bulk_index_errors_total");
const failedWrites = storage("bulk_index_latency_err_seconds_count");
const failedReads = storage("requests_total", ', operation="find_traces", result="err"');
const storageFails = ["JaegerElasticsearchConnectionFailed"];
const depth = ["JaegerHighQueueDepth"];
const slow = ["HighTraceLatency"];
const loss = ["TraceDataLoss"];
const away = ["ElasticsearchDown"];

/** Writes go well until a minute, and none does from then on. */
const noWritesFrom = (minute: number, minutes: number) => ({
  [storage("bulk_index_latency_ok_seconds_count")]: then(rise(minute, 0, 20), flat(minutes - minute, 780)),
});

/** Writes of which a tenth takes longer than 100 ms, and from a minute on none does. */
function thenWrites(until: number, minutes: number): Series {
  const [before, after] = [writes(until, 18, 2), writes(minutes - until, 20, 0)];
  const total = (name: string) => until * 4 * (/le="0\.(05|1)"/.test(name) ? 18 : 20);
  return Object.fromEntries(
    Object.keys(before).map((name) => [name, then(before[name]!, after[name]!.replace(/^0/, String(total(name))))]),
  );
}

const cases: Record<string, readonly Case[]> = {
  JaegerDown: [
    [
      "fires after two minutes, and recovers",
      12,
      { [upOf.jaeger]: then(flat(3, 1), flat(5, 0), flat(4, 1)) },
      { 4.75: [], 5.25: ["JaegerDown"], 8: [] },
    ],
    ["fires where Prometheus knows no Jaeger", 12, { [upOf.jaeger]: absent(12) }, { 1.75: [], 2: ["JaegerDown"] }],
  ],
  JaegerElasticsearchConnectionFailed: [
    [
      "fires on bulk requests that fail again and again, and recovers",
      30,
      { [failedWrites]: then(absent(10), rise(5, 1, 1), flat(15, 20)) },
      { 10.5: [], 15: storageFails, 21: [] },
    ],
    [
      "fires on failed reads, whose counter is born big",
      30,
      { [failedReads]: then(absent(10), flat(20, 15)) },
      { 10.75: [], 11.25: storageFails, 15.5: [] },
    ],
    ["is silent at ten errors", 30, { [failedReads]: then(absent(10), flat(20, 10)) }, { 12: [], 14: [] }],
    [
      "fires on documents that Elasticsearch rejects: they are lost too",
      30,
      { [rejected]: then(flat(10, 0), flat(20, 500)) },
      { 9: [], 11.25: [...storageFails, ...loss], 16: [] },
    ],
    [
      "fires where Elasticsearch hangs: no error is counted, spans come and nothing is written",
      30,
      {
        [storage("bulk_index_latency_ok_seconds_count")]: then(rise(10, 0, 20), flat(10, 780), rise(10, 780, 20)),
        [inserted]: then(rise(10, 520, 75), flat(10, 3445), rise(10, 6520, 75)),
        [nodes]: then(flat(10, 1), gone(10), flat(10, 1)),
      },
      { 10: [], 14: [...storageFails, ...away], 19.75: [...storageFails, ...depth, ...away], 20.25: [], 21: [], 23: [] },
    ],
    [
      "is silent where all that comes is spans that Jaeger cannot write: Elasticsearch answers, and TraceDataLoss tells",
      30,
      {
        ...noWritesFrom(10, 30),
        [handed]: then(rise(10, 500, 75), rise(20, 3426, 1)),
        [inserted]: then(rise(10, 520, 75), flat(20, 3445)),
      },
      { 11: [], 13: loss, 29: loss },
    ],
    [
      "fires on the same where nothing is known of Elasticsearch",
      30,
      {
        ...noWritesFrom(10, 30),
        [upOf.elasticsearch]: flat(30, 0),
        [nodes]: gone(30),
        [handed]: then(rise(10, 500, 75), rise(20, 3426, 1)),
        [inserted]: then(rise(10, 520, 75), flat(20, 3445)),
      },
      { 14: [...storageFails, "ElasticsearchExporterDown"] },
    ],
    [
      "fires where Jaeger takes no more spans and they wait in the Collector's queue",
      30,
      {
        [storage("bulk_index_latency_ok_seconds_count")]: then(rise(10, 0, 20), flat(20, 780)),
        [handed]: then(rise(10, 500, 75), flat(20, 3425)),
        [inserted]: then(rise(10, 520, 75), flat(20, 3445)),
        [exporter("queue_size")]: then(flat(10, 0), flat(20, 500)),
      },
      { 11: [], 14: storageFails, 30: storageFails },
    ],
    [
      "is silent while the Collector has not found a Jaeger again that was away for long",
      30,
      {
        [upOf.jaeger]: then(flat(10, 1), flat(10, 0), flat(10, 1)),
        [jaeger("otelcol_process_uptime_seconds_total")]: then(rise(10, 10_000, 15), gone(10), rise(10, 15, 15)),
        [handed]: then(rise(10, 500, 75), gone(10), flat(2.5, 0), rise(7.5, 75, 75)),
        [inserted]: then(rise(10, 520, 75), gone(10), flat(2.5, 0), rise(7.5, 75, 75)),
        [storage("bulk_index_latency_ok_seconds_count")]: then(rise(10, 0, 20), gone(10), flat(2.5, 0), rise(7.5, 20, 20)),
        [exporter("queue_size")]: then(flat(10, 0), flat(12.5, 500), flat(7.5, 0)),
      },
      { 19.75: ["JaegerDown"], 21.5: [], 22.75: [], 30: [] },
    ],
    [
      "leaves it to JaegerDown where Jaeger is down",
      30,
      { ...without("jaeger", 30, healthy(30)), [upOf.jaeger]: flat(30, 0), [exporter("queue_size")]: flat(30, 500) },
      { 20: ["JaegerDown"] },
    ],
  ],
  JaegerHighQueueDepth: [
    [
      "fires on spans that are not written, and recovers",
      40,
      { [inserted]: then(rise(10, 520, 75), rise(10, 2945, 75), rise(20, 6520, 75)) },
      { 10: [], 11: [], 12.5: loss, 14.75: loss, 15.5: [...depth, ...loss], 20.25: [] },
    ],
    [
      "fires on silent loss after more service documents than spans lost; an hour later it is history",
      180,
      { [inserted]: then(rise(90, 1500, 75), rise(90, 27_900, 75)) },
      { 90: [], 94: loss, 100: depth, 160: [] },
    ],
    [
      "fires where nothing was ever written",
      30,
      { [inserted]: absent(30), ...writes(30, 0, 0), [handed]: then(absent(5), rise(25, 500, 75)) },
      { 20: [...depth, ...loss] },
    ],
    ["is silent at 100 spans", 40, { [inserted]: then(rise(10, 520, 75), rise(30, 3420, 75)) }, { 20: [] }],
    [
      "is silent on service documents and on requests that failed as a whole, which Jaeger counts as inserted",
      40,
      { [inserted]: then(rise(10, 520, 75), rise(30, 9000, 75)) },
      { 20: [], 40: [] },
    ],
    [
      "is silent on what is on its way under a high load",
      40,
      { [handed]: rise(40, 15_000, 15_000), [inserted]: rise(40, 12_000, 15_000) },
      { 20: [] },
    ],
    [
      "is silent over a restart of Jaeger that leaves many service documents behind",
      60,
      {
        [handed]: then(rise(20, 10_500, 75), gone(1), rise(39, 75, 75)),
        [inserted]: then(rise(20, 15_000, 75), gone(1), rise(39, 80, 75)),
      },
      { 27: [], 40: [], 60: [] },
    ],
    [
      "still fires after a restart of Jaeger",
      60,
      {
        [handed]: then(rise(20, 10_500, 75), gone(1), rise(39, 75, 75)),
        [inserted]: then(rise(20, 15_000, 75), gone(1), rise(9, 80, 75), rise(30, 2280, 75)),
      },
      { 28: [], 36: [...depth, ...loss] },
    ],
  ],
  HighTraceLatency: [
    ["fires where a tenth of the writes takes longer than 100 ms", 40, writes(40, 18, 2), { 9: [], 12: slow }],
    ["recovers where none does any more", 40, thenWrites(20, 40), { 19.75: slow, 25: [] }],
    ["is silent where a hundredth does", 40, writes(40, 99, 1), { 40: [] }],
    ["is silent where nothing is written", 40, { ...writes(40, 0, 0), [handed]: flat(40, 500), [inserted]: flat(40, 520) }, { 40: [] }],
  ],
};

eachCase(cases);
