/**
 * Rung: binaries. What the Collector's own processors make of odd spans: each is dropped and counted, or comes out whole but for what was odd;
 * an ordinary one comes out as it went in.
 */
import * as fc from "fast-check";
import { dropReasons, eventBudget } from "../../configs/collector/hygiene";
import { depth } from "../../configs/collector/ottl";
import { settingsWith } from "../support/settings";
import { throughTheDoor } from "./support/door";
import {
  isList,
  requestBytes,
  requestOf,
  textOf,
  type Attributes,
  type Event,
  type Request,
  type Span,
  type Text,
  type Value,
} from "../support/otlp-bytes";

jest.setTimeout(5 * 60_000);
const settings = settingsWith();
const { limits } = settings;

const second = 1_000_000_000n;
const day = 86_400n * second;
const now = BigInt(Date.now()) * 1_000_000n;
const ids = { traceId: "5b8efff798038103d269b633813fc60c", spanId: "eee19b7ec3c1b174" };
const shop: Request["resource"] = { attributes: [["service.name", "shop"]] };
const scope: Request["scope"] = { name: "django", version: "5.2" };
const times = (count: number, key: string, value: Value = "v"): Attributes =>
  Array.from({ length: count }, (_, i) => [key + String(i), value]);

/** A span that says all that a span can say, within what stock SDKs allow. */
const ordinary: Span = {
  ...ids,
  traceState: "vendor=1",
  parentId: "eee19b7ec3c1b173",
  name: "POST /api/payments/**",
  kind: 2,
  start: now,
  end: now + second,
  attributes: [
    ["http.request.method", "POST"],
    ["http.response.status_code", 200n],
    ["größe", "läuft – ✓"],
    ["db.query.text", `SELECT ${"x, ".repeat(2000)}`],
    ["ratio", 0.25],
    ["largest", Number.MAX_VALUE],
    ["smallest", -Number.MAX_VALUE],
    ["id", -(2n ** 63n)],
    ["cached", false],
    ["nothing", null],
    ["empty", ""],
    ["digest", { bytes: "00ff" }],
    ["no bytes", { bytes: "" }],
    ["arguments", ["--a", 1n, 0.5, true, null, { bytes: "ff" }]],
    [
      "message",
      {
        map: [
          ["role", "user"],
          ["parts", [{ map: [["text", "hello"]] }]],
        ],
      },
    ],
    ["replacement", "\u{fffd}"],
    ...times(112, "attribute."),
  ],
  events: Array.from({ length: 128 }, (_, i) => ({
    time: now + BigInt(i),
    name: "exception",
    attributes: [
      ["exception.type", "ValueError"],
      ["exception.stacktrace", "File x\n".repeat(500)],
    ] as const,
  })),
  links: Array.from({ length: 128 }, () => ids),
  status: { message: "no", code: 2 },
  flags: 257,
};

const request = (span: Span, more: Partial<Request> = {}): Request => ({ resource: shop, scope, spans: [span], ...more });
const small: Span = {
  ...ids,
  parentId: "",
  name: "GET /",
  start: now,
  end: now + second,
  attributes: [["http.route", "/"]],
  status: {},
};

/** The small span but for something, and with attributes behind its own. */
const but = (change: Span, ...attributes: Attributes): Span => ({
  ...small,
  ...change,
  attributes: [...(change.attributes ?? small.attributes!), ...attributes],
});
const event = (change: Event = {}): Event => ({ time: now, name: "exception", attributes: [["exception.type", "ValueError"]], ...change });

const altered = (what: string): Attributes[number] => [`tracing.altered.${what}`, true];
const dropped = (what: string, count: number): Attributes[number] => [`tracing.dropped.${what}`, BigInt(count)];
const invalid = (text: string): Text => ({ raw: Buffer.from(text, "latin1").toString("hex") });
const cutAt = (bytes: number, letter = "x") => `${letter.repeat(bytes - 3)}…`;
const long = "x".repeat(1024 * 1024);

/** How many attributes each of many events keeps. */
const few = eventBudget(limits).attributes;

