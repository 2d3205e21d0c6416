/**
 * Rung: rules. What applications send as their own metrics, through the Collector and into Prometheus, as programs and by the stack's own files:
 * none of it is what a rule selects, takes the page away from others, or is an error in the log at each look.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { collectorConfig } from "../../configs/collector/config";
import { prometheusConfig } from "../../configs/prometheus/config";
import { rulesFile } from "../../configs/prometheus/rules";
import { dockerTopology } from "../../configs/topology/docker";
import { files, paths, ports } from "../../configs/topology/ports";
import { collectorArgs, freePorts, program, run } from "../binaries/support/programs";
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import { until } from "../support/waiting";
import { moved, names, page, ready, scraped, written } from "./support/moved";

jest.setTimeout(90_000);
const folder = temporaryFolder();
const settings = settingsWith();

type Texts = Readonly<Record<string, string>>;
const pairs = (texts: Texts) => Object.entries(texts).map(([key, stringValue]) => ({ key, value: { stringValue } }));
const point = (value: number, labels: Texts) => ({ asDouble: value, timeUnixNano: `${Date.now()}000000`, attributes: pairs(labels) });
const gauge = (name: string, value = 1, labels: Texts = {}, more: Texts = {}) => ({
  name,
  ...more,
  gauge: { dataPoints: [point(value, labels)] },
});
const counter = (name: string, value: number, labels: Texts = {}) => ({
  name,
  sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [point(value, labels)] },
});
const histogram = (name: string, labels: Texts) => ({
  name,
  histogram: {
    aggregationTemporality: 2,
    dataPoints: [
      { count: "1", sum: 1, bucketCounts: ["1", "0"], explicitBounds: [1], timeUnixNano: `${Date.now()}000000`, attributes: pairs(labels) },
    ],
  },
});

/** Stands for two bytes that are no UTF-8. */
const broken = "~~";

/** Sends metrics of an application; the bytes that are no text reach the Collector as they are. */
async function send(port: number, resource: Texts, metrics: readonly object[], scope: Texts = {}): Promise<void> {
  const body = JSON.stringify({ resourceMetrics: [{ resource: { attributes: pairs(resource) }, scopeMetrics: [{ scope, metrics }] }] });
  const bytes = body.split(broken).flatMap((text, i) => [...(i > 0 ? [Buffer.from([0xff, 0xfe])] : []), Buffer.from(text)]);
  const answer = await fetch(`http://127.0.0.1:${port}/v1/metrics`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: Buffer.concat(bytes),
  });
  expect(answer.status).toBe(200);
}

/** The Collector by its own config. */
async function collector() {
  const queue = join(folder(), "queue");
  mkdirSync(queue);
  return moved(folder(), ports.collector, (topology) => collectorConfig(settings, topology).replaceAll(paths.collectorQueue, queue));
}

/** Metrics that the exporter, or Prometheus, would stumble over. */
async function sendOdd(port: number): Promise<void> {
  const app = { "service.name": "app", "service.instance.id": "1" };
  await send(port, app, [
    gauge("odd.help", 1, {}, { description: `d${broken}` }),
    gauge("odd.unit", 1, {}, { unit: `u${broken}` }),
    gauge(`odd.name${broken}`),
    gauge("odd.value", 1, { label: `v${broken}` }),
    gauge("odd.key", 1, { [`k${broken}`]: "x" }),
    gauge("odd.empty.key", 1, { "": "x" }),
    gauge("odd.blank.key", 1, { " ": "x", "..": "y" }),
    gauge("odd.reserved.key", 1, { __name__: "up" }),
    gauge("odd.same.label", 1, { "a.b": "1", a_b: "2" }),
    gauge("odd.own.label", 1, { job: "otel-collector", instance: "x", "otel.scope.name": "y" }),
    histogram("odd.buckets", { le: "x" }),
    { name: "odd.quantiles", summary: { dataPoints: [{ ...point(1, { quantile: "x" }), count: "1", sum: 1, quantileValues: [] }] } },
    gauge(""),
    gauge("..."),
  ]);
  await send(port, { "service.name": `s${broken}`, "service.instance.id": "1", "": "x", " ": "y" }, [gauge("odd.service")]);
  await send(port, app, [gauge("odd.scope")], { name: `s${broken}` });
}

