/** Rung: rules. The alerts on the proxy in front of the Collector fire, stay silent, and recover; and its metrics are told apart by sender. */
import { Proxy, Receivers } from "../binaries/support/proxy";
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import { named, rulesOf } from "./support/named";
import { eachCase, holds, type Case } from "./support/promtool";
import { flat, rise, then, type Series } from "./support/series";

const ingest = { senders: [{ name: "shop" }] };
const settingsOf = (mode: string) => settingsWith({ images: "local", alerts: { delivery: "off" }, ingest: { ...ingest, mode } });
const required = settingsOf("require");

const requests = (backend: string) => `haproxy_backend_http_requests_total{job="ingest", instance="ingest:8405", proxy="${backend}"}`;
const up = 'up{job="ingest", instance="ingest:8405"}';
const quiet = (minutes: number): Series => ({
  [up]: flat(minutes, 1),
  [requests("accepted:shop")]: rise(minutes, 0, 15),
  [requests("limited:shop")]: flat(minutes, 0),
  [requests("unknown")]: flat(minutes, 0),
  [requests("limits")]: flat(minutes, 0),
});

const refused: Case["3"] = { 9: [], 17: ["IngestRefused"], 29: ["IngestRefused"], 39: [] };
const cases: Record<string, readonly Case[]> = {
  IngestRefused: [
    ["is silent where all is accepted", 40, quiet(40), { 39: [] }],
    [
      "fires where a sender is above its limits for five minutes, and recovers",
      40,
      { ...quiet(40), [requests("limited:shop")]: then(flat(10, 0), rise(20, 0, 1), flat(10, 79)) },
      refused,
    ],
    [
      "fires where a token is unknown for five minutes, and recovers",
      40,
      { ...quiet(40), [requests("unknown")]: then(flat(10, 0), rise(20, 0, 1), flat(10, 79)) },
      refused,
    ],
    ["is silent on a single request", 40, { ...quiet(40), [requests("unknown")]: then(flat(10, 0), flat(30, 1)) }, { 16: [], 20: [] }],
  ],
  IngestDown: [
    [
      "fires where the proxy does not answer for two minutes, and recovers",
      20,
      { ...quiet(20), [up]: then(flat(5, 1), flat(10, 0), flat(5, 1)) },
      { 6: [], 8: ["IngestDown"], 19: [] },
    ],
  ],
};
eachCase(cases, required);

const byTls = settingsWith({
  platform: "kubernetes",
  environment: "staging",
  images: "local",
  alerts: { delivery: "off" },
  ingest: { ...ingest, mode: "require", tokensSecret: "tokens", tls: { mode: "both" } },
});
const connections = (what: "connections" | "sessions") =>
  `haproxy_frontend_${what}_total{job="ingest", instance="ingest:8405", proxy="ingest"}`;
const shaken = (minutes: number): Series => ({
  ...quiet(minutes),
  [requests("plaintext:shop")]: rise(minutes, 0, 15),
  [connections("connections")]: rise(minutes, 0, 15),
  [connections("sessions")]: rise(minutes, 0, 15),
});
eachCase(
  {
    IngestRefused: [
      ["is silent with TLS where all is accepted, in plain text too", 40, shaken(40), { 39: [] }],
      [
        "fires where TLS handshakes fail for five minutes, and recovers",
        40,
        { ...shaken(40), [connections("connections")]: then(rise(10, 0, 15), rise(20, 600, 18), rise(10, 2040, 15)) },
        refused,
      ],
    ],
  },
  byTls,
);

const folder = temporaryFolder();

test("rates are told by sender and by what became of the request", async () => {
  const series = { ...quiet(10), [requests("limited:shop")]: rise(10, 0, 15), [requests("anonymous")]: rise(10, 0, 30) };
  const sample = (labels: string, value: number) => ({ labels, value });
  await holds(
    folder(),
    series,
    [
      {
        expr: "round(tracing:ingest_requests_per_second, 0.001)",
        eval_time: "540s",
        exp_samples: [
          sample('{sender="shop", verdict="accepted"}', 1),
          sample('{sender="shop", verdict="limited"}', 1),
          sample('{verdict="anonymous"}', 2),
          sample('{verdict="unknown"}', 0),
        ],
      },
    ],
    [],
    required,
  );
});

test("nobody is told of refusals that are only counted, and a stack without a proxy has no such rules", () => {
  const alerts = (mode: string) => rulesOf(settingsOf(mode)).flatMap(({ alert = "" }) => (alert.startsWith("Ingest") ? [alert] : []));
  expect(alerts("report")).toEqual(["IngestDown"]);
  expect(rulesOf(settingsWith()).filter(({ expr }) => expr.includes("ingest"))).toEqual([]);
});

test("HAProxy emits what rules name of it, by backend", async () => {
  const upstream = await new Receivers().start();
  const proxy = await Proxy.start(required, upstream, { shop: "s".repeat(40) });
  try {
    await proxy.send("otlpHttp", "s".repeat(40), Buffer.alloc(1000));
    await proxy.send("otlpGrpc", undefined);
    const page = await proxy.metrics();
    expect(named(rulesOf(required), "ingest")).toEqual(["haproxy_backend_bytes_in_total", "haproxy_backend_http_requests_total"]);
    expect(page).toContain('haproxy_backend_http_requests_total{proxy="accepted:shop"} 1\n');
    expect(page).toContain('haproxy_backend_http_requests_total{proxy="anonymous"} 1\n');
    expect(Number(/haproxy_backend_bytes_in_total\{proxy="accepted:shop"\} (\d+)/.exec(page)?.[1])).toBeGreaterThan(1000);
  } finally {
    await proxy.stop();
    upstream.stop();
  }
});
