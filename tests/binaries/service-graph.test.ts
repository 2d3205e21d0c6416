/** Rung: binaries. The script that writes the service graph, by a real bash and curl, against stand-ins for Prometheus and Elasticsearch. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { serviceGraphScript, serviceGraphStarted } from "../../configs/jaeger/service-graph";
import { passwordFile } from "../../configs/elasticsearch/users";
import { dockerTopology } from "../../configs/topology/docker";
import { paths } from "../../configs/topology/ports";
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import { run, type Outcome } from "./support/programs";
import { httpServer, type HttpServer } from "../support/http-server";

const folder = temporaryFolder();
const settings = settingsWith();
const hour = 3600;

interface Pair {
  readonly parent: string;
  readonly child: string;
  readonly callCount: number;
}
interface Document {
  readonly timestamp: string;
  readonly dependencies: readonly Pair[];
}

let server: HttpServer;
/** Calls that Prometheus counts in a time that ends at a moment. */
let calls: (end: number, seconds: number) => readonly Pair[];
/** What Prometheus answers in place of them. */
let refusal: { readonly status: number; readonly text: string } | undefined;
/** Times that were asked for: when they end, and their seconds. */
let asked: (readonly [number, number])[];
/** What was written, by path. */
let stored: Map<string, Document>;
/** Status of each write. */
let status: number;
let logins: (string | undefined)[];
/** What the Collector was told. */
let told: string[];

/** As Prometheus writes it. */
const vector = (end: number, pairs: readonly Pair[]) =>
  `{"status":"success","data":{"resultType":"vector","result":[${pairs
    .map(
      ({ parent, child, callCount }) => `{"metric":${JSON.stringify({ client: parent, server: child })},"value":[${end},"${callCount}"]}`,
    )
    .join(",")}]}}`;

beforeEach(async () => {
  [refusal, asked, status, logins, told] = [undefined, [], 201, [], []];
  calls = () => [];
  stored = new Map();
  server = await httpServer((request, response, body) => {
    const url = new URL(request.url ?? "", "http://here");
    response.statusCode = 200;
    if (url.pathname === "/v1/metrics") {
      told.push(body.toString());
      response.end("{}");
    } else if (url.pathname === "/api/v1/query") {
      const end = Number(url.searchParams.get("time"));
      const lengths = new Set(
        [...(url.searchParams.get("query") ?? "").matchAll(/\[(\d+)s\]|offset (\d+)s/g)].map((found) => found[1] ?? found[2]),
      );
      const [seconds, ...others] = [...lengths].map(Number);
      if (seconds === undefined || others.length > 0) throw new Error(`asked for ${[...lengths].join(" and ")} seconds`);
      asked.push([end, seconds]);
      response.statusCode = refusal?.status ?? 200;
      response.end(refusal?.text ?? vector(end, calls(end, seconds)));
    } else {
      logins.push(request.headers.authorization);
      response.statusCode = status;
      if (request.method === "PUT" && status < 300) stored.set(decodeURIComponent(url.pathname), JSON.parse(body.toString()) as Document);
      response.end(status < 300 ? '{"result":"created"}' : '{"error":"why"}');
    }
  });
});
afterEach(() => server.close());

/** One round of the script, with this host's paths and addresses in place of the container's. */
function round(): Promise<Outcome> {
  writeFileSync(join(folder(), passwordFile(settings, "graph")), "its-password");
  const { url } = server;
  const topology = { ...dockerTopology("dev"), elasticsearchUrl: url, collectorReports: url, prometheus: { url } };
  const text = serviceGraphScript(settings, topology)
    .replaceAll(paths.secrets, folder())
    .replaceAll(serviceGraphStarted, join(folder(), "started"))
    .replace("  sleep $pause &\n", "  echo pause $pause; exit\n");
  const script = join(folder(), "script.sh");
  writeFileSync(script, text);
  return run("bash", [script], { seconds: 60 });
}

const one: Pair = { parent: "shop", child: "billing", callCount: 12 };

/** The hour that a moment is in, as documents name it. */
const name = (moment: number) => new Date(Math.floor(moment / hour) * hour * 1000).toISOString().replace(".000Z", "Z");

