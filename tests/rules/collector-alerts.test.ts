/** Rung: rules. Prometheus' own rule engine over made-up series: the Collector's alerts fire, stay silent, and recover. */
import { capacity, instanceCapacity } from "../../configs/sampling";
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import { eachCase, firing, holds, type Case } from "./support/promtool";
import { absent, collector, exporter, flat, healthy, received, rise, then, upOf, type Series } from "./support/series";

const mebibyte = 1024 * 1024;
const enqueueFailed = exporter("enqueue_failed_spans_total");
const heap = collector("otelcol_process_runtime_heap_alloc_bytes");
const down = ["OTELCollectorDown"];
const drops = ["OTELHighSpanDropRate"];
const full = ["OTELExporterQueueFull"];
const filling = ["OTELExporterQueueFilling"];
const memory = ["OTELCollectorHighMemory"];
const loss = ["TraceDataLoss"];
const sampling = ["OTELSamplingFull"];
const refusals = ["OTELRequestsRefused"];
/** Requests by how they were answered. */
const answered = {
  http: (status: string) => collector("http_server_request_duration_seconds_count", `, http_response_status_code="${status}"`),
  grpc: (status: string) => collector("rpc_server_call_duration_seconds_count", `, rpc_response_status_code="${status}"`),
};
const undecided = collector("otelcol_processor_tail_sampling_sampling_traces_on_memory");
/** Undecided traces that fit by default. */
const { traces } = capacity(settingsWith().sampling, settingsWith().collector.memory);

const cases: Record<string, readonly Case[]> = {
  "no alert": [
    ["of a healthy stack, half of whose spans are sampled out", 90, {}, { 1: [], 5: [], 10: [], 30: [], 90: [] }],
    [
      "where no span has come yet",
      20,
      Object.fromEntries(
        Object.keys(healthy(1)).flatMap((name) => (/^(up|otelcol_process|elasticsearch_|tracing_)/.test(name) ? [] : [[name, absent(20)]])),
      ),
      { 20: [] },
    ],
  ],
  OTELCollectorDown: [
    [
      "fires after two minutes, and recovers",
      12,
      { [upOf.collector]: then(flat(3, 1), flat(5, 0), flat(4, 1)) },
      { 4.75: [], 5.25: down, 7.75: down, 8: [] },
    ],
    ["fires where Prometheus knows no Collector", 12, { [upOf.collector]: absent(12) }, { 1.75: [], 2: down, 12: down }],
    ["is silent on one failed scrape", 12, { [upOf.collector]: then(flat(3, 1), flat(0.25, 0), flat(8.75, 1)) }, { 3.5: [], 6: [] }],
  ],
  OTELHighSpanDropRate: [
    [
      "fires on refused spans, and recovers",
      40,
      { [received("refused")]: then(flat(10, 0), rise(10, 0, 30), flat(20, 1170)) },
      { 10: [], 15: drops, 20: drops, 27: [] },
    ],
    ["is silent at 5 %", 30, { [received("refused")]: rise(30, 0, 8) }, { 30: [] }],
    ["is silent on many spans sampled out", 30, { [exporter("sent_spans_total")]: rise(30, 0, 1) }, { 30: [] }],
    [
      "fires on spans that a queue did not take, which are lost too",
      30,
      { [enqueueFailed]: then(absent(10), rise(20, 30, 30)) },
      { 9: [], 16: [...drops, ...loss] },
    ],
    [
      "is silent over a restart of the Collector",
      30,
      { [received("accepted")]: then(rise(10, 0, 150), rise(20, 0, 150)), [received("refused")]: then(flat(10, 500), flat(20, 0)) },
      { 11: [], 30: [] },
    ],
    ["is silent where nothing comes", 30, { [received("accepted")]: flat(30, 1000) }, { 30: [] }],
  ],
  OTELExporterQueueFull: [
    [
      "fires above 1800 of 2000, and recovers",
      20,
      { [exporter("queue_size")]: then(flat(5, 0), flat(5, 1801), flat(10, 10)) },
      { 5.75: [], 6.25: full, 9.75: full, 10.25: [] },
    ],
    ["is silent at 1800 of 2000", 20, { [exporter("queue_size")]: flat(20, 1800) }, { 20: [] }],
  ],
  OTELRequestsRefused: [
    [
      "fires on the first request that is too large, by HTTP, and recovers",
      30,
      { [answered.http("400")]: then(absent(10), flat(20, 1)) },
      { 9.75: [], 10: refusals, 14.5: refusals, 16: [] },
    ],
    [
      "fires on one by gRPC beside others that were answered",
      30,
      { [answered.grpc("RESOURCE_EXHAUSTED")]: then(flat(10, 3), flat(20, 4)), [answered.http("200")]: rise(30, 0, 10) },
      { 9.75: [], 10.5: refusals, 16: [] },
    ],
    [
      "is silent where the Collector asks to come again, and where a stranger asks for a path that is not there",
      30,
      {
        [answered.http("503")]: rise(30, 0, 10),
        [answered.grpc("UNAVAILABLE")]: rise(30, 0, 10),
        [answered.http("404")]: rise(30, 0, 10),
      },
      { 10: [], 30: [] },
    ],
  ],
  OTELExporterQueueFilling: [
    [
      "fires where the queue would be full within the hour, before it is nearly full, and recovers",
      60,
      { [exporter("queue_size")]: then(flat(10, 0), rise(20, 0, 15), flat(30, 10)) },
      { 13: [], 24: filling, 29: filling, 31: [] },
    ],
    ["is silent where it fills in more than two hours", 60, { [exporter("queue_size")]: rise(60, 300, 3) }, { 60: [] }],
    ["is silent where little waits, however fast it came", 20, { [exporter("queue_size")]: rise(20, 0, 2.4) }, { 19: [] }],
  ],
  OTELSamplingFull: [
    [
      "fires when more than 80 % of the undecided traces that fit are there, and recovers",
      20,
      { [undecided]: then(flat(5, 100), flat(5, Math.ceil(traces * 0.81)), flat(10, 100)) },
      { 5.75: [], 6.25: sampling, 11.5: sampling, 12: [] },
    ],
    [
      "fires where a saturated Collector decides in waves",
      20,
      { [undecided]: then(flat(5, 100), ...Array.from({ length: 10 }, () => then(flat(0.75, 100), flat(0.25, traces)))) },
      { 10: sampling },
    ],
    ["is silent at 80 %", 20, { [undecided]: flat(20, Math.floor(traces * 0.8)) }, { 10.5: [], 20: [] }],
  ],
  OTELCollectorHighMemory: [
    [
      "fires above 50 % of the limit, and recovers",
      30,
      { [heap]: then(flat(5, 40 * mebibyte), flat(10, 160 * mebibyte), flat(15, 40 * mebibyte)) },
      { 10.5: [], 11.25: memory, 14.75: memory, 15: [] },
    ],
    [
      "is silent at 48 % of the limit, in a short peak, and where garbage comes and goes",
      30,
      {
        [heap]: then(
          flat(10, 123 * mebibyte),
          flat(3, 180 * mebibyte),
          ...Array.from({ length: 17 }, () => then(flat(0.75, 180 * mebibyte), flat(0.25, 90 * mebibyte))),
        ),
      },
      { 13: [], 16: [], 30: [] },
    ],
  ],
};

