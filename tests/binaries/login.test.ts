/** Rung: binaries. The login: oauth2-proxy and HAProxy, with a provider of OpenID Connect, let each person see what their roles say. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import { connect, type AddressInfo } from "node:net";
import { join } from "node:path";
import { gateConfig, longestAddress } from "../../configs/login/haproxy";
import { gatePlace } from "../../configs/login/place";
import { screenNames, screens, type ScreenName } from "../../configs/login/screens";
import { addressesOf } from "../../configs/topology";
import { files } from "../../configs/topology/ports";
import { sleep } from "../../cli/machine/run";
import { Authority } from "../support/certificates";
import { httpServer, type HttpServer } from "../support/http-server";
import { settingsWith } from "../support/settings";
import { sharedFolder } from "../support/temporary-folder";
import { until } from "../support/waiting";
import { ask, type Browser, type Page } from "./support/browser";
import { client } from "./support/identity-provider";
import { loginOf, LoginStack, url } from "./support/login";
import { path } from "./support/proxy";

jest.setTimeout(60_000);
const folder = sharedFolder();

/** What came to the screens. */
const got: { screen: ScreenName; method: string; path: string; headers: Readonly<Record<string, unknown>> }[] = [];
const servers: HttpServer[] = [];
const upstream: Partial<Record<ScreenName, string>> = {};

/** Everybody but the stranger has one role each. */
const people = {
  tracer: { groups: ["trace readers", "others"] },
  measurer: { groups: ["/metrics/readers"] },
  viewer: { groups: ["viewers"] },
  oncall: { groups: ["on-call"] },
  silencer: { groups: ["on-call", "silencers"] },
  chief: { email: "Chief@Example.com" },
  stranger: { groups: ["trace", "readers", "TRACE READERS", "metrics", "viewer"] },
  outsider: { email: "tracer@elsewhere.example.org", groups: ["trace readers"] },
  unverified: { verified: false, groups: ["trace readers"] },
  joiner: { groups: Array.from({ length: 400 }, (_, i) => `a group with a long name ${i}`).concat("viewers") },
};
const roles = {
  traces: { groups: ["trace readers"], emails: ["chief@example.com"] },
  metrics: { groups: ["/metrics/readers"] },
  dashboards: { groups: ["viewers"] },
  alerts: { groups: ["on-call"] },
  silences: { groups: ["silencers"] },
};
const readers: Record<ScreenName, keyof typeof people> = {
  traces: "tracer",
  metrics: "measurer",
  dashboards: "viewer",
  alerts: "oncall",
};
const settings = { emailDomains: ["example.com"] };

let login: LoginStack;
beforeAll(async () => {
  for (const screen of screenNames) {
    const server = await httpServer((request, response) => {
      got.push({ screen, method: request.method ?? "", path: request.url ?? "", headers: request.headers });
      response.end(`the screen ${screen}`);
    });
    servers.push(server);
    upstream[screen] = `127.0.0.1:${server.port}`;
  }
  login = await LoginStack.start({ people, roles, upstream, settings });
});
beforeEach(() => got.splice(0));
afterAll(async () => {
  await login.stop();
  for (const server of servers) await server.close();
});

/** Starts a login of its own for a test. */
async function withLogin(own: Partial<Parameters<typeof LoginStack.start>[0]>, action: (stack: LoginStack) => Promise<void>) {
  const stack = await LoginStack.start({ people, roles, upstream, settings, ...own });
  try {
    await action(stack);
  } finally {
    await stack.stop();
  }
}

const html = { headers: { accept: "text/html" } };
const pageOf = (screen: ScreenName) => `${screens[screen].path}/search`;
const apiOf = (screen: ScreenName) => `${screens[screen].path}/api/anything?a=b`;
const location = ({ headers }: Page) => String(headers.location);
/** Sent to the provider, or told to go there. */
const turnedAway = async (browser: Browser, screen: ScreenName, stack = login) => {
  const [page, api] = [await browser.get(pageOf(screen), html), await browser.get(apiOf(screen))];
  expect([page.status, location(page).split("?")[0], api.status]).toEqual([302, `${stack.provider.issuer}/auth`, 401]);
  expect(got).toEqual([]);
};

