/** Rung: rules. Prometheus' own rule engine over made-up series: the alert on lost spans fires, stays silent, and recovers. */
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import { eachCase, firing, holds, type Case } from "./support/promtool";
import {
  absent,
  canaryReported,
  collector,
  exporter,
  flat,
  gone,
  healthy,
  jaeger,
  rise,
  storage,
  then,
  upOf,
  type Series,
} from "./support/series";

const folder = temporaryFolder();
const enqueueFailed = exporter("enqueue_failed_spans_total");
const sendFailed = exporter("send_failed_spans_total");
const tooEarly = collector("otelcol_processor_tail_sampling_sampling_trace_dropped_too_early_total");
const tooLarge = collector("otelcol_processor_tail_sampling_traces_dropped_too_large_total");
const handed = storage("spans_attempts_total");
const inserted = storage("bulk_index_inserts_total");
const rejected = storage("bulk_index_errors_total");
const down = ["OTELCollectorDown"];
const loss = ["TraceDataLoss"];

const cases: Record<string, readonly Case[]> = {
  TraceDataLoss: [
    [
      "fires on the very first loss, whose counter is born with it, and recovers",
      30,
      { [enqueueFailed]: then(absent(10), flat(20, 7)) },
      { 9.75: [], 10: loss, 14.5: loss, 16: [] },
    ],
    [
      "fires where the Collector is told for good that a span is not wanted",
      30,
      { [sendFailed]: then(flat(10, 0), flat(20, 1)) },
      { 9.75: [], 10: loss, 16: [] },
    ],
    ["fires where sampling gives traces up undecided", 30, { [tooEarly]: then(flat(10, 0), flat(20, 1)) }, { 9.75: [], 10: loss, 16: [] }],
    [
      "fires where a trace is given up because it has no end",
      30,
      { [tooLarge]: then(absent(10), flat(20, 1)) },
      { 9.75: [], 10: loss, 16: [] },
    ],
    ["fires where Elasticsearch rejects one document", 30, { [rejected]: then(flat(10, 0), flat(20, 1)) }, { 9.75: [], 10: loss, 16: [] }],
    [
      "fires where Jaeger drops a single span before a bulk request, on a stack that is idle, for five minutes",
      40,
      {
        ...idle(40),
        [handed]: then(flat(10, 500), flat(30, 501)),
      },
      { 11.5: [], 12.25: loss, 16.5: loss, 17.25: [], 39: [] },
    ],
    [
      "fires where Jaeger drops spans among many that it writes, more than a second brings",
      40,
      { [handed]: then(rise(20, 500, 75), rise(20, 6500 + 30, 75)) },
      { 21.5: [], 22.5: loss, 29: [] },
    ],
    [
      "is silent on as many as a second brings: they are on their way",
      40,
      { [handed]: then(rise(20, 500, 75), rise(20, 6505, 75)) },
      { 23: [] },
    ],
    [
      "is silent where a slow Elasticsearch takes its time",
      40,
      {
        [handed]: then(rise(20, 500, 75), rise(20, 6500 + 30, 75)),
        [storage("bulk_index_latency_ok_seconds_sum")]: then(rise(18, 0, 0.6), rise(22, 43, 40)),
      },
      { 23: [] },
    ],
    [
      "fires on spans that a Jaeger just started drops",
      20,
      {
        ...idle(20),
        [jaeger("otelcol_process_uptime_seconds_total")]: then(absent(8), rise(12, 5, 15)),
        [upOf.jaeger]: then(flat(8, 0), flat(12, 1)),
        [handed]: then(absent(8), flat(12, 4)),
        [inserted]: absent(20),
      },
      { 7: ["JaegerDown"], 9: loss },
    ],
    [
      "is silent on what Jaeger dropped while Prometheus was away",
      20,
      { ...idle(20), ...absentUntil(8, 20), [handed]: then(absent(8), flat(12, 500)), [inserted]: then(absent(8), flat(12, 400)) },
      { 12: [], 20: [] },
    ],
    [
      "is silent over a restart that forgets old losses",
      40,
      { [enqueueFailed]: then(flat(20, 7), gone(20)), [sendFailed]: then(flat(20, 7), flat(20, 0)) },
      { 6: [], 20: [], 21: [], 40: [] },
    ],
    [
      "fires on as much loss again after a restart",
      40,
      { [enqueueFailed]: then(flat(20, 7), gone(8), flat(12, 7)) },
      { 27: [], 28: loss, 34: [] },
    ],
    [
      "fires where a young Collector loses spans before it is first scraped",
      20,
      { ...born(8, 20), [enqueueFailed]: then(absent(8), flat(12, 3)) },
      { 7: down, 8: loss, 14: [] },
    ],
    [
      "is silent on old losses where Prometheus was away",
      20,
      { ...absentUntil(8, 20), [enqueueFailed]: then(absent(8), flat(12, 7)) },
      { 8: [], 12: [], 20: [] },
    ],
    [
      "is silent where the debug exporter fails",
      20,
      { [collector("otelcol_exporter_send_failed_spans_total", ', exporter="debug"')]: then(absent(5), flat(15, 9)) },
      { 6: [] },
    ],
  ],
};

/** A stack on which nothing moves. */
function idle(minutes: number): Series {
  return Object.fromEntries(
    Object.entries(healthy(minutes)).map(([name, values]) => [
      name,
      /_total|_count|_sum|_bucket/.test(name) ? values.replace(/\+[\d.]+x/, "+0x") : values,
    ]),
  );
}

/** The Collector starts at a minute: until then there is nothing of it but a failed scrape. */
function born(minute: number, minutes: number): Series {
  const rest = minutes - minute;
  return {
    ...Object.fromEntries(
      Object.entries(healthy(rest)).flatMap(([name, v]) =>
        name.includes('job="otel-collector"') ? [[name, then(absent(minute), v)]] : [],
      ),
    ),
    [upOf.collector]: then(flat(minute, 0), flat(rest, 1)),
    [collector("otelcol_process_uptime_seconds_total")]: then(absent(minute), rise(rest, 5, 15)),
  };
}

/** Prometheus begins to look at a minute, at a stack that has long been there. */
function absentUntil(minute: number, minutes: number): Series {
  const rest = minutes - minute;
  const seen = { ...healthy(rest), [canaryReported()]: rise(rest, minute * 60, 15) };
  return Object.fromEntries(Object.entries(seen).map(([name, values]) => [name, then(absent(minute), values)]));
}

eachCase(cases);

test("an alert says how much, where, how grave it is, and what to do first", async () => {
  const description =
    "7 lost in five minutes at the Collector's queue (sampling and oversized traces count traces). First: `make logs SERVICE=otel-collector` and " +
    "`make logs SERVICE=jaeger`: the errors of the last minutes.";
  await holds(
    folder(),
    { ...healthy(20), [enqueueFailed]: then(absent(10), flat(10, 7)) },
    [],
    [
      {
        alertname: "TraceDataLoss",
        eval_time: "10m",
        exp_alerts: [
          {
            exp_labels: { severity: "critical", job: "otel-collector", instance: "otel-collector:8888", place: "the Collector's queue" },
            exp_annotations: {
              summary: "Spans were lost after they had been acknowledged",
              description,
              runbook_url: "docs/runbooks/alerts.md#tracedataloss",
            },
          },
        ],
      },
    ],
  );
});

test("is silent where sampling decides on arrival: there each kept trace counts as given up", async () => {
  const series = { ...healthy(30), [tooEarly]: then(flat(10, 0), rise(20, 0, 100)) };
  await holds(folder(), series, [firing(10, []), firing(20, [])], [], settingsWith({ images: "local" }));
});
