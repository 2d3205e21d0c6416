/** Rung: rules. promtool takes every query of the dashboards, and each finds something on a healthy stack. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { canaryGauges } from "../../configs/canary/metrics";
import { gaugeMetric } from "../../configs/reported-gauges";
import { toYaml } from "../../configs/yaml";
import { program, run } from "../binaries/support/programs";
import { metricsOf, queriesOf, stacks } from "../support/dashboards";
import { temporaryFolder } from "../support/temporary-folder";
import { holds } from "./support/promtool";
import { cleaner, collector, flat, healthy, rise, storage } from "./support/series";

jest.setTimeout(180_000);
const folder = temporaryFolder();

/** What promtool says of queries, each as a recording rule; undefined where it takes them. */
async function fault(queries: readonly string[]): Promise<string | undefined> {
  const file = join(folder(), "queries.yml");
  const rules = queries.map((expr, i) => ({ record: `query_${i}`, expr }));
  writeFileSync(file, toYaml({ groups: [{ name: "queries", rules }] }));
  const { code, output } = await run(program("promtool"), ["check", "rules", file], { seconds: 60 });
  return code === 0 ? undefined : output;
}

test.each(Object.entries(stacks))("promtool takes every query of the stack %s", async (_name, settings) => {
  const queries = queriesOf(settings).map(({ query }) => query.expr);
  expect(queries.length).toBeGreaterThan(50);
  expect(await fault(queries)).toBeUndefined();
});

test.each(["sum(a", "rate(a)", "histogram_quantile(a, b)", "sum by (a) (b) / on (c group_left d"])("promtool refuses %s", async (expr) => {
  expect(await fault([expr])).toMatch(/could not parse|parse error/);
});

/** Minutes that the stack has run for. */
const minutes = 15;

/** What `healthy` leaves out, as no alert asks for it. */
const more = {
  [collector("otelcol_processor_filter_spans_filtered_total", ', filter="filter/invalid_ids"')]: flat(minutes, 0),
  [collector("otelcol_processor_tail_sampling_global_count_traces_sampled_total", ', sampled="true"')]: rise(minutes, 100, 15),
  [collector("otelcol_processor_tail_sampling_global_count_traces_sampled_total", ', sampled="false"')]: rise(minutes, 100, 15),
  [collector("otelcol_processor_tail_sampling_count_traces_sampled_total", ', policy="default", sampled="true"')]: rise(minutes, 100, 15),
  [cleaner("nextRun")]: flat(minutes, 86_400),
  ...canary("latency", flat(minutes, 7)),
  ...canary("lastSuccess", rise(minutes, 0, 15)),
  ...call("total", ""),
  ...call("client_seconds_bucket", ', le="0.1"'),
  ...call("client_seconds_bucket", ', le="+Inf"'),
  ...span("calls_total", ""),
  ...span("duration_seconds_bucket", ', le="0.1"'),
  ...span("duration_seconds_bucket", ', le="+Inf"'),
};

/** Requests to one operation of one service. */
function span(metric: string, label: string) {
  const labels = 'service_name="shop", span_name="GET /a", span_kind="SPAN_KIND_SERVER", status_code="STATUS_CODE_UNSET"';
  return { [`traces_span_metrics_${metric}{job="otel-collector-exporter", ${labels}${label}}`]: rise(minutes, 0, 15) };
}

/** Calls from one service to another. */
function call(metric: string, label: string) {
  const labels = 'client="shop", server="billing", connection_type="", failed="false"';
  return { [`traces_service_graph_request_${metric}{job="otel-collector-exporter", ${labels}${label}}`]: rise(minutes, 0, 15) };
}

/** What the canary reports besides its counters, by the Collector that has its last report. */
function canary(gauge: "latency" | "lastSuccess", values: string) {
  return { [`${gaugeMetric(canaryGauges[gauge])}{job="index-cleaner", instance="otel-collector:8890"}`]: values };
}

const dev = stacks.dev!;

/** Only what a healthy stack need not have may be missing. */
const always = queriesOf(dev).filter(
  ({ panel, query }) => panel.empty === undefined || metricsOf(dev, query.expr).every(({ since }) => since !== "failure"),
);
const never = ["Time to full"];

/** A query as its page sends it at first, with all services chosen. */
const asked = (expr: string) => expr.replaceAll(/\$(service|operation)/g, ".*");

test("every panel of a healthy stack shows something", async () => {
  const expectations = always
    .filter(({ panel }) => !never.includes(panel.title))
    .map(({ query }) => ({
      expr: `count(${asked(query.expr)}) > bool 0`,
      eval_time: `${minutes - 1}m`,
      exp_samples: [{ labels: "{}", value: 1 }],
    }));
  expect(expectations.length).toBeGreaterThan(50);
  await holds(
    folder(),
    { ...healthy(minutes), ...more, [storage("requests_total", ', result="err", operation="find"')]: flat(minutes, 0) },
    expectations,
    [],
    dev,
  );
});

/** The values of a panel's queries at the end, as promtool is to find them. */
const values = (title: string, ...found: (readonly [legend: string, labels: string, value: number])[]) =>
  found.map(([legend, labels, value]) => {
    const query = queriesOf(dev).find(({ panel, query }) => panel.title === title && query.legend === legend)!.query;
    // A rate is 9.999999999999998 where 10 are meant.
    return { expr: `round(${asked(query.expr)}, 0.001)`, eval_time: `${minutes - 1}m`, exp_samples: [{ labels, value }] };
  });

test("shares, rates and durations are what the series say", async () => {
  const failed = 'service_name="shop", span_name="GET /a", span_kind="SPAN_KIND_SERVER", status_code="STATUS_CODE_ERROR"';
  await holds(
    folder(),
    { ...healthy(minutes), ...more, [`traces_span_metrics_calls_total{job="otel-collector-exporter", ${failed}}`]: rise(minutes, 0, 5) },
    [
      ...values("Kept now", ["of the traces of five minutes", "{}", 50]),
      ...values("All services", ["requests", '{service_name="shop"}', 1.333], ["errors", '{service_name="shop"}', 25]),
      ...values("All operations", ["95 %", '{span_name="GET /a"}', 0.095]),
      ...values("Disk free", ["of the fullest node's disk", "{}", 60]),
      ...values("Heap in use", [
        "{{name}}",
        '{name="node", area="heap", instance="elasticsearch-exporter:9114", job="elasticsearch-exporter"}',
        50,
      ]),
      ...values("Lost in five minutes", ["spans", "{}", 0]),
      ...values("Age of the oldest index", ["old", "{}", 100 * 3600 + (minutes - 1) * 60]),
    ],
    [],
    dev,
  );
});
