/** Attacks on what people read from: Jaeger, remote sampling, Prometheus and Elasticsearch. */
import { ports } from "../../../configs/topology/ports";
import type { ServiceName } from "../../../configs/topology/topology";
import type { Row, Victim } from "../row";
import { add, exchange, request, times, Wire, type Seen } from "../wire";

/** Longest time that an answer may take, ms: Prometheus ends a query after a minute. */
const patience = 75_000;

async function get(victim: Victim, service: ServiceName, port: number, paths: readonly string[], atOnce = 4): Promise<Seen> {
  const seen: Seen = {};
  await times(paths.length, atOnce, async (i) => {
    for (const outcome of await exchange(victim.at(service, port), request("GET", paths[i] ?? "/", ["Connection: close"]), patience))
      add(seen, outcome);
  });
  return seen;
}

const again = <T>(list: readonly T[], count: number): T[] => Array.from({ length: count }, () => list).flat();

/** Microseconds since 1970. */
const now = () => Date.now() * 1000;

const search = (service: string, more: string) => `/api/traces?service=${service}&${more}`;

const searches = (service: string): string[] => [
  search(service, "limit=1000000000&lookback=876000h"),
  search(service, `limit=1000000000&start=0&end=${now()}`),
  search(service, `limit=100000&start=1&end=${now()}&minDuration=0s`),
  search(service, "limit=-1"),
  search(service, "limit=1e9"),
  search(service, `limit=20&start=${now()}&end=0`),
  search(".*", `limit=100000&operation=.*&tags=${encodeURIComponent('{"a":".*(a+)+$"}')}`),
  search(service, `limit=10&tags=${encodeURIComponent(`{"${"a".repeat(5000)}":"*"}`)}`),
  search(service, `limit=10&tags=${encodeURIComponent(`{${Array.from({ length: 2000 }, (_, i) => `"k${i}":"v"`).join(",")}}`)}`),
  `/api/traces?${Array.from({ length: 5000 }, (_, i) => `traceID=${i.toString(16).padStart(32, "0")}`).join("&")}`,
  "/api/traces/zz",
  `/api/traces/${"f".repeat(100_000)}`,
  "/api/dependencies?endTs=9999999999999&lookback=999999999999999",
  "/api/dependencies?endTs=99999999999999999999&lookback=1",
  `/api/v3/traces?query.service_name=${service}&query.start_time_min=1970-01-01T00:00:00Z&query.start_time_max=2100-01-01T00:00:00Z&query.num_traces=1000000000`,
  "/api/metrics/calls?service=.*&quantile=2&endTs=1&lookback=99999999999999&step=1&ratePer=1",
  `/api/metrics/latencies?service=${service}&quantile=0.95&endTs=${Date.now()}&lookback=8640000000&step=1000&ratePer=1`,
  "/api/services?a=".padEnd(50_000, "b"),
];

const everything = encodeURIComponent('{__name__=~".+"}');
const query = (expression: string) => `/api/v1/query?query=${encodeURIComponent(expression)}`;
const hour = 3600;

const queries = (): string[] => {
  const seconds = Math.floor(Date.now() / 1000);
  return [
    `/api/v1/query_range?query=${everything}&start=${seconds - 3 * hour}&end=${seconds}&step=1`,
    `/api/v1/query_range?query=${everything}&start=0&end=${seconds}&step=0.001`,
    query('max by (__name__, job) (max_over_time({__name__=~".+"}[6h:1s]))'),
    query('sum(count_over_time({__name__=~".+"}[1d:100ms]))'),
    query('{__name__=~".+"} * on() group_left() {__name__=~".+"}'),
    query('count({__name__=~"(.*.*.*.*.*.*)*x"})'),
    query(`${"(".repeat(5000)}1${")".repeat(5000)}`),
    query(Array.from({ length: 5000 }, () => "1").join("+")),
    query('label_replace({__name__=~".+"}, "a", "$1$1$1$1$1$1$1$1", "__name__", "(.*)")'),
    `/api/v1/series?match[]=${everything}`,
    `/federate?match[]=${everything}`,
    `/api/v1/label/__name__/values`,
  ];
};