describe("HAProxy", () => {
  test.each(["docker", "kubernetes"])("accepts its config on %s", (platform) => {
    const addresses = addressesOf(settingsWith({ platform, environment: "staging", images: "local" }));
    const file = join(folder, "haproxy.cfg");
    const place = gatePlace(addresses);
    const upstream = platform === "docker" ? place.upstream : Object.fromEntries(screenNames.map((name) => [name, "127.0.0.1:1"]));
    writeFileSync(file, gateConfig(loginOf({ roles }), { ...place, upstream: upstream as typeof place.upstream }));
    const { status, stderr } = spawnSync("haproxy", ["-c", "-f", file], { env: { PATH: path }, encoding: "utf8" });
    expect([status, stderr.replace(/.*(could not resolve address|NOTICE).*\n/g, "")]).toEqual([0, ""]);
  });
});

describe("every screen, by every credential", () => {
  test.each(screenNames)("%s: without a session, people go to the provider and programs get 401", async (screen) => {
    await turnedAway(login.browser(), screen);
  });

  test.each(screenNames)("%s: with a session that is made up or changed, likewise", async (screen) => {
    const browser = await login.signedIn(readers[screen]);
    got.splice(0);
    const jar = browser.cookies.get(url)!;
    const [[name, value]] = [...jar] as [[string, string]];
    for (const changed of [
      "made-up",
      value.slice(0, 40) + (value[40] === "A" ? "B" : "A") + value.slice(41),
      value.replace(/\|\d+\|/, "|99999999999|"),
    ]) {
      jar.set(name, changed);
      await turnedAway(browser, screen);
      jar.delete(name);
    }
  });

  test("with a session that has expired, likewise", () =>
    withLogin(
      {
        change: (text) =>
          text.replace(/^cookie_expire = .*$/m, 'cookie_expire = "2s"').replace(/^cookie_refresh = .*$/m, 'cookie_refresh = "0s"'),
      },
      async (stack) => {
        const browsers = await Promise.all(screenNames.map((screen) => stack.signedIn(readers[screen], pageOf(screen))));
        expect(got.map(({ screen }) => screen).sort()).toEqual([...screenNames].sort());
        got.splice(0);
        await sleep(3200);
        for (const [i, screen] of screenNames.entries()) await turnedAway(browsers[i]!, screen, stack);
      },
    ));

  test("with a session that the provider does not renew any more, likewise", () =>
    withLogin({ change: (text) => text.replace(/^cookie_refresh = .*$/m, 'cookie_refresh = "1s"') }, async (stack) => {
      const browsers = await Promise.all(screenNames.map((screen) => stack.signedIn(readers[screen])));
      await sleep(2200);
      // It is renewed before.
      for (const [i, screen] of screenNames.entries()) expect((await browsers[i]!.get(apiOf(screen))).status).toBe(200);
      expect(stack.provider.asked).toContain("refresh_token");
      await stack.provider.revoke();
      await sleep(2200);
      got.splice(0);
      for (const [i, screen] of screenNames.entries()) await turnedAway(browsers[i]!, screen, stack);
      expect(stack.output.sessions).toContain("session revoked or invalid");
    }));

  const combinations = Object.keys(people)
    .filter((person) => !["outsider", "unverified", "joiner", "silencer"].includes(person))
    .flatMap((person) => screenNames.map((screen): [string, ScreenName] => [person, screen]));
  test.each(combinations)("%s at %s: the screen for its readers, and a page that names the role for others", async (person, screen) => {
    const browser = await login.signedIn(person);
    got.splice(0);
    const allowed = readers[screen] === person || (person === "chief" && screen === "traces");
    const before = await login.requests();
    const [page, api] = [await browser.get(pageOf(screen), html), await browser.get(apiOf(screen))];
    expect([page.status, api.status]).toEqual(allowed ? [200, 200] : [403, 403]);
    expect(page.text).toContain(allowed ? `the screen ${screen}` : `the role <b>${screen}</b>`);
    expect(got.map((one) => one.screen)).toEqual(allowed ? [screen, screen] : []);
    const backend = `${allowed ? "allowed" : "forbidden"}:${screen}`;
    expect((await login.requests())[backend]).toBe((before[backend] ?? 0) + 2);
  });

  test.each([
    ["of another domain", "outsider", 403],
    ["whose address the provider has not verified", "unverified", 403],
  ])("somebody %s gets no session", async (_what, person, status) => {
    const browser = login.browser();
    expect((await browser.open("/search", person)).status).toBe(status);
    await turnedAway(browser, "traces");
  });

  test("somebody of hundreds of groups gets in, with a session in several cookies", async () => {
    const browser = login.browser();
    expect((await browser.open(pageOf("dashboards"), "joiner")).text).toBe("the screen dashboards");
    expect([...browser.cookies.get(url)!.keys()].length).toBeGreaterThan(1);
  });
});

