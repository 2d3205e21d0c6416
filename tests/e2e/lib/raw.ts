/**
 * Spans as bytes: what no SDK would send. Written by hand, as a library would refuse or repair what these tests are about.
 * Field numbers: opentelemetry/proto/trace/v1/trace.proto.
 */
import { randomBytes } from "node:crypto";
import { connect, type IncomingHttpHeaders } from "node:http2";
import { gzipSync } from "node:zlib";

/** A value of an attribute; bytes are sent as a string, whatever they are. */
export type RawValue = string | number | boolean | Uint8Array | readonly RawValue[];

/** A span; what is left out is as an SDK would have it. Text may be any bytes. */
export interface RawSpan {
  readonly traceId?: Uint8Array;
  readonly spanId?: Uint8Array;
  readonly name?: string | Uint8Array;
  /** Nanoseconds since 1970. */
  readonly start?: bigint;
  readonly end?: bigint;
  readonly flags?: number;
  readonly attributes?: readonly (readonly [key: string | Uint8Array, value: RawValue])[];
  readonly events?: readonly RawSpan["attributes"][];
  readonly links?: number;
}

type Bytes = Uint8Array;

const varint = (value: bigint | number): Bytes => {
  const bytes: number[] = [];
  for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
    if (rest < 0x80n) return Uint8Array.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 0x7fn) | 0x80);
  }
};
const tag = (field: number, type: number) => varint((field << 3) | type);
const chunk = (field: number, value: string | Bytes): Bytes => {
  const bytes = typeof value === "string" ? Buffer.from(value) : value;
  return Buffer.concat([tag(field, 2), varint(bytes.length), bytes]);
};
const fixed = (field: number, value: bigint): Bytes => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  return Buffer.concat([tag(field, 1), bytes]);
};
const real = (field: number, value: number): Bytes => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([tag(field, 1), bytes]);
};

function anyValue(value: RawValue): Bytes {
  if (typeof value === "string" || value instanceof Uint8Array) return chunk(1, value);
  if (typeof value === "boolean") return Buffer.concat([tag(2, 0), varint(Number(value))]);
  if (typeof value === "number") return Number.isSafeInteger(value) ? Buffer.concat([tag(3, 0), varint(value)]) : real(4, value);
  return chunk(5, Buffer.concat(value.map((part) => chunk(1, anyValue(part)))));
}

const attributes = (field: number, all: RawSpan["attributes"] = []): Bytes =>
  Buffer.concat(all.map(([key, value]) => chunk(field, Buffer.concat([chunk(1, key), chunk(2, anyValue(value))]))));

/** Ids of a span, the same for what is sent and what is searched. */
export const newTraceId = (): Bytes => randomBytes(16);

const nanoseconds = (): bigint => BigInt(Date.now()) * 1_000_000n;

function span(one: RawSpan): Bytes {
  const start = one.start ?? nanoseconds();
  const event = (all: RawSpan["attributes"]) => Buffer.concat([fixed(1, start), chunk(2, "event"), attributes(3, all)]);
  const link = () => Buffer.concat([chunk(1, randomBytes(16)), chunk(2, randomBytes(8))]);
  const flags = Buffer.alloc(4);
  flags.writeUInt32LE(one.flags ?? 0);
  return Buffer.concat([
    chunk(1, one.traceId ?? newTraceId()),
    chunk(2, one.spanId ?? randomBytes(8)),
    chunk(5, one.name ?? "raw"),
    tag(6, 0),
    varint(2),
    fixed(7, start),
    fixed(8, one.end ?? start + 1_000_000n),
    attributes(9, one.attributes),
    ...(one.events ?? []).map((all) => chunk(11, event(all))),
    ...Array.from({ length: one.links ?? 0 }, () => chunk(13, link())),
    ...(one.flags === undefined ? [] : [tag(16, 5), flags]),
  ]);
}

/** The body of an OTLP/HTTP request: the spans of one service. */
export const requestOf = (service: string | Bytes, spans: readonly RawSpan[], resource: RawSpan["attributes"] = []): Bytes =>
  chunk(
    1,
    Buffer.concat([
      chunk(1, attributes(1, [["service.name", service], ...resource])),
      chunk(2, Buffer.concat(spans.map((one) => chunk(2, span(one))))),
    ]),
  );

/** Sends such a body as OTLP over gRPC, compressed or not; the status of the answer: 0 is OK, 8 RESOURCE_EXHAUSTED. */
export async function sendByGrpc(address: string, body: Bytes, compressed = false): Promise<number> {
  const session = connect(address);
  try {
    const message = compressed ? gzipSync(body) : body;
    const prefix = Buffer.alloc(5);
    prefix.writeUInt8(Number(compressed));
    prefix.writeUInt32BE(message.length, 1);
    const call = session.request({
      ":method": "POST",
      ":path": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
      "content-type": "application/grpc",
      ...(compressed ? { "grpc-encoding": "gzip" } : {}),
    });
    return await new Promise<number>((resolve, reject) => {
      const answered = (headers: IncomingHttpHeaders) => {
        const status = headers["grpc-status"];
        if (status !== undefined) resolve(Number(status));
      };
      // A refusal may come before all is sent, in the headers; an answer ends with trailers.
      call
        .on("response", answered)
        .on("trailers", answered)
        .on("error", reject)
        .on("close", () => reject(new Error("no answer")));
      call.resume();
      call.end(Buffer.concat([prefix, message]));
    });
  } finally {
    session.close();
  }
}
