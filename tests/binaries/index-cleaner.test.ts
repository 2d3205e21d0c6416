/**
 * Rung: binaries. The cleaner's script and the cleaner itself, against a stand-in for Elasticsearch that writes down what it is asked, and
 * one for the Collector that keeps what it is told.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { anyPrefix } from "../../configs/jaeger/index-cleaner";
import { passwordFile } from "../../configs/elasticsearch/users";
import { cronState } from "../../configs/topology/ports";
import { localScript } from "../support/cleaner";
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import { program, run } from "./support/programs";

const folder = temporaryFolder();
const day = 86_400_000;
/** The first moment of today, UTC. */
const today = Math.floor(Date.now() / day) * day;

interface Call {
  readonly what: string;
  readonly authorization: string | undefined;
}
let calls: Call[];
let server: Server;
let collector: Server;
/** What the Collector was told last, by metric. */
let told: Record<string, number> | undefined;
/** The status that Elasticsearch answers with. */
let status: number;
/** Indices that the stand-in has: name, and when it was made. */
let indices: Record<string, number>;

beforeEach(async () => {
  calls = [];
  server = createServer((request, response) => {
    response.setHeader("Content-Type", "application/json");
    // What the cleaner from Jaeger 2.20 on asks before anything else.
    if (request.url === "/") return void response.end(JSON.stringify({ version: { number: "8.19.0" } }));
    calls.push({
      what: `${request.method ?? ""} ${decodeURIComponent((request.url ?? "").split("?")[0] ?? "")}`,
      authorization: request.headers.authorization,
    });
    const entries = Object.entries(indices).map(([name, made]) => [
      name,
      { aliases: {}, settings: { "index.creation_date": String(made) } },
    ]);
    response.statusCode = status;
    response.end(JSON.stringify(request.method === "DELETE" ? { acknowledged: true } : Object.fromEntries(entries)));
  });
  [told, status] = [undefined, 200];
  collector = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      told = metrics(body);
      response.end("{}");
    });
  });
  for (const each of [server, collector]) await new Promise<void>((resolve) => each.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  for (const each of [server, collector]) await new Promise((resolve) => each.close(resolve));
});

interface Metrics {
  readonly resourceMetrics: readonly {
    readonly scopeMetrics: readonly {
      readonly metrics: readonly {
        readonly name: string;
        readonly gauge: { readonly dataPoints: readonly { readonly asInt: string }[] };
      }[];
    }[];
  }[];
}

const metrics = (body: string) =>
  Object.fromEntries(
    (JSON.parse(body) as Metrics).resourceMetrics
      .flatMap((resource) => resource.scopeMetrics.flatMap((scope) => scope.metrics))
      .map(({ name, gauge }) => [name.replace("tracing.index", ""), Number(gauge.dataPoints[0]?.asInt)]),
  );

/** The name of an index of one day. */
const indexOf = (prefix: string, made: number) => `${prefix}-${new Date(made).toISOString().slice(0, 10)}`;

const url = (of: Server) => `http://127.0.0.1:${(of.address() as AddressInfo).port}`;

/** Runs the script of a retention, with the paths of this host in place of the container's. */
function clean(retention: string, password: string | null = "s3cret", ...args: string[]) {
  if (password !== null) writeFileSync(join(folder(), passwordFile(settingsWith(), "cleaner")), password);
  const place = { folder: folder(), elasticsearch: url(server), collector: url(collector), program: program("es-index-cleaner") };
  const { script, path } = localScript(settingsWith({ retention }), place);
  return run("/bin/busybox", ["sh", script, ...args], { env: { PATH: path } });
}
const report = () => clean("7d", "s3cret", "report");
const remembered = (name: keyof typeof cronState, value: number) => writeFileSync(join(folder(), cronState[name]), `${value}\n`);
const seconds = () => Math.floor(Date.now() / 1000);

const deleted = () =>
  calls
    .filter(({ what }) => what.startsWith("DELETE"))
    .flatMap(({ what }) =>
      what
        .slice("DELETE /".length)
        .split(",")
        .filter((name) => name !== ""),
    )
    .sort();

test("deletes what is older than the retention, and keeps each span for all of it", async () => {
  const [kept, old] = [today - 7 * day, today - 7 * day - 1];
  const made = {
    "jaeger-span": [today, today - day, kept, old],
    "jaeger-service": [kept, old],
    "jaeger-dependencies": [old],
    "jaeger-sampling": [old],
    "another-index": [old],
  };
  indices = Object.fromEntries(Object.entries(made).flatMap(([prefix, times]) => times.map((time) => [indexOf(prefix, time), time])));
  expect((await clean("7d")).code).toBe(0);
  // The index of the eighth day before today is full: its last span came seven days before today began. (From Jaeger 2.20 on it goes a day later.)
  expect(deleted()).toEqual(["dependencies", "sampling", "service", "span"].map((kind) => indexOf(`jaeger-${kind}`, old)));
});

