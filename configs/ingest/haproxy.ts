/** HAProxy's config file: it tells senders by their tokens, counts them apart, and refuses what may not pass. */
import { compact } from "../compact";
import { tlsGlobals } from "../haproxy/tls";
import type { Sender } from "../stack/ingest";
import type { Settings } from "../stack/schema";
import { can } from "../versions";
import type { ImageSettings } from "../images";
import { ingestMode, stackSender, type IngestSettings } from "./senders";
import { binds, certificateRules, door, takesBoth, takesCertificates, takesTls, trackAddress, type TlsPlace } from "./tls";

/** The receivers that the proxy stands in front of, by the protocol that they speak: gRPC needs HTTP/2 without a preceding upgrade. */
export const receivers = { otlpGrpc: "grpc", otlpHttp: "http", jaegerGrpc: "grpc", jaegerThriftHttp: "http" } as const;

/** The name of a receiver of the Collector. */
export type Receiver = keyof typeof receivers;

/** Their names. */
export const receiverNames = Object.keys(receivers) as readonly Receiver[];

/** Where the proxy listens, and where the Collector is. */
export interface IngestPlace {
  /** Address that clients send to. */
  readonly listen: string;
  /** Address at which the stack's own services read metrics; applications cannot reach it. */
  readonly listenBackend: string;
  /** Ports that clients send to. */
  readonly ports: Readonly<Record<Receiver, number>>;
  /** Ports of the health check and of metrics. */
  readonly own: { readonly health: number; readonly metrics: number };
  /** Where the Collector listens. */
  readonly upstream: { readonly host: string; readonly ports: Readonly<Record<Receiver, number>> };
  /** A DNS server that knows the Collector's address, where it may change while the proxy runs: `host:port`. */
  readonly resolver?: string;
  /** File with the senders' tokens, hashed, as HAProxy reads it. */
  readonly senders: string;
  readonly tls: TlsPlace;
}

/**
 * What becomes of a request. Each has a backend of its own, and each sender one for its own requests, so that HAProxy's counters tell them
 * apart: `accepted:<sender>`, `plaintext:<sender>`, `limited:<sender>`, `zstandard:<sender>`,
 * `expired:<sender>`, `anonymous`, `unknown`, `untrusted`.
 */
export const verdicts = {
  accepted: "within the sender's limits",
  plaintext: "the same, in plain text where TLS is taken too",
  limited: "above the sender's limits",
  zstandard: "in Zstandard, which the sender may not use",
  expired: "of a sender that has expired",
  anonymous: "without a token or certificate",
  unknown: "with a token or certificate that nobody has",
  untrusted: "with a certificate of another authority, or one that has expired",
} as const;

/** What becomes of a request. */
export type Verdict = keyof typeof verdicts;

/** The verdicts on requests that pass. */
export const passingVerdicts: readonly Verdict[] = ["accepted", "plaintext"];

/** Backends that only have a table: of connections by address, and of requests by sender. */
export const tables = ["addresses", "limits", "bursts"] as const;

/** Time over which rates are averaged, seconds: SDKs send every five seconds, all at once. */
const window = 10;

/** Requests within one second that a sender may have, in seconds of its limit: the rest of its ten seconds' worth comes later. Few are no burst. */
const burst = ({ requestsPerSecond }: Sender["limits"]): number => Math.max(20, 3 * requestsPerSecond);

/** Time that a refused client is told to wait, seconds. */
const retryAfter = 5;

/**
 * How old a connection gets, seconds, and, where it is HTTP/2, which no answer can end, how many requests it takes: the next one may go to another
 * instance, also to one that was added since.
 */
const connectionAge = 60;
const connectionRequests = 100;

/** Requests at a time on a connection of HTTP/2, each of which takes buffers: clients wait with more, or open another connection. */
const streams = 8;

/** Path of the health check. */
export const healthPath = "/healthz";

/** Connections of clients at a time. One takes about 4 KiB, with TLS 32, and one of the file descriptors that most engines allow in tens of thousands. */
const connections = (settings: IngestSettings): number => (takesTls(settings) ? 4000 : 8000);

/** Connections that clients cannot take: those of the health check and of Prometheus. */
const ownConnections = 100;

/** Memory of a connection, bytes; TLS keeps keys and records. */
const connectionMemory = (settings: IngestSettings): number => (takesTls(settings) ? 32_768 : 4096);

