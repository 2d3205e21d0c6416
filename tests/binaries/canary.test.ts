/** Rung: binaries. The canary's script on a busybox, and by curl with TLS, against a stand-in for the Collector and Jaeger. */
import { spawn, type ChildProcess } from "node:child_process";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer, type Server as SecureServer } from "node:https";
import { readFileSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { files } from "../../configs/topology/ports";
import { localCanary } from "../support/canary";
import { Authority } from "../support/certificates";
import { temporaryFolder } from "../support/temporary-folder";
import { until } from "../support/waiting";

const folder = temporaryFolder();

interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
}
interface TraceRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue: string } }[] };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}
interface Point {
  readonly asInt?: string | number;
  readonly asDouble?: number;
  readonly startTimeUnixNano?: string;
}
interface MetricRequest {
  readonly resourceMetrics: readonly {
    readonly scopeMetrics: readonly {
      readonly metrics: readonly {
        readonly name: string;
        readonly sum?: { readonly aggregationTemporality: number; readonly isMonotonic: boolean; readonly dataPoints: readonly Point[] };
        readonly gauge?: { readonly dataPoints: readonly Point[] };
      }[];
    }[];
  }[];
}

/** A trace that was taken: when, and its spans. */
interface Taken {
  readonly at: number;
  readonly spans: readonly OtlpSpan[];
}

let server: Server;
let url: string;
/** The same with a certificate. */
let secure: SecureServer;
let secureUrl: string;
let canary: ChildProcess | undefined;
let output: string;
let taken: Taken[];
let requests: TraceRequest[];
/** What was reported last, by the last part of its name; and all reports. */
let told: Record<string, number>;
let reports: MetricRequest[];
/** Ids that were asked for. */
let asked: string[];
/** How the Collector answers a trace. */
let collector: (response: ServerResponse) => void;
/** How Jaeger answers for a trace that was taken. */
let jaeger: (trace: Taken, response: ServerResponse) => void;

const seconds = (since: number) => (Date.now() - since) / 1000;
const body = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
};

/** As Jaeger answers: JSON without blanks, each span under its own resource. */
const shows = (response: ServerResponse, spans: readonly OtlpSpan[]) =>
  response.end(JSON.stringify({ result: { resourceSpans: spans.map((span) => ({ scopeSpans: [{ spans: [span] }] })) } }));
const none = (response: ServerResponse) => {
  response.statusCode = 404;
  response.end('{"error":{"httpCode":404,"message":"No traces found"}}');
};

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url ?? "";
  const text = await body(request);
  if (path === "/v1/metrics") {
    reports.push(JSON.parse(text) as MetricRequest);
    told = metricsOf(reports.at(-1)!);
    response.end("{}");
  } else if (path === "/v1/traces") {
    const sent = JSON.parse(text) as TraceRequest;
    collector(response);
    if (response.statusCode !== 200) return;
    requests.push(sent);
    taken.push({ at: Date.now(), spans: sent.resourceSpans.flatMap((one) => one.scopeSpans.flatMap(({ spans }) => spans)) });
  } else {
    const id = path.replace("/api/v3/traces/", "");
    asked.push(id);
    const trace = taken.find(({ spans }) => spans[0]?.traceId === id);
    if (trace) jaeger(trace, response);
    else none(response);
  }
}

const metricsOf = (request: MetricRequest): Record<string, number> =>
  Object.fromEntries(
    request.resourceMetrics
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
      .map(({ name, sum, gauge }) => {
        const point = (sum ?? gauge)?.dataPoints[0];
        return [name.replace("tracing.canary.", ""), Number(point?.asInt ?? point?.asDouble)];
      }),
  );

/** Starts a server on a free port of loopback. */
async function portOf(one: Server): Promise<number> {
  await new Promise<void>((resolve) => one.listen(0, "127.0.0.1", resolve));
  return (one.address() as AddressInfo).port;
}

