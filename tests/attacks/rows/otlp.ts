/** Attacks on the receivers by requests that are wrong, or far larger than they look. All have a valid token. */
import { gzipSync } from "node:zlib";
import { ports } from "../../../configs/topology/ports";
import { flags, frame, frames, grpcHeaders, hello, noteConnection, types, windowUpdate } from "../http2";
import { bombs, grpcMessage, gzipBomb, malformed, malformedJson, nested, nestedJson, sound, zstdBomb } from "../payloads";
import type { Row, Victim } from "../row";
import { add, exchange, request, times, Wire, type Seen } from "../wire";

const { otlpGrpc, otlpHttp, jaegerGrpc, jaegerThriftHttp } = ports.collector;
const targets = ["ingest", "otel-collector"] as const;

/** The path of a receiver's service. */
const grpcPath = {
  [otlpGrpc]: "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
  [jaegerGrpc]: "/jaeger.api_v2.CollectorService/PostSpans",
} as const;

/** How bodies are sent: to which port, as which type, in which encoding each, and how many at once. */
interface Sending {
  readonly port?: number;
  readonly type?: string;
  readonly encodings?: readonly string[];
  readonly atOnce?: number;
}

/** Sends bodies by HTTP, some at once, and notes the answers. */
async function post(
  victim: Victim,
  bodies: readonly Buffer[],
  { port = otlpHttp, type = "application/x-protobuf", encodings = [], atOnce = 4 }: Sending = {},
): Promise<Seen> {
  const seen: Seen = {};
  const path = port === jaegerThriftHttp ? "/api/traces" : "/v1/traces";
  await times(bodies.length, atOnce, async (i) => {
    const encoding = encodings[i] === undefined ? [] : [`Content-Encoding: ${encodings[i]}`];
    const headers = [`Authorization: Bearer ${victim.token}`, `Content-Type: ${type}`, ...encoding];
    for (const outcome of await exchange(victim.at("ingest", port), request("POST", path, headers, bodies[i]), 20_000)) add(seen, outcome);
  });
  return seen;
}

/** The status in an answer of gRPC whose headers are not compressed by Huffman's code, else that there was one. */
function grpcStatus(wire: Wire): string | undefined {
  const answered = frames(wire.received).filter(({ type }) => type === types.headers || type === types.reset);
  if (answered.length === 0) return undefined;
  return answered.some(({ type }) => type === types.headers) ? "answered" : "reset";
}

/** Sends messages by gRPC, each on a connection of its own, and notes whether there was an answer. */
async function call(
  victim: Victim,
  port: typeof otlpGrpc | typeof jaegerGrpc,
  messages: readonly Buffer[],
  encoding?: string,
): Promise<Seen> {
  const seen: Seen = {};
  await times(messages.length, 4, async (i) => {
    const wire = Wire.open(victim.at("ingest", port));
    const more = encoding === undefined ? [] : [["grpc-encoding", encoding] as const];
    wire.send(
      Buffer.concat([
        hello(),
        windowUpdate(0, 1 << 24),
        frame(types.headers, flags.endHeaders, 1, grpcHeaders(grpcPath[port], victim.token, more)),
      ]),
    );
    const message = messages[i] ?? Buffer.alloc(0);
    for (let at = 0; at < message.length || at === 0; at += 16_384) {
      const last = at + 16_384 >= message.length;
      wire.send(frame(types.data, last ? flags.endStream : 0, 1, message.subarray(at, at + 16_384)));
    }
    await wire.settled(20_000, () => grpcStatus(wire) !== undefined);
    const status = grpcStatus(wire);
    if (status === undefined) noteConnection(seen, wire);
    else add(seen, status);
    wire.close();
  });
  return seen;
}

const again = <T>(list: readonly T[], count: number): T[] => Array.from({ length: count }, () => list).flat();

/** Depth of a value that an attacker sends often; and of one that fills the largest request. */
const deep = 20_000;
const deepest = 460_000;