test("deletes nothing where nothing is old", async () => {
  indices = Object.fromEntries([today, today - day].map((time) => [indexOf("jaeger-span", time), time]));
  expect((await clean("1d")).code).toBe(0);
  expect(deleted()).toEqual([]);
});

test("logs in with the password of the file", async () => {
  indices = {};
  expect((await clean("7d")).code).toBe(0);
  expect(calls.length).toBeGreaterThan(0);
  const login = `Basic ${Buffer.from("tracing-cleaner:s3cret").toString("base64")}`;
  expect(new Set(calls.map(({ authorization }) => authorization))).toEqual(new Set([login]));
});

test("asks nothing and fails where the password is missing", async () => {
  indices = {};
  expect((await clean("7d", null)).code).not.toBe(0);
  expect(calls).toEqual([]);
});

describe("a run reports", () => {
  test("that it went well, when the next is due, and what is the oldest index under any prefix", async () => {
    const old = today - 30 * day;
    indices = { [indexOf("jaeger-span", today)]: today, [indexOf("other-jaeger-span", old)]: old };
    const { code, output } = await clean("7d");
    expect(code).toBe(0);
    expect(output).toContain("No indices to delete");
    expect(calls.map(({ what }) => what)).toEqual(["GET /jaeger-*", `GET /${anyPrefix}-jaeger-*`]);
    const { "_cleaner.last_success.timestamp": success, "_cleaner.next_run.timestamp": next, ...rest } = told!;
    expect(seconds() - success!).toBeLessThan(20);
    expect(next).toBeGreaterThan(seconds());
    expect(next! % 86_400).toBe(3 * 3600);
    expect(rest).toEqual({ "_cleaner.last_run.success": 1, ".oldest.creation.timestamp": old / 1000 });
    expect(output).toMatch(
      /the oldest index is 7\d\d hours old\nnone should be older than 219 hours: is its prefix one that the cleaner knows\?\n$/,
    );
  });

  test("now as the oldest index's time where there is none", async () => {
    indices = {};
    await clean("7d");
    expect(seconds() - told![".oldest.creation.timestamp"]!).toBeLessThan(20);
  });

  test.each([
    ["no list", '{"msg":"No indices to delete"}'],
    ["a list of another form", '{"msg":"Queried indices","indices":[{"Index":"jaeger-span-2026-01-01","Created":"2026-01-01"}]}'],
  ])("no oldest index where the cleaner's log has %s", async (_, log) => {
    const other = join(folder(), "another-cleaner");
    writeFileSync(other, `#!/bin/sh\necho '${log}'\n`, { mode: 0o755 });
    writeFileSync(join(folder(), passwordFile(settingsWith(), "cleaner")), "s3cret");
    const place = { folder: folder(), elasticsearch: url(server), collector: url(collector), program: other };
    const { script, path } = localScript(settingsWith(), place);
    const { code, output } = await run("/bin/busybox", ["sh", script], { env: { PATH: path } });
    expect(code).toBe(0);
    expect(output).toContain("the oldest index is not known");
    expect(Object.keys(told!)).not.toContain(".oldest.creation.timestamp");
  });

  test("that it failed, with the time of the last good run, where the password is wrong", async () => {
    indices = {};
    status = 401;
    remembered("lastSuccess", 1_700_000_000);
    const { code, output } = await clean("7d");
    expect(code).not.toBe(0);
    expect(output).toContain("401");
    expect(told).toEqual({
      "_cleaner.last_success.timestamp": 1_700_000_000,
      "_cleaner.last_run.success": 0,
      "_cleaner.next_run.timestamp": expect.any(Number) as number,
    });
    expect(readFileSync(join(folder(), cronState.lastResult), "utf8")).not.toBe("0\n");
  });

  test("that it failed, and no last good run where there was none, where nothing answers", async () => {
    await new Promise((resolve) => server.close(resolve));
    const gone = url(collector).replace(/\d+$/, "1");
    writeFileSync(join(folder(), passwordFile(settingsWith(), "cleaner")), "s3cret");
    const { script, path } = localScript(settingsWith(), {
      folder: folder(),
      elasticsearch: gone,
      collector: url(collector),
      program: program("es-index-cleaner"),
    });
    const { code, output } = await run("/bin/busybox", ["sh", script], { env: { PATH: path } });
    expect(code).not.toBe(0);
    expect(output).toContain("the oldest index is not known: Elasticsearch gave no list");
    expect(told).toEqual({ "_cleaner.last_run.success": 0, "_cleaner.next_run.timestamp": expect.any(Number) as number });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });

  test("nothing, and ends as the cleaner did, where the Collector is away", async () => {
    indices = {};
    await new Promise((resolve) => collector.close(resolve));
    collector = createServer();
    const place = { folder: folder(), elasticsearch: url(server), collector: "http://127.0.0.1:1", program: program("es-index-cleaner") };
    writeFileSync(join(folder(), passwordFile(settingsWith(), "cleaner")), "s3cret");
    const { script, path } = localScript(settingsWith(), place);
    const { code, output } = await run("/bin/busybox", ["sh", script], { env: { PATH: path } });
    expect(code).toBe(0);
    expect(output).toContain("the Collector took no report");
    await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
  });
});