describe("a login", () => {
  test("leads to the page that was asked for, and no credential goes further", async () => {
    const browser = login.browser();
    const page = await browser.open("/trace/0af7651916cd43dd8448eb211c80319c?uiFind=a%2Fb", "tracer");
    expect([page.status, page.text]).toEqual([200, "the screen traces"]);
    expect(got.map((one) => one.path)).toEqual(["/trace/0af7651916cd43dd8448eb211c80319c?uiFind=a%2Fb"]);
    const names = Object.keys(got[0]!.headers);
    expect(names.filter((name) => /^(cookie|authorization|x-(forwarded|auth|real).*)$/.test(name))).toEqual([]);
  });

  test("gives cookies that only https sends, to this host, and that no script reads", async () => {
    const browser = await login.signedIn("tracer");
    const names = [...browser.attributes.keys()];
    expect(names.length).toBeGreaterThanOrEqual(2);
    for (const [name, attributes] of browser.attributes) {
      expect(name).toMatch(/^__Host-tracing/);
      for (const wanted of ["; Path=/", "; HttpOnly", "; Secure", "; SameSite=Lax"]) expect(attributes).toContain(wanted);
      expect(attributes).not.toContain("Domain");
    }
  });

  test("cannot be finished with the answer of somebody else's", async () => {
    const [victim, attacker] = [login.browser(), login.browser()];
    const begun = await attacker.get("/search", html);
    const state = new URL(location(begun)).searchParams.get("state")!;
    const answer = await victim.get(`/oauth2/callback?code=a&state=${encodeURIComponent(state)}`, html);
    expect(answer.status).toBe(403);
    await turnedAway(victim, "traces");
  });

  test.each(["https://evil.example.com/", "//evil.example.com/", "/\\evil.example.com"])("does not lead to %s", async (elsewhere) => {
    const browser = login.browser();
    const last = await browser.open(`/oauth2/start?rd=${encodeURIComponent(elsewhere)}`, "tracer");
    expect([last.status, last.text]).toEqual([200, "the screen traces"]);
    expect(got.map((one) => one.path)).toEqual(["/"]);
  });

  test("ends when somebody signs out", async () => {
    const browser = await login.signedIn("tracer");
    expect((await browser.get("/search", html)).status).toBe(200);
    expect((await browser.get("/oauth2/sign_out", html)).status).toBe(302);
    expect(browser.header).toBe("");
    got.splice(0);
    await turnedAway(browser, "traces");
  });

  test("with a wrong client secret fails, and the log says why without the secret", () =>
    withLogin({ secret: "not-the-secret" }, async (stack) => {
      const browser = stack.browser();
      expect((await browser.open("/search", "tracer")).status).toBe(500);
      expect(stack.output.sessions).toMatch(/Error redeeming code.*invalid_client/);
      expect(stack.output.sessions).not.toContain("not-the-secret");
      await turnedAway(browser, "traces", stack);
    }));

  test("on loopback has cookies that http sends", () =>
    withLogin(
      {
        change: (text) =>
          text.replace(/^cookie_(name|secure) = .*$/gm, (line) =>
            line.includes("name") ? 'cookie_name = "tracing-login"' : "cookie_secure = false",
          ),
      },
      async (stack) => {
        const browser = await stack.signedIn("tracer");
        expect([...browser.attributes.values()].join()).not.toContain("Secure");
        expect((await browser.get("/search", html)).status).toBe(200);
      },
    ));
});

