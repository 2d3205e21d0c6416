/**
 * Rung: real systems end to end. What no well-behaved client sends: each input is stored, cut and marked, or refused, and none of them makes
 * another service's traces unreadable, makes an index that nobody deletes, or fires an alert. The stack is one that several test files share.
 */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { mebibyte, requestBytes } from "../../../configs/bytes";
import { eventually } from "../../support/waiting";
import { Checkout, scratch } from "../lib/checkout";
import { newTraceId, requestOf, sendByGrpc, type RawSpan } from "../lib/raw";
import { Clients } from "../lib/send";
import { Systems, type StoredSpan } from "../lib/systems";

jest.setTimeout(5 * 60_000);

const stack = Checkout.copy();
const systems = new Systems(stack);
const clients = new Clients(stack);

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const day = 86_400_000_000_000n;
const now = () => BigInt(Date.now()) * 1_000_000n;
/** A name of this run, so that what an earlier one stored is not found. */
const unique = (name: string) => `${name}-${randomBytes(4).toString("hex")}`;

/** Sends bytes as OTLP over HTTP; the status and the text of the answer. */
async function post(body: Uint8Array, more: Record<string, string> = {}): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${stack.url("otlp-http")}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf", ...more },
    body,
    signal: AbortSignal.timeout(60_000),
  });
  return { status: answer.status, text: await answer.text() };
}

/** Sends a span that is taken, with a trace id of its own; what is stored of it. */
async function stored(span: RawSpan, service: string | Uint8Array = "inputs", resource: RawSpan["attributes"] = []): Promise<StoredSpan> {
  const traceId = newTraceId();
  expect((await post(requestOf(service, [{ ...span, traceId }], resource))).status).toBe(200);
  const [one] = await systems.trace(hex(traceId));
  return one!;
}

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

it("finds another service's span by its correlation id after a span with 40,000 attributes", async () => {
  const many = Array.from({ length: 40_000 }, (_, i) => [`attribute.${i}`, "x"] as const);
  await stored({ attributes: many }, "many-attributes");
  const id = unique("correlation");
  const service = unique("neighbour");
  await post(requestOf(service, [{ name: "found by its id", attributes: [["correlation_id", id]] }]));
  await found({ "query.service_name": service, "query.attributes": JSON.stringify({ correlation_id: id }) }, "found by its id");
});

it.each<[string, RawSpan]>([
  ["a trace id of zeros", { traceId: new Uint8Array(16) }],
  ["a span id of zeros", { spanId: new Uint8Array(8) }],
])("drops a span with %s, and its service can be searched", async (_what, span) => {
  const service = unique("zero-ids");
  expect((await post(requestOf(service, [{ ...span, name: "without an id" }]))).status).toBe(200);
  await post(requestOf(service, [{ name: "with ids" }]));
  await found({ "query.service_name": service }, "with ids");
  expect((await search({ "query.service_name": service })).text).not.toContain("without an id");
});

it.each([
  ["NaN", NaN],
  ["Infinity", Infinity],
  ["-Infinity", -Infinity],
])("stores %s as text, wherever it stands", async (text, value) => {
  const span = await stored(
    {
      attributes: [
        ["number", value],
        ["list", [value]],
      ],
      events: [[["number", value]]],
    },
    "not-a-number",
    [["number", value]],
  );
  expect(attribute(span, "number")).toEqual({ stringValue: text });
});

it.each<[string, RawSpan]>([
  [
    "3,000 events",
    {
      events: Array.from({ length: 3000 }, (_, i) => [
        ["a", String(i)],
        ["b", "x"],
      ]),
    },
  ],
  ["11,000 links", { links: 11_000 }],
  ["a value of 1 MB", { attributes: [["document", "x".repeat(1_000_000)]] }],
  ["a key of 40 KB", { attributes: [["k".repeat(40_000), "x"]] }],
  [
    "a blank key",
    {
      attributes: [
        ["", "x"],
        [" ", "x"],
      ],
    },
  ],
  ["flags above 31 bits", { flags: 0xffff_ffff }],
  ["a name that is no UTF-8", { name: Uint8Array.from([0x6e, 0xff, 0x6e]) }],
  ["a value that is no UTF-8", { attributes: [["a", Uint8Array.from([0x61, 0xc0, 0x61])]] }],
])("stores a span with %s", async (_what, span) => {
  expect(await stored({ ...span, attributes: [["kept", "yes"], ...(span.attributes ?? [])] }, "odd-spans")).toMatchObject({
    attributes: expect.arrayContaining([{ key: "kept", value: { stringValue: "yes" } }]) as unknown,
  });
});

