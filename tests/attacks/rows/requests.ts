/** Attacks by single requests of HTTP: headers, paths, methods, and requests that hide in others. */
import { ports } from "../../../configs/topology/ports";
import type { ServiceName } from "../../../configs/topology/topology";
import { sound } from "../payloads";
import type { Row, Victim } from "../row";
import { add, exchange, request, statuses, times, Wire, type Seen } from "../wire";

const { otlpHttp, jaegerThriftHttp } = ports.collector;

/** Every open port that speaks HTTP/1.1. */
const http: readonly (readonly [ServiceName, number])[] = [
  ["ingest", otlpHttp],
  ["ingest", jaegerThriftHttp],
  ["otel-collector", ports.collector.health],
  ["otel-collector", ports.collector.prometheusExporter],
  ["jaeger", ports.jaeger.query],
  ["jaeger", ports.jaeger.samplingHttp],
  ["prometheus", ports.prometheus.http],
  ["alertmanager", ports.alertmanager.http],
  ["perses", ports.perses.http],
  ["elasticsearch", ports.elasticsearch.http],
];
const services = [...new Set(http.map(([service]) => service))];

const everywhere = async (victim: Victim, requests: readonly (Buffer | string)[], judge = (status: string) => status): Promise<Seen> => {
  const seen: Seen = {};
  for (const [service, port] of http)
    await times(requests.length, 8, async (i) => {
      for (const outcome of await exchange(victim.at(service, port), requests[i] ?? "", 3000)) add(seen, judge(outcome));
    });
  return seen;
};

const refusedOrOdd = /^(closed|open|[2-5]\d\d)$/;

const traversals = ["/etc/passwd", "/proc/self/environ", "/etc/tracing/secrets/elasticsearch-password"].flatMap((file) => [
  `/../../../../..${file}`,
  `/static/../../../../..${file}`,
  `/static/%2e%2e/%2e%2e/%2e%2e/%2e%2e${file}`,
  `/..%2f..%2f..%2f..${file}`,
  `/..%c0%af..%c0%af${file}`,
  `/%00${file}`,
  `/search/..;/..;${file}`,
  `//${file}`,
  `http://127.0.0.1${file}`,
  `file://${file}`,
]);

/** What no answer may hold. */
const leaked = /root:x?:0:|ELASTIC_PASSWORD|PATH=\/|[\r\n][A-Za-z0-9]{32}[\r\n]/;

export const requestRows: readonly Row[] = [
  {
    id: "huge-headers",
    what: "a header of 1 MB, 10,000 headers, a path of 1 MB, and header names of 100 KB, to every port of HTTP",
    targets: services,
    attack: (victim) =>
      everywhere(victim, [
        request("GET", "/", [`X-Huge: ${"a".repeat(1 << 20)}`]),
        request(
          "GET",
          "/",
          Array.from({ length: 10_000 }, (_, i) => `X-${i}: ${"a".repeat(20)}`),
        ),
        request("GET", `/${"a".repeat(1 << 20)}`, []),
        request("GET", `/?${"a=b&".repeat(250_000)}`, []),
        request("GET", "/", [`${"a".repeat(100_000)}: b`]),
        request("GET", "/", [`Cookie: ${"a=b; ".repeat(100_000)}`]),
      ]),
    // 200: below a server's own limit, a megabyte in Go, large headers are only large.
    answers: refusedOrOdd,
  },
  {
    id: "paths",
    what: `${traversals.length} paths that lead out of a folder, with dots, escapes, NULs and other hosts, to every port of HTTP`,
    targets: services,
    attack: async (victim) => {
      const seen: Seen = {};
      for (const [service, port] of http)
        await times(traversals.length, 8, async (i) => {
          const wire = Wire.open(victim.at(service, port));
          wire.send(request("GET", traversals[i] ?? "/", ["Connection: close"]));
          await wire.settled(10_000, () => false);
          const [status] = statuses(wire.received);
          add(seen, leaked.test(wire.received.toString("latin1")) ? "a file's text" : (status ?? (wire.ended ? "closed" : "open")));
          wire.close();
        });
      return seen;
    },
    answers: refusedOrOdd,
  },
  {
    id: "methods",
    what: "TRACE, CONNECT, DELETE, methods that do not exist, versions that do not exist, and HTTP/2 in plain text, to every port of HTTP",
    targets: services,
    attack: (victim) =>
      everywhere(victim, [
        ...["TRACE", "CONNECT", "DELETE", "PUT", "PATCH", "PROPFIND", "A".repeat(10_000), "G\x00T"].map((method) =>
          request(method, "/", ["X-Secret: echo"]),
        ),
        request("CONNECT", "127.0.0.1:9200", []),
        request("CONNECT", "169.254.169.254:80", []),
        "GET / HTTP/9.9\r\nHost: a\r\n\r\n",
        "GET /\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\n\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
        Buffer.alloc(5000, 0x16),
      ]),
    answers: refusedOrOdd,
  },
  {
    id: "smuggling",
    what: "requests that hide another one by Content-Length and Transfer-Encoding, through the proxy",
    targets: ["ingest", "otel-collector"],
    attack: async (victim) => {
      const seen: Seen = {};
      const hidden = "GET /smuggled HTTP/1.1\r\nHost: a\r\nX: ";
      const token = `Authorization: Bearer ${victim.token}`;
      const type = "Content-Type: application/x-protobuf";
      const chunked = `0\r\n\r\n${hidden}`;
      const post = (lines: readonly string[], body: string) =>
        Buffer.from(["POST /v1/traces HTTP/1.1", "Host: a", token, type, ...lines, "", body].join("\r\n"), "latin1");
      const coded = (...codings: string[]) =>
        post([`Content-Length: ${chunked.length}`, ...codings.map((coding) => `Transfer-Encoding${coding}`)], chunked);
      const all = [
        coded(": chunked"),
        coded(":\tchunked"),
        coded(" : chunked"),
        coded(": xchunked"),
        coded(": chunked, identity"),
        coded(": identity", ": chunked"),
        coded(": chunked", ": x"),
        coded(":\x0bchunked"),
        coded(": \x00chunked"),
        post(["Content-Length: 5", `Content-Length: ${chunked.length}`], chunked),
        post(["Content-Length: 5, 6"], chunked),
        post(["Content-Length: +5"], chunked),
        post(["Content-Length: -1"], chunked),
        post(["Content-Length: 0x5"], chunked),
        post(["Transfer-Encoding: chunked"], `1;a=\n\r\na\r\n${chunked}`),
        post(["Transfer-Encoding: chunked"], `ffffffffffffffff1\r\na\r\n${chunked}`),
        post(["Transfer-Encoding: chunked"], `0_2e\r\n${chunked}`),
        post(["X: a\r\n\tTransfer-Encoding: chunked", "Content-Length: 5"], chunked),
        post(["Content-Length: 0", "Expect: 100-continue"], hidden),
      ];
      await times(all.length * 5, 4, async (i) => {
        // A request that got past the proxy without a token would be answered by the Collector: 404.
        const bytes = Buffer.concat([all[i % all.length] ?? Buffer.alloc(0), Buffer.from("a\r\n\r\n")]);
        for (const outcome of await exchange(victim.at("ingest", otlpHttp), bytes, 4000)) add(seen, outcome);
      });
      await times(20, 1, async () => {
        const good = request("POST", "/v1/traces", [token, type], sound());
        for (const outcome of await exchange(victim.at("ingest", otlpHttp), good)) add(seen, outcome);
      });
      return seen;
    },
    answers: /^(200|400|401|408|413|415|422|429|501|closed|open)$/,
  },
];
