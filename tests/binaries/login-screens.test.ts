/** Rung: binaries. The real programs behind the login: each answers at its path, by its own arguments and config, and its links stay behind the login. */
import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { alertmanagerArgs, alertmanagerConfig } from "../../configs/alertmanager/config";
import { screenNames, screens, type ScreenName } from "../../configs/login/screens";
import { persesArgs, persesConfig, persesResources } from "../../configs/perses/config";
import { prometheusArgs } from "../../configs/prometheus/config";
import { files, paths, ports } from "../../configs/topology/ports";
import { pluginArchives } from "../../images/lib/perses-plugins";
import { settingsWith } from "../support/settings";
import { sharedFolder } from "../support/temporary-folder";
import { until } from "../support/waiting";
import type { Browser, Page } from "./support/browser";
import { LoginStack, url } from "./support/login";
import { freePorts, program, run } from "./support/programs";

jest.setTimeout(300_000);
const folder = sharedFolder();
const everyone = { everyone: true };
const roles = { traces: everyone, metrics: everyone, dashboards: everyone, alerts: everyone };
const settings = settingsWith({
  login: { issuer: "https://id.example.com", clientId: "tracing", url, roles },
  alerts: { delivery: "own" },
});

interface Running {
  readonly port: number;
  /** Tells the program to stop, and waits for its end. */
  readonly stop: () => Promise<unknown>;
}

/** Starts a program, and waits until it says that it is up. */
async function started(
  name: Parameters<typeof program>[0],
  ready: RegExp,
  args: (port: number) => readonly string[],
  env = {},
): Promise<Running> {
  const [port] = (await freePorts(1)) as [number];
  let stop = () => {};
  const stopped = new Promise<void>((resolve) => (stop = resolve));
  let up = () => {};
  const isUp = new Promise<void>((resolve) => (up = resolve));
  const meanwhile = () => (up(), stopped);
  const ended = run(program(name), [...args(port)], { until: ready, meanwhile, seconds: 280, env });
  await Promise.race([isUp, ended.then(({ output }) => Promise.reject(new Error(output)))]);
  return { port, stop: () => (stop(), ended) };
}

const written = (name: string, text: string) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

/** Jaeger with its storage in memory: the login changes nothing of its config. */
async function jaeger(spans: number): Promise<Running> {
  const own = (port: number) => ({ http: { endpoint: `127.0.0.1:${port}` } });
  const config = (port: number) => ({
    extensions: {
      jaeger_storage: { backends: { memory: { memory: { max_traces: 100 } } } },
      jaeger_query: { storage: { traces: "memory" }, enable_tracing: false, ...own(port), grpc: { endpoint: "127.0.0.1:0" } },
    },
    receivers: { otlp: { protocols: own(spans) } },
    exporters: { jaeger_storage_exporter: { trace_storage: "memory" } },
    service: {
      extensions: ["jaeger_storage", "jaeger_query"],
      pipelines: { traces: { receivers: ["otlp"], exporters: ["jaeger_storage_exporter"] } },
      telemetry: { metrics: { level: "none" } },
    },
  });
  return started("jaeger", /Everything is ready/, (port) => [`--config=${written("jaeger.json", JSON.stringify(config(port)))}`]);
}

const prometheus = () =>
  started("prometheus", /Server is ready to receive web requests/, (port) => [
    ...prometheusArgs(settings, written("prometheus.yml", "scrape_configs: []\n"), join(folder, "prometheus")),
    `--web.listen-address=127.0.0.1:${port}`,
  ]);

const alertmanager = () =>
  started("alertmanager", /Listening on/, (port) =>
    alertmanagerArgs(settings).map((arg) =>
      arg
        .replace(`=${paths.config}/${files.alertmanager}`, `=${written("alertmanager.yml", alertmanagerConfig(settings))}`)
        .replace(`=${paths.alertmanagerData}`, `=${join(folder, "alertmanager")}`)
        .replace(`:${ports.alertmanager.http}`, `127.0.0.1:${port}`),
    ),
  );

// Perses finds its database in lower case only.
const database = join(tmpdir(), `tracing-perses-${randomBytes(6).toString("hex")}`);
afterAll(() => rmSync(database, { recursive: true, force: true }));

async function perses(prometheusUrl: string): Promise<Running> {
  const archives = await pluginArchives({ step: (_what, action) => action(), log: join(tmpdir(), "perses-plugins.log"), force: false });
  const moved = { [paths.persesDatabase]: database, [paths.live]: join(folder, "live"), [paths.persesData]: join(folder, "perses") };
  for (const path of Object.values(moved)) mkdirSync(path, { recursive: true });
  for (const [name, text] of Object.entries(persesResources(settings, { prometheus: { url: prometheusUrl } })))
    writeFileSync(join(folder, "live", name), text);
  const config = Object.entries(moved).reduce((text, [from, to]) => text.replaceAll(from, to), persesConfig(settings));
  const file = written(files.perses, config.replace("interval: 1m", "interval: 1s"));
  const args = (port: number) =>
    persesArgs.map((arg) => arg.replace(`${paths.config}/${files.perses}`, file).replace(`:${ports.perses.http}`, `127.0.0.1:${port}`));
  return started("perses", /http server started/, args, { PERSES_PLUGIN_ARCHIVE_PATH: archives });
}

