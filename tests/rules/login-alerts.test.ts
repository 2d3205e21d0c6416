/** Rung: rules. The alert on the login fires, stays silent, and recovers; and its requests are told apart by screen and by what became of them. */
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import { LoginStack } from "../binaries/support/login";
import { ask } from "../binaries/support/browser";
import { page } from "../binaries/support/proxy";
import { named, rulesOf } from "./support/named";
import { eachCase, holds, type Case } from "./support/promtool";
import { flat, rise, then, type Series } from "./support/series";

const roles = { traces: { everyone: true } };
const login = { issuer: "https://id.example.com", clientId: "tracing", url: "https://tracing.example.com", roles };
const settings = settingsWith({ images: "local", login });

const requests = (backend: string) => `haproxy_backend_http_requests_total{job="login", instance="login-gate:8407", proxy="${backend}"}`;
const up = 'up{job="login", instance="login-gate:8407"}';
const quiet = (minutes: number): Series => ({
  [up]: flat(minutes, 1),
  [requests("session")]: rise(minutes, 0, 60),
  [requests("sign-in")]: flat(minutes, 0),
  [requests("malformed")]: flat(minutes, 0),
  [requests("allowed:traces")]: rise(minutes, 0, 30),
  [requests("forbidden:metrics")]: rise(minutes, 0, 15),
});

const cases: Record<string, readonly Case[]> = {
  LoginDown: [
    ["is silent while it answers", 20, quiet(20), { 5: [], 19: [] }],
    [
      "fires where the login does not answer for two minutes, and recovers",
      20,
      { ...quiet(20), [up]: then(flat(5, 1), flat(10, 0), flat(5, 1)) },
      { 6: [], 8: ["LoginDown"], 19: [] },
    ],
  ],
};
eachCase(cases, settings);

const folder = temporaryFolder();

test("rates are told by screen and by what became of the request; what is left had no valid session", async () => {
  const sample = (labels: string, value: number) => ({ labels, value });
  await holds(
    folder(),
    quiet(10),
    [
      {
        expr: "round(tracing:login_requests_per_second, 0.001)",
        eval_time: "540s",
        exp_samples: [
          sample('{screen="metrics", verdict="forbidden"}', 1),
          sample('{screen="traces", verdict="allowed"}', 2),
          sample('{verdict="malformed"}', 0),
          sample('{verdict="unauthenticated"}', 1),
        ],
      },
    ],
    [],
    settings,
  );
});

test("a stack without a login has no such rules", () => {
  expect(rulesOf(settingsWith()).filter(({ expr }) => expr.includes("login"))).toEqual([]);
});

test("HAProxy emits what rules name of it, by backend", async () => {
  const stack = await LoginStack.start({ people: {}, roles, upstream: {} });
  try {
    await ask(stack.port, "/search");
    expect(named(rulesOf(settings), "login")).toEqual(["haproxy_backend_http_requests_total"]);
    const text = await page(stack.metricsPort, "/metrics");
    expect(text).toContain('haproxy_backend_http_requests_total{proxy="session"} 1\n');
    expect(text).toContain('haproxy_backend_http_requests_total{proxy="allowed:traces"} 0\n');
  } finally {
    await stack.stop();
  }
});