describe("what a client says of itself", () => {
  const forged = [
    "x-forwarded-email",
    "x-forwarded-user",
    "x-forwarded-groups",
    "x_forwarded_email",
    "x_forwarded_groups",
    "X-Forwarded_Groups",
    "x-auth-request-groups",
    "x-auth-request-email",
  ];
  const value = (name: string) =>
    /email|user/i.test(name) ? "chief@example.com" : "trace readers,/metrics/readers,viewers,on-call,silencers";

  test.each(forged)("%s is worth nothing, with a session and without", async (name) => {
    const headers = { [name]: value(name) };
    const browser = await login.signedIn("stranger");
    for (const screen of screenNames) {
      expect((await browser.get(apiOf(screen), { headers })).status).toBe(403);
      expect((await ask(login.port, apiOf(screen), { headers })).status).toBe(401);
    }
    expect(got).toEqual([]);
  });

  test("nor are all of them together, nor a password or a token", async () => {
    const headers = {
      ...Object.fromEntries(forged.map((name) => [name, value(name)])),
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-uri": "/ping",
    };
    for (const authorization of ["Basic Y2hpZWZAZXhhbXBsZS5jb206eA==", "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJjaGllZiJ9."])
      expect((await ask(login.port, apiOf("traces"), { headers: { ...headers, authorization } })).status).toBe(401);
    expect(got).toEqual([]);
  });

  test.each(["x-forwarded-email, x-forwarded-user, x-forwarded-groups", "close, X-Forwarded-Email"])(
    "Connection: %s takes nothing away that the login says of somebody",
    async (connection) => {
      const browser = await login.signedIn("tracer");
      const before = login.log.length;
      const pages = [
        await browser.get("/search", { headers: { connection } }),
        await browser.get("/prometheus/", { headers: { connection } }),
      ];
      expect(pages.map(({ status }) => status)).toEqual([200, 403]);
      const lines = await until(
        5,
        () => Promise.resolve(login.log.slice(before)),
        ({ length }) => length === 2,
      );
      expect(lines.map(({ user }) => user)).toEqual(["tracer@example.com", "tracer@example.com"]);
    },
  );
});

test("no connection is turned into one of another protocol, which nobody would look into", async () => {
  const browser = await login.signedIn("tracer");
  got.splice(0);
  for (const upgrade of ["h2c", "websocket"])
    await browser.get("/search", { headers: { connection: "Upgrade, HTTP2-Settings", upgrade, "http2-settings": "AAMAAABkAAQAAP__" } });
  expect(got.map(({ headers }) => headers.upgrade)).toEqual([undefined, undefined]);
});

describe("a path that may be read in two ways", () => {
  const tricks = [
    "//prometheus/api",
    "/prometheus//-/reload",
    "/search/../prometheus/api",
    "/search/%2e%2e/prometheus/api",
    "/search/%2E./prometheus/api",
    "/./prometheus/api",
    "/search/..",
    "/search/..%2fprometheus",
    "/search%2F..%2Fprometheus",
    "/search/.%2fprometheus",
    "/search/..;/prometheus/api",
    "/prometheus;a=b/api",
    "/search\\..\\prometheus",
    "/search%5c..%5cprometheus",
    "/search%00/prometheus",
    "/oauth2/../prometheus/api",
    "/oauth2/sign_in/..%2f..%2fprometheus/../api",
  ];
  test.each(tricks)("%s is refused, with a session and without", async (path) => {
    const browser = await login.signedIn("tracer");
    got.splice(0);
    const before = (await login.requests()).malformed ?? 0;
    expect([(await browser.get(path)).status, (await ask(login.port, path)).status]).toEqual([400, 400]);
    expect(got).toEqual([]);
    expect((await login.requests()).malformed).toBe(before + 2);
  });

  const others = [
    "/Prometheus/api",
    "/PROMETHEUS/api",
    "/%70rometheus/api",
    "/prometheus%2fapi",
    "/prometheusx/api",
    "/search?/../prometheus",
    "/search/http://127.0.0.1/prometheus",
  ];
  test.each(others)("%s leads to no screen but that of its role", async (path) => {
    const [tracer, measurer] = [await login.signedIn("tracer"), await login.signedIn("measurer")];
    got.splice(0);
    await tracer.get(path);
    expect(got.filter(({ screen }) => screen !== "traces")).toEqual([]);
    got.splice(0);
    expect([403, 400, 401]).toContain((await measurer.get(path)).status);
    expect(got).toEqual([]);
  });

  test("service names with slashes reach Jaeger as they are", async () => {
    const browser = await login.signedIn("tracer");
    got.splice(0);
    await browser.get("/api/services/shop%2Fweb%20app/operations?a=%252F");
    expect(got.map((one) => one.path)).toEqual(["/api/services/shop%2Fweb%20app/operations?a=%252F"]);
  });
});