beforeEach(async () => {
  const authority = await Authority.make(join(folder(), "authority"));
  [taken, requests, reports, asked, told, output] = [[], [], [], [], {}, ""];
  collector = (response) => response.end("{}");
  jaeger = ({ spans }, response) => shows(response, spans);
  const respond = (request: IncomingMessage, response: ServerResponse) => void answer(request, response);
  server = createServer(respond);
  url = `http://127.0.0.1:${await portOf(server)}`;
  await authority.issue(folder(), ["localhost"]);
  const read = (file: string) => readFileSync(join(folder(), file));
  secure = createSecureServer({ key: read(files.certificateKey), cert: read(files.certificate) }, respond);
  secureUrl = `https://localhost:${await portOf(secure)}`;
});
afterEach(async () => {
  canary?.kill("SIGKILL");
  for (const one of [server, secure]) {
    one.closeAllConnections();
    await new Promise((resolve) => one.close(resolve));
  }
});

/** What runs the canary: a busybox, or a bash with curl where Jaeger has TLS. */
const programs = {
  busybox: { command: ["/bin/busybox", "sh"], refused: "wget: server returned error: HTTP/1.1 503", unknown: "HTTP/1.1 401 Unauthorized" },
  "curl and TLS": { command: ["/bin/bash"], refused: "curl: (22) The requested URL returned error: 503", unknown: "curl: (22) " },
} as const;
type Program = keyof typeof programs;