eachCase(cases);

describe("OTELSamplingFull with a cap, whose processor writes the same gauge and adds to the same counters", () => {
  const folder = temporaryFolder();
  const settings = settingsWith({ sampling: { default: 50, cap: 1000 } });
  const { decisionWait, traces: room } = instanceCapacity(settings);

  /** So many traces a second are decided by rate; half of them go on to the cap, which lets half of those pass. */
  function decided(minutes: number, perSecond: number): Series {
    const counter = (name: string, more: string, each: number) => ({
      [collector(`otelcol_processor_tail_sampling_${name}`, more)]: rise(minutes, 0, each * 15),
    });
    return {
      ...counter("global_count_traces_sampled_total", ', decision="sampled"', perSecond * 0.75),
      ...counter("global_count_traces_sampled_total", ', decision="not_sampled"', perSecond * 0.75),
      ...counter("count_traces_sampled_total", ', policy="cap.errors", sampled="false"', perSecond * 0.5),
      // What the cap's processor holds is little.
      [undecided]: flat(minutes, 0),
    };
  }
  const one = (share: number, alerts: readonly string[]) =>
    holds(
      folder(),
      { ...healthy(20), ...decided(20, (share * room) / decisionWait) },
      [firing(10, alerts), firing(20, alerts)],
      [],
      settings,
    );

  test("fires when more than 80 % of what fits is undecided", () => one(0.85, sampling));
  test("is silent below", () => one(0.75, []));
  test("is silent where no trace has come to the cap yet", () =>
    holds(folder(), { ...healthy(20), [undecided]: flat(20, room) }, [firing(20, [])], [], settings));
});