export const otlpRows: readonly Row[] = [
  {
    id: "malformed-protobuf",
    what: "requests of OTLP/HTTP that are truncated, or have lengths, types and fields that are wrong",
    targets,
    attack: (victim) => post(victim, again(malformed(), 10)),
    answers: /^(200|400|429)$/,
  },
  {
    id: "malformed-json",
    what: "JSON that is no OTLP, 100,000 brackets deep",
    targets,
    attack: async (victim) => {
      const seen = await post(victim, again(malformedJson, 10), { type: "application/json" });
      for (const [outcome, count] of Object.entries(
        await post(victim, [nestedJson(1000), nestedJson(50_000)], { type: "application/json" }),
      ))
        add(seen, outcome, count);
      return seen;
    },
    answers: /^(200|400|429)$/,
  },
  {
    id: "wrong-types",
    what: "requests in types and encodings that do not exist",
    targets,
    attack: async (victim) => {
      const seen: Seen = {};
      for (const type of [
        "text/plain",
        "application/grpc",
        "multipart/form-data; boundary=a",
        "application/json; charset=utf-7",
        "/",
        "x".repeat(5000),
      ])
        for (const [outcome, count] of Object.entries(await post(victim, again([sound()], 10), { type }))) add(seen, outcome, count);
      return seen;
    },
    answers: /^(200|400|415|429)$/,
  },
  {
    id: "malformed-thrift",
    what: "bytes that are no Thrift, with lengths of gigabytes, to the port of old Jaeger clients",
    targets,
    attack: (victim) =>
      post(
        victim,
        again(
          [...malformed(), Buffer.from("0c00010b00017fffffff61", "hex"), Buffer.from("0f00020c7fffffff", "hex"), Buffer.alloc(5000, 0x0f)],
          5,
        ),
        { port: jaegerThriftHttp, type: "application/x-thrift" },
      ),
    answers: /^(202|400|429)$/,
  },
  ...([otlpGrpc, jaegerGrpc] as const).map((port): Row => ({
    id: `malformed-grpc-${port}`,
    what: `messages of gRPC to port ${port} that are truncated, or claim to be compressed or to have 4 GiB`,
    targets,
    attack: (victim) =>
      call(
        victim,
        port,
        again(
          [
            ...malformed().map((body) => grpcMessage(body)),
            grpcMessage(sound(), { length: 0xffffffff }),
            grpcMessage(sound(), { length: 1 }),
            grpcMessage(sound(), { compressed: 1 }),
            grpcMessage(sound(), { compressed: 255 }),
            Buffer.alloc(3),
            Buffer.alloc(0),
          ],
          3,
        ),
      ),
    answers: /^(answered|reset)$/,
  })),
  {
    id: "nested",
    what: `values that are lists in lists, ${deep.toLocaleString("en")} deep, 20 requests`,
    targets,
    attack: (victim) => post(victim, again([nested(deep)], 20), { atOnce: 1 }),
    answers: /^(200|400|429)$/,
  },
  {
    id: "bombs-http",
    what: "compressed requests of up to 12 MB that become 10 GB, in each encoding, also gzip in gzip",
    targets,
    attack: (victim) => {
      const all = again(bombs(), 3);
      return post(
        victim,
        all.map(([, body]) => body),
        { encodings: all.map(([encoding]) => encoding) },
      );
    },
    answers: /^(400|415|429|closed)$/,
  },
  {
    id: "zstd-windows",
    what: "200 requests in Zstandard, 64 at once, with windows of 128 MiB",
    targets,
    attack: (victim) => {
      const bodies = again([zstdBomb(17)], 200);
      return post(victim, bodies, { encodings: bodies.map(() => "zstd"), atOnce: 64 });
    },
    answers: /^(415|429)$/,
  },
  {
    id: "zstd-windows-grpc",
    what: "30 messages in Zstandard, with windows of 512 MiB, by gRPC",
    targets,
    attack: (victim) =>
      call(
        victim,
        otlpGrpc,
        again([zstdBomb(19)], 30).map((body) => grpcMessage(body, { compressed: 1 })),
        "zstd",
      ),
    answers: /^(answered|reset)$/,
  },
  {
    id: "bombs-grpc",
    what: "compressed messages of up to 4 MB that become 4 GB, by gRPC",
    targets,
    attack: async (victim) => {
      const bodies = [gzipBomb(4000).subarray(0, 4_000_000), gzipSync(Buffer.alloc(100 << 20)), Buffer.from("not gzip")];
      const messages = again(bodies, 5).map((body) => grpcMessage(body, { compressed: 1 }));
      const seen = await call(victim, otlpGrpc, messages, "gzip");
      for (const encoding of ["snappy", "zstd", "none"])
        for (const [outcome, count] of Object.entries(await call(victim, otlpGrpc, messages.slice(0, 3), encoding)))
          add(seen, outcome, count);
      return seen;
    },
    answers: /^(answered|reset)$/,
  },
  {
    id: "nested-deepest",
    what: `a value that is a list in a list, ${deepest.toLocaleString("en")} deep, in a request of the largest size`,
    targets,
    attack: (victim) => post(victim, [nested(deepest)]),
    answers: /^(200|400|429|502|503|closed)$/,
    known: {
      restarts: "otel-collector",
      why: "reading it takes 400 MiB of stack, before any processor; a Collector with 512 MiB takes it",
      lost: 100,
    },
  },
];
