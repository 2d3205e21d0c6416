/** Rung: binaries. What the Collector's own processors mask, what they leave, and what they count. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { spanMetrics } from "../../configs/collector/connectors";
import { hygieneArgs, hygieneProcessors } from "../../configs/collector/hygiene";
import { redactedKinds, redactedMark, redactionProcessors } from "../../configs/collector/redaction";
import { requestAttributes } from "../../configs/sampling";
import { matches, parseOperation } from "../../configs/sampling/operations";
import { nationalIdentifierKinds } from "../../configs/stack/redaction";
import { toYaml } from "../../configs/yaml";
import { requestBytes, requestOf, type Attributes, type Request, type Span, type Text, type Value } from "../support/otlp-bytes";
import { kept, redacted, type Case, type Field } from "../support/redaction-cases";
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import { eventually } from "../support/waiting";
import { throughTheDoor } from "./support/door";
import { freePorts, program, run } from "./support/programs";

jest.setTimeout(5 * 60_000);
const folder = temporaryFolder();

const now = BigInt(Date.now()) * 1_000_000n;
const ids = { traceId: "5b8efff798038103d269b633813fc60c", spanId: "eee19b7ec3c1b174" };
const plain: Span = { ...ids, parentId: "", name: "GET /", start: now, end: now + 1n, attributes: [], status: {} };
const shop: Attributes = [["service.name", "shop"]];

/** A request with a value where the field says. */
function requestWith(field: Field, value: Value, span: Span = plain): Request {
  const request = { resource: { attributes: shop }, scope: { name: "django", attributes: [] as Attributes }, spans: [span] };
  const [, part, key] = /^(event|resource|scope):(.+)$/.exec(field) ?? [];
  if (part === "resource") return { ...request, resource: { attributes: [...shop, [key!, value]] } };
  if (part === "scope") return { ...request, scope: { ...request.scope, attributes: [[key!, value]] } };
  const of = (change: Span): Request => ({ ...request, spans: [{ ...span, ...change }] });
  if (part === "event") return of({ events: [{ time: now, name: "exception", attributes: [[key!, value]] }] });
  if (field === "event name") return of({ events: [{ time: now, name: value as Text, attributes: [] }] });
  if (field === "name") return of({ name: value as Text });
  if (field === "trace state") return of({ traceState: value as Text });
  if (field === "scope name") return { ...request, scope: { name: value as Text } };
  if (field === "scope version") return { ...request, scope: { version: value as Text } };
  if (field === "status") return of({ status: { message: value as Text, code: 2 } });
  return of({ attributes: [[field, value]] });
}

/** All attributes of a request without the marks, and the kinds that the marks name. */
function unmarked(request: Request | undefined): { request: Request | undefined; kinds: string[] } {
  const kinds = new Set<string>();
  const without = (attributes: Attributes = []): Attributes =>
    attributes.filter(([key]) => {
      const kind = redactedKinds.find((one) => redactedMark(one) === key);
      if (kind) kinds.add(kind);
      return kind === undefined;
    });
  if (!request) return { request, kinds: [] };
  const spans = request.spans.map((span) => ({ ...span, attributes: without(span.attributes) }));
  return {
    request: {
      ...request,
      resource: { ...request.resource, attributes: without(request.resource?.attributes) },
      scope: { ...request.scope, attributes: without(request.scope?.attributes) },
      spans,
    },
    kinds: [...kinds].sort(),
  };
}

/** As the Collector writes it. */
const written = (request: Request) => unmarked(requestOf(requestBytes(request))).request;

async function through(cases: readonly (readonly [field: Field, value: Value])[], groups: Readonly<Record<string, unknown>> = {}) {
  const requests = cases.map(([field, value]) => requestBytes(requestWith(field, value)));
  const { out, complaints } = await throughTheDoor(settingsWith(groups), requests);
  // A processor that fails lets the span pass as it was.
  expect(complaints).toEqual([]);
  return out.map((bytes) => unmarked(bytes && requestOf(bytes)));
}

const cases = Object.entries(redacted).flatMap(([group, rows]) => rows.map((row, i) => [`${group}, ${i + 1}: ${row[0]}`, row] as const));

/** Text without anything that begins or ends a secret. */
const anyProse = fc.array(fc.stringMatching(/^[a-zäß]{1,9}$/), { maxLength: 12 }).map((words) => words.join(" "));

/** Secrets, and what they become among other words. */
const embedded = [
  ["joe@example.com", "****"],
  ["password=hunter2", "password=****"],
  ["4111 1111 1111 1111", "****"],
  ["https://a:b@c.example/d", "https://a:****@c.example/d"],
  [`glpat-${"a1".repeat(12)}`, "****"],
] as const;