describe("requests that would change something", () => {
  const proxied = "/dashboards/proxy/projects/tracing/datasources/prometheus";
  const table: [keyof typeof people, string, string, number][] = [
    ["tracer", "POST", "/api/traces", 403],
    ["tracer", "DELETE", "/api/traces/1", 403],
    ["tracer", "POST", "/api/transform", 200],
    ["tracer", "POST", "/api/transform/x", 403],
    ["measurer", "POST", "/prometheus/api/v1/query", 200],
    ["measurer", "POST", "/prometheus/api/v1/query_range", 200],
    ["measurer", "POST", "/prometheus/api/v1/queryx", 403],
    ["measurer", "POST", "/prometheus/api/v1/write", 403],
    ["measurer", "POST", "/prometheus/api/v1/admin/tsdb/delete_series", 403],
    ["measurer", "PUT", "/prometheus/api/v1/query", 403],
    ["measurer", "POST", "/prometheus/-/reload", 403],
    ["measurer", "GET", "/prometheus/-/quit", 403],
    ["measurer", "GET", "/prometheus/api/v1/admin/tsdb/snapshot", 403],
    ["measurer", "GET", "/prometheus/debug/pprof/heap", 403],
    ["measurer", "GET", "/prometheus/%64ebug/pprof/heap", 403],
    ["measurer", "GET", "/prometheus/%2D/quit", 403],
    ["measurer", "GET", "/prometheus/-%2fquit", 403],
    ["measurer", "GET", "/prometheus/api/v1%2F%61dmin/tsdb/snapshot", 403],
    ["measurer", "GET", "/prometheus/api/v1/label/a%2Fb/values", 200],
    ["measurer", "TRACE", "/prometheus/api/v1/query", 403],
    ["viewer", "POST", `${proxied}/api/v1/query_range`, 200],
    ["viewer", "POST", `${proxied}/api/v1/admin/tsdb/delete_series`, 403],
    ["viewer", "POST", `${proxied}/-/reload`, 403],
    ["viewer", "PUT", "/dashboards/api/v1/projects/tracing/dashboards/storage", 403],
    ["viewer", "DELETE", "/dashboards/api/v1/projects/tracing", 403],
    ["oncall", "POST", "/alertmanager/api/v2/silences", 403],
    ["oncall", "DELETE", "/alertmanager/api/v2/silence/1", 403],
    ["silencer", "POST", "/alertmanager/api/v2/silences", 200],
    ["silencer", "DELETE", "/alertmanager/api/v2/silence/1", 200],
    ["silencer", "POST", "/alertmanager/api/v2/alerts", 403],
    ["silencer", "POST", "/alertmanager/-/reload", 403],
    ["oncall", "GET", "/alertmanager/%64%65bug/pprof/heap", 403],
    ["stranger", "POST", "/alertmanager/api/v2/silences", 403],
    ["stranger", "POST", "/prometheus/api/v1/query", 403],
  ];
  test.each(table)("%s: %s %s is answered with %i", async (person, method, path, status) => {
    const browser = await login.signedIn(person);
    got.splice(0);
    expect((await browser.get(path, { method })).status).toBe(status);
    expect(got.length).toBe(status === 200 ? 1 : 0);
  });
});

test("screens but Jaeger and Perses get their own paths, and a path without its last slash one with it", async () => {
  const paths: Record<ScreenName, string> = {
    traces: "/",
    metrics: "/graph?g0.expr=up",
    dashboards: "/dashboards/projects",
    alerts: "/api/v2/alerts?a=%2F",
  };
  const asked: Record<ScreenName, string> = { ...paths, metrics: `/prometheus${paths.metrics}`, alerts: `/alertmanager${paths.alerts}` };
  for (const screen of screenNames) {
    const browser = await login.signedIn(readers[screen]);
    got.splice(0);
    await browser.get(asked[screen]);
    expect(got.map((one) => one.path)).toEqual([paths[screen]]);
    if (screen !== "traces") expect(location(await browser.get(screens[screen].path))).toBe(`${screens[screen].path}/`);
  }
});

test("the access log says who read what, and no log has a cookie, a token or a code", async () => {
  const browser = await login.signedIn("tracer");
  await browser.get("/api/traces/0af7651916cd43dd8448eb211c80319c");
  await browser.get('/api/traces?service=shop&tags={"a":"b"}');
  await browser.get("/static/main.js");
  await browser.get("/prometheus/static/main.js");
  const lines = () =>
    login.log.slice(-3).map(({ user, screen, verdict, method, path, status }) => [user, screen, verdict, method, path, status]);
  const mine = await until(
    5,
    () => Promise.resolve(lines()),
    (found) => found[2]?.[1] === "metrics",
  );
  const user = "tracer@example.com";
  expect(mine).toEqual([
    [user, "traces", "allowed", "GET", "/api/traces/0af7651916cd43dd8448eb211c80319c", 200],
    [user, "traces", "allowed", "GET", '/api/traces?service=shop&tags={"a":"b"}', 200],
    [user, "metrics", "forbidden", "GET", "/prometheus/static/main.js", 403],
  ]);
  const text = login.output.gate + login.output.sessions;
  expect(text).not.toContain(client.secret);
  expect(text).not.toMatch(/code=|eyJ[A-Za-z0-9_-]{20}/);
  for (const value of browser.cookies.get(url)!.values()) expect(text).not.toContain(value);
});

