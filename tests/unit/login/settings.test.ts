/** Rung: unit. The settings of the login that do not go together, all at once, and what becomes of the client's secret. */
import { loginSecretProblems } from "../../../configs/login/secrets";
import { loginSecretFrom, parseSettings } from "../../../configs/stack/parse";
import { problemsOf, settingsWith } from "../../support/settings";

const everyone = { everyone: true };
const login = { issuer: "https://id.example.com", clientId: "tracing", url: "https://tracing.example.com", roles: { traces: everyone } };
const cluster = { platform: "kubernetes", environment: "staging" };
const ingress = { host: "tracing.example.com", className: "nginx", namespace: "ingress", tlsSecret: "tls" };
const secret = { clientSecret: "client" };

test.each<[string, Record<string, unknown>]>([
  ["on Docker", { login }],
  ["on loopback", { login: { ...login, url: "http://localhost:4180" } }],
  ["on loopback, with an offset", { login: { ...login, url: "http://127.0.0.1:5180/" }, publish: { offset: 1000 } }],
  ["at an http issuer in development", { login: { ...login, issuer: "http://keycloak:8080/realms/a" } }],
  ["for everybody of a domain", { login: { ...login, issuer: "https://accounts.google.com", emailDomains: ["example.com"] } }],
  [
    "for people of a public provider",
    { login: { ...login, issuer: "https://accounts.google.com", roles: { traces: { emails: ["a@b.example"] } } } },
  ],
  ["on Kubernetes", { ...cluster, login: { ...login, ...secret, replicas: 2 } }],
  ["behind an ingress, with a canary", { ...cluster, login: { ...login, ...secret }, jaeger: { ingress }, canary: { enabled: true } }],
  [
    "for all screens",
    {
      login: { ...login, roles: { traces: everyone, metrics: everyone, dashboards: everyone, alerts: everyone } },
      alerts: { delivery: "own" },
    },
  ],
])("a login %s is right", (_what, groups) => {
  expect(problemsOf(groups)).toEqual([]);
});

test.each<[string, Record<string, unknown>, string]>([
  ["nobody sees anything", { roles: {} }, "login.roles: found {}; allowed: at least one of traces, metrics, dashboards, alerts, silences"],
  [
    "a role is nobody's",
    { roles: { traces: {} } },
    "login.roles.traces: found nobody; allowed: groups, emails or everyone; leave the role out to show it to nobody",
  ],
  [
    "a role is everybody's and somebody's",
    { roles: { traces: { everyone: true, groups: ["a"] } } },
    "login.roles.traces.everyone: found true; allowed: false beside groups or emails",
  ],
  [
    "a role is the whole world's",
    { issuer: "https://accounts.google.com" },
    "login.roles.traces.everyone: found true; allowed: false unless login.emailDomains is set: anybody can have an account there",
  ],
  [
    "silences are for people who see none",
    { roles: { traces: everyone, silences: everyone } },
    "login.roles.silences: found a role; allowed: nothing without login.roles.alerts",
  ],
  ["the scopes are none of OpenID Connect", { scopes: ["email"] }, 'login.scopes: found ["email"]; allowed: a list with openid'],
  [
    "a session ends before it is renewed",
    { session: "10m", refresh: "1h" },
    'login.refresh: found "60m"; allowed: no more than login.session',
  ],
  [
    "alerts are shown that nobody delivers",
    { roles: { alerts: everyone } },
    "login.roles.alerts: found a role; allowed: nothing, as the stack runs no Alertmanager: see alerts.delivery",
  ],
  [
    "the client's secret is in a Secret",
    secret,
    'login.clientSecret: found "client"; allowed: nothing on docker: see tracing:loginClientSecret',
  ],
  ["there are several", { replicas: 2 }, "login.replicas: found 2; allowed: 1 on docker"],
  [
    "the port is another",
    { url: "http://localhost:8080" },
    'login.url: found "http://localhost:8080"; allowed: http://localhost:4180, as publish says',
  ],
])("on Docker, that %s is refused", (_what, groups, problem) => {
  expect(problemsOf({ login: { ...login, ...groups } })).toEqual([`tracing:${problem}`]);
});