/** A buffer, bytes. Of a request that is refused, this much is read first: some clients look for the answer only when they have sent it all. */
const buffer = 64 * 1024;

/**
 * How many buffers there are, which bounds the memory that clients can make the proxy use. A request waits for one, and a connection whose request
 * comes slowly keeps one: there are enough for two addresses that do nothing else. With TLS, what is handed on inside of the proxy needs as many again.
 */
const buffers = ({ ingest }: IngestSettings): number => (takesTls({ ingest }) ? 2 : 1) * Math.max(1024, 2 * ingest.connectionsPerAddress);

/** Memory limit, MiB: connections and all buffers, twice while a reload is under way. */
export const ingestMemory = (settings: IngestSettings): number =>
  2 * Math.ceil((buffers(settings) * buffer + connections(settings) * connectionMemory(settings)) / 1024 ** 2);

/** Refused requests a second of one address from which on they are answered before their body is read: see {@link refuse}. */
const patientRefusals = 20;

/**
 * How much of a request a client may send before it is asked to wait, bytes: the largest request. A client that could not go on sending would see the
 * end of its connection instead of the answer that refuses it.
 */
const sendAhead = 8 * 1024 * 1024;

/** A sender, with or without limits. */
type Known = Pick<Sender, "name" | "expires" | "certificates" | "zstandard"> & { readonly limits?: Sender["limits"] };

/** The stack itself. Without limits: `make bench` sends as much as the Collector takes, and only the canary and operators have its token. */
const stackItself: Known = { name: stackSender, certificates: [], zstandard: false };

interface Refusal {
  /** gRPC's status code. */
  readonly grpc: number;
  readonly http: number;
  readonly text: string;
  readonly header: string;
}

/** Final: OpenTelemetry's exporters do not send it again. */
const unauthenticated = (text: string): Refusal => ({ grpc: 16, http: 401, text, header: "hdr www-authenticate Bearer" });

/**
 * UNIMPLEMENTED and 415, for good. A request in Zstandard says itself how much memory it takes to read it: up to 128 MiB by HTTP and 512 MiB by gRPC,
 * which the Collector allocates before it has read anything. OTLP asks for gzip only.
 */
const unknownEncoding: Refusal = {
  grpc: 12,
  http: 415,
  text: "this sender may not compress with zstd; use gzip",
  header: "hdr accept-encoding gzip",
};

/** UNAVAILABLE and 429: exporters wait and send it again. */
const overLimit: Refusal = {
  grpc: 14,
  http: 429,
  text: "above the limits of this sender",
  header: `hdr retry-after ${retryAfter}`,
};

/** Settings that the proxy's config depends on. */
export type ProxySettings = IngestSettings & ImageSettings & Pick<Settings, "collector" | "limits">;

/**
 * Requests of a sender that each receiver of the Collector has at a time; more wait for their turn. The Collector holds a request until it is complete,
 * and knows no limit of its own for that: together they take an eighth of its memory.
 */
const underWay = ({ collector, limits }: ProxySettings): number => Math.max(4, Math.floor(collector.memory / limits.request / 8));

/** Text of `haproxy.cfg`. Versions 2.6 and newer read it. */
export function haproxyConfig(settings: ProxySettings, place: IngestPlace): string {
  const senders: readonly Known[] = [stackItself, ...settings.ingest.senders];
  const refuses = ingestMode(settings) === "require";
  const byCertificate = takesCertificates(settings);
  const credential = byCertificate ? "bearer token or client certificate" : "bearer token";
  const perAddress = refuses ? settings.ingest.connectionsPerAddress : undefined;
  const backend = (name: string, refusal?: Refusal) => [
    `backend ${name}`,
    ...(refuses && refusal ? refuse(refusal) : forward(place, refuses ? underWay(settings) : undefined)),
    "",
  ];
  return [
    ...global(settings),
    "",
    ...defaults,
    "",
    ...resolvers(place),
    ...door(settings, place, receivers, { connections: connections(settings), perAddress }),
    ...frontend(settings, senders, place, perAddress),
    "",
    "backend addresses",
    `  stick-table type ipv6 size 100k expire ${6 * window}s store conn_cur,gpc0_rate(${window}s)`,
    "",
    "backend limits",
    `  stick-table type string len 64 size 1k expire ${6 * window}s store http_req_rate(${window}s),bytes_in_rate(${window}s)`,
    "",
    "backend bursts",
    `  stick-table type string len 64 size 1k expire ${6 * window}s store http_req_rate(1s)`,
    "",
    ...senders.flatMap(({ name, limits, expires, zstandard }) => [
      ...backend(`accepted:${name}`),
      ...(takesBoth(settings) ? backend(`plaintext:${name}`) : []),
      ...(limits === undefined ? [] : backend(`limited:${name}`, overLimit)),
      ...(zstandard ? [] : backend(`zstandard:${name}`, unknownEncoding)),
      ...(expires === undefined ? [] : backend(`expired:${name}`, unauthenticated("this sender has expired"))),
    ]),
    ...backend("anonymous", unauthenticated(`a ${credential} is required`)),
    ...backend("unknown", unauthenticated(`unknown ${credential}`)),
    ...(byCertificate ? backend("untrusted", unauthenticated("the client certificate has expired, or is of another authority")) : []),
    ...admin(settings, place),
    "",
  ].join("\n");
}