/** The kind of mark that each group leaves. */
const kindOf = (group: string) => (group.startsWith("e-mail") ? "emails" : group.startsWith("card") ? "cards" : "credentials");

describe("redaction, by default,", () => {
  let got: Awaited<ReturnType<typeof through>>;
  beforeAll(async () => {
    got = await through([...cases.map(([, [field, sent]]) => [field, sent] as const), ...kept]);
  });

  it("has 200 cases to mask and 100 to leave", () => {
    expect(cases.length).toBeGreaterThanOrEqual(200);
    expect(kept.length).toBeGreaterThanOrEqual(100);
    expect(cases.filter(([, [, sent, expected]]) => sent === expected)).toEqual([]);
  });

  it.each(cases.map(([name, row], i) => [name, row, i] as const))("masks %s", (name, [field, , expected]: Case, i) => {
    expect(got[i]!.request).toEqual(written(requestWith(field, expected)));
    expect(got[i]!.kinds).toContain(kindOf(name));
  });

  it.each(kept.map((row, i) => [row[0], row, i + cases.length] as const))("leaves %s as it is", (_field, [field, value], i) => {
    expect(got[i]!.request).toEqual(written(requestWith(field, value)));
    expect(got[i]!.kinds).toEqual([]);
  });
});

/** A value at some depth of lists and maps. */
const within = (value: Value, depth: number): Value =>
  depth === 0 ? value : depth % 2 === 0 ? [within(value, depth - 1)] : { map: [["in", within(value, depth - 1)]] };

test("a secret in a list or a map is masked, however deep it lies", async () => {
  const secrets = ["password=hunter2", "joe@example.com", "4111111111111111"];
  const deep = secrets.flatMap((secret) => [1, 2, 3, 4, 5, 6, 9].map((depth) => ["note", within(secret, depth)] as const));
  for (const { request } of await through(deep)) {
    const [span] = request!.spans;
    expect(JSON.stringify(span!.attributes)).not.toMatch(/hunter2|joe|4111/);
  }
});

test("text around a secret stays, whatever it is, and no secret stays in it", async () => {
  const texts = fc.sample(fc.tuple(anyProse, fc.constantFrom(...embedded), anyProse), { seed: 7, numRuns: 300 });
  const got = await through(texts.map(([before, [secret], after]) => ["note", `${before} ${secret} ${after}`] as const));
  expect(got.map(({ request }) => request!.spans[0]!.attributes![0]![1])).toEqual(
    texts.map(([before, [, masked], after]) => `${before} ${masked} ${after}`),
  );
});

test("of card numbers those that pass Luhn's check are masked, and no others", async () => {
  const numbers = fc.sample(fc.tuple(fc.constantFrom("4", "51", "37", "6011"), fc.stringMatching(/^[0-9]{15}$/)), {
    seed: 3,
    numRuns: 400,
  });
  const cards = numbers.map(([prefix, rest]) => (prefix + rest).slice(0, prefix === "37" ? 15 : 16));
  const got = await through(cards.map((number) => ["note", `card ${number}.`] as const));
  expect(got.map(({ request }) => request!.spans[0]!.attributes![0]![1])).toEqual(
    cards.map((number) => `card ${passesLuhn(number) ? "****" : number}.`),
  );
  expect(cards.filter(passesLuhn).length).toBeGreaterThan(20);
});

test("of random numbers of 13 to 19 digits, few are taken for a card's", async () => {
  const numbers = fc.sample(fc.stringMatching(/^[1-9][0-9]{12,18}$/), { seed: 5, numRuns: 5000 });
  const [one] = await through([["note", numbers.join("\n").slice(0, 32_000)]]);
  const lines = (one!.request!.spans[0]!.attributes![0]![1] as string).split("\n");
  const hit = lines.filter((line) => line === "****").length;
  expect(lines.length).toBeGreaterThan(1500);
  expect(hit).toBeGreaterThan(0);
  expect(hit / lines.length).toBeLessThan(0.03);
});

test("a kind that is off is left as it is, and the others are masked", async () => {
  const sent = {
    headers: ["http.cookie", "a=b"],
    credentials: ["password", "p"],
    emails: ["to", "joe@example.com"],
    cards: ["n", "4111111111111111"],
  } as const;
  for (const off of Object.keys(sent) as (keyof typeof sent)[]) {
    const got = await through(Object.values(sent), { redaction: { [off]: false } });
    const values = got.map(({ request }) => request!.spans[0]!.attributes![0]![1]);
    expect(values).toEqual(Object.entries(sent).map(([kind, [, value]]) => (kind === off ? value : "****")));
  }
});