/** What is sent, and what comes out: the name of the processor that drops it, or a span. */
const ofSpans: readonly (readonly [what: string, sent: Span, got: Span | string])[] = [
  ["a trace id of zeros", but({ traceId: "0".repeat(32) }), dropReasons.invalidIds],
  ["no trace id", but({ traceId: "" }), dropReasons.invalidIds],
  ["a span id of zeros", but({ spanId: "0".repeat(16) }), dropReasons.invalidIds],
  ["no span id", but({ spanId: "" }), dropReasons.invalidIds],

  ["a start in 1970", but({ start: 5n, end: 6n }), dropReasons.outOfTime],
  ["no times", but({ start: 0n, end: 0n }), dropReasons.outOfTime],
  ["a start in 2029", but({ start: 1_890_000_000n * second, end: 1_890_000_001n * second }), dropReasons.outOfTime],
  ["a start of 2^63 ns", but({ start: 2n ** 63n, end: 2n ** 63n + 5n }), dropReasons.outOfTime],
  ["a start of 2^64 - 1 ns", but({ start: 2n ** 64n - 1n, end: 2n ** 64n - 1n }), dropReasons.outOfTime],
  ["a start a minute before the retention", but({ start: now - 7n * day - 60n * second, end: now }), dropReasons.outOfTime],
  ["a start an hour and ten minutes ahead", but({ start: now + 4200n * second, end: now + 4200n * second }), dropReasons.outOfTime],
  ["a start within the retention", but({ start: now - 7n * day + 60n * second }), but({ start: now - 7n * day + 60n * second })],
  [
    "a start 50 minutes ahead",
    but({ start: now + 3000n * second, end: now + 3001n * second }),
    but({ start: now + 3000n * second, end: now + 3001n * second }),
  ],
  ["an end before the start", but({ end: now - 1n }), but({ end: now }, ["tracing.altered.end_time", now - 1n])],
  ["no end", but({ end: 0n }), but({ end: now }, ["tracing.altered.end_time", 0n])],
  ["an end in 2029", but({ end: 1_890_000_000n * second }), but({ end: now }, ["tracing.altered.end_time", 1_890_000_000n * second])],
  ["an end of 2^63 ns", but({ end: 2n ** 63n }), but({ end: now }, ["tracing.altered.end_time", -(2n ** 63n)])],
  ["an end that is the start", but({ end: now }), but({ end: now })],

  [
    "40,000 attributes, what searches go by among the last",
    but({ attributes: [...times(40_000, "a"), ["correlation_id", "c"]] }),
    but({ attributes: [...times(127, "a"), ["correlation_id", "c"], dropped("attributes", 39_873)], droppedAttributes: 39_873 }),
  ],
  [
    "40,000 times the key that searches go by",
    but({ attributes: Array.from({ length: 40_000 }, () => ["correlation_id", "c"] as const), droppedAttributes: 7 }),
    but({
      attributes: [...Array.from({ length: 128 }, () => ["correlation_id", "c"] as const), dropped("attributes", 39_872)],
      droppedAttributes: 39_879,
    }),
  ],
  [
    "3,000 events of two attributes: the last ones stay",
    but({ events: Array.from({ length: 3000 }, (_, i) => event({ name: `event ${i}`, attributes: times(2, "a") })) }),
    but(
      {
        events: Array.from({ length: 128 }, (_, i) => event({ name: `event ${2872 + i}`, attributes: times(2, "a") })),
        droppedEvents: 2872,
      },
      dropped("events", 2872),
    ),
  ],
  [
    "128 events of 128 attributes, more than Elasticsearch takes",
    but({ events: Array.from({ length: 128 }, () => event({ attributes: [...times(127, "a"), ["exception.type", "KeyError"]] })) }),
    but(
      {
        events: Array.from({ length: 128 }, () =>
          event({
            attributes: [...times(few - 1, "a"), ["exception.type", "KeyError"], dropped("attributes", 128 - few)],
            droppedAttributes: 128 - few,
          }),
        ),
      },
      altered("events"),
    ),
  ],
  [
    "an event of 200 attributes",
    but({ events: [event({ attributes: times(200, "a") })] }),
    but({ events: [event({ attributes: [...times(128, "a"), dropped("attributes", 72)], droppedAttributes: 72 })] }, altered("events")),
  ],
  ["11,000 links", but({ links: Array.from({ length: 11_000 }, () => ids) }), dropReasons.tooManyLinks],

  ["a name that is no UTF-8", but({ name: invalid("GET \xff\xfe") }), but({ name: "GET \u{fffd}\u{fffd}" }, altered("name"))],
  ["a name of a megabyte", but({ name: long }), but({ name: cutAt(limits.keyBytes) }, altered("name"))],
  ["a name that would be cut within a character", but({ name: "é".repeat(1000) }), but({ name: `${"é".repeat(126)}…` }, altered("name"))],
  [
    "a status and a state that are no UTF-8",
    but({ status: { message: invalid("a\xe9"), code: 2 }, traceState: invalid("\xff") }),
    but({ status: { message: "a\u{fffd}", code: 2 }, traceState: "\u{fffd}" }, altered("status_message"), altered("trace_state")),
  ],
  ["flags beyond 31 bits", but({ flags: 2 ** 31 + 257 }), but({ flags: 257 }, ["tracing.altered.flags", 2n ** 31n + 257n])],
  ["all flags", but({ flags: 2 ** 32 - 1 }), but({ flags: 2 ** 31 - 1 }, ["tracing.altered.flags", 2n ** 32n - 1n])],

  ["a value that is no UTF-8", but({}, ["a", invalid("b\xffc")]), but({}, ["a", "b\u{fffd}c"], altered("attributes"))],
  [
    "a long value that is no UTF-8",
    but({}, ["a", invalid(`${"b".repeat(500)}\xff`)]),
    but({}, ["a", `${"b".repeat(500)}\u{fffd}`], altered("attributes")),
  ],
  ["a key that is no UTF-8", but({}, [invalid("k\xff"), 1n]), but({}, ["k\u{fffd}", 1n], altered("attributes"))],
  ["a value of a megabyte", but({}, ["a", long]), but({}, ["a", cutAt(limits.valueBytes)], altered("attributes"))],
  [
    "bytes of a megabyte",
    but({}, ["a", { bytes: "ab".repeat(1024 * 1024) }]),
    but({}, ["a", `${"ab".repeat(limits.valueBytes).slice(0, limits.valueBytes - 3)}…`], altered("attributes")),
  ],
  ["a value just as long as may be", but({}, ["a", "x".repeat(limits.valueBytes)]), but({}, ["a", "x".repeat(limits.valueBytes)])],
  ["a key of 40 KB", but({}, ["x".repeat(40_000), 1n]), but({ droppedAttributes: 1 }, dropped("attributes", 1))],
  ["a key just as long as may be", but({}, ["x".repeat(limits.keyBytes), 1n]), but({}, ["x".repeat(limits.keyBytes), 1n])],
  [
    "blank keys",
    but({}, ["", 1n], [" ", 2n], ["\t\n", 3n], ["\u3000\u00a0\u200b", 4n], ["a", 5n]),
    but({ droppedAttributes: 4 }, ["a", 5n], dropped("attributes", 4)),
  ],
  ["keys that only begin oddly", but({}, [" a", 1n], ["ключ", 2n], ["~a", 3n]), but({}, [" a", 1n], ["ключ", 2n], ["~a", 3n])],
  [
    "numbers that are none",
    but({}, ["a", NaN], ["b", Infinity], ["c", -Infinity], ["d", 1.5]),
    but({}, ["a", "NaN"], ["b", "Infinity"], ["c", "-Infinity"], ["d", 1.5], altered("attributes")),
  ],
  [
    "odd values in lists and maps",
    but(
      {},
      [
        "a",
        [
          1,
          [NaN, "ok"],
          {
            map: [
              ["x", -Infinity],
              ["y", invalid("\xff")],
              ["z", null],
            ],
          },
        ],
      ],
      ["b", [null, 1n]],
    ),
    but(
      {},
      [
        "a",
        [
          1,
          ["NaN", "ok"],
          {
            map: [
              ["x", "-Infinity"],
              ["y", "\u{fffd}"],
              ["z", "null"],
            ],
          },
        ],
      ],
      ["b", [null, 1n]],
      altered("attributes"),
    ),
  ],
  ["lists of six levels", but({}, ["a", [[[[[[1n]]]]]]]), but({}, ["a", [[[[["…"]]]]]], altered("attributes"))],
  [
    "a list of more than fits",
    but({}, ["a", Array.from({ length: 40_000 }, () => 1n)]),
    but({}, ["a", `[${"1,".repeat(40_000)}`.slice(0, limits.valueBytes - 3) + "…"], altered("attributes")),
  ],

  [
    "an event with odd values, an odd name and no time",
    but({
      events: [
        event({
          time: 0n,
          name: invalid("\xff"),
          attributes: [
            ["a", NaN],
            ["", 1n],
          ],
        }),
        event(),
      ],
    }),
    but(
      {
        events: [
          event({
            time: now,
            name: "\u{fffd}",
            attributes: [["a", "NaN"], altered("attributes"), dropped("attributes", 1), altered("name")],
            droppedAttributes: 1,
          }),
          event(),
        ],
      },
      altered("events"),
      altered("event_time"),
    ),
  ],
  ["an event of 2^63 ns", but({ events: [event({ time: 2n ** 63n })] }), but({ events: [event()] }, altered("event_time"))],
];