const global = (settings: IngestSettings & ImageSettings): string[] =>
  compact([
    "global",
    "  log stdout format raw local0 warning",
    // What comes through the door counts twice.
    `  maxconn ${(takesBoth(settings) ? 2 : 1) * connections(settings) + ownConnections}`,
    // An engine that allows fewer file descriptors gets fewer connections, not no proxy.
    "  no strict-limits",
    "  nbthread 2",
    // After a reload, a process that nobody talks to any more is not kept.
    "  hard-stop-after 60s",
    `  tune.bufsize ${buffer}`,
    `  tune.buffers.limit ${buffers(settings)}`,
    `  tune.h2.initial-window-size ${sendAhead}`,
    `  tune.h2.max-concurrent-streams ${streams}`,
    can(settings, "streamsPerConnection") && `  tune.h2.fe.max-total-streams ${connectionRequests}`,
    ...(takesTls(settings) ? tlsGlobals : []),
  ]);

const defaults = [
  "defaults",
  "  mode http",
  // At a reload, a client finishes its request and is told to connect anew; nobody's connection is cut.
  "  option idle-close-on-response",
  // A client that has nothing more to send still waits for its answer.
  "  no option abortonclose",
  // Bytes count while a request comes in, not only at its end.
  "  option contstats",
  "  timeout connect 2s",
  // As long as clients wait: then they are told to come back.
  "  timeout queue 10s",
  // Also for a client that sends its request drop by drop: the headers have ten seconds, and no pause in the body may be longer than this.
  "  timeout http-request 10s",
  "  timeout client 30s",
  // Longer than clients wait: the Collector answers when the next hop has the spans.
  "  timeout server 60s",
  // Longer than the minute between two exports of an SDK's metrics.
  "  timeout http-keep-alive 90s",
];

const resolvers = ({ resolver }: IngestPlace): string[] =>
  resolver === undefined
    ? []
    : [
        "resolvers engine",
        `  nameserver dns ${resolver}`,
        "  timeout resolve 1s",
        "  timeout retry 1s",
        "  hold valid 1s",
        "  hold nx 1s",
        "  hold timeout 10s",
        "",
      ];

/**
 * How the sender is told, and which backend its request goes to. Requests that are refused do not count towards limits.
 *
 * @param perAddress Connections that an address may have; undefined: as many as there are.
 */
