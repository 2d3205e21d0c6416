/**
 * Rung: rules. The metrics that rules name are those that the pinned programs emit, read from the programs themselves. Some exist after a
 * failure only, which the tests provoke: Jaeger with its own config and a stand-in for Elasticsearch, and the Collector with its
 * own config, then with exporters that fail.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { collectorConfig } from "../../configs/collector/config";
import { prometheusReader } from "../../configs/go-programs";
import { setupScript } from "../../configs/elasticsearch/setup";
import { passwordFile } from "../../configs/elasticsearch/users";
import { jaegerConfig } from "../../configs/jaeger/config";
import { serviceGraphScript } from "../../configs/jaeger/service-graph";
import { dockerTopology } from "../../configs/topology/docker";
import { files, paths, ports } from "../../configs/topology/ports";
import { toYaml } from "../../configs/yaml";
import { projectFolder } from "../../render/record";
import { olderJaeger } from "../binaries/support/older-jaeger";
import { collectorArgs, freePorts, program, run } from "../binaries/support/programs";
import { Authority } from "../support/certificates";
import { localCanary } from "../support/canary";
import { localScript } from "../support/cleaner";
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import { until } from "../support/waiting";
import { standIn } from "./support/elasticsearch";
import { named, rulesOf } from "./support/named";
import { moved, names, ready, scraped, written } from "./support/moved";

jest.setTimeout(60_000);
const folder = temporaryFolder();
const settings = settingsWith({ otherImages: olderJaeger });

const rules = rulesOf(settings);

let sentTraces = 0;
/** Sends spans; an answer that refuses them is an answer. */
async function send(port: number, count: number, attributes: readonly object[] = []): Promise<void> {
  const spans = Array.from({ length: count }, (_, i) => ({
    traceId: String(++sentTraces).padStart(32, "a"),
    spanId: String(i + 1).padStart(16, "0"),
    name: "span",
    attributes,
    startTimeUnixNano: `${Date.now()}000000`,
    endTimeUnixNano: `${Date.now()}000001`,
  }));
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "service" } }] };
  await fetch(`http://127.0.0.1:${port}/v1/traces`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] }),
  });
}