describe("over TLS", () => {
  const names = ["ours", "another"] as const;
  const file = (name: (typeof names)[number], kind: "crt" | "key") => join(folder(), `${name}.${kind}`);
  let tls: Server;

  beforeEach(async () => {
    for (const name of names) {
      const own = ["-keyout", file(name, "key"), "-out", file(name, "crt"), "-days", "2", "-subj", "/CN=localhost"];
      const made = await run("openssl", [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-noenc",
        ...own,
        "-addext",
        "subjectAltName=IP:127.0.0.1",
      ]);
      expect(made.code).toBe(0);
    }
    const [cert, key] = [readFileSync(file("ours", "crt")), readFileSync(file("ours", "key"))];
    tls = createTlsServer({ cert, key }, (request, response) => server.emit("request", request, response));
    await new Promise<void>((resolve) => tls.listen(0, "127.0.0.1", resolve));
    writeFileSync(join(folder(), passwordFile(settingsWith(), "cleaner")), "s3cret");
  });
  afterEach(() => new Promise((resolve) => tls.close(resolve)));

  const cleanBy = (authority: string) => {
    const elasticsearch = url(tls).replace("http:", "https:");
    const place = { folder: folder(), elasticsearch, authority, collector: url(collector), program: program("es-index-cleaner") };
    const { script, path } = localScript(settingsWith(), place);
    return run("/bin/busybox", ["sh", script], { env: { PATH: path } });
  };

  test("it cleans, and reports the oldest index, as without", async () => {
    const old = today - 30 * day;
    indices = { [indexOf("jaeger-span", today)]: today, [indexOf("other-jaeger-span", old)]: old };
    expect((await cleanBy(file("ours", "crt"))).code).toBe(0);
    expect(told).toMatchObject({ "_cleaner.last_run.success": 1, ".oldest.creation.timestamp": old / 1000 });
  });

  test("it tells nobody the password whose certificate the authority has not signed", async () => {
    indices = {};
    const { code, output } = await cleanBy(file("another", "crt"));
    expect(code).not.toBe(0);
    expect(output).toContain("certificate");
    expect(calls).toEqual([]);
    expect(told).toEqual({ "_cleaner.last_run.success": 0, "_cleaner.next_run.timestamp": expect.any(Number) as number });
  });
});

describe("between runs", () => {
  test("it reports what is known of the last run, and deletes nothing, however old", async () => {
    const old = today - 9999 * day;
    indices = {
      [indexOf("jaeger-span", old)]: old,
      [indexOf("other-jaeger-service", old + day)]: old + day,
      [indexOf("jaeger-another", old - day)]: old - day,
    };
    remembered("lastSuccess", 1_700_000_000);
    remembered("lastResult", 0);
    const { code, output } = await report();
    expect({ code, output }).toEqual({ code: 0, output: "" });
    expect(calls).toHaveLength(1);
    expect(told).toMatchObject({
      "_cleaner.last_success.timestamp": 1_700_000_000,
      "_cleaner.last_run.success": 1,
      ".oldest.creation.timestamp": old / 1000,
    });
  });

  test.each(["rubbish\n", "", "12 34\n"])("it leaves out what the state %j does not tell", async (text) => {
    indices = {};
    for (const name of Object.values(cronState)) writeFileSync(join(folder(), name), text);
    expect((await report()).code).toBe(0);
    expect(Object.keys(told!).sort()).toEqual([".oldest.creation.timestamp", "_cleaner.next_run.timestamp"]);
  });
});

test("keeps the password out of every command line", async () => {
  // What the cleaner and wget are called with is written down on the way.
  indices = {};
  writeFileSync(join(folder(), passwordFile(settingsWith(), "cleaner")), "s3cret");
  const place = { folder: folder(), elasticsearch: url(server), collector: url(collector), program: program("es-index-cleaner") };
  const { script, path } = localScript(settingsWith(), place);
  const spied = readFileSync(script, "utf8").replace("set -u\n", `set -u\nspy() { echo "$*" >> ${folder()}/seen; "$@"; }\n`);
  writeFileSync(script, spied.replaceAll(/timeout 20/g, "spy timeout 20").replace("exec /", "spy /"));
  expect((await run("/bin/busybox", ["sh", script], { env: { PATH: path } })).code).toBe(0);
  expect(existsSync(join(folder(), "seen"))).toBe(true);
  const seen = readFileSync(join(folder(), "seen"), "utf8");
  expect(seen).toMatch(/wget/);
  expect(seen).not.toContain("s3cret");
  expect(seen).not.toContain(Buffer.from("tracing-cleaner:s3cret").toString("base64"));
});
