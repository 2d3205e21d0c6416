/** Rung: cluster. Staging comes up on a real cluster and does its work; its policies hold. */
import { imageReference } from "../../configs/images";
import { ports } from "../../configs/topology/ports";
import { eventually, until } from "../support/waiting";
import { Application, getJson, images, ledgerProgram, TestStack, withPort } from "./support/cluster";

jest.setTimeout(10 * 60_000);

const busybox = imageReference("busybox", { source: images === "local" ? "local" : "official" });
const staging = new TestStack("staging", "staging");
let application: Application;

/** Smaller than staging's own, so that it finds room on a node of two cores beside other work. */
const small = {
  elasticsearch: { memory: "1Gi", cpu: "800m", storage: "4Gi" },
  collector: { replicas: 2, cpu: "300m" },
  sampler: { replicas: 2, cpu: "300m" },
  jaeger: { cpu: "400m" },
  prometheus: { memory: "256Mi", cpu: "200m", storage: "1Gi" },
};

beforeAll(async () => {
  await staging.render(small);
  await staging.up();
  application = await staging.application(busybox);
  await application.install(await ledgerProgram(), "ledger");
}, 900_000);
afterAll(() => staging.delete(), 600_000);

const gateway = `otel-collector.${staging.namespace}:${ports.collector.otlpGrpc}`;

test("a trace that goes in at the gateway is found in Jaeger", async () => {
  const flags = ["--endpoint", gateway, "--insecure", "--traces", "3", "--error-percent", "100", "--out", "/work/trace"];
  const sent = await application.run("/work/ledger", "send", ...flags);
  expect(sent).toMatchObject({ ok: true });
  const listed = await application.run("/work/ledger", "traces", "--ledger", "/work/trace");
  const ids = [...listed.stdout.matchAll(/\b[0-9a-f]{32}\b/g)].map(([id]) => id);
  expect(new Set(ids).size).toBe(3);
  await withPort(staging.namespace, "service/jaeger", ports.jaeger.query, async (local) => {
    for (const id of ids) expect(await found(local, id)).toBe(10);
  });
}, 180_000);

/** Spans of a trace, once Jaeger has them: an index is searchable some seconds after the write. */
function found(local: number, id: string): Promise<number> {
  const spans = async () => {
    const answer = await getJson(local, `/api/traces/${id}`).catch((error: unknown) => error);
    return (answer as { data?: { spans: unknown[] }[] }).data?.[0]?.spans.length ?? 0;
  };
  return until(60, spans, (count) => count >= 10);
}

test("the cleaner's Job runs to its end", async () => {
  const job = `clean-${Date.now()}`;
  await staging.kubectl("create", "job", "--from=cronjob/index-cleaner", job);
  await staging.kubectl("wait", "--for=condition=Complete", `job/${job}`, "--timeout=3m");
  expect(await staging.kubectl("logs", `job/${job}`)).toMatch(/Indices before this date will be deleted/);
}, 240_000);

test("Prometheus sees every target up", async () => {
  await withPort(staging.namespace, "statefulset/prometheus", ports.prometheus.http, async (local) => {
    const targets = async () => {
      const { data } = (await getJson(local, "/api/v1/query?query=up")) as {
        data: { result: { metric: { job: string }; value: [number, string] }[] };
      };
      return data.result.map(({ metric, value }) => ({ job: metric.job, up: value[1] === "1" }));
    };
    // A pod that was made anew while the stack came up was not there for a look or two.
    const jobs = (all: Awaited<ReturnType<typeof targets>>) => new Set(all.map(({ job }) => job)).size;
    const seen = await until(90, targets, (all) => jobs(all) >= 3 && all.every(({ up }) => up));
    expect(seen.filter(({ up }) => !up)).toEqual([]);
    expect(jobs(seen)).toBeGreaterThanOrEqual(3);
  });
}, 120_000);