test("writes this hour and the day before it, a document an hour, and reports", async () => {
  calls = () => [one];
  const before = Math.floor(Date.now() / 1000);
  const { code, output } = await round();
  expect([code, output]).toEqual([0, "pause 300\n"]);
  // This hour is not asked for in its first minute.
  const whole = asked.filter(([, seconds]) => seconds === hour);
  expect(whole).toHaveLength(24);
  expect(whole.map(([end]) => end - whole[0]![0])).toEqual(Array.from({ length: 24 }, (_, i) => i * hour));
  const [end, seconds] = asked.at(-1)!;
  expect(end - seconds).toBe(asked.length === 25 ? Math.floor(end / hour) * hour : end - hour);
  for (const [until, length] of asked) {
    const start = name(until - length);
    expect(stored.get(`/jaeger-dependencies-${start.slice(0, 10)}/_doc/${start}`)).toEqual({ timestamp: start, dependencies: [one] });
  }
  expect(stored.size).toBe(asked.length);
  expect(new Set(logins)).toEqual(new Set([`Basic ${Buffer.from("tracing-graph:its-password").toString("base64")}`]));
  const [report] = told.map((text) => JSON.parse(text) as { resourceMetrics: [{ scopeMetrics: [{ metrics: object[] }] }] });
  const [gauge] = report!.resourceMetrics[0].scopeMetrics[0].metrics as { name: string; gauge: { dataPoints: [{ asInt: string }] } }[];
  expect(gauge!.name).toBe("tracing.service_graph.last_success.timestamp");
  expect(Number(gauge!.gauge.dataPoints[0].asInt)).toBeGreaterThanOrEqual(before);
});

test("keeps every name as it is, whatever is in it, and every count", async () => {
  const names = [
    'a"]}',
    '5"]}',
    'x","server":"y',
    '},"value":[1,"2"]}',
    '{"metric":{"client":"z',
    "back\\",
    '\\"',
    "$HOME `id` $(id) &",
    "é 漢字 \u{1f600}",
    "]}}",
    "%2F",
  ];
  const pairs = names.flatMap((parent, i) => [
    { parent, child: names[names.length - 1 - i]!, callCount: i },
    { parent: "shop", child: parent, callCount: 10 ** i },
  ]);
  calls = () => pairs;
  expect((await round()).output).toBe("pause 300\n");
  for (const { dependencies } of stored.values()) expect(dependencies).toEqual(pairs);
  expect(stored.size).toBeGreaterThan(0);
});

test("writes a thousand pairs in one document, in seconds", async () => {
  const pairs = Array.from({ length: 1000 }, (_, i) => ({
    parent: `service-${i}-${"x".repeat(200)}`,
    child: `service-${i + 1}`,
    callCount: i,
  }));
  let times = 0;
  calls = () => (times++ < 2 ? pairs : []);
  const begin = Date.now();
  expect((await round()).output).toBe("pause 300\n");
  expect([...stored.values()].map(({ dependencies }) => dependencies)).toEqual([pairs, pairs]);
  expect(Date.now() - begin).toBeLessThan(30_000);
});

test("writes no empty document: an hour without calls takes nothing from what was there", async () => {
  expect((await round()).output).toBe("pause 300\n");
  expect(stored.size).toBe(0);
  expect(told.join("")).toContain("last_success");
});

test.each<[string, { readonly status: number; readonly text: string }]>([
  ["cannot answer", { status: 503, text: '{"status":"error","error":"starting up"}' }],
  ["gives a part of an answer", { status: 200, text: '{"status":"success","data":{"resultType":"vector","result":[{"metric":' }],
  ["is something else", { status: 200, text: "<html>login</html>" }],
  ["asks for a login", { status: 401, text: "Unauthorized" }],
])("writes nothing, says so and tries again soon, where Prometheus %s", async (_what, answer) => {
  refusal = answer;
  const { output } = await round();
  expect(output).toMatch(/^Prometheus: .+\npause 30\n$/);
  expect(output).toContain(answer.text);
  expect(stored.size).toBe(0);
  expect(told).toEqual([]);
});

test("says what Elasticsearch answers where it takes nothing, and does not go on as if it had", async () => {
  calls = () => [one];
  status = 403;
  const { output } = await round();
  expect(output).toMatch(/^\d{4}-\d\d-\d\dT\d\d:00:00Z: \{"error":"why"\} 403\npause 30\n$/);
  expect(asked).toHaveLength(1);
  expect(told).toEqual([]);
});