/** The same of what spans have in common. */
const ofRequests: readonly (readonly [what: string, sent: Partial<Request>, got: Partial<Request>])[] = [
  ["no resource", { resource: {} }, { resource: { attributes: [altered("service_name"), ["service.name", "unknown_service"]] } }],
  [
    "a service without a name",
    {
      resource: {
        attributes: [
          ["service.name", " "],
          ["host.name", "a"],
        ],
      },
    },
    { resource: { attributes: [["service.name", "unknown_service"], ["host.name", "a"], altered("service_name")] } },
  ],
  [
    "a service whose name is no UTF-8",
    { resource: { attributes: [["service.name", invalid("caf\xe9")]] } },
    { resource: { attributes: [["service.name", "caf\u{fffd}"], altered("attributes")] } },
  ],
  [
    "a service whose name is a megabyte",
    { resource: { attributes: [["service.name", long]] } },
    { resource: { attributes: [["service.name", cutAt(limits.keyBytes)], altered("attributes"), altered("service_name")] } },
  ],
  [
    "a resource with numbers that are none, and a blank key",
    {
      resource: {
        attributes: [
          ["service.name", "shop"],
          ["load", NaN],
          ["list", [Infinity]],
          ["", "x"],
        ],
      },
    },
    {
      resource: {
        attributes: [["service.name", "shop"], ["load", "NaN"], ["list", ["Infinity"]], altered("attributes"), dropped("attributes", 1)],
        droppedAttributes: 1,
      },
    },
  ],
  [
    "a resource of 5,000 attributes, its name the last",
    { resource: { attributes: [...times(5000, "a"), ["service.name", "shop"]] } },
    { resource: { attributes: [...times(127, "a"), ["service.name", "shop"], dropped("attributes", 4873)], droppedAttributes: 4873 } },
  ],
  [
    "a scope that is no UTF-8, with a number that is none",
    { scope: { name: invalid("a\xff"), version: long, attributes: [["a", NaN]] } },
    {
      scope: {
        name: "a\u{fffd}",
        version: cutAt(limits.keyBytes),
        attributes: [["a", "NaN"], altered("attributes"), altered("name"), altered("version")],
      },
    },
  ],
];