export const readerRows: readonly Row[] = [
  {
    id: "jaeger-searches",
    what: "searches of Jaeger for a billion traces, over a century, with 2,000 tags, for 5,000 ids, by expressions",
    targets: ["jaeger", "elasticsearch"],
    attack: async (victim) => {
      const services = await exchangeText(victim, "/api/services");
      const [service = "neighbour"] = /slow-headers-\d+|[a-z0-9-]+-\d{13}/.exec(services) ?? [];
      return get(victim, "jaeger", ports.jaeger.query, again(searches(service), 3));
    },
    answers: /^(200|400|404|414|431|500|501)$/,
  },
  {
    id: "sampling-questions",
    what: "20,000 questions about rates of services that do not exist, with names of up to 10 KB",
    targets: ["jaeger"],
    attack: (victim) =>
      get(
        victim,
        "jaeger",
        ports.jaeger.samplingHttp,
        Array.from({ length: 20_000 }, (_, i) => `/api/sampling?service=${`s${i}`.padEnd(i % 100 === 0 ? 10_000 : 10, "x")}`),
        32,
      ),
    answers: /^(200|400|404)$/,
  },
  {
    id: "prometheus-queries",
    what: "queries of Prometheus for every series, each second or millisecond of hours, products, expressions 5,000 deep",
    targets: ["prometheus"],
    attack: (victim) => get(victim, "prometheus", ports.prometheus.http, again(queries(), 2)),
    answers: /^(200|400|422|503)$/,
  },
  {
    id: "closed",
    what: "remote write, OTLP, administration, reload and shutdown of Prometheus",
    targets: ["prometheus"],
    attack: async (victim) => {
      const seen: Seen = {};
      const send = async (service: ServiceName, port: number, path: string, method = "POST") => {
        for (const outcome of await exchange(victim.at(service, port), request(method, path, ["Connection: close"], Buffer.from("a"))))
          add(seen, outcome);
      };
      for (const path of [
        "/api/v1/write",
        "/api/v1/otlp/v1/metrics",
        "/api/v1/admin/tsdb/delete_series?match[]=up",
        "/api/v1/admin/tsdb/snapshot",
        "/-/quit",
        "/-/reload",
      ])
        for (const method of ["POST", "PUT"]) await send("prometheus", ports.prometheus.http, path, method);
      return seen;
    },
    answers: /^(403|404|405|500|503)$/,
  },
  {
    id: "elasticsearch-without-password",
    what: "Elasticsearch without a password and with wrong ones: reads, writes, deletions, scripts; 20 bodies of 90 MB",
    targets: ["elasticsearch"],
    attack: async (victim) => {
      const seen: Seen = {};
      const address = victim.at("elasticsearch", ports.elasticsearch.http);
      const wrong = Buffer.from("elastic:elastic").toString("base64");
      const paths = [
        "/_search",
        "/_cat/indices",
        "/_cluster/settings",
        "/jaeger-span-*/_delete_by_query",
        "/_all",
        "/_nodes/stats",
        "/_security/user",
      ];
      for (const path of paths)
        for (const method of ["GET", "POST", "PUT", "DELETE"])
          for (const login of [[], [`Authorization: Basic ${wrong}`], ["Authorization: ApiKey YTph"], ["Authorization: Bearer a"]])
            for (const outcome of await exchange(
              address,
              request(method, path, ["Content-Type: application/json", ...login], Buffer.from("{}")),
            ))
              add(seen, outcome);
      await times(20, 20, async () => {
        const wire = Wire.open(address);
        wire.send("POST /_bulk HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 90000000\r\n\r\n");
        const part = Buffer.alloc(1 << 20, 0x20);
        for (let sent = 0; sent < 90 && !wire.over; sent++) {
          wire.send(part);
          await wire.drained(Date.now() + 20_000, () => wire.over);
        }
        await wire.settled(20_000);
        add(seen, wire.received.toString("latin1").split(" ", 2)[1] ?? (wire.ended ? "closed" : "open"));
        wire.close();
      });
      return seen;
    },
    answers: /^(400|401|403|405|413|429|closed)$/,
  },
];

/** What Jaeger answers to a path, as text. */
async function exchangeText(victim: Victim, path: string): Promise<string> {
  const wire = Wire.open(victim.at("jaeger", ports.jaeger.query));
  wire.send(request("GET", path, ["Connection: close"]));
  await wire.settled(10_000, () => false);
  wire.close();
  return wire.received.toString("utf8");
}