const traceId = randomBytes(16).toString("hex");
const programs: Running[] = [];
let login: LoginStack;
let browser: Browser;
beforeAll(async () => {
  const [spans] = (await freePorts(1)) as [number];
  const upstream: Partial<Record<ScreenName, string>> = {};
  const add = (screen: ScreenName, running: Running) => {
    programs.push(running);
    upstream[screen] = `127.0.0.1:${running.port}`;
  };
  add("traces", await jaeger(spans));
  add("metrics", await prometheus());
  add("alerts", await alertmanager());
  add("dashboards", await perses(`http://${upstream.metrics ?? ""}`));
  login = await LoginStack.start({ people: { ada: {} }, roles, upstream });
  browser = await login.signedIn("ada");
  const span = {
    ...{ traceId, spanId: "0000000000000001", name: "GET /", kind: 2 },
    ...{ startTimeUnixNano: String(Date.now() * 1e6), endTimeUnixNano: String((Date.now() + 1) * 1e6) },
  };
  const resource = { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] };
  const body = JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] });
  await fetch(`http://127.0.0.1:${spans}/v1/traces`, { method: "POST", headers: { "content-type": "application/json" }, body });
});
afterAll(async () => {
  await login.stop();
  await Promise.all(programs.map(({ stop }) => stop()));
});

const json = ({ text }: Page) => JSON.parse(text) as { data: unknown; status?: string };

test("Jaeger finds a trace, and nobody without a session does", async () => {
  const found = await until(
    15,
    () => browser.get(`/api/traces/${traceId}`),
    ({ status }) => status === 200,
  );
  expect(JSON.stringify(json(found).data)).toContain(traceId);
  expect(json(await browser.get("/api/services")).data).toEqual(["shop"]);
  expect((await login.browser().get(`/api/traces/${traceId}`)).status).toBe(401);
});

test("Prometheus answers questions, and leads to its pages behind the login", async () => {
  expect(json(await browser.get("/prometheus/api/v1/query?query=1%2B1"))).toMatchObject({ status: "success" });
  const form = { method: "POST", body: "query=1", headers: { "content-type": "application/x-www-form-urlencoded" } };
  expect(json(await browser.get("/prometheus/api/v1/query", form))).toMatchObject({ status: "success" });
  const { status, headers } = await browser.get("/prometheus/");
  expect([status, headers.location]).toEqual([302, "/prometheus/query"]);
});

test("the programs' own administration is closed, however its path is written", async () => {
  const [, metrics, alerts] = programs as [Running, Running, Running];
  for (const [screen, { port }] of [
    ["/prometheus", metrics],
    ["/alertmanager", alerts],
  ] as const)
    for (const path of ["/debug/pprof/cmdline", "/%64ebug/pprof/cmdline"]) {
      // The program itself would answer.
      expect((await fetch(`http://127.0.0.1:${port}${path}`)).status).toBe(200);
      expect((await browser.get(screen + path)).status).toBe(403);
    }
});

test("the stack's own services go on asking Prometheus and Alertmanager without a path", async () => {
  const [, metrics, alerts] = programs as [Running, Running, Running];
  expect((await fetch(`http://127.0.0.1:${metrics.port}/api/v1/query?query=1`)).status).toBe(200);
  for (const { port } of [metrics, alerts]) expect((await fetch(`http://127.0.0.1:${port}/-/ready`)).status).toBe(200);
});

test("Alertmanager shows alerts, and links to itself behind the login", async () => {
  expect((await browser.get("/alertmanager/api/v2/status")).status).toBe(200);
  expect((await browser.get("/alertmanager/api/v2/alerts")).text.trim()).toBe("[]");
  expect(alertmanagerArgs(settings).join()).toContain(`${url}${screens.alerts.path}`);
});

test("Perses shows its dashboards, and asks Prometheus for people", async () => {
  const list = await until(
    60,
    () => browser.get("/dashboards/api/v1/projects/tracing/dashboards"),
    ({ status, text }) => status === 200 && text.length > 10,
  );
  expect(list.text).toContain("Tracing: ");
  const proxied = await browser.get("/dashboards/proxy/projects/tracing/datasources/prometheus/api/v1/query?query=1");
  expect(json(proxied)).toMatchObject({ status: "success" });
  const page = await browser.get("/dashboards/", { headers: { accept: "text/html" } });
  expect([page.status, page.headers["content-type"]]).toEqual([200, expect.stringContaining("text/html")]);
  // Its own health check has the prefix, too.
  expect((await fetch(`http://127.0.0.1:${programs[3]!.port}${screens.dashboards.path}/api/v1/health`)).status).toBe(200);
});

test("no screen answers somebody without a session", async () => {
  for (const screen of screenNames) expect((await login.browser().get(`${screens[screen].path}/api/v1/x`)).status).toBe(401);
});
