/**
 * Rung: real systems end to end. A running stack is used as an application, an operator and Prometheus use it, and takes bursts of spans. The stack
 * is one that several test files share.
 */
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { cleanerGauges } from "../../../configs/jaeger/cleaner-metrics";
import { gaugeMetric } from "../../../configs/reported-gauges";
import { imageReference } from "../../../configs/images";
import { is, metrics, series } from "../../../configs/prometheus/metrics";
import { rulesFile } from "../../../configs/prometheus/rules";
import { networksOf } from "../../../configs/topology/docker";
import { ports } from "../../../configs/topology/ports";
import { eventually } from "../../support/waiting";
import { Checkout, scratch } from "../lib/checkout";
import { Ledger } from "../lib/ledger";
import { reaches } from "../lib/networks";
import { Clients } from "../lib/send";
import { Systems } from "../lib/systems";

jest.setTimeout(15 * 60_000);

const stack = Checkout.copy();
const systems = new Systems(stack);
const clients = new Clients(stack);
const ledger = new Ledger(stack);

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

it.each([
  ["Elasticsearch asks for a password", "elasticsearch", "/", 401, ""],
  ["Collector health", "collector-health", "/healthz", 200, "OK"],
  ["Collector zpages", "collector-zpages", "/debug/pipelinez", 200, "traces/kept"],
  // Empty until the first scrape or report; what it has is below.
  ["Collector metrics", "collector-metrics", "/metrics", 200, ""],
  ["Jaeger UI", "jaeger-ui", "/", 200, ""],
  ["Jaeger UI under the brief's path", "jaeger-ui", "/health", 200, ""],
  ["Jaeger API", "jaeger-ui", "/api/v3/services", 200, "tracing-smoke"],
  ["Jaeger admin", "jaeger-admin", "/metrics", 200, "jaeger_storage_bulk_index_inserts_total"],
  ["Jaeger remote sampling", "jaeger-sampling", "/?service=thebot-platform", 200, '"samplingRate":1'],
  ["Prometheus", "prometheus", "/-/ready", 200, ""],
] as const)("answers on the brief's ports: %s", async (_, port, path, status, text) => {
  const answer = await systems.page(port, path);
  expect(answer.status).toBe(status);
  expect(answer.text).toContain(text);
});

it("shows the brief's indices to Elasticsearch's user", async () => {
  const indices = (await systems.elasticsearch("/_cat/indices/jaeger*?format=json")) as { index: string }[];
  expect(indices.map(({ index }) => index)).toContainEqual(expect.stringMatching(/^jaeger-span-\d{4}-\d{2}-\d{2}$/));
});

it("lets the Collector's environment be read with the brief's command", async () => {
  expect(execFileSync("docker", ["exec", stack.container("otel-collector"), "env"]).toString()).toMatch(/^TRACING_SAMPLE_PERCENTAGE=100$/m);
});

it.each(["grpc", "http"] as const)("stores a span of the OpenTelemetry SDK over OTLP %s", async (protocol) => {
  const id = await clients.otel(protocol, {
    service: "thebot-platform",
    name: "GET api/chat/rooms/",
    attributes: { correlation_id: `e2e-${protocol}` },
  });
  const [span] = await systems.trace(id);
  expect(span?.name).toBe("GET api/chat/rooms/");
  expect(span?.attributes).toContainEqual({ key: "correlation_id", value: { stringValue: `e2e-${protocol}` } });
  expect(span?.attributes).toContainEqual({ key: "deployment.environment.name", value: { stringValue: "development" } });
});

it("stores a span of Jaeger's old Thrift client", async () => {
  const [span] = await systems.trace(await clients.jaegerThrift({ service: "old-client", name: "legacy-operation" }));
  expect(span?.name).toBe("legacy-operation");
});

it("masks credentials that an instrumentation recorded, and says that it did", async () => {
  const attributes = { "http.request.header.authorization": "Bearer abc", "http.request.header.accept": "text/html" };
  const [span] = await systems.trace(await clients.otel("http", { service: "thebot-platform", name: "redaction", attributes }));
  const values = Object.fromEntries(span?.attributes.map(({ key, value }) => [key, JSON.stringify(value)]) ?? []);
  expect(values["http.request.header.accept"]).toContain("text/html");
  expect(values["http.request.header.authorization"]).toContain("****");
  expect(values["tracing.redacted.credentials"]).toContain("true");
});

it("hands on applications' own OTLP metrics", async () => {
  const metric = {
    name: "e2e.orders",
    sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [{ asInt: "7", timeUnixNano: `${Date.now()}000000` }] },
  };
  const body = JSON.stringify({ resourceMetrics: [{ resource: {}, scopeMetrics: [{ scope: {}, metrics: [metric] }] }] });
  const url = `${stack.url("otlp-http")}/v1/metrics`;
  const sent = await fetch(url, { method: "POST", body, headers: { "content-type": "application/json" } });
  expect(sent.status).toBe(200);
  const text = await eventually("the metric on 8889", 20, async () => {
    const answer = await systems.page("collector-metrics", "/metrics");
    return answer.text.includes("e2e_orders_total") ? answer.text : undefined;
  });
  expect(text).toMatch(/^e2e_orders_total(\{.*\})? 7/m);
});

it("scrapes metrics with its Prometheus receiver: its own, which 8889 then has too", async () => {
  const { text } = await eventually("the Collector's own metrics on 8889", 60, async () => {
    const answer = await systems.page("collector-metrics", "/metrics");
    return answer.text.includes("otelcol_process_uptime_seconds_total") ? answer : undefined;
  });
  expect(text).toMatch(/^otelcol_process_uptime_seconds_total\{.*\} [\d.]+/m);
});

