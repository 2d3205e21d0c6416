/** Rung: binaries. The canary by TLS: with curl, as in Elasticsearch's image, against a stand-in for the proxy and Jaeger. */
import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer as createTlsServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { files } from "../../configs/topology/ports";
import { localCanary } from "../support/canary";
import { Authority } from "../support/certificates";
import { httpServer, type HttpServer } from "../support/http-server";
import { temporaryFolder } from "../support/temporary-folder";
import { until } from "../support/waiting";

jest.setTimeout(40_000);
const folder = temporaryFolder();
const token = "s".repeat(32);

let proxy: Server;
let behind: HttpServer;
let canary: ChildProcess;
let output: string;
/** Bodies and tokens of traces that came by TLS; paths of the others; the last report. */
let traces: { readonly text: string; readonly authorization: string | undefined }[];
let asked: string[];
let report: string;

beforeEach(async () => {
  [traces, asked, report, output] = [[], [], "", ""];
  await (await Authority.make(join(folder(), "own"))).issue(join(folder(), "proxy"), ["otel-collector", "localhost"]);
  await Authority.make(join(folder(), "other"));
  const read = (file: string) => readFileSync(join(folder(), "proxy", file));
  proxy = createTlsServer({ cert: read(files.certificate), key: read(files.certificateKey) }, (request, response) => {
    void buffer(request).then((body) => {
      traces.push({ text: body.toString(), authorization: request.headers.authorization });
      response.end("{}");
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, resolve));
  behind = await httpServer((request, response, body) => {
    const path = request.url ?? "";
    asked.push(path);
    if (path === "/v1/metrics") report = body.toString();
    const trace = traces.find(({ text }) => path.endsWith(/"traceId":"(\w+)"/.exec(text)?.[1] ?? "none"));
    if (path !== "/v1/metrics" && !trace) response.writeHead(404).end('{"error":{"httpCode":404}}');
    else response.end(trace ? trace.text : "{}");
  });
  writeFileSync(join(folder(), "token"), token);
});
afterEach(async () => {
  canary.kill("SIGKILL");
  proxy.closeAllConnections();
  await Promise.all([new Promise((resolve) => proxy.close(resolve)), behind.close()]);
});

/** Starts the canary, which trusts the authority in a file. */
function start(authority: string): void {
  const { script } = localCanary({
    folder: folder(),
    collector: `https://localhost:${(proxy.address() as AddressInfo).port}`,
    reports: behind.url,
    jaeger: behind.url,
    interval: 1,
    times: { decided: 0, searchable: 2, deadline: 4 },
    tokenFile: join(folder(), "token"),
    authority,
  });
  canary = spawn("/bin/bash", [script], { env: { PATH: process.env.PATH }, stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [canary.stdout!, canary.stderr!]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
}

const count = (what: string) => Number(new RegExp(`"tracing\\.canary\\.${what}",.*?"asInt":"(\\d+)"`).exec(report)?.[1]);

test("sends traces by TLS with its token, which no command line holds, and finds them", async () => {
  start(join(folder(), "own", files.authority));
  const argued: string[] = [];
  const watch = setInterval(() => {
    argued.push(...commandLines().filter((line) => line.includes(token)));
  }, 20);
  const found = await until(
    20,
    () => Promise.resolve(count("found")),
    (number) => number >= 3,
  );
  clearInterval(watch);
  expect({ found: found >= 3, output }).toEqual({ found: true, output: "" });
  expect([count("refused"), count("missing"), count("unanswered")]).toEqual([0, 0, 0]);
  expect(new Set(traces.map(({ authorization }) => authorization))).toEqual(new Set([`Bearer ${token}`]));
  expect(argued).toEqual([]);
});

test("sends nothing to a proxy whose certificate is of another authority, and says why", async () => {
  start(join(folder(), "other", files.authority));
  const refused = await until(
    20,
    () => Promise.resolve(count("refused")),
    (number) => number >= 2,
  );
  expect(refused).toBeGreaterThanOrEqual(2);
  expect(traces).toEqual([]);
  expect(output).toMatch(/the Collector took no trace: curl: \(60\) SSL certificate problem/);
});

test("trusts the public authorities where the Secret has none", async () => {
  start(join(folder(), "nothing", files.authority));
  expect(
    await until(
      20,
      () => Promise.resolve(count("refused")),
      (number) => number >= 1,
    ),
  ).toBeGreaterThanOrEqual(1);
  expect(output).toContain("SSL certificate problem");
});

/** Command lines of the canary's processes. */
function commandLines(): string[] {
  const children = (pid: number): number[] => {
    try {
      const own = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(/\s+/).filter(Boolean).map(Number);
      return [pid, ...own.flatMap(children)];
    } catch {
      return [];
    }
  };
  return children(canary.pid!).flatMap((pid) => {
    try {
      return [readFileSync(`/proc/${pid}/cmdline`, "utf8")];
    } catch {
      return [];
    }
  });
}