test("Jaeger emits what rules name of it, with buckets that can tell 100 ms, and no metric of each request", async () => {
  const elasticsearch = await standIn();
  for (const user of ["writer", "reader"] as const) written(folder(), passwordFile(settings, user), "x");
  written(folder(), files.strategies, "{}");
  written(folder(), files.ui, "{}");
  const { at, config } = await moved(folder(), ports.jaeger, (topology) =>
    jaegerConfig(settings, { ...topology, elasticsearchUrl: elasticsearch.url })
      .replaceAll(paths.secrets, folder())
      .replaceAll(paths.live, folder()),
  );
  const wanted = named(rules, "jaeger");
  let series: string[] = [];
  const scrape = () =>
    // A bulk request that fails is tried again for 10 to 23 s before it counts.
    until(
      30,
      () => scraped(at.admin),
      (found) => wanted.every((name) => names(found).includes(name)),
    );
  const { output } = await run(program("jaeger"), [`--config=${config}`], {
    seconds: 50,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" },
    until: ready,
    meanwhile: async () => {
      await send(at.otlpHttp, 20);
      await until(
        5,
        () => scraped(at.admin),
        (found) => found.some((line) => /bulk_index_inserts_total\{.* 21$/.test(line)),
      );
      // One that Jaeger cannot write is handed to its writer, and counts nowhere else: what TraceDataLoss has a rule of its own for.
      await send(at.otlpHttp, 1, [{ key: "ratio", value: { doubleValue: "NaN" } }]);
      elasticsearch.mood = "rejects";
      await send(at.otlpHttp, 5);
      await until(
        5,
        () => scraped(at.admin),
        (found) => found.some((line) => /bulk_index_errors_total\{.* 5$/.test(line)),
      );
      elasticsearch.mood = "fails";
      await send(at.otlpHttp, 5);
      await fetch(`http://127.0.0.1:${at.query}/api/v3/services`);
      series = await scrape();
      elasticsearch.mood = "well";
    },
  });
  await elasticsearch.close();
  expect({ missing: wanted.filter((name) => !names(series).includes(name)), output }).toEqual({ missing: [], output });
  // Its traces about itself have nowhere to go.
  expect(output).not.toMatch(/dial tcp 127\.0\.0\.1:1:/);
  // What the rules rest on: spans are counted exactly; of one service and operation there is one document more.
  expect(series).toContainEqual(expect.stringMatching(/^jaeger_storage_spans_attempts_total\{.* 31$/));
  expect(series).toContainEqual(expect.stringMatching(/^jaeger_storage_bulk_index_errors_total\{.* 5$/));
  // And that a request that failed as a whole counts as inserted, though nothing was.
  const inserts = series.find((line) => line.startsWith("jaeger_storage_bulk_index_inserts_total{"));
  expect(Number(inserts?.split(" ").at(-1))).toBeGreaterThan(21);
  expect(series).toContainEqual(expect.stringMatching(/^jaeger_storage_requests_total\{.*result="err".* 1$/));
  expect(series).toContainEqual(expect.stringMatching(/^jaeger_storage_bulk_index_latency_ok_seconds_bucket\{.*le="0\.1"/));
  expect(names(series).filter((name) => /^(http|rpc)_/.test(name))).toEqual([]);
});

test("the Collector emits what rules name of it", async () => {
  mkdirSync(join(folder(), "queue"));
  const { at, config } = await moved(folder(), ports.collector, (topology) =>
    collectorConfig(settings, topology).replaceAll(paths.collectorQueue, join(folder(), "queue")),
  );
  // Not before a queue or an exporter fails, which the Collector's own config keeps from happening.
  const failures = [
    "otelcol_exporter_enqueue_failed_spans_total",
    "otelcol_exporter_send_failed_spans_total",
    "otelcol_exporter_sent_spans_total",
    "otelcol_processor_tail_sampling_traces_dropped_too_large_total",
    "rpc_server_call_duration_seconds_count",
  ];
  const wanted = named(rules, "otel-collector");
  expect(wanted).toEqual(expect.arrayContaining(failures));
  const own = wanted.filter((name) => !failures.includes(name));
  let found: string[] = [];
  await run(program("otelcol-contrib"), collectorArgs(config), {
    until: ready,
    meanwhile: async () => {
      await send(at.otlpHttp, 5);
      found = await until(
        5,
        async () => names(await scraped(at.telemetry)),
        (all) => own.every((name) => all.includes(name)),
      );
    },
  });
  expect(own.filter((name) => !found.includes(name))).toEqual([]);

  const [otlp, grpc, telemetry, nobody] = (await freePorts(4)) as [number, number, number, number];
  const exporter = { endpoint: `127.0.0.1:${nobody}`, tls: { insecure: true }, timeout: "1s" };
  const failing = written(
    folder(),
    "failing.yml",
    toYaml({
      receivers: {
        otlp: { protocols: { http: { endpoint: `127.0.0.1:${otlp}` } } },
        "otlp/itself": { protocols: { grpc: { endpoint: `127.0.0.1:${grpc}` } } },
      },
      processors: { tail_sampling: { maximum_trace_size_bytes: 1, policies: [{ name: "all", type: "always_sample" }] } },
      exporters: {
        "otlp_grpc/itself": { ...exporter, endpoint: `127.0.0.1:${grpc}`, sending_queue: { enabled: false } },
        "otlp_grpc/full": { ...exporter, sending_queue: { queue_size: 1, num_consumers: 1 } },
        "otlp_grpc/fails": { ...exporter, sending_queue: { enabled: false }, retry_on_failure: { enabled: false } },
      },
      service: {
        pipelines: {
          traces: { receivers: ["otlp"], exporters: ["otlp_grpc/full", "otlp_grpc/fails", "otlp_grpc/itself"] },
          "traces/itself": { receivers: ["otlp/itself"], processors: ["tail_sampling"], exporters: ["otlp_grpc/full"] },
        },
        telemetry: { metrics: { level: "detailed", readers: [prometheusReader("127.0.0.1", telemetry)] } },
      },
    }),
  );
  await run(program("otelcol-contrib"), [`--config=${failing}`], {
    until: ready,
    meanwhile: async () => {
      for (let i = 0; i < 4; i++) await send(otlp, 5);
      found = names(await scraped(telemetry));
    },
  });
  expect(failures.filter((name) => !found.includes(name))).toEqual([]);
});

test("what the index cleaner, the setup and the service graph report becomes what rules name of them, on a page of its own", async () => {
  const elasticsearch = await standIn();
  written(folder(), passwordFile(settings, "cleaner"), "x");
  mkdirSync(join(folder(), "queue"));
  const { at, config } = await moved(folder(), ports.collector, (topology) =>
    collectorConfig(settings, topology).replaceAll(paths.collectorQueue, join(folder(), "queue")),
  );
  const collector = `http://127.0.0.1:${at.reports}`;
  const cleaner = localScript(settings, {
    folder: folder(),
    elasticsearch: elasticsearch.url,
    collector,
    program: program("es-index-cleaner"),
  });
  written(folder(), files.elasticsearchPassword, "x");
  const reporting = { ...dockerTopology("dev"), collectorReports: collector };
  // All of a script but its loop.
  const functions = (script: string) => script.slice(0, script.indexOf("\ntrap ")).replaceAll(paths.secrets, folder());
  const watching = settingsWith({ platform: "kubernetes", otherImages: olderJaeger, kubernetes: { tls: { mode: "on" } } });
  await (await Authority.make(join(folder(), "authority"))).issue(join(folder(), "watched", "jaeger-tier-tls"), ["jaeger"]);
  const setup = functions(setupScript(watching, reporting)).replaceAll(paths.watchedCertificates, join(folder(), "watched"));
  const graph = functions(serviceGraphScript(settings, reporting));
  let series: string[] = [];
  await run(program("otelcol-contrib"), collectorArgs(config), {
    until: ready,
    meanwhile: async () => {
      await run("/bin/busybox", ["sh", cleaner.script], { env: { PATH: cleaner.path } });
      await run("bash", ["-c", `${setup}\ninPlace=$(date +%s) repaired=$inPlace\nreport`]);
      await run("bash", ["-c", `${graph}\nupToDate=$(date +%s)\nreport`]);
      series = await until(
        5,
        async () => (await scraped(at.reportsExporter)).filter((line) => !line.startsWith("target_info")),
        (found) => names(found).length > 6,
      );
    },
  });
  await elasticsearch.close();
  const wanted = named(rulesOf(watching), "index-cleaner").filter((name) => !name.startsWith("tracing_canary_"));
  expect(wanted).toHaveLength(7);
  expect(names(series)).toEqual(expect.arrayContaining(wanted));
  expect(series).toContainEqual(
    expect.stringMatching(/^tracing_certificate_expiry_timestamp_seconds\{certificate="jaeger-tier-tls\/tls.crt"/),
  );
});

test("what the canary reports becomes what rules name of it, and no span metrics are about it", async () => {
  mkdirSync(join(folder(), "queue"));
  const { at, config } = await moved(folder(), ports.collector, (topology) =>
    collectorConfig(settings, topology).replaceAll(paths.collectorQueue, join(folder(), "queue")),
  );
  const local = (port: number) => `http://127.0.0.1:${port}`;
  const canary = localCanary({
    folder: folder(),
    collector: local(at.otlpHttp),
    reports: local(at.reports),
    jaeger: local(1),
    interval: 1,
    times: { decided: 0, searchable: 1, deadline: 2 },
  });
  const wanted = named(rules, "index-cleaner").filter((name) => name.startsWith("tracing_canary_"));
  expect(wanted).toHaveLength(7);
  let series: string[] = [];
  let requests: string[] = [];
  await run(program("otelcol-contrib"), collectorArgs(config), {
    until: ready,
    seconds: 50,
    meanwhile: async () => {
      await send(at.otlpHttp, 1);
      const sings = run("/bin/busybox", ["sh", canary.script], { env: { PATH: canary.path }, seconds: 24 });
      series = await until(
        10,
        () => scraped(at.reportsExporter),
        (found) => found.some((line) => /^tracing_canary_missing_total\{.* [1-9]/.test(line)),
      );
      // Span metrics come every 15 s.
      requests = await until(
        20,
        () => scraped(at.prometheusExporter),
        (found) => found.some((line) => line.startsWith("traces_span_metrics_calls_total{")),
      );
      await sings;
    },
  });
  expect(names(series)).toEqual(expect.arrayContaining(wanted));
  const value = (metric: string) =>
    Number(
      series
        .find((line) => line.startsWith(`${metric}{`))
        ?.split(" ")
        .at(-1),
    );
  expect(value("tracing_canary_sent_total")).toBeGreaterThan(1);
  expect(value("tracing_canary_refused_total")).toBe(0);
  expect(value("tracing_canary_unanswered_total")).toBeGreaterThan(0);
  const calls = requests.filter((line) => line.startsWith("traces_span_metrics_"));
  expect(calls).toContainEqual(expect.stringContaining('service_name="service"'));
  expect(calls.filter((line) => line.includes("tracing-canary"))).toEqual([]);
});

test("every selector names its job, but those of series that rules record", () => {
  const recorded = rules.flatMap(({ record }) => record ?? []);
  // A constant, such as what an objective grants, selects nothing.
  for (const { expr } of rules.filter((rule) => !/^vector\([\d.]+\)$/.test(rule.expr))) {
    const metrics = [...expr.matchAll(/\b(?:otelcol_|jaeger_|elasticsearch_|tracing[:_]|up\b)[a-z_:0-9]*(\{job=)?/g)].map(([all, job]) => ({
      all,
      job,
    }));
    expect(metrics.length).toBeGreaterThan(0);
    expect(metrics.filter(({ all, job }) => job === undefined && !recorded.includes(all))).toEqual([]);
  }
});

test("every alert has a section in its runbook", () => {
  const several = settingsWith({
    platform: "kubernetes",
    elasticsearch: { nodes: 3, tls: "cert-manager" },
    prometheus: { mode: "operator" },
  });
  const delivering = settingsWith({ alerts: { delivery: "own" } });
  const alerts = [...rules, ...rulesOf(settingsWith()), ...rulesOf(delivering), ...rulesOf(several)].filter(
    ({ alert }) => alert !== undefined,
  );
  expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(33);
  for (const { alert, annotations } of alerts) {
    const [file, anchor] = annotations!.runbook_url!.split("#");
    expect(anchor).toBe(alert!.toLowerCase());
    expect(readFileSync(join(projectFolder, file!), "utf8")).toContain(`\n## ${alert!}\n`);
  }
});
