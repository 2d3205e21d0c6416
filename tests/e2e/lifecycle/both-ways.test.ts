/**
 * Rung: real systems end to end. The dev stack comes up by `make up`, once each way, and is used as an application would use it.
 *
 * The compose way runs everywhere. The Pulumi way needs the CLI on PATH with its docker and random plugins; without it those tests are
 * skipped, and the runner says so.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cleanerMetric } from "../../configs/cleaner-metrics";
import { imageReference } from "../../configs/images";
import { networks, ports, publishedPorts } from "../../configs/topology";
import { projectFolder } from "../../render/record";
import { Checkout, ledger, project, reaches, passwordFile, scratch } from "./lib/commands";
import { containerIds, inspectServices, inspectText } from "./lib/inspect";
import { jaegerThriftClient, otelClient } from "./lib/send";
import { eventually } from "../support/waiting";
import { elasticsearch, page, query, trace } from "./lib/systems";

jest.setTimeout(15 * 60_000);

const stack = "dev";
const hasPulumi = (() => {
  try {
    execFileSync("pulumi", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();
console.log(hasPulumi ? "pulumi is on PATH: both ways are tested" : "pulumi is not on PATH: the Pulumi way is NOT tested");

const inspected: Record<string, Record<string, object>> = {};

async function destroyed(): Promise<void> {
  await project.makes("destroy", "YES=1", `ENV=${stack}`);
  const left = [...(await containerIds(stack, "service")), ...(await containerIds(stack, "helper"))];
  expect(left).toEqual([]);
}

beforeAll(() => project.make("destroy", "YES=1", `ENV=${stack}`));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe("the stack by compose", () => {
  let upOutput = "";
  beforeAll(async () => {
    // Half-made: its Elasticsearch runs, the others are not there yet. The next one goes on from there.
    await project.makeUntil(`tracing-${stack}-elasticsearch`, "up", "WAY=compose", `ENV=${stack}`);
    upOutput = await project.makes("up", "WAY=compose", `ENV=${stack}`);
  });
  afterAll(destroyed);

  it("tells the user where everything is, and no secret", async () => {
    for (const line of ["http://127.0.0.1:16686", "http://127.0.0.1:9091", "OTEL_EXPORTER_OTLP_ENDPOINT", "make password"]) {
      expect(upOutput).toContain(line);
    }
    expect(upOutput).not.toContain(readFileSync(await passwordFile(), "utf8"));
  });

  it("changes nothing when it is brought up again", async () => {
    const before = await containerIds(stack, "service");
    await project.makes("up", "WAY=compose", `ENV=${stack}`);
    expect(await containerIds(stack, "service")).toEqual(before);
    inspected.compose = await inspectServices(stack);
  });

  it("refuses the other way as long as it is there", async () => {
    const { ok, output } = await project.make("up", "WAY=pulumi", `ENV=${stack}`);
    expect(ok).toBe(false);
    expect(output).toMatch(/compose/);
    expect(output).toMatch(/make destroy/);
  });

  it.each([
    ["Elasticsearch asks for a password", publishedPorts.elasticsearch, "/", 401, ""],
    ["Collector health", ports.collector.health, "/healthz", 200, "OK"],
    ["Collector zpages", ports.collector.zpages, "/debug/pipelinez", 200, "traces/kept"],
    ["Collector metrics", ports.collector.prometheusExporter, "/metrics", 200, "# TYPE "],
    ["Jaeger UI", ports.jaeger.query, "/", 200, ""],
    ["Jaeger UI under the brief's path", ports.jaeger.query, "/health", 200, ""],
    ["Jaeger API", ports.jaeger.query, "/api/v3/services", 200, "tracing-smoke"],
    ["Jaeger admin", ports.jaeger.admin, "/metrics", 200, "jaeger_storage_bulk_index_inserts_total"],
    ["Jaeger remote sampling", ports.jaeger.samplingHttp, "/?service=thebot-platform", 200, '"samplingRate":1'],
    ["Prometheus", publishedPorts.prometheus, "/-/ready", 200, ""],
  ])("answers on the brief's ports: %s", async (_, port, path, status, text) => {
    const answer = await page(port, path);
    expect(answer.status).toBe(status);
    expect(answer.text).toContain(text);
  });

  it("shows the brief's indices to Elasticsearch's user", async () => {
    const indices = (await elasticsearch("/_cat/indices/jaeger*?format=json")) as { index: string }[];
    expect(indices.map(({ index }) => index)).toContainEqual(expect.stringMatching(/^jaeger-span-\d{4}-\d{2}-\d{2}$/));
  });

  it("lets the Collector's environment be read with the brief's command", async () => {
    const container = `tracing-${stack}-otel-collector`;
    expect(execFileSync("docker", ["exec", container, "env"]).toString()).toMatch(/^TRACING_SAMPLE_PERCENTAGE=100$/m);
  });

  it.each(["grpc", "http"] as const)("stores a span of the OpenTelemetry SDK over OTLP %s", async (protocol) => {
    const id = await otelClient(protocol, {
      service: "thebot-platform",
      name: "GET api/chat/rooms/",
      attributes: { correlation_id: `e2e-${protocol}` },
    });
    const [span] = await trace(id);
    expect(span?.name).toBe("GET api/chat/rooms/");
    expect(span?.attributes).toContainEqual({ key: "correlation_id", value: { stringValue: `e2e-${protocol}` } });
    expect(span?.attributes).toContainEqual({ key: "deployment.environment.name", value: { stringValue: "development" } });
  });

  it("stores a span of Jaeger's old Thrift client", async () => {
    const [span] = await trace(await jaegerThriftClient({ service: "old-client", name: "legacy-operation" }));
    expect(span?.name).toBe("legacy-operation");
  });

  it("removes credentials that an instrumentation recorded", async () => {
    const attributes = { "http.request.header.authorization": "Bearer abc", "http.request.header.accept": "text/html" };
    const [span] = await trace(await otelClient("http", { service: "thebot-platform", name: "redaction", attributes }));
    const keys = span?.attributes.map(({ key }) => key);
    expect(keys).toContain("http.request.header.accept");
    expect(keys).not.toContain("http.request.header.authorization");
  });

  it("hands on applications' own OTLP metrics", async () => {
    const metric = {
      name: "e2e.orders",
      sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [{ asInt: "7", timeUnixNano: `${Date.now()}000000` }] },
    };
    const body = JSON.stringify({ resourceMetrics: [{ resource: {}, scopeMetrics: [{ scope: {}, metrics: [metric] }] }] });
    const url = `http://127.0.0.1:${ports.collector.otlpHttp}/v1/metrics`;
    const sent = await fetch(url, { method: "POST", body, headers: { "content-type": "application/json" } });
    expect(sent.status).toBe(200);
    const text = await eventually("the metric on 8889", 20, async () => {
      const answer = await page(ports.collector.prometheusExporter, "/metrics");
      return answer.text.includes("e2e_orders_total") ? answer.text : undefined;
    });
    expect(text).toMatch(/^e2e_orders_total(\{.*\})? 7/m);
  });

  it("scrapes metrics with its Prometheus receiver: its own, which 8889 then has too", async () => {
    const { text } = await eventually("the Collector's own metrics on 8889", 60, async () => {
      const answer = await page(ports.collector.prometheusExporter, "/metrics");
      return answer.text.includes("otelcol_process_uptime_seconds_total") ? answer : undefined;
    });
    expect(text).toMatch(/^otelcol_process_uptime_seconds_total\{.*\} [\d.]+/m);
  });

  it("counts requests before sampling, by span metrics", async () => {
    await otelClient("http", { service: "span-metrics", name: "GET api/orders/" });
    const calls = 'traces_span_metrics_calls_total{service_name="span-metrics"}';
    await eventually(calls, 60, async () => ((await query(calls)) === 1 ? true : undefined));
    expect(await query('traces_span_metrics_duration_seconds_count{service_name="span-metrics"}')).toBe(1);
  });

  it("has every Prometheus target up", async () => {
    const up = await eventually("an answer for every target", 60, async () => {
      const { text } = await page(publishedPorts.prometheus, "/api/v1/targets");
      const { data } = JSON.parse(text) as { data: { activeTargets: { labels: { job: string }; health: string }[] } };
      return data.activeTargets.some(({ health }) => health === "unknown") ? undefined : data.activeTargets;
    });
    expect(Object.fromEntries(up.map(({ labels, health }) => [labels.job, health]))).toEqual({
      jaeger: "up",
      "otel-collector": "up",
      "otel-collector-exporter": "up",
      prometheus: "up",
    });
  });

  it("opens the Collector's receivers and remote sampling to applications, and nothing else", async () => {
    const image = imageReference("busybox", { source: "local" });
    const reach = (host: string, port: number) => reaches(networks.ingest, image, host, port);
    const { collector, jaeger } = ports;
    for (const port of [collector.otlpGrpc, collector.otlpHttp, collector.jaegerGrpc, collector.jaegerThriftHttp]) {
      expect([port, await reach("otel-collector", port)]).toEqual([port, true]);
    }
    expect(await reach("jaeger", jaeger.samplingHttp)).toBe(true);
    for (const port of [jaeger.query, jaeger.admin, jaeger.otlpGrpc, jaeger.jaegerThriftHttp]) {
      expect([port, await reach("jaeger", port)]).toEqual([port, false]);
    }
    for (const port of [collector.telemetry, collector.prometheusExporter, collector.zpages]) {
      expect([port, await reach("otel-collector", port)]).toEqual([port, false]);
    }
    expect(await reach("elasticsearch", ports.elasticsearch.http)).toBe(false);
  });

  it("keeps the password out of inspection, logs and the rendered files", async () => {
    const password = readFileSync(await passwordFile(), "utf8");
    expect(await inspectText(stack)).not.toContain(password);
    for (const id of [...(await containerIds(stack, "service")), ...(await containerIds(stack, "helper"))]) {
      expect(execFileSync("docker", ["logs", id], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })).not.toContain(password);
    }
    const found = spawnSync("grep", ["-rlF", "--exclude-dir=node_modules", "-e", password, projectFolder], { encoding: "utf8" });
    expect(found.stdout).toBe("");
  });

  it("has run the index cleaner", async () => {
    const logs = execFileSync("docker", ["logs", `tracing-${stack}-index-cleaner`], { encoding: "utf8" });
    expect(logs).toContain("done; next run at 03:00 UTC");
    // Its report goes through the Collector: what rules read, and what people see.
    const success = cleanerMetric("lastSuccess");
    const reported = await eventually(success, 60, async () => (await query(success)) || undefined);
    expect(Date.now() / 1000 - reported).toBeLessThan(15 * 60);
    expect(await query(cleanerMetric("lastRun"))).toBe(1);
    expect(await query(cleanerMetric("oldestIndex"))).toBeLessThanOrEqual(Date.now() / 1000);
    const status = await project.makes("status", `ENV=${stack}`);
    expect(status).toMatch(/^cleaning +last \d{4}-\d\d-\d\d \d\d:\d\d UTC, next \d{4}-\d\d-\d\d 03:00 UTC; 7 days are kept$/m);
    expect(status).toMatch(/^storage +\d+ indices, .*; the oldest, jaeger-\S+, is \d+\.\d hours old$/m);
    expect(status).toMatch(/^sampled +(100\.0 % of|no trace in) the last 5 minutes; 100\.0 % of \d+ traces kept/m);
    expect(status.split("\n").length).toBeLessThan(25);
  });

  // Before the load: on a slow machine a burst may be what an alert is for.
  it("has loaded the rules, and fires no alert in ordinary work", async () => {
    const { text } = await page(publishedPorts.prometheus, "/api/v1/rules");
    const { data } = JSON.parse(text) as {
      data: { groups: { rules: { name: string; type: string; state?: string; health: string }[] }[] };
    };
    const rules = data.groups.flatMap((group) => group.rules);
    expect(rules.filter(({ type }) => type === "alerting")).toHaveLength(13);
    expect(rules.filter(({ health, state }) => health !== "ok" || state === "firing")).toEqual([]);
  });

  it("loses and doubles nothing of 10,000 spans", async () => {
    expect(await ledger("steady", "--spans", "10000")).toMatchObject({ acknowledged: 10_000, stored: 10_000, lost: 0, duplicated: 0 });
  });

  it("loses nothing acknowledged of a burst of 100,000 spans", async () => {
    const verdict = await ledger("burst", "--spans", "100000", "--connections", "8", "--wait", "400s");
    expect(verdict).toMatchObject({ sent: 100_000, lost: 0, unexpected: 0 });
    // What is refused for a moment is sent again; a slow machine may give some up, not half of them.
    expect(verdict.acknowledged).toBeGreaterThan(50_000);
    expect(verdict.stored).toBeGreaterThanOrEqual(verdict.acknowledged);
  });

  it("takes 1,000 spans/s for a minute inside its memory limits", async () => {
    const verdict = await ledger("minute", "--duration", "60s", "--rate", "1000");
    expect(verdict).toMatchObject({ lost: 0, unacknowledged: 0 });
    expect(verdict.acknowledged).toBeGreaterThan(55_000);
    const states = JSON.parse(execFileSync("docker", ["inspect", ...(await containerIds(stack, "service"))], { encoding: "utf8" })) as {
      RestartCount: number;
      State: { OOMKilled: boolean; Status: string };
    }[];
    expect(states.map(({ RestartCount, State }) => [RestartCount, State.OOMKilled, State.Status])).toEqual(
      states.map(() => [0, false, "running"]),
    );
  });

  it("keeps traces over down, an interrupted up, and up", async () => {
    const id = await otelClient("http", { service: "thebot-platform", name: "before-down" });
    await trace(id);
    await project.makes("down", `ENV=${stack}`);
    expect(execFileSync("docker", ["ps", "-q", "--filter", `label=tracing.stack=${stack}`]).toString()).toBe("");
    await project.makeUntil(`tracing-${stack}-elasticsearch`, "up", "WAY=compose", `ENV=${stack}`);
    await project.makes("up", "WAY=compose", `ENV=${stack}`);
    expect((await trace(id))[0]?.name).toBe("before-down");
  });
});

(hasPulumi ? describe : describe.skip)("the stack by Pulumi", () => {
  // The sampling edit is made in a copy: the project's own file stays as it is.
  const copy = Checkout.copy();
  const file = join(copy.folder, `Pulumi.${stack}.yaml`);
  const own = readFileSync(file, "utf8");
  const up = () => copy.makes("up", "WAY=pulumi", `ENV=${stack}`);
  const preview = () => copy.makes("preview", `ENV=${stack}`);
  let upOutput = "";
  const changes = /to (create|update|replace|delete)/;

  beforeAll(async () => {
    await copy.makeUntil(`tracing-${stack}-elasticsearch`, "up", "WAY=pulumi", `ENV=${stack}`);
    upOutput = await up();
  });
  afterAll(destroyed);

  it("goes on from an interrupted up", () => {
    expect(upOutput).toContain("the last run was interrupted");
  });

  it("has nothing to change in a second preview", async () => {
    const shown = await preview();
    expect(shown).toMatch(/\d+ unchanged/);
    expect(shown).not.toMatch(changes);
  });

  it("changes nothing when it is brought up again", async () => {
    const before = await containerIds(stack, "service");
    await up();
    expect(await containerIds(stack, "service")).toEqual(before);
  });

  it("runs the same containers as compose does", async () => {
    expect(await inspectServices(stack)).toEqual(inspected.compose);
  });

  it("leaves the stack file as it was", () => {
    expect(readFileSync(file, "utf8")).toBe(own);
  });

  it("keeps the password out of inspection", async () => {
    expect(await inspectText(stack)).not.toContain(readFileSync(await passwordFile(), "utf8"));
  });

  it("names what a sampling edit changes, and then holds it", async () => {
    const before = await containerIds(stack, "service");
    writeFileSync(file, own.replace("default: 100", "default: 50"));
    const shown = await preview();
    expect(shown).toMatch(/any other: "100 %" => "50 % \(with an error 100 %\)"/);
    expect(shown).toMatch(/2 to replace/);
    await up();
    const after = await containerIds(stack, "service");
    expect(after.filter((id) => !before.includes(id))).toHaveLength(1);
    expect(await preview()).not.toMatch(changes);
    const healthy = await ledger("half", "--traces", "400", "--spans-per-trace", "5", "--allow-sampling", "--settle", "30s");
    expect(healthy).toMatchObject({ lost: 0, splitTraces: 0, duplicated: 0 });
    // 400 fair coins: fewer than 140 or more than 260 heads come up once in 10^9 runs.
    expect(healthy.sampledOut).toBeGreaterThan(140);
    expect(healthy.sampledOut).toBeLessThan(260);
    expect(await ledger("errors", "--traces", "200", "--error-percent", "100")).toMatchObject({ lost: 0, stored: 2000 });
  });

  it("keeps traces over down, an interrupted up, and up", async () => {
    const id = await otelClient("grpc", { service: "thebot-platform", name: "before-down", error: true });
    await trace(id);
    await project.makes("down", `ENV=${stack}`);
    await copy.makeUntil(`tracing-${stack}-elasticsearch`, "up", "WAY=pulumi", `ENV=${stack}`);
    await up();
    expect((await trace(id))[0]?.name).toBe("before-down");
  });
});