test("the access log has the whole of each address, and addresses that are too long for it are refused", async () => {
  const browser = await login.signedIn("tracer");
  const long = (length: number) => "/api/traces?service=".padEnd(length, '"');
  const before = login.log.length;
  for (const length of [900, 3000, longestAddress]) expect((await browser.get(long(length))).status).toBe(200);
  got.splice(0);
  expect((await browser.get(long(longestAddress + 1))).status).toBe(414);
  expect(got).toEqual([]);
  const paths = await until(
    5,
    () => Promise.resolve(login.log.slice(before).map(({ path }) => path)),
    ({ length }) => length === 3,
  );
  expect(paths).toEqual([900, 3000, longestAddress].map(long));
});

test("clients that take all connections do not make the login look as if it were down", () =>
  withLogin({}, async (stack) => {
    const sockets = Array.from({ length: 700 }, () => connect(stack.port, "127.0.0.1").on("error", () => undefined));
    for (const socket of sockets) socket.write("G");
    await sleep(1000);
    await stack.healthy();
    expect(await stack.requests()).toEqual({});
    for (const socket of sockets) socket.destroy();
  }));

test("requests are counted by what became of them; what is left had no valid session", () =>
  withLogin({}, async (stack) => {
    const browser = await stack.signedIn("tracer");
    const begun = await stack.requests();
    await browser.get("/search");
    await browser.get("/prometheus/graph");
    await browser.get("/api/traces", { method: "POST" });
    await browser.get("//search");
    await ask(stack.port, "/search");
    await ask(stack.port, "/search", { headers: { cookie: "__Host-tracing=made-up" } });
    const counts = await stack.requests();
    const more = Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, count - (begun[name] ?? 0)]));
    expect(more).toEqual({ "allowed:traces": 1, "forbidden:metrics": 1, "readonly:traces": 1, malformed: 1, session: 5, "sign-in": 0 });
  }));

test.each([
  ["traces", "jaeger", "/search", "/search"],
  ["metrics", "prometheus", "/prometheus/graph", "/graph"],
  ["alerts", "alertmanager", "/alertmanager/", "/"],
] as const)("the screen %s with TLS is asked if it is %s, and another program with another certificate is not", async (...wanted) => {
  const [screen, service, at, path] = wanted;
  const everyone = { everyone: true };
  const authority = await Authority.make(join(folder, `authority-${screen}`));
  const asked: string[] = [];
  for (const [host, status] of [
    [service, 200],
    ["other", 503],
  ] as const) {
    const own = join(folder, host);
    await authority.issue(own, [host]);
    const [cert, key, ca] = [files.certificate, files.certificateKey, files.authority].map((file) => join(own, file)) as [
      string,
      string,
      string,
    ];
    const server = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) => {
      asked.push(`${host} ${request.url ?? ""}`);
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const place = { upstream: { [screen]: `127.0.0.1:${port}` }, authorities: { [screen]: ca } };
    await withLogin({ ...place, roles: { traces: everyone, [screen]: everyone } }, async (stack) => {
      const browser = await stack.signedIn("tracer", at);
      expect((await browser.get(at)).status).toBe(status);
    });
    server.closeAllConnections();
    server.close();
  }
  // Once as the login leads there.
  expect(asked).toEqual([`${service} ${path}`, `${service} ${path}`]);
});

test("a screen that is away is told apart from one that is forbidden", () =>
  withLogin({ upstream: {} }, async (stack) => {
    const browser = await stack.signedIn("tracer");
    expect((await browser.get("/search")).status).toBe(503);
    expect((await browser.get("/prometheus/graph")).status).toBe(403);
  }));

test("everyone is everybody who may log in, and a screen without a role is nobody's", () =>
  withLogin({ roles: { traces: { everyone: true } } }, async (stack) => {
    const browser = await stack.signedIn("stranger");
    expect((await browser.get("/search")).status).toBe(200);
    for (const screen of ["metrics", "dashboards", "alerts"] as const) expect((await browser.get(pageOf(screen))).status).toBe(403);
  }));
