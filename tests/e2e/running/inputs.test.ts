/**
 * Rung: real systems end to end. What no well-behaved client sends: each input is stored, cut and marked, or refused, and none of them makes
 * another service's traces unreadable, makes an index that nobody deletes, or fires an alert. The stack is one that several test files share.
 */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { mebibyte, requestBytes } from "../../../configs/collector/bytes";
import { dropReasons, marks } from "../../../configs/collector/hygiene";
import { sleep } from "../../../cli/machine/run";
import type { Attributes, Span, Text } from "../../support/otlp-bytes";
import { eventually } from "../../support/waiting";
import { Checkout, scratch } from "../lib/checkout";
import { newTraceId, now, sendByGrpc, sendByHttp, spansOf } from "../lib/raw";
import { Clients } from "../lib/send";
import { Systems, type StoredSpan } from "../lib/systems";

jest.setTimeout(5 * 60_000);

const stack = Checkout.copy();
const systems = new Systems(stack);
const clients = new Clients(stack);

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const day = 24n * 3_600_000_000_000n;
/** A name of this run, so that what an earlier one stored is not found. */
const unique = (name: string) => `${name}-${randomBytes(4).toString("hex")}`;

/** Sends spans that are taken. */
async function send(service: Text, spans: readonly Span[], resource?: Attributes): Promise<void> {
  expect(await sendByHttp(stack, spansOf(service, spans, resource))).toBe(200);
}

/** Sends a span with a trace id of its own; what is stored of it. */
async function stored(span: Span, service: Text = "inputs", resource?: Attributes): Promise<StoredSpan> {
  const traceId = newTraceId();
  await send(service, [{ ...span, traceId }], resource);
  const [one] = await systems.trace(traceId);
  return one!;
}

/** Spans that were dropped for a reason. */
const droppedFor = (reason: keyof typeof dropReasons) =>
  systems.query(`sum(otelcol_processor_filter_spans_filtered_total{filter="${dropReasons[reason]}"})`);

const attribute = (span: StoredSpan, name: string) => span.attributes.find(({ key }) => key === name)?.value;

/** Jaeger's answer to a search of the last hour. */
async function search(query: Record<string, string>): Promise<{ status: number; text: string }> {
  const at = (offset: number) => new Date(Date.now() + offset).toISOString();
  const given = { "query.start_time_min": at(-3_600_000), "query.start_time_max": at(60_000), "query.num_traces": "20", ...query };
  return systems.page("jaeger-ui", `/api/v3/traces?${new URLSearchParams(given).toString()}`);
}

/** Waits until a search finds a span of that name. */
const found = (query: Record<string, string>, name: string) =>
  eventually(`${name} in a search`, 60, async () => {
    const { status, text } = await search(query);
    if (status !== 200 && status !== 404) throw new Error(`status ${status}: ${text.slice(0, 200)}`);
    return text.includes(name) ? true : undefined;
  });

const spanIndices = async () =>
  ((await systems.elasticsearch("/_cat/indices/jaeger-span-*?format=json&h=index")) as { index: string }[])
    .map(({ index }) => index)
    .sort();

/** Stored spans that have a value in a field. */
async function count(term: Record<string, string>): Promise<number> {
  await systems.elasticsearch("/jaeger-span-*/_refresh", "POST");
  return ((await systems.elasticsearch("/jaeger-span-*/_count", "POST", { query: { term } })) as { count: number }).count;
}

it("finds another service's span by its correlation id after a span with 40,000 attributes", async () => {
  const many = Array.from({ length: 40_000 }, (_, i) => [`attribute.${i}`, "x"] as const);
  expect(attribute(await stored({ attributes: many }, "many-attributes"), marks.dropped("attributes"))).toEqual({ intValue: "39872" });
  const id = unique("correlation");
  const service = unique("neighbour");
  await send(service, [{ name: "found by its id", attributes: [["correlation_id", id]] }]);
  await found({ "query.service_name": service, "query.attributes": JSON.stringify({ correlation_id: id }) }, "found by its id");
});