test("odd text and odd names take no page away, and are no error in the log", async () => {
  const { at, config } = await collector();
  let text: Buffer = Buffer.from("");
  const { output } = await run(program("otelcol-contrib"), collectorArgs(config), {
    until: ready,
    meanwhile: async () => {
      await sendOdd(at.otlpHttp);
      await send(at.otlpHttp, { "service.name": "other" }, [gauge("fine")]);
      await page(at.prometheusExporter);
      text = await page(at.prometheusExporter);
    },
  });
  expect(Buffer.from(text.toString()).equals(text)).toBe(true);
  const series = text
    .toString()
    .split("\n")
    .filter((line) => line.startsWith("odd_") || line.startsWith("fine"));
  expect(names(series).map((name) => name.replace(/_(bucket|sum|count)$/, ""))).toEqual(
    expect.arrayContaining([
      ...["fine", "odd_help", "odd_unit_u_", "odd_name", "odd_value", "odd_key", "odd_empty_key", "odd_blank_key", "odd_reserved_key"],
      ...["odd_same_label", "odd_own_label", "odd_buckets", "odd_quantiles", "odd_service", "odd_scope"],
    ]),
  );
  for (const line of series) {
    const labels = [...line.matchAll(/[{,]([a-z_]+)="/g)].map(([, name]) => name);
    expect([line, new Set(labels).size]).toEqual([line, labels.length]);
  }
  expect(output.split("\n").filter((line) => /failed to convert|error gathering/.test(line))).toEqual([]);
});

test("of two types of one name the first on the page stays, and span metrics are not the ones to go", async () => {
  const { at, config } = await collector();
  let series: string[] = [];
  await run(program("otelcol-contrib"), collectorArgs(config), {
    until: ready,
    meanwhile: async () => {
      await send(at.otlpHttp, { "service.name": "a" }, [gauge("orders_total"), gauge("traces.span.metrics.calls_total")]);
      // Of what comes between two looks at the page, either may be the first.
      await until(
        10,
        () => scraped(at.prometheusExporter),
        (page) => names(page).includes("orders_total"),
      );
      await send(at.otlpHttp, { "service.name": "b" }, [counter("orders", 2), gauge("fine")]);
      series = await scraped(at.prometheusExporter);
    },
  });
  const own = names(series).filter((name) => !/^(otelcol|target_info)/.test(name));
  expect(own.sort()).toEqual(["exported_traces_span_metrics_calls_total", "fine", "orders_total"]);
  expect(series.filter((line) => line.startsWith("orders_total"))).toEqual([expect.stringMatching(/job="a".* 1$/)]);
});

interface Found {
  readonly metric: Texts;
  readonly value: readonly [number, string];
}

test("an application that calls itself a service of the stack is none of those that rules select", async () => {
  const { at, config } = await collector();
  const [web] = (await freePorts(1)) as [number];
  const scrape = dockerTopology("dev").scrape.flatMap((job) => {
    const port = { "otel-collector": at.telemetry, "otel-collector-exporter": at.prometheusExporter, "index-cleaner": at.reportsExporter }[
      job.name
    ];
    return port === undefined ? [] : [{ ...job, instances: [`127.0.0.1:${port}`] }];
  });
  written(folder(), files.rules, rulesFile(settings));
  const prometheus = written(
    folder(),
    files.prometheus,
    prometheusConfig(settings, { ...dockerTopology("dev"), scrape })
      .replaceAll(paths.config, folder())
      .replaceAll(/interval: 15s/g, "interval: 1s"),
  );
  const query = async (expression: string): Promise<Found[]> => {
    const url = `http://127.0.0.1:${web}/api/v1/query?${new URLSearchParams({ query: expression }).toString()}`;
    return ((await (await fetch(url)).json()) as { data: { result: Found[] } }).data.result;
  };
  const spoofed: Found[][] = [];
  const watch = () =>
    run(
      program("prometheus"),
      [`--config.file=${prometheus}`, `--storage.tsdb.path=${join(folder(), "data")}`, `--web.listen-address=127.0.0.1:${web}`],
      {
        until: /Server is ready to receive web requests/,
        meanwhile: async () => {
          await until(
            30,
            () => query("exported_ALERTS"),
            (found) => found.length > 0,
          );
          // Rules have been looked at meanwhile.
          await until(
            30,
            () => query("tracing:spans_per_second"),
            (found) => found.length > 0,
          );
          for (const expression of [
            'up{job="otel-collector-exporter"}',
            'count by (job) ({exported_job!=""})',
            "otelcol_exporter_queue_size",
            "tracing:lost_5m",
            'ALERTS{alertname=~"OTELExporterQueueFull|TraceDataLoss|Invented"}',
            'count by (__name__) ({__name__=~"exported_.*"})',
          ])
            spoofed.push(await query(expression));
        },
      },
    );
  await run(program("otelcol-contrib"), collectorArgs(config), {
    seconds: 80,
    until: ready,
    meanwhile: async () => {
      await sendOdd(at.otlpHttp);
      for (const service of ["otel-collector", "jaeger", "elasticsearch-exporter", "index-cleaner"]) {
        await send(at.otlpHttp, { "service.name": service, "service.instance.id": `127.0.0.1:${at.telemetry}` }, [
          gauge("otelcol_exporter_queue_size", 99, { exporter: "otlp_grpc" }),
          gauge("otelcol_exporter_queue_capacity", 100, { exporter: "otlp_grpc" }),
          counter("otelcol_exporter_send_failed_spans", 7, { exporter: "otlp_grpc" }),
          gauge("up", 0),
          gauge("tracing:lost_5m", 5, { place: "storage" }),
          gauge("ALERTS", 1, { alertname: "Invented", alertstate: "firing" }),
          gauge("tracing.index_cleaner.last_run.success", 0),
        ]);
      }
      await watch();
    },
  });
  const [up, jobs, queues, lost, alerts, renamed] = spoofed;
  expect(up?.map(({ value }) => value[1])).toEqual(["1"]);
  expect(jobs?.map(({ metric }) => metric.job)).toEqual(["otel-collector-exporter"]);
  expect(queues?.filter(({ metric }) => metric.job !== "otel-collector-exporter" && metric.exported_job !== undefined)).toEqual([]);
  expect(queues?.filter(({ metric }) => metric.exported_job === "otel-collector")).toHaveLength(1);
  expect([lost, alerts]).toEqual([[], []]);
  // Beside them what Prometheus says of its own scrapes, where the Collector has scraped itself by then.
  const others = renamed?.map(({ metric }) => metric.__name__).filter((name) => !name?.startsWith("exported_scrape_"));
  expect(others?.sort()).toEqual(["exported_ALERTS", "exported_tracing:lost_5m", "exported_up"]);
});
