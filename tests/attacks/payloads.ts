/** Bodies of hostile requests. */
import { deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { requestBytes } from "../support/otlp-bytes";

const millions = 1024 * 1024;

/** A request of a span, as an SDK sends it. */
export const sound = (service = "attacker"): Buffer => {
  const start = BigInt(Date.now()) * 1_000_000n;
  const span = { traceId: "0a".repeat(16), spanId: "0b".repeat(8), name: "attack", kind: 2, start, end: start + 1_000_000n };
  return requestBytes({ resource: { attributes: [["service.name", service]] }, spans: [span] });
};

function varint(value: number): Buffer {
  const bytes = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  return Buffer.from([...bytes, value]);
}

const field = (id: number, payload: Buffer): Buffer => Buffer.concat([Buffer.from([(id << 3) | 2]), varint(payload.length), payload]);

/** A request with a value that is a list in a list, so deep. */
export function nested(depth: number): Buffer {
  const parts = [Buffer.from([0x0a, 0x00])];
  let size = 2;
  for (let i = 0; i < 2 * depth; i++) {
    // In turns: a list's element, and a value that is a list.
    const head = Buffer.concat([Buffer.from([i % 2 === 0 ? 0x0a : 0x2a]), varint(size)]);
    parts.push(head);
    size += head.length;
  }
  const value = Buffer.concat(parts.reverse());
  const attribute = field(9, Buffer.concat([field(1, Buffer.from("deep")), field(2, value)]));
  const ids = [field(1, Buffer.alloc(16, 1)), field(2, Buffer.alloc(8, 2))];
  return field(1, field(2, field(2, Buffer.concat([...ids, attribute]))));
}

/** The same in JSON. */
export function nestedJson(depth: number): Buffer {
  const value = `${'{"arrayValue":{"values":['.repeat(depth)}{"intValue":"1"}${"]}}".repeat(depth)}`;
  const span = `{"traceId":"${"0a".repeat(16)}","spanId":"${"0b".repeat(8)}","name":"a","attributes":[{"key":"deep","value":${value}}]}`;
  return Buffer.from(`{"resourceSpans":[{"scopeSpans":[{"spans":[${span}]}]}]}`);
}

/** Requests that are none. */
export function malformed(): Buffer[] {
  const good = sound();
  const changed = (at: number, byte: number) => Buffer.from(good.map((old, i) => (i === at ? byte : old)));
  return [
    // Truncated, and with lengths that are wrong.
    ...[1, 2, 5, 20, good.length - 1].map((length) => good.subarray(0, length)),
    ...[1, 3, 5].flatMap((at) => [0, 1, 127, 255].map((byte) => changed(at, byte))),
    // A length of four gigabytes, one of more than 64 bits, a field of number 0, and types that do not exist.
    Buffer.concat([Buffer.from([0x0a]), varint(0xffffffff)]),
    Buffer.concat([Buffer.from([0x0a]), Buffer.alloc(11, 0xff)]),
    Buffer.from([0x00, 0x01]),
    ...[3, 4, 6, 7].map((type) => Buffer.from([(1 << 3) | type, 1, 1])),
    Buffer.alloc(5000, 0xff),
    Buffer.from("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"),
    Buffer.from('{"resourceSpans":[]}'),
  ];
}

/** Text that is no OTLP in JSON. */
export const malformedJson: readonly Buffer[] = [
  "",
  "{",
  "[]",
  "null",
  '{"resourceSpans":{}}',
  '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"zz"}]}]}]}',
  '{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":"1e400"}]}]}]}',
  `{"a":"${"\\ud800".repeat(1000)}"}`,
  "[".repeat(100_000),
  '{"a":'.repeat(100_000),
  `{"resourceSpans":${"9".repeat(100_000)}}`,
].map((text) => Buffer.from(text));

/** Zeros in gzip that take a thousandth: members of gzip one after the other are gzip. */
export function gzipBomb(mebibytes: number): Buffer {
  const member = gzipSync(Buffer.alloc(64 * millions), { level: 9 });
  return Buffer.concat(Array.from({ length: Math.ceil(mebibytes / 64) }, () => member));
}

/** A frame of Zstandard with a window of so many bits beyond ten, and blocks of 128 KiB that are one byte each: 1.3 GB. */
export function zstdBomb(bits: number): Buffer {
  const block = (last: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUIntLE((128 * 1024 * 8) | 2 | last, 0, 3);
    return bytes;
  };
  const blocks = Buffer.concat([...Array.from({ length: 10_000 }, () => block(0)), block(1)]);
  return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, bits << 3]), blocks]);
}

/** Compressed bodies that are much larger than a request may be, by their encoding. */
export function bombs(): [encoding: string, body: Buffer][] {
  const zeros = Buffer.alloc(256 * millions);
  const gzip = gzipBomb(10 * 1024).subarray(0, 12 * millions);
  return [
    ["gzip", gzip],
    ["gzip", gzipSync(gzip.subarray(0, millions))],
    ["gzip", gzip.subarray(0, 1000)],
    ["gzip, gzip", gzipSync(gzip.subarray(0, millions))],
    ["gzip", Buffer.from("not gzip")],
    ["zlib", deflateSync(zeros)],
    ["deflate", deflateRawSync(zeros)],
    ["zstd", zstdBomb(31)],
    // Snappy that says that it becomes 4 GiB, or 1 GiB.
    ["snappy", Buffer.concat([varint(0xffffffff), Buffer.from([0, 0x61])])],
    ["snappy", Buffer.concat([varint(2 ** 30), Buffer.from([0, 0x61])])],
    ["x-snappy-framed", Buffer.concat([Buffer.from("\xff\x06\x00\x00sNaPpY", "latin1"), Buffer.alloc(1000, 0xff)])],
    ["lz4", Buffer.concat([Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x40, 0x70, 0xdf]), Buffer.alloc(1000, 0xff)])],
    ["br", Buffer.from("any")],
  ];
}

/** A message as gRPC frames it, with the length that it claims. */
export function grpcMessage(payload: Buffer, { compressed = 0, length = payload.length } = {}): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(compressed);
  head.writeUInt32BE(length >>> 0, 1);
  return Buffer.concat([head, payload]);
}