/** What comes out of each request: nothing, or a request. */
async function outOf(requests: readonly Request[], of = settings) {
  const { out, dropped, complaints } = await throughTheDoor(of, requests.map(requestBytes));
  // A processor that fails lets the span pass as it was.
  expect(complaints).toEqual([]);
  return { out: out.map((bytes) => bytes && requestOf(bytes)), dropped, bytes: out };
}

test("an ordinary span passes unchanged, with as much in it as stock SDKs allow", async () => {
  const links = Array.from({ length: limits.links }, () => ids);
  const requests = [request(ordinary), request(small), request(but({ flags: 2 ** 31 - 1, links }))];
  const { out, bytes, dropped: counted } = await outOf(requests);
  expect(out).toEqual(requests.map((one) => requestOf(requestBytes(one))));
  // The Collector writes fields in another order, and no more of them.
  expect(bytes.map((one) => one?.length)).toEqual(requests.map((one) => requestBytes(one).length));
  expect(Object.values(counted)).toEqual([0, 0, 0, 0]);
});

describe("an odd span", () => {
  let got: Awaited<ReturnType<typeof outOf>>;
  beforeAll(async () => {
    got = await outOf([...ofSpans.map(([, sent]) => request(sent)), ...ofRequests.map(([, sent]) => request(small, sent))]);
  });

  test.each(ofSpans.map(([what, , expected], i) => [what, expected, i] as const))("with %s", (_what, expected, i) => {
    expect(got.out[i]).toEqual(typeof expected === "string" ? undefined : requestOf(requestBytes(request(expected))));
  });

  test.each(ofRequests.map(([what, , expected], i) => [what, expected, i + ofSpans.length] as const))("of %s", (_what, expected, i) => {
    expect(got.out[i]).toEqual(requestOf(requestBytes(request(small, expected))));
  });

  test("is counted by what it was dropped for", () => {
    const of = (reason: string) => ofSpans.filter(([, , expected]) => expected === reason).length;
    expect(got.dropped).toEqual({
      ...Object.fromEntries(Object.values(dropReasons).map((reason) => [reason, of(reason)])),
      "filter/surplus_events": 0,
    });
  });
});