it("counts requests before sampling, by span metrics", async () => {
  await clients.otel("http", { service: "span-metrics", name: "GET api/orders/" });
  const calls = series("calls", { service_name: is("span-metrics") });
  await eventually(calls, 60, async () => ((await systems.query(calls)) === 1 ? true : undefined));
  expect(await systems.query(`${metrics.callSeconds.name}_count{service_name="span-metrics"}`)).toBe(1);
});

it("has every Prometheus target up", async () => {
  const up = await eventually("an answer for every target", 60, async () => {
    const { text } = await systems.page("prometheus", "/api/v1/targets");
    const { data } = JSON.parse(text) as { data: { activeTargets: { labels: { job: string }; health: string }[] } };
    return data.activeTargets.some(({ health }) => health === "unknown") ? undefined : data.activeTargets;
  });
  expect(Object.fromEntries(up.map(({ labels, health }) => [labels.job, health]))).toEqual({
    jaeger: "up",
    "otel-collector": "up",
    "otel-collector-exporter": "up",
    "index-cleaner": "up",
    "elasticsearch-exporter": "up",
    prometheus: "up",
  });
});

it("opens the Collector's receivers and remote sampling to applications, and nothing else", async () => {
  const image = imageReference("busybox", { source: "local" });
  const reach = (host: string, port: number) => reaches(networksOf(stack.stack).ingest, image, host, port);
  const { collector, jaeger } = ports;
  for (const port of [collector.otlpGrpc, collector.otlpHttp, collector.jaegerGrpc, collector.jaegerThriftHttp]) {
    expect([port, await reach("otel-collector", port)]).toEqual([port, true]);
  }
  expect(await reach("jaeger", jaeger.samplingHttp)).toBe(true);
  for (const port of [jaeger.query, jaeger.admin, jaeger.otlpGrpc, jaeger.jaegerThriftHttp]) {
    expect([port, await reach("jaeger", port)]).toEqual([port, false]);
  }
  for (const port of [collector.telemetry, collector.prometheusExporter, collector.reports, collector.reportsExporter, collector.zpages]) {
    expect([port, await reach("otel-collector", port)]).toEqual([port, false]);
  }
  expect(await reach("elasticsearch", ports.elasticsearch.http)).toBe(false);
  expect(await reach("elasticsearch-exporter", ports.elasticsearchExporter.http)).toBe(false);
});

it("has run the index cleaner", async () => {
  const logs = execFileSync("docker", ["logs", stack.container("index-cleaner")], { encoding: "utf8" });
  expect(logs).toContain("done; next run at 03:00 UTC");
  // Its report goes through the Collector: what rules read, and what people see.
  const success = gaugeMetric(cleanerGauges.lastSuccess);
  const reported = await eventually(success, 60, async () => (await systems.query(success)) || undefined);
  expect(Date.now() / 1000 - reported).toBeLessThan(15 * 60);
  expect(await systems.query(gaugeMetric(cleanerGauges.lastRun))).toBe(1);
  expect(await systems.query(gaugeMetric(cleanerGauges.oldestIndex))).toBeLessThanOrEqual(Date.now() / 1000);
  const status = await stack.makes("status");
  expect(status).toMatch(/^cleaning +last \d{4}-\d\d-\d\d \d\d:\d\d UTC, next \d{4}-\d\d-\d\d 03:00 UTC; 7 days are kept$/m);
  expect(status).toMatch(/^storage +\d+ indices, .*; the oldest, jaeger-\S+, is \d+\.\d hours old$/m);
  expect(status).toMatch(/^sampled +(100\.0 % of|no trace in) the last 5 minutes; 100\.0 % of \d+ traces kept/m);
  expect(status.split("\n").length).toBeLessThan(32);
});

// Before the load: on a slow machine a burst may be what an alert is for.
it("has loaded the rules, and fires no alert in ordinary work", async () => {
  const { text } = await systems.page("prometheus", "/api/v1/rules");
  const { data } = JSON.parse(text) as {
    data: { groups: { rules: { name: string; type: string; state?: string; health: string }[] }[] };
  };
  const rules = data.groups.flatMap((group) => group.rules);
  const alerts = [...rulesFile(stack.settings).matchAll(/^ +- alert: (.+)$/gm)].map(([, name]) => name);
  expect(alerts).toContain("TraceDataLoss");
  expect(rules.filter(({ type }) => type === "alerting").map(({ name }) => name)).toEqual(alerts);
  expect(rules.filter(({ health, state }) => health !== "ok" || state === "firing")).toEqual([]);
});

it("loses and doubles nothing of 10,000 spans", async () => {
  expect(await ledger.run("steady", "--spans", "10000")).toMatchObject({ acknowledged: 10_000, stored: 10_000, lost: 0, duplicated: 0 });
});

it("loses nothing acknowledged of a burst of 100,000 spans", async () => {
  const verdict = await ledger.run("burst", "--spans", "100000", "--connections", "8", "--wait", "400s");
  expect(verdict).toMatchObject({ sent: 100_000, lost: 0, unexpected: 0 });
  // What is refused for a moment is sent again; a slow machine may give some up, not half of them.
  expect(verdict.acknowledged).toBeGreaterThan(50_000);
  expect(verdict.stored).toBeGreaterThanOrEqual(verdict.acknowledged);
});