/** Addresses of a workload's pods. */
const addresses = async (name: string) =>
  (await staging.kubectl("get", "pods", "-l", `app.kubernetes.io/name=${name}`, "-o", "jsonpath={.items[*].status.podIP}")).split(" ");

const closed: readonly (readonly [string, number])[] = [
  ["elasticsearch", ports.elasticsearch.http],
  ["otel-sampler", ports.collector.otlpGrpc],
  ["elasticsearch-exporter", ports.elasticsearchExporter.http],
  ["otel-collector", ports.collector.telemetry],
  ["otel-collector", ports.collector.reports],
  ["otel-collector", ports.collector.reportsExporter],
  ["jaeger", ports.jaeger.query],
  ["jaeger", ports.jaeger.otlpGrpc],
  ["prometheus", ports.prometheus.http],
  ["alertmanager", ports.alertmanager.http],
];

test("an application reaches the gateway and remote sampling, and nothing behind them", async () => {
  const [collector = ""] = await addresses("otel-collector");
  const [jaeger = ""] = await addresses("jaeger");
  for (const port of [ports.collector.otlpGrpc, ports.collector.otlpHttp, ports.collector.jaegerGrpc, ports.collector.jaegerThriftHttp]) {
    expect([port, await application.reaches(collector, port)]).toEqual([port, true]);
  }
  expect(await application.reaches(jaeger, ports.jaeger.samplingHttp)).toBe(true);
  expect(await open(application, closed)).toEqual([]);
}, 180_000);

test("a pod of the stack's own namespace that is none of its workloads reaches nothing", async () => {
  const neighbour = await Application.start(staging.namespace, "neighbour", busybox);
  expect(await open(neighbour, [...closed, ["otel-collector", ports.collector.otlpGrpc]])).toEqual([]);
}, 180_000);

/** Those of some ports that take connections. */
async function open(from: Application, targets: typeof closed): Promise<string[]> {
  const reached: string[] = [];
  for (const [name, port] of targets) {
    const [address = ""] = await addresses(name);
    if (await from.reaches(address, port)) reached.push(`${name}:${port}`);
  }
  return reached;
}

test("applied again, nothing changes", async () => {
  const versions = () =>
    staging.kubectl("get", "statefulsets,deployments,services,configmaps,cronjobs", "-o", "jsonpath={.items[*].metadata.generation}");
  const before = await versions();
  await staging.apply();
  expect(await versions()).toBe(before);
}, 60_000);

test("where the application decides, an edit of rates changes one ConfigMap, and Jaeger serves them without a restart", async () => {
  const sampled = (percent: number) => staging.render({ ...small, sampling: { default: percent, decide: "app" } });
  const before = await sampled(10);
  await staging.apply();
  await staging.settled();
  const status = "{.metadata.uid} {.status.containerStatuses[*].restartCount}";
  const pods = () =>
    staging.kubectl("get", "pods", "-l", "app.kubernetes.io/name=jaeger", "-o", `jsonpath={range .items[*]}${status}{end}`);
  const running = await pods();
  await withPort(staging.namespace, "service/jaeger", ports.jaeger.samplingHttp, async (local) => {
    const serves = (rate: number) => async () =>
      JSON.stringify(await getJson(local, "/sampling?service=shop")).includes(`"defaultSamplingProbability":${rate}`) ? true : undefined;
    await eventually("the rate that the stack began with", 60, serves(0.1));
    const after = await sampled(20);
    const changed = after.filter((manifest, i) => JSON.stringify(manifest) !== JSON.stringify(before[i]));
    expect(changed.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual(["ConfigMap jaeger-live"]);
    const edited = Date.now();
    await staging.apply();
    // The kubelet renews mounted files about once a minute, and Jaeger looks at its own every ten seconds.
    await eventually("the rate of the edit", 180, serves(0.2));
    console.log(`strategies: served ${((Date.now() - edited) / 1000).toFixed(0)} s after the edit was applied`);
  });
  expect(await pods()).toBe(running);
}, 600_000);