function frontend(settings: IngestSettings, senders: readonly Known[], place: IngestPlace, perAddress: number | undefined): string[] {
  const is = (verdict: Verdict) => `{ var(txn.verdict) -m str ${verdict} }`;
  const set = (verdict: Verdict, condition: string) => `  http-request set-var(txn.verdict) str(${verdict}) ${condition}`;
  const passing = takesBoth(settings) ? `${is("accepted")} || ${is("plaintext")}` : is("accepted");
  const byCertificate = takesCertificates(settings);
  const shows = byCertificate ? "{ req.hdr(authorization) -m found } || { ssl_c_used }" : "{ req.hdr(authorization) -m found }";
  return compact([
    "frontend ingest",
    `  maxconn ${connections(settings)}`,
    ...binds(settings, place, receivers),
    ...trackAddress(settings, perAddress),
    "  tcp-request session set-var(sess.start) date",
    `  http-after-response set-header connection close if { date,sub(sess.start) ge ${connectionAge} }`,
    "  http-request set-var(txn.grpc) bool(true) if { req.hdr(content-type) -m beg application/grpc }",
    "  http-request set-var(txn.zstandard) bool(true) if { req.hdr(content-encoding) -m sub -i zstd } || { req.hdr(grpc-encoding) -m sub -i zstd }",
    `  http-request set-var(txn.sender) http_auth_bearer,sha2(256),hex,lower,map_str(${place.senders})`,
    ...certificateRules(settings, senders),
    set("unknown", "unless { var(txn.sender) -m found }"),
    set("anonymous", `unless ${shows}`),
    byCertificate && set("untrusted", "if { ssl_c_used } !{ var(txn.certificate) -m found }"),
    set("accepted", "if { var(txn.sender) -m found }"),
    takesBoth(settings) && set("plaintext", "if { var(txn.sender) -m found } !{ ssl_fc }"),
    ...senders.flatMap(({ name, limits, expires, zstandard }) => {
      const own = `{ var(txn.sender) -m str ${name} }`;
      const rate = (kind: string, limit: number) => `{ var(txn.sender),table_${kind}_rate(limits) ge ${limit * window} }`;
      return compact([
        limits && set("limited", `if ${own} ${rate("http_req", limits.requestsPerSecond)}`),
        limits && set("limited", `if ${own} { var(txn.sender),table_http_req_rate(bursts) ge ${burst(limits)} }`),
        limits && set("limited", `if ${own} ${rate("bytes_in", limits.bytesPerSecond * 1024 * 1024)}`),
        !zstandard && set("zstandard", `if ${own} { var(txn.zstandard) -m bool }`),
        expires !== undefined && set("expired", `if ${own} { date ge ${Date.parse(`${expires}T00:00:00Z`) / 1000} }`),
      ]);
    }),
    `  http-request track-sc0 var(txn.sender) table limits if ${passing}`,
    `  http-request track-sc2 var(txn.sender) table bursts if ${passing}`,
    // No program behind the proxy has a use for it.
    "  http-request del-header authorization",
    `  use_backend anonymous if ${is("anonymous")}`,
    byCertificate && `  use_backend untrusted if ${is("untrusted")}`,
    "  use_backend %[var(txn.verdict)]:%[var(txn.sender)] if { var(txn.sender) -m found }",
    "  default_backend unknown",
  ]);
}

/**
 * On to the receiver that the client has asked for. All have one address, which HAProxy would otherwise give to the first of them alone. Their
 * weight is 0, so that the request of a receiver that is away never goes to another: that one would refuse it for good.
 *
 * @param most Requests that each receiver gets at a time; undefined: all.
 */
function forward({ ports, upstream, resolver }: IngestPlace, most: number | undefined): string[] {
  const found = resolver === undefined ? "" : " resolvers engine resolve-prefer ipv4 resolve-opts allow-dup-ip init-addr last,libc,none";
  const limit = most === undefined ? "" : ` maxconn ${most}`;
  return receiverNames.flatMap((name) => [
    `  use-server ${name} if { dst_port ${ports[name]} }`,
    `  server ${name} ${upstream.host}:${upstream.ports[name]} weight 0${limit}${receivers[name] === "grpc" ? " proto h2" : ""}${found}`,
  ]);
}

/** An answer that each kind of client understands. What fits into a buffer is read first, unless the address has been refused often. */
const refuse = ({ grpc, http, text, header }: Refusal): string[] => [
  "  http-request sc-inc-gpc0(1)",
  `  http-request wait-for-body time 2s unless { sc1_gpc0_rate gt ${patientRefusals * window} }`,
  "  http-after-response set-header content-type application/grpc if { var(txn.grpc) -m bool }",
  `  http-request return status 200 hdr grpc-status ${grpc} hdr grpc-message "${text}" if { var(txn.grpc) -m bool }`,
  `  http-request return status ${http} content-type text/plain string "${text}" ${header}`,
];

const admin = (settings: IngestSettings, { listen, listenBackend, own }: IngestPlace): string[] => [
  "frontend health",
  `  bind ${listen}:${own.health}`,
  `  monitor-uri ${healthPath}`,
  "  http-request return status 404",
  "",
  "frontend metrics",
  `  bind ${listenBackend}:${own.metrics}`,
  // What becomes of requests, by sender; with TLS also the frontends, which count handshakes that fail.
  `  http-request set-query scope=backend${takesTls(settings) ? "&scope=frontend" : ""}`,
  "  http-request use-service prometheus-exporter if { path /metrics }",
  "  http-request return status 404",
];