test("with everything off, everything is left as it is", async () => {
  const off = Object.fromEntries(["headers", "credentials", "emails", "cards"].map((kind) => [kind, false]));
  const got = await through(
    cases.map(([, [field, sent]]) => [field, sent] as const),
    { redaction: off },
  );
  expect(got.map(({ request }) => request)).toEqual(cases.map(([, [field, sent]]) => written(requestWith(field, sent))));
});

test("national identifiers, where they are listed, are masked", async () => {
  const rows = [
    ["us-ssn", "078-05-1120", "000-05-1120"],
    ["uk-nino", "AB 12 34 56 C", "QQ 12 34 56 C"],
    ["es-dni", "12345678Z", "12345678U"],
    ["it-codice-fiscale", "RSSMRA85T10A562S", "RSSMRA85T10A56"],
    ["fr-nir", "2 55 08 14 168 025 38", "3 55 08 14 168 025 38"],
    ["br-cpf", "529.982.247-25", "529.982.247-2"],
  ] as const;
  expect(rows.map(([kind]) => kind)).toEqual(nationalIdentifierKinds);
  const sent = rows.flatMap(
    ([, identifier, other]) =>
      [
        ["note", `id ${identifier}, ok`],
        ["note", other],
        ["note", [identifier]],
      ] as const,
  );
  const got = await through(sent, { redaction: { nationalIdentifiers: nationalIdentifierKinds } });
  const expected = rows.flatMap(([, , other]) => [
    ["id ****, ok", ["identifiers"]],
    [other, []],
    ['["****"]', ["identifiers"]],
  ]);
  expect(got.map(({ request, kinds }) => [request!.spans[0]!.attributes![0]![1], kinds])).toEqual(expected);
  const unlisted = await through(sent);
  expect(unlisted.map(({ kinds }) => kinds)).toEqual(sent.map(() => []));
});

test("further keys and patterns are masked, and allowed keys are left as they are", async () => {
  const redaction = { allow: ["contact", "token"], deny: { keys: ["a.b", "tenant$"], patterns: ["(?i)acme-[0-9]{4}", "\\$\\{[^}]+\\}"] } };
  const rows: [Field, Value, Value][] = [
    ["contact", "joe@example.com", "joe@example.com"],
    ["token", "password=x", "password=x"],
    ["contact2", "joe@example.com", "****"],
    ["a.b", "x", "****"],
    ["aXb", "x", "x"],
    ["tenant$", "x", "****"],
    ["note", "of ACME-1234 and acme-12", "of **** and acme-12"],
    ["note", "cost ${amount} $1", "cost **** $1"],
    ["note", ["acme-1234"], '["****"]'],
    ["event:note", "acme-1234", "****"],
    ["name", "GET acme-1234", "GET ****"],
  ];
  const got = await through(
    rows.map(([field, sent]) => [field, sent] as const),
    { redaction },
  );
  expect(got.map(({ request }) => request)).toEqual(rows.map(([field, , expected]) => written(requestWith(field, expected))));
  expect(got.slice(6).every(({ kinds }) => kinds.includes("denied"))).toBe(true);
});

test("a second pass masks nothing more", async () => {
  const first = await throughTheDoor(
    settingsWith(),
    cases.map(([, [field, sent]]) => requestBytes(requestWith(field, sent))),
  );
  const second = await throughTheDoor(
    settingsWith(),
    first.out.map((one) => one!),
  );
  const [once, twice] = [first, second].map(({ out }) => out.map((one) => unmarked(requestOf(one!)).request));
  expect(twice).toEqual(once);
});

test("what a client says in the attributes that redaction uses itself does no harm", async () => {
  const attributes: Attributes = [
    ["redaction.masked.count", "x"],
    ["\uE000name", "joe@example.com"],
    ["\uE000nested", true],
    ["note", "\uE000 joe@example.com"],
  ];
  const { out, complaints } = await throughTheDoor(settingsWith(), [
    requestBytes({ ...requestWith("note", ""), spans: [{ ...plain, attributes }] }),
  ]);
  expect(complaints).toEqual([]);
  const [span] = requestOf(out[0]!).spans;
  expect(span!.name).toBe("GET /");
  expect(JSON.stringify(span!.attributes)).not.toMatch(/joe|redaction\.|\uE000/);
});