it.each<[string, Span]>([
  ["a trace id of zeros", { traceId: "0".repeat(32) }],
  ["a span id of zeros", { spanId: "0".repeat(16) }],
  ["no ids", { traceId: "", spanId: "" }],
])("drops a span with %s and counts it, and its service can be searched", async (_what, span) => {
  const service = unique("zero-ids");
  const before = await droppedFor("invalidIds");
  await send(service, [{ ...span, name: "without an id" }]);
  await send(service, [{ name: "with ids" }]);
  await found({ "query.service_name": service }, "with ids");
  expect((await search({ "query.service_name": service })).text).not.toContain("without an id");
  await eventually("its counter", 60, async () => ((await droppedFor("invalidIds")) > before ? true : undefined));
});

it.each([
  ["NaN", NaN],
  ["Infinity", Infinity],
  ["-Infinity", -Infinity],
])("stores %s as text, wherever it stands", async (text, value) => {
  const all: Attributes = [
    ["number", value],
    ["list", [value]],
    ["map", { map: [["number", value]] }],
  ];
  const span = await stored({ attributes: all, events: [{ time: now(), name: "event", attributes: all }] }, "not-a-number", all);
  expect(attribute(span, "number")).toEqual({ stringValue: text });
});

it.each<[string, Span, string]>([
  [
    "3,000 events",
    { events: Array.from({ length: 3000 }, () => ({ time: now(), name: "event", attributes: [["a", "x"]] })) },
    marks.dropped("events"),
  ],
  ["a value of 1 MB", { attributes: [["document", "x".repeat(1_000_000)]] }, marks.altered("attributes")],
  ["a key of 40 KB", { attributes: [["k".repeat(40_000), "x"]] }, marks.dropped("attributes")],
  [
    "blank keys",
    {
      attributes: [
        ["", "x"],
        [" ", "x"],
      ],
    },
    marks.dropped("attributes"),
  ],
  ["flags above 31 bits", { flags: 0xffff_ffff }, marks.altered("flags")],
  ["a name that is no UTF-8", { name: { raw: "6eff6e" } }, marks.altered("name")],
  ["a value that is no UTF-8", { attributes: [["a", { raw: "61c061" }]] }, marks.altered("attributes")],
])("stores a span with %s, cut or repaired and marked", async (_what, span, mark) => {
  const one = await stored({ ...span, attributes: [["kept", "yes"], ...(span.attributes ?? [])] }, "odd-spans");
  expect(attribute(one, "kept")).toEqual({ stringValue: "yes" });
  expect(one.attributes.map(({ key }) => key)).toContain(mark);
});

it("drops a span with 11,000 links and counts it", async () => {
  const before = await droppedFor("tooManyLinks");
  await send("many-links", [{ links: Array.from({ length: 11_000 }, () => ({ traceId: newTraceId(), spanId: "00000000000000ff" })) }]);
  await eventually("its counter", 60, async () => ((await droppedFor("tooManyLinks")) > before ? true : undefined));
});

it.each<[string, bigint]>([
  ["1970", 1n],
  ["last year", now() - 365n * day],
  ["in three years", now() + 1095n * day],
  ["586231", 2n ** 63n],
])("makes no index for a span of %s, and counts it", async (_what, start) => {
  const [before, dropped] = [await spanIndices(), await droppedFor("outOfTime")];
  await send("odd-times", [{ start }]);
  await stored({}, "odd-times");
  expect(await spanIndices()).toEqual(before);
  await eventually("its counter", 60, async () => ((await droppedFor("outOfTime")) > dropped ? true : undefined));
});

