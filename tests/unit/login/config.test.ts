/** Rung: unit. The texts of the login's config files. */
import { gateConfig, verdicts } from "../../../configs/login/haproxy";
import { oauth2ProxyConfig } from "../../../configs/login/oauth2-proxy";
import { gatePlace, sessionPlace } from "../../../configs/login/place";
import { isPublished, screenNames } from "../../../configs/login/screens";
import { addresses as shownAddresses } from "../../../cli/stack/addresses";
import { requirePublished } from "../../../cli/stack/published";
import { addressesOf } from "../../../configs/topology";
import { settingsWith } from "../../support/settings";

const everyone = { everyone: true };
const docker = { issuer: "https://id.example.com", clientId: "tracing", url: "https://tracing.example.com", roles: { traces: everyone } };
const addresses = addressesOf(settingsWith());
const loginOf = (groups: object = {}) => settingsWith({ login: { ...docker, ...groups } }).login!;
const sessions = (groups: object = {}) => oauth2ProxyConfig(loginOf(groups), sessionPlace(addresses));
const gate = (groups: object = {}) => gateConfig(loginOf(groups), gatePlace(addresses));

test("secrets are files that oauth2-proxy reads, and in no text", () => {
  expect(sessions()).toMatch(/^client_secret_file = "\/etc\/tracing\/secrets\/login-client-secret"$/m);
  expect(sessions()).toMatch(/^cookie_secret_file = "\/etc\/tracing\/secrets\/login-cookie-secret"$/m);
  expect(sessions()).not.toMatch(/^(client|cookie)_secret =/m);
});

test("nothing of a session goes further than to the roles, and nothing of a login into the log", () => {
  for (const key of ["pass_basic_auth", "pass_access_token", "pass_authorization_header", "set_xauthrequest", "request_logging"])
    expect(sessions()).toMatch(new RegExp(`^${key} = false$`, "m"));
  expect(sessions()).not.toMatch(/skip_auth|skip_jwt|htpasswd|reverse_proxy|trusted_ip|insecure|whitelist/);
});

test("cookies are for https and this host, except on loopback", () => {
  expect(sessions()).toMatch(/^cookie_name = "__Host-tracing"$/m);
  expect(sessions()).toMatch(/^cookie_secure = true$/m);
  const local = sessions({ url: "http://localhost:4180" });
  expect(local).toMatch(/^cookie_name = "tracing-login"$/m);
  expect(local).toMatch(/^cookie_secure = false$/m);
  expect(gate()).toContain("strict-transport-security");
  expect(gate({ url: "http://localhost:4180" })).not.toContain("strict-transport-security");
});

test("a new version of the sessions changes the text, so that oauth2-proxy starts anew with the new secret", () => {
  expect(sessions({ sessionVersion: 2 })).not.toBe(sessions());
});

test("all of the provider's people may log in unless domains say otherwise", () => {
  expect(sessions()).toMatch(/^email_domains = \["\*"\]$/m);
  expect(sessions({ emailDomains: ["example.com"] })).toMatch(/^email_domains = \["example\.com"\]$/m);
});

test("each screen has a backend for each verdict; one that nobody sees can be forbidden only", () => {
  const backends = [...gate({ roles: { metrics: everyone } }).matchAll(/^backend (\w+):(\w+)$/gm)].map(
    ([, verdict, screen]) => `${verdict}:${screen}`,
  );
  expect(backends.sort()).toEqual(
    [
      ...screenNames.map((name) => `forbidden:${name}`),
      ...Object.keys(verdicts)
        .filter((verdict) => verdict !== "forbidden")
        .map((verdict) => `${verdict}:metrics`),
    ].sort(),
  );
});

test("with TLS in the cluster, each screen that has it is asked by it, and has to be what it says", () => {
  const cluster = addressesOf(settingsWith({ platform: "kubernetes", environment: "staging" }));
  const everyone = { everyone: true };
  const roles = { traces: everyone, metrics: everyone, dashboards: everyone, alerts: everyone };
  const all = settingsWith({ login: { ...docker, roles }, environment: "staging", dashboards: { perses: true } }).login!;
  const [secure, plain] = [gateConfig(all, gatePlace(cluster, true)), gateConfig(all, gatePlace(cluster))];
  for (const [name, tlsPort, port] of [
    ["jaeger", 16687, 16686],
    ["prometheus", 9490, 9090],
    ["alertmanager", 9493, 9093],
  ] as const) {
    const verified = `ssl verify required ca-file /etc/tracing/${name}-authority/ca.crt verifyhost ${name}`;
    expect(secure).toContain(`  server ${name} ${name}:${tlsPort} ${verified}`);
    expect(plain).toContain(`  server ${name} ${name}:${port}\n`);
  }
  expect(secure).toContain("  server perses perses:8080\n");
});

test("on Kubernetes only the pod itself may say who somebody is", () => {
  const cluster = addressesOf(settingsWith({ platform: "kubernetes", environment: "staging" }));
  expect(gateConfig(loginOf(), gatePlace(cluster))).toContain("frontend roles\n  bind 127.0.0.1:4182\n");
  expect(sessionPlace(cluster)).toEqual({ listen: "0.0.0.0:4181", upstream: "http://127.0.0.1:4182/" });
});

describe("addresses of a stack on this host", () => {
  const login = { ...docker, url: "http://localhost:4180", roles: { traces: everyone, metrics: everyone } };
  test("are those of the login, for the screens that anybody sees", () => {
    const text = shownAddresses(settingsWith({ login }));
    expect(text).toMatch(/^ *Jaeger +http:\/\/localhost:4180 {2}\(asks for a login\)$/m);
    expect(text).toMatch(/^ *Prometheus +http:\/\/localhost:4180\/prometheus {2}\(asks for a login\)$/m);
    expect(text).not.toMatch(/Perses|16686/);
  });

  test.each([
    ["a login", { login }, [false, false, true, true]],
    ["a login beside the screens' ports", { login: { ...login, direct: true } }, [true, true, true, true]],
    ["no login", {}, [true, true, true, false]],
  ])("with %s: which ports are published", (_what, groups, published) => {
    const settings = settingsWith(groups);
    expect((["jaeger-ui", "prometheus", "otlp-http", "login"] as const).map((port) => isPublished(settings, port))).toEqual(published);
    const require = () => requirePublished(settings, "jaeger-ui");
    if (published[0]) expect(require).not.toThrow();
    else expect(require).toThrow("set tracing:login.direct to true");
  });
});