it.each<[string, bigint]>([
  ["1970", 1n],
  ["last year", now() - 365n * day],
  ["in three years", now() + 1095n * day],
  ["586231", 2n ** 63n],
])("makes no index for a span of %s", async (_what, start) => {
  const before = await spanIndices();
  expect((await post(requestOf("odd-times", [{ start, end: start + 1n }]))).status).toBe(200);
  await stored({}, "odd-times");
  expect(await spanIndices()).toEqual(before);
});

it.each([
  ["4.1 MiB", 4.1 * mebibyte],
  ["19 MB", 19_000_000],
])("refuses %s in one attribute for good, by either protocol, and takes the next span", async (_what, size) => {
  const body = requestOf("too-large", [{ attributes: [["document", "x".repeat(size)]] }]);
  expect(body.length).toBeGreaterThan(requestBytes(stack.settings));
  expect((await post(body)).status).toBe(400);
  expect((await post(gzipSync(body), { "content-encoding": "gzip" })).status).toBe(400);
  const resourceExhausted = 8;
  expect(await sendByGrpc(stack.url("otlp-grpc"), body)).toBe(resourceExhausted);
  expect(await sendByGrpc(stack.url("otlp-grpc"), body, true)).toBe(resourceExhausted);
  await stored({}, "too-large");
});

it("stores what is just below the limit", async () => {
  const value = "x".repeat(4 * mebibyte - 1000);
  expect(
    attribute(
      await stored(
        {
          attributes: [
            ["document", value],
            ["kept", "yes"],
          ],
        },
        "just-below",
      ),
      "kept",
    ),
  ).toEqual({ stringValue: "yes" });
});

it("stores a trace of 50,000 spans whole", async () => {
  const traceId = newTraceId();
  for (let i = 0; i < 50; i++)
    expect(
      (
        await post(
          requestOf(
            "long-trace",
            Array.from({ length: 1000 }, () => ({ traceId })),
          ),
        )
      ).status,
    ).toBe(200);
  await eventually("50,000 spans in Elasticsearch", 120, async () => {
    await systems.elasticsearch("/jaeger-span-*/_refresh", "POST");
    const query = { query: { term: { traceID: hex(traceId) } } };
    const { count } = (await systems.elasticsearch("/jaeger-span-*/_count", "POST", query)) as { count: number };
    return count === 50_000 ? true : undefined;
  });
});

it("lists 200 services with odd names", async () => {
  const run = randomBytes(4).toString("hex");
  const names = Array.from(
    { length: 200 },
    (_, i) => `${run} ${["Ünïcode", "a/b", "<script>", "🦒", "select *", "..", "%2F", "\\", "'\"", "\t"][i % 10]} ${i}`,
  );
  for (const name of names) expect((await post(requestOf(name, [{}]))).status).toBe(200);
  await eventually("all services", 60, async () => {
    const { services } = JSON.parse((await systems.page("jaeger-ui", "/api/v3/services")).text) as { services: string[] };
    return names.every((name) => services.includes(name)) ? true : undefined;
  });
});

it("takes OTLP over gRPC with gzip", async () => {
  const traceId = newTraceId();
  expect(await sendByGrpc(stack.url("otlp-grpc"), requestOf("gzip", [{ traceId }]), true)).toBe(0);
  expect(await systems.trace(hex(traceId))).toHaveLength(1);
});

it("finds a span of an old client, whose ids have 64 bits", async () => {
  const id = await clients.jaegerThrift({ service: "old-client", name: "short ids" });
  expect(id.replace(/^0+/, "").length).toBeLessThanOrEqual(16);
  expect((await systems.trace(id))[0]?.name).toBe("short ids");
});

it("stores 6,000 spans of 5 KB that come while Jaeger is paused", async () => {
  const jaeger = stack.container("jaeger");
  const service = unique("paused");
  execFileSync("docker", ["pause", jaeger]);
  try {
    const value = "x".repeat(5000);
    for (let i = 0; i < 12; i++) {
      const spans = Array.from({ length: 500 }, () => ({ attributes: [["sql", value]] as const }));
      expect((await post(requestOf(service, spans))).status).toBe(200);
    }
    await new Promise((done) => setTimeout(done, 15_000));
  } finally {
    execFileSync("docker", ["unpause", jaeger]);
  }
  await eventually("6,000 spans in Elasticsearch", 120, async () => {
    await systems.elasticsearch("/jaeger-span-*/_refresh", "POST");
    const query = { query: { term: { "process.serviceName": service } } };
    const { count } = (await systems.elasticsearch("/jaeger-span-*/_count", "POST", query)) as { count: number };
    return count === 6000 ? true : undefined;
  });
});

it("has logged nothing again and again, and lost nothing", async () => {
  const logs = execFileSync("docker", ["logs", stack.container("otel-collector")], { encoding: "utf8", maxBuffer: 64 * mebibyte });
  expect(logs.split("\n").filter((line) => line.includes('"level":"error"'))).toEqual([]);
  expect(await systems.query("sum(tracing:lost_5m)")).toBe(0);
});