test.each<[string, Record<string, unknown>, string]>([
  ["there is no client's secret", { login }, "login.clientSecret: missing; allowed: the name of a Secret with the key client-secret"],
  [
    "the issuer is not encrypted",
    { login: { ...login, ...secret, issuer: "http://id.example.com" } },
    'login.issuer: found "http://id.example.com"; allowed: an https address outside of development',
  ],
  [
    "screens are direct",
    { login: { ...login, ...secret, direct: true } },
    "login.direct: found true; allowed: false on kubernetes: use kubectl port-forward",
  ],
  [
    "the ingress has another host",
    { login: { ...login, ...secret }, jaeger: { ingress: { ...ingress, host: "jaeger.example.com" } } },
    'login.url: found "https://tracing.example.com"; allowed: https://jaeger.example.com, as jaeger.ingress.host is',
  ],
  [
    "Jaeger asks for a login, too",
    { login: { ...login, ...secret }, jaeger: { ingress: { ...ingress, usersSecret: "users" } } },
    'jaeger.ingress.usersSecret: found "users"; allowed: nothing with tracing:login, which asks for the login',
  ],
  [
    "the ingress controller should speak TLS to the login",
    {
      login: { ...login, ...secret },
      jaeger: { ingress: { ...ingress, backend: "https" } },
      kubernetes: { tls: { mode: "both" } },
    },
    'jaeger.ingress.backend: found "https"; allowed: http with tracing:login, to which the ingress then leads',
  ],
  [
    "an ingress has no login at all",
    { jaeger: { ingress } },
    "jaeger.ingress: found no login; allowed: one, by usersSecret or tracing:login",
  ],
  [
    "dashboards are shown that nobody runs",
    { login: { ...login, ...secret, roles: { dashboards: everyone } } },
    "login.roles.dashboards: found a role; allowed: nothing, as the stack runs no Perses: see dashboards.perses",
  ],
  [
    "metrics are shown that the cluster has",
    { login: { ...login, ...secret, roles: { metrics: everyone } }, prometheus: { mode: "operator" } },
    "login.roles.metrics: found a role; allowed: nothing, as prometheus.mode is operator: the cluster has its own",
  ],
])("on Kubernetes, that %s is refused", (_what, groups, problem) => {
  expect(problemsOf({ ...cluster, ...groups })).toEqual([`tracing:${problem}`]);
});

test("a login that is wrong in many ways is told all of them at once", () => {
  const wrong = {
    ...login,
    url: "http://a.example.com",
    scopes: ["a b"],
    roles: { traces: { groups: ["a,b"], admins: [] } },
    sesion: "8h",
  };
  expect(problemsOf({ login: wrong, jaeger: { replicas: 2 } })).toEqual([
    expect.stringMatching(/^tracing:login\.url: found "http:\/\/a\.example\.com"; allowed: an https address/),
    expect.stringMatching(/^tracing:login\.scopes\[0\]: found "a b"; allowed: a scope/),
    expect.stringMatching(/^tracing:login\.roles\.traces\.groups\[0\]: found "a,b"; allowed: a group/),
    expect.stringMatching(/^tracing:login\.roles\.traces\.admins: no such setting/),
    expect.stringMatching(/^tracing:login\.sesion: no such setting; did you mean session\?/),
    expect.stringMatching(/^tracing:jaeger\.replicas: found 2/),
  ]);
});

test("an ingress without a list of users waits for the login to be right", () => {
  expect(problemsOf({ ...cluster, login: { ...login, ...secret, issuer: "" }, jaeger: { ingress } })).toEqual([
    expect.stringContaining("tracing:login.issuer"),
  ]);
});

describe("the client's secret", () => {
  const key = "tracing:loginClientSecret";
  test("is no setting, and is in no message", () => {
    const raw = { "tracing:platform": "docker", "tracing:environment": "development", [key]: "the-secret" };
    expect(JSON.stringify(parseSettings("dev", raw))).not.toContain("the-secret");
    expect(loginSecretFrom(raw)).toBe("the-secret");
    expect(loginSecretFrom({ [key]: "" })).toBeUndefined();
  });

  test("must be there on Docker, and nowhere else", () => {
    expect(loginSecretProblems(settingsWith({ login }), true)).toEqual([]);
    expect(loginSecretProblems(settingsWith(), false)).toEqual([]);
    expect(loginSecretProblems(settingsWith({ login }), false)).toEqual([
      `${key}: missing; allowed: the client's secret: pulumi config set --secret ${key}`,
    ]);
    expect(loginSecretProblems(settingsWith(), true)).toEqual([`${key}: found a secret; allowed: nothing without tracing:login`]);
    expect(loginSecretProblems(settingsWith({ ...cluster, login: { ...login, ...secret } }), true)).toEqual([
      `${key}: found a secret; allowed: nothing on kubernetes, where tracing:login.clientSecret has it`,
    ]);
  });
});

test("a stack file may say that there is no login", () => {
  expect(settingsWith({ login: {} }).login).toBeUndefined();
  expect(settingsWith().login).toBeUndefined();
});
