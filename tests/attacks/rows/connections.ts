/** Attacks by connections: many, slow, or of clients that do not read. */
import { ports } from "../../../configs/topology/ports";
import type { ServiceName } from "../../../configs/topology/topology";
import { hello } from "../http2";
import { sound } from "../payloads";
import type { Row, Victim } from "../row";
import { add, exchange, flood, request, times, Wire, type Seen } from "../wire";
import { sleep } from "../../../cli/machine/run";

const { otlpGrpc, otlpHttp, jaegerGrpc, jaegerThriftHttp } = ports.collector;

/** Connections of each flood, and how long it holds them, seconds. */
const count = 10_000;
const seconds = 8;

const behindProxy = ["ingest", "otel-collector"] as const;

/** Every open port that no proxy stands in front of. */
const open: readonly (readonly [ServiceName, number])[] = [
  ["otel-collector", ports.collector.health],
  ["otel-collector", ports.collector.prometheusExporter],
  ["otel-collector", ports.collector.zpages],
  ["jaeger", ports.jaeger.query],
  ["jaeger", ports.jaeger.samplingHttp],
  ["jaeger", ports.jaeger.samplingGrpc],
  ["jaeger", ports.jaeger.admin],
  ["prometheus", ports.prometheus.http],
  ["alertmanager", ports.alertmanager.http],
  ["perses", ports.perses.http],
  ["elasticsearch", ports.elasticsearch.http],
];

/** A request whose headers never end. */
const endless = "GET / HTTP/1.1\r\nHost: attacked\r\nX-Slow: ";

/** The head of a request that announces a megabyte. */
const announced = (victim: Victim) =>
  `POST /v1/traces HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${victim.token}\r\nContent-Type: application/x-protobuf\r\nContent-Length: 1000000\r\n\r\n`;

export const connectionRows: readonly Row[] = [
  ...[otlpGrpc, otlpHttp, jaegerGrpc, jaegerThriftHttp].map((port): Row => ({
    id: `idle-${port}`,
    what: `${count.toLocaleString("en")} idle connections to port ${port}, without a token`,
    targets: ["ingest"],
    attack: (victim) => flood(victim.at("ingest", port), { count, seconds }),
    answers: /^(closed|open|408|not connected)$/,
  })),
  {
    id: "slow-headers",
    what: `${count.toLocaleString("en")} connections to port ${otlpHttp} whose headers never end, a byte a second`,
    targets: ["ingest"],
    attack: (victim) => flood(victim.at("ingest", otlpHttp), { count, hello: endless, drip: "a", seconds: 14 }),
    answers: /^(closed|408|not connected)$/,
  },
  {
    id: "slow-preface",
    what: `${count.toLocaleString("en")} connections of HTTP/2 to port ${otlpGrpc} that send settings, and nothing more`,
    targets: ["ingest"],
    attack: (victim) => flood(victim.at("ingest", otlpGrpc), { count, hello: hello(), seconds }),
    answers: /^(closed|open|not connected)$/,
  },
  {
    id: "slow-bodies",
    what: "500 requests with a token whose bodies come a byte a second",
    targets: behindProxy,
    attack: (victim) => flood(victim.at("ingest", otlpHttp), { count: 500, hello: announced(victim), drip: "a", seconds: 15 }),
    answers: /^(closed|open|408|429|503)$/,
  },
  {
    id: "big-unfinished",
    what: "100 requests with a token that stop one byte before the end of 4 MB",
    targets: behindProxy,
    attack: async (victim) => {
      const seen: Seen = {};
      const body = Buffer.alloc(4_000_000 - 1, 0x0a);
      const head = announced(victim).replace("1000000", "4000000");
      await times(100, 100, async () => {
        const wire = Wire.open(victim.at("ingest", otlpHttp));
        wire.send(head);
        wire.send(body);
        await wire.settled(10_000);
        add(seen, wire.received.toString("latin1").split(" ", 2)[1] ?? (wire.ended ? "closed" : "open"));
        wire.close();
      });
      return seen;
    },
    answers: /^(closed|open|429|503|400)$/,
  },
  {
    id: "no-reading",
    what: "200 connections that send requests one behind the other, and never read an answer",
    targets: behindProxy,
    attack: async (victim) => {
      const one = request("POST", "/v1/traces", [`Authorization: Bearer ${victim.token}`, "Content-Type: application/x-protobuf"], sound());
      const all = Buffer.concat(Array.from({ length: 200 }, () => one));
      const seen: Seen = {};
      await times(200, 200, async () => {
        const wire = Wire.open(victim.at("ingest", otlpHttp));
        wire.socket.pause();
        wire.send(all);
        await sleep(8000);
        add(seen, wire.ended ? "closed" : "open");
        wire.close();
      });
      return seen;
    },
    answers: /^(closed|open)$/,
  },
  {
    id: "unknown-tokens",
    what: "requests with tokens that nobody has, as many as two cores send for 8 s",
    targets: ["ingest"],
    attack: async (victim) => {
      const seen: Seen = {};
      const end = Date.now() + 8000;
      await times(32, 32, async (i) => {
        for (let n = 0; Date.now() < end; n++) {
          const headers = [`Authorization: Bearer ${`${i}-${n}`.padEnd(40, "x")}`, "Content-Type: application/x-protobuf"];
          for (const outcome of await exchange(victim.at("ingest", otlpHttp), request("POST", "/v1/traces", headers, sound())))
            add(seen, outcome);
        }
      });
      return seen;
    },
    answers: /^(401|closed)$/,
  },
  ...open.map(([service, port]): Row => ({
    id: `idle-${service}-${port}`,
    what: `${count.toLocaleString("en")} connections to ${service}'s port ${port} whose headers never end`,
    targets: [service],
    attack: (victim) => flood(victim.at(service, port), { count, hello: endless, seconds }),
    answers: /^(closed|open|\d{3}|not connected)$/,
  })),
];