test("span metrics count spans by kind of what was redacted, service and operation; a plain span has no such label", async () => {
  const sent = [
    ...["joe@example.com", "ann@example.com"].map((to) => requestWith("to", to)),
    requestWith("event:exception.message", "4111111111111111"),
    requestWith("resource:token", "t"),
    requestWith("note", "nothing"),
  ];
  const series = await countedCalls(sent.map(requestBytes));
  expect(series).toEqual({
    "": 1,
    'tracing_redacted_emails="true"': 2,
    'tracing_redacted_cards="true"': 1,
    'tracing_redacted_credentials="true"': 1,
  });
});

test("sampling rules match the same requests before redaction and behind it", async () => {
  const operations = [
    "GET /users/*/orders",
    "GET /users/<str:name>/**",
    "GET /cards/<int:number>",
    "GET /files/<slug:name>.json",
    "GET /reset/*",
    "GET /**",
  ];
  const paths = [
    "/users/joe@example.com/orders",
    "/users/joe@example.com/a/b",
    "/cards/4111111111111111",
    `/reset/ghp_${"a1".repeat(20)}`,
    "/reset?token=abc",
    "/a?email=joe@example.com",
  ];
  const urls = paths.flatMap((path) => [path, `https://shop.example.com${path}`, `https://joe:hunter2@shop.example.com${path}`]);
  const sent = urls.flatMap((url) => requestAttributes.path.map((name) => [name, url] as const));
  const got = await through(sent);
  let matching = 0;
  for (const [i, [, url]] of sent.entries()) {
    const masked = got[i]!.request!.spans[0]!.attributes![0]![1] as string;
    expect(masked).not.toBe(url);
    for (const text of operations) {
      const operation = parseOperation(text)!;
      const before = matches(operation, "GET", url);
      expect([text, masked, matches(operation, "GET", masked)]).toEqual([text, masked, before]);
      if (before) matching++;
    }
  }
  expect(matching).toBeGreaterThan(100);
});

/** Whether a number passes Luhn's check. */
function passesLuhn(number: string): boolean {
  const digits = Array.from(number, Number).reverse();
  const sum = digits.reduce((all, digit, i) => all + (i % 2 === 0 ? digit : digit > 4 ? 2 * digit - 9 : 2 * digit), 0);
  return sum % 10 === 0;
}

/** Sends requests through the door into span metrics; calls of the operation by their labels about redaction. */
async function countedCalls(requests: readonly Buffer[]): Promise<Record<string, number>> {
  const settings = settingsWith();
  const [otlp, page] = (await freePorts(2)) as [number, number];
  const door = { ...hygieneProcessors(settings), ...redactionProcessors(settings) };
  const config = join(folder(), "counting.yml");
  writeFileSync(
    config,
    toYaml({
      receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${otlp}` } } } },
      processors: door,
      connectors: { span_metrics: { ...spanMetrics, metrics_flush_interval: "200ms" } },
      exporters: { prometheus: { endpoint: `127.0.0.1:${page}` } },
      service: {
        pipelines: {
          traces: { receivers: ["otlp"], processors: Object.keys(door), exporters: ["span_metrics"] },
          metrics: { receivers: ["span_metrics"], exporters: ["prometheus"] },
        },
        telemetry: { metrics: { level: "none" } },
      },
    }),
  );
  const counted: Record<string, number> = {};
  const { code, output } = await run(program("otelcol-contrib"), [`--config=${config}`, ...hygieneArgs], {
    until: /Everything is ready/,
    meanwhile: async () => {
      for (const body of requests) {
        const headers = { "Content-Type": "application/x-protobuf" };
        const answer = await fetch(`http://127.0.0.1:${otlp}/v1/traces`, { method: "POST", headers, body: new Uint8Array(body) });
        expect(answer.status).toBe(200);
      }
      const lines = await eventually("the counts", 20, async () => {
        const text = await (await fetch(`http://127.0.0.1:${page}/metrics`)).text();
        const found = text.split("\n").filter((line) => line.startsWith("traces_span_metrics_calls_total{"));
        return sum(found.map(countOf)) === requests.length ? found : undefined;
      });
      for (const line of lines) {
        expect(line).toMatch(/service_name="shop".*span_name="GET \/"/);
        const label = (line.match(/tracing_redacted_\w+="\w+"/g) ?? []).join();
        counted[label] = (counted[label] ?? 0) + countOf(line);
      }
    },
  });
  if (code !== 0) throw new Error(output);
  return counted;
}

const countOf = (line: string) => Number(line.split(" ").at(-1));
const sum = (counts: readonly number[]) => counts.reduce((all, count) => all + count, 0);