test("what is dropped takes no other span of its request along", async () => {
  const others = [small, but({ spanId: "00000000000000aa" })];
  const { out, dropped: counted } = await outOf([
    {
      resource: shop,
      scope,
      spans: [others[0]!, but({ traceId: "" }), but({ start: 0n }), others[1]!, but({ links: Array(1001).fill(ids) as [] })],
    },
  ]);
  expect(out).toEqual([requestOf(requestBytes({ resource: shop, scope, spans: others }))]);
  expect(Object.values(counted)).toEqual([1, 1, 0, 1]);
});

/** Any text, UTF-8 or not. */
const anyText: fc.Arbitrary<Text> = fc.oneof(
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.uint8Array({ maxLength: 30 }).map((bytes) => textOf(Buffer.from(bytes))),
);

const anyValue = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: "medium", maxDepth: 8 },
    anyText,
    fc.double(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 30 }).map((bytes) => ({ bytes: Buffer.from(bytes).toString("hex") })),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.array(fc.tuple(fc.string({ maxLength: 5 }), tie("value")), { maxLength: 4 }).map((map) => ({ map })),
  ),
})).value;

/** Whether a value may stay as it is. */
function isSound(value: Value, levels = depth): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || value === null) return true;
  if (!isList(value) && !("map" in value)) return "bytes" in value;
  const inner = isList(value) ? value : value.map.map(([, one]) => one);
  return levels > 0 && inner.every((one) => isSound(one, levels - 1));
}

test("whatever attributes hold, what is sound stays as it is, all else becomes sound, and a second pass changes nothing", async () => {
  // Redaction reads lists and maps as text where that could hold a secret, and a random one may look like it.
  const off = Object.fromEntries(["headers", "credentials", "emails", "cards"].map((kind) => [kind, false]));
  const hygieneAlone = settingsWith({ redaction: off });
  // A fixed seed: the Collector is not run again for each smaller example.
  const attributes = fc.sample(fc.array(anyValue, { maxLength: 20 }), { seed: 11, numRuns: 300 });
  const sent = attributes.map((values) => values.map((value, i): Attributes[number] => [`key.${i}`, value]));
  const first = await outOf(
    sent.map((one) => request(but({ attributes: one, events: [event({ attributes: one })] }))),
    hygieneAlone,
  );
  for (const [i, one] of sent.entries()) {
    const span = first.out[i]!.spans[0]!;
    for (const got of [span.attributes ?? [], span.events![0]!.attributes ?? []]) {
      const byKey = new Map(got);
      expect(one.map(([key, value]) => (isSound(value) ? byKey.get(key) : value))).toEqual(one.map(([, value]) => value));
      expect(got.filter(([, value]) => !isSound(value))).toEqual([]);
      expect(byKey.has("tracing.altered.attributes")).toBe(one.some(([, value]) => !isSound(value)));
    }
  }
  expect(sent.flat().filter(([, value]) => !isSound(value)).length).toBeGreaterThan(100);
  const second = await outOf(
    first.out.map((one) => one!),
    hygieneAlone,
  );
  expect(second.out).toEqual(first.out);
});