it.each([
  ["4.1 MiB", 4.1 * mebibyte],
  ["19 MB", 19_000_000],
])("refuses %s in one attribute for good, by either protocol, and takes the next span", async (_what, size) => {
  const resourceExhausted = 8;
  const body = spansOf("too-large", [{ attributes: [["document", "x".repeat(size)]] }]);
  expect(body.length).toBeGreaterThan(requestBytes(stack.settings));
  expect(await sendByHttp(stack, body)).toBe(400);
  expect(await sendByHttp(stack, gzipSync(body), "gzip")).toBe(400);
  expect(await sendByGrpc(stack, body)).toBe(resourceExhausted);
  expect(await sendByGrpc(stack, body, "gzip")).toBe(resourceExhausted);
  await stored({}, "too-large");
});

it("stores what is just below the limit, by gRPC with gzip too", async () => {
  const traceId = newTraceId();
  const span = (padding: number): Span => ({
    traceId,
    attributes: [
      ["document", "x".repeat(padding)],
      ["kept", "yes"],
    ],
  });
  const room = requestBytes(stack.settings) - 1000;
  expect(await sendByHttp(stack, spansOf("just-below", [span(room)]))).toBe(200);
  expect(await sendByGrpc(stack, spansOf("just-below", [span(room)]))).toBe(0);
  expect(await sendByGrpc(stack, spansOf("just-below", [span(room)]), "gzip")).toBe(0);
  await eventually("all three", 60, async () => {
    const spans = await systems.trace(traceId);
    return spans.length === 3 && spans.every((one) => attribute(one, "kept")) ? true : undefined;
  });
});

it("stores a trace of 50,000 spans whole", async () => {
  const traceId = newTraceId();
  for (let i = 0; i < 50; i++)
    await send(
      "long-trace",
      Array.from({ length: 1000 }, () => ({ traceId })),
    );
  await eventually("50,000 spans in Elasticsearch", 120, async () => ((await count({ traceID: traceId })) === 50_000 ? true : undefined));
});

it("lists 200 services with odd names", async () => {
  const run = randomBytes(4).toString("hex");
  const odd = ["Ünïcode", "a/b", "<script>", "🦒", "select *", "..", "%2F", "\\", "'\"", "\t"];
  const names = Array.from({ length: 200 }, (_, i) => `${run} ${odd[i % odd.length]} ${i}`);
  for (const name of names) await send(name, [{}]);
  await eventually("all services", 60, async () => {
    const { services } = JSON.parse((await systems.page("jaeger-ui", "/api/v3/services")).text) as { services: string[] };
    return names.every((name) => services.includes(name)) ? true : undefined;
  });
});

it("finds a span of an old client, whose ids have 64 bits", async () => {
  const id = await clients.jaegerThrift({ service: "old-client", name: "short ids" });
  expect(id).toMatch(/^0{16}/);
  expect((await systems.trace(id))[0]?.name).toBe("short ids");
});

it("stores 6,000 spans of 5 KB that come while Jaeger is paused", async () => {
  const jaeger = stack.container("jaeger");
  const service = unique("paused");
  execFileSync("docker", ["pause", jaeger]);
  try {
    const span: Span = { attributes: [["sql", "x".repeat(5000)]] };
    for (let i = 0; i < 12; i++)
      await send(
        service,
        Array.from({ length: 500 }, () => span),
      );
    await sleep(15_000);
  } finally {
    execFileSync("docker", ["unpause", jaeger]);
  }
  await eventually("6,000 spans in Elasticsearch", 120, async () =>
    (await count({ "process.serviceName": service })) === 6000 ? true : undefined,
  );
});

it("has logged nothing again and again, and lost nothing", async () => {
  const logs = execFileSync("docker", ["logs", stack.container("otel-collector")], { encoding: "utf8", maxBuffer: 64 * mebibyte });
  expect(logs.split("\n").filter((line) => line.includes('"level":"error"'))).toEqual([]);
  expect(await systems.query("sum(tracing:lost_5m)")).toBe(0);
});