/** Starts the canary: a trace each second, which should be there within two and must be within four. */
function startWith(
  by: Program,
  more: { readonly jaeger?: string; readonly decided?: number; readonly tokenFile?: string; readonly trusts?: string } = {},
): ChildProcess {
  const times = { decided: more.decided ?? 0, searchable: 2, deadline: 4 };
  const { tokenFile, trusts = join(folder(), files.authority) } = more;
  const jaeger = more.jaeger ?? (by === "busybox" ? url : secureUrl);
  const place = { folder: folder(), collector: url, jaeger, jaegerAuthority: trusts, interval: 1, times, tokenFile };
  const { script, path } = localCanary(place);
  const [command, ...args] = programs[by].command;
  const child = spawn(command, [...args, script], {
    env: { PATH: by === "busybox" ? path : process.env.PATH },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  canary = child;
  return child;
}

/** Waits until a report says so. */
async function reported(says: (told: Record<string, number>) => boolean, longest = 12): Promise<void> {
  const last = await until(longest, () => Promise.resolve(told), says);
  expect({ last, output, says: says(last) }).toEqual({ last, output, says: true });
}

describe.each(Object.keys(programs) as Program[])("by %s", (by) => {
  const start = (more: Parameters<typeof startWith>[1] = {}) => startWith(by, more);

  test("sends a trace of two spans at each interval, under an id that nothing else has, and finds it", async () => {
    start();
    await reported(({ found = 0 }) => found >= 3);
    expect(told).toMatchObject({ refused: 0, missing: 0, unanswered: 0 });
    expect(told.sent! - told.found!).toBeLessThanOrEqual(2);
    expect(told.fresh).toBe(told.found);
    expect(told.latency).toBeGreaterThan(0);
    expect(told.latency).toBeLessThan(2);
    for (const time of [told["last_success.timestamp"], told["report.timestamp"]])
      expect(Math.abs(Date.now() / 1000 - time!)).toBeLessThan(10);
    expect(new Set(taken.map(({ spans }) => spans[0]!.traceId)).size).toBe(taken.length);
    for (const { spans, at } of taken) {
      const [root, child, ...others] = spans;
      expect(others).toEqual([]);
      for (const { traceId, spanId, startTimeUnixNano, endTimeUnixNano } of spans) {
        expect(traceId).toMatch(/^[0-9a-f]{32}$/);
        expect(spanId).toMatch(/^[0-9a-f]{16}$/);
        expect(Math.abs(Number(startTimeUnixNano) / 1e9 - at / 1000)).toBeLessThan(5);
        expect(BigInt(endTimeUnixNano)).toBeGreaterThan(BigInt(startTimeUnixNano));
      }
      expect(child).toMatchObject({ traceId: root!.traceId, parentSpanId: root!.spanId });
      expect(root).not.toHaveProperty("parentSpanId");
      expect(child!.spanId).not.toBe(root!.spanId);
    }
    const services = requests.flatMap(({ resourceSpans }) => resourceSpans.flatMap(({ resource }) => resource.attributes));
    expect(new Set(services.map(({ key, value }) => `${key}=${value.stringValue}`))).toEqual(new Set(["service.name=tracing-canary"]));
    expect(output).toBe("");
  }, 30_000);

  test("reports sums that only grow, since the canary's start, of which none is left out while it is 0", async () => {
    start();
    await reported(({ found = 0 }) => found >= 2);
    const all = ["sent", "refused", "found", "fresh", "missing", "unanswered"];
    const sums = reports.map(({ resourceMetrics: [resource] }) => resource!.scopeMetrics[0]!.metrics.filter(({ sum }) => sum));
    for (const list of sums) {
      expect(list.map(({ name }) => name)).toEqual(all.map((name) => `tracing.canary.${name}`));
      for (const { sum } of list) expect(sum).toMatchObject({ aggregationTemporality: 2, isMonotonic: true });
    }
    expect(new Set(sums.flat().map(({ sum }) => sum!.dataPoints[0]!.startTimeUnixNano)).size).toBe(1);
    for (const name of all) {
      const values = reports.map((report) => metricsOf(report)[name]!);
      expect(values).toEqual([...values].sort((a, b) => a - b));
    }
  }, 30_000);

  test("sends its token where it has one, and says what the proxy answers without", async () => {
    const tokenFile = join(folder(), "token");
    writeFileSync(tokenFile, "secret-token");
    const seen = new Set<string | undefined>();
    server.prependListener("request", ({ url: path, headers }) => {
      if (path === "/v1/traces") seen.add(headers.authorization);
    });
    start({ tokenFile });
    await reported(({ found = 0 }) => found >= 2);
    expect([...seen]).toEqual(["Bearer secret-token"]);
    expect(output).toBe("");
    collector = (response) => {
      response.statusCode = 401;
      response.end("unknown bearer token");
    };
    await reported(({ refused = 0 }) => refused >= 1);
    expect(output).toContain(`the Collector took no trace: ${programs[by].unknown}`);
    expect(output).not.toContain("secret-token");
  }, 30_000);

  test("awaits several traces side by side, and counts as fresh only what is there in time", async () => {
    jaeger = ({ spans, at }, response) => (seconds(at) < 2.6 ? none(response) : shows(response, spans));
    start();
    await reported(({ found = 0 }) => found >= 3, 15);
    expect(told).toMatchObject({ fresh: 0, missing: 0, unanswered: 0 });
    expect(told.latency).toBeGreaterThan(2.5);
    // It goes on sending meanwhile.
    expect(told.sent! - told.found!).toBeGreaterThanOrEqual(2);
    expect(output).toBe("");
  }, 30_000);

  test("counts a trace as missing at its deadline and names it, and goes on", async () => {
    const lost = new Set<string>();
    jaeger = (trace, response) => {
      const { traceId } = trace.spans[0]!;
      if (taken.indexOf(trace) === 1) lost.add(traceId);
      if (lost.has(traceId)) none(response);
      else shows(response, trace.spans);
    };
    start();
    await reported(({ missing = 0, found = 0 }) => missing === 1 && found > 4, 15);
    expect([...lost].map((id) => `trace ${id} was acknowledged, and is not to be found after 4 s\n`).join("")).toBe(output);
    expect(told).toMatchObject({ missing: 1, unanswered: 0 });
    // It looks up to the deadline, at longer intervals when the trace is late.
    const looks = asked.filter((id) => lost.has(id)).length;
    expect(looks).toBeGreaterThan(3);
    expect(looks).toBeLessThan(9);
  }, 30_000);

  test.each(["root", "child"] as const)(
    "a trace of which Jaeger shows only the %s is not there",
    async (which) => {
      jaeger = ({ spans: [root, child] }, response) => shows(response, [which === "root" ? root! : child!]);
      start();
      await reported(({ missing = 0 }) => missing > 0, 15);
      expect(told).toMatchObject({ found: 0, unanswered: 0 });
    },
    30_000,
  );

  test("finds a trace in JSON with blanks", async () => {
    jaeger = ({ spans }, response) => response.end(JSON.stringify({ result: { spans } }, null, 1));
    start();
    await reported(({ found = 0 }) => found > 0);
  }, 30_000);

  test("an error of Jaeger's is an answer; where nothing answers, that is counted once for each trace that is sent", async () => {
    jaeger = (_trace, response) => {
      response.statusCode = 500;
      response.end("no");
    };
    start();
    await reported(({ missing = 0 }) => missing > 0, 15);
    expect(told.unanswered).toBe(0);
    canary!.kill("SIGKILL");
    told = {};
    start({ jaeger: by === "busybox" ? "http://127.0.0.1:1" : "https://localhost:1" });
    await reported(({ missing = 0 }) => missing > 0, 15);
    expect(told.unanswered).toBeGreaterThan(0);
    expect(told.unanswered).toBeLessThanOrEqual(told.sent ?? 0);
    expect(told.found).toBe(0);
  }, 40_000);

  test("a Jaeger that hangs holds up neither the next trace nor the reports for long", async () => {
    jaeger = () => undefined;
    start();
    await reported(({ missing = 0 }) => missing > 1, 25);
    expect(told.unanswered).toBeGreaterThan(0);
    const gaps = taken.slice(1).map(({ at }, i) => at - taken[i]!.at);
    expect(Math.max(...gaps)).toBeLessThan(12_000);
  }, 40_000);

  test("counts a trace that the Collector does not take as refused, says why, and does not look for it", async () => {
    collector = (response) => {
      response.statusCode = 503;
      response.end("busy");
    };
    start();
    await reported(({ refused = 0 }) => refused > 1);
    expect(told).toMatchObject({ sent: 0, found: 0, missing: 0 });
    expect(told).not.toHaveProperty(["last_success.timestamp"]);
    expect(asked).toEqual([]);
    expect(output).toContain(`the Collector took no trace: ${programs[by].refused}`);
  }, 30_000);

  test("asks for nothing before the decision can have fallen", async () => {
    start({ decided: 1.5 });
    await until(
      10,
      () => Promise.resolve(asked),
      (ids) => ids.length > 0,
    );
    expect(seconds(taken[0]!.at)).toBeGreaterThan(1.5);
  }, 30_000);

  test("ends at once when it is told to", async () => {
    const child = start();
    await reported(({ found = 0 }) => found >= 1);
    const told = Date.now();
    const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
    expect(seconds(told)).toBeLessThan(2);
  }, 30_000);
});

test("a Jaeger whose certificate another authority has signed, or that has another name, is as one that does not answer", async () => {
  const other = await Authority.make(join(folder(), "other"));
  await other.issue(join(folder(), "stranger"), ["localhost"]);
  startWith("curl and TLS", { trusts: join(folder(), "stranger", files.authority) });
  await reported(({ unanswered = 0 }) => unanswered > 0, 15);
  expect(told.found).toBe(0);
  canary!.kill("SIGKILL");
  told = {};
  startWith("curl and TLS", { jaeger: secureUrl.replace("localhost", "127.0.0.1") });
  await reported(({ unanswered = 0 }) => unanswered > 0, 15);
  expect(told.found).toBe(0);
  expect(asked).toEqual([]);
}, 40_000);
