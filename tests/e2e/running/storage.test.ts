/**
 * Rung: real systems end to end. What Elasticsearch holds of a span, what each of its users may do, and how what the setup put there comes back. The
 * stack is one that several test files share.
 */
import { rmSync } from "node:fs";
import { templateName } from "../../../configs/elasticsearch/setup";
import { setupGauges } from "../../../configs/elasticsearch/setup-metrics";
import { passwordFile, roleName, serviceUsers, userName, type ServiceUser } from "../../../configs/elasticsearch/users";
import { gaugeMetric } from "../../../configs/reported-gauges";
import { docker } from "../../../cli/engine/docker";
import { sleep } from "../../../cli/machine/run";
import { readSecret } from "../../../cli/stack/secret";
import { eventually } from "../../support/waiting";
import { Checkout, scratch } from "../lib/checkout";
import { newTraceId, now, sendByHttp, spansOf } from "../lib/raw";
import { Systems } from "../lib/systems";
import { loginHeader } from "../../../cli/status/elasticsearch";

jest.setTimeout(5 * 60_000);

const stack = Checkout.copy();
const systems = new Systems(stack);

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const today = () => `jaeger-span-${new Date().toISOString().slice(0, 10)}`;
const refresh = () => systems.elasticsearch("/jaeger-span-*/_refresh", "POST");

/** The stored document of a span that is alone in its trace. */
async function documentOf(traceId: string): Promise<Record<string, unknown>> {
  await systems.trace(traceId);
  await refresh();
  const { hits } = (await systems.elasticsearch("/jaeger-span-*/_search", "POST", { query: { term: { traceID: traceId } } })) as {
    hits: { hits: { _source: Record<string, unknown> }[] };
  };
  expect(hits.hits).toHaveLength(1);
  return hits.hits[0]!._source;
}

/** Lucene's documents of today: spans, and what is nested in them. */
async function documents(): Promise<number> {
  await refresh();
  const { _all } = (await systems.elasticsearch(`/${today()}/_stats/docs`)) as { _all: { primaries: { docs: { count: number } } } };
  return _all.primaries.docs.count;
}

/** Does something while nobody else writes: the canary waits, and what it had sent is stored. */
async function alone(work: () => Promise<void>): Promise<void> {
  const canary = stack.container("canary");
  await docker("pause", canary);
  try {
    let known = -1;
    await eventually("no more documents", 60, async () => {
      const before = known;
      known = await documents();
      await sleep(3000);
      return known === before || undefined;
    });
    await work();
  } finally {
    await docker("unpause", canary);
  }
}

test("a span is one document, its attributes are fields of it; an event is one more, and so is each of its attributes", () =>
  alone(async () => {
    const [plain, eventful] = [newTraceId(), newTraceId()];
    const attributes = Array.from({ length: 20 }, (_, i) => [`storage.attribute.${i}`, `value ${i}`] as const);
    const before = await documents();
    expect(await sendByHttp(stack, spansOf("storage", [{ traceId: plain, attributes }]))).toBe(200);
    const document = await documentOf(plain);
    expect(document.tag).toMatchObject({ "storage@attribute@0": "value 0", "storage@attribute@19": "value 19" });
    expect(document.tags ?? []).toEqual([]);
    expect((await documents()) - before).toBe(1);
    const event = { time: now(), name: "exception", attributes: [["exception.type", "ValueError"]] as const };
    expect(await sendByHttp(stack, spansOf("storage", [{ traceId: eventful, events: [event] }]))).toBe(200);
    await documentOf(eventful);
    // The event, and its name and its attribute.
    expect((await documents()) - before).toBe(2 + 3);
  }));

test.each([
  ["an attribute", { correlation_id: "storage-1" }],
  ["an attribute of the resource", { "host.name": "storage-2" }],
  ["an attribute of an event", { "exception.type": "StorageError" }],
])("finds a span by %s", async (_what, wanted) => {
  const traceId = newTraceId();
  const [[key, value]] = Object.entries(wanted) as [[string, string]];
  const events = key.startsWith("exception") ? [{ time: now(), name: "exception", attributes: [[key, value]] as const }] : [];
  const resource = key.startsWith("host") ? ([[key, value]] as const) : undefined;
  const attributes = events.length === 0 && !resource ? ([[key, value]] as const) : [];
  expect(await sendByHttp(stack, spansOf("storage-search", [{ traceId, name: "wanted", attributes, events }], resource))).toBe(200);
  await systems.trace(traceId);
  const range = {
    start_time_min: new Date(Date.now() - 3_600_000).toISOString(),
    start_time_max: new Date(Date.now() + 60_000).toISOString(),
  };
  // Both ways of asking: newer Jaegers know the first, older ones the second.
  const micros = (text: string) => String(Date.parse(text) * 1000);
  const paths = [
    `/api/v3/traces?${new URLSearchParams([
      ["query.service_name", "storage-search"],
      ["query.attributes", JSON.stringify(wanted)],
      ...Object.entries(range).map(([name, time]) => [`query.${name}`, time]),
    ] as [string, string][]).toString()}`,
    `/api/traces?${new URLSearchParams({ service: "storage-search", tags: JSON.stringify(wanted), start: micros(range.start_time_min), end: micros(range.start_time_max) }).toString()}`,
  ];
  await eventually(`the span by ${key}`, 30, async () => {
    const pages = await Promise.all(paths.map((path) => systems.page("jaeger-ui", path)));
    return pages.some(({ status, text }) => status === 200 && text.includes(traceId)) ? true : undefined;
  });
});

describe("Elasticsearch's users", () => {
  /** Elasticsearch's status for a request of a user. */
  async function status(user: ServiceUser, method: string, path: string, body?: object): Promise<number> {
    const password = await readSecret(stack.settings, passwordFile(stack.settings, user));
    const answer = await fetch(`${stack.url("elasticsearch")}${path}`, {
      method,
      headers: { ...loginHeader(userName(stack.settings, user), password), "content-type": "application/json" },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    });
    return answer.status;
  }
  const document = { traceID: "storage-users" };
  const other = "blue-jaeger-span-2026-01-01";

  test.each<[ServiceUser, string, string, () => string, object | undefined]>([
    ["writer", "read documents", "GET", () => `/${today()}/_search`, undefined],
    ["writer", "delete a document", "DELETE", () => `/${today()}/_doc/storage-users`, undefined],
    ["writer", "delete an index", "DELETE", () => `/${today()}`, undefined],
    ["writer", "write under another prefix", "PUT", () => `/${other}/_doc/1`, document],
    ["reader", "write", "PUT", () => `/${today()}/_doc/storage-users`, document],
    ["reader", "delete an index", "DELETE", () => `/${today()}`, undefined],
    ["reader", "read under another prefix", "GET", () => `/${other}/_search`, undefined],
    ["cleaner", "read documents", "GET", () => `/${today()}/_search`, undefined],
    ["cleaner", "write", "PUT", () => `/${today()}/_doc/storage-users`, document],
    ["cleaner", "delete under another prefix", "DELETE", () => `/${other}`, undefined],
    ["metrics", "read documents", "GET", () => `/${today()}/_search`, undefined],
    ["metrics", "write", "PUT", () => `/${today()}/_doc/storage-users`, document],
    ["metrics", "delete an index", "DELETE", () => `/${today()}`, undefined],
  ])("the %s may not %s", async (user, _what, method, path, body) => {
    expect(await status(user, method, path(), body)).toBe(403);
  });

  test.each(serviceUsers)("the %s may manage neither users nor templates", async (user) => {
    expect(await status(user, "PUT", "/_security/user/storage", { password: "only-for-this-test", roles: ["superuser"] })).toBe(403);
    expect(await status(user, "PUT", "/_index_template/storage", { index_patterns: ["storage-*"] })).toBe(403);
  });
});

test("a template that is deleted, a role that is changed and a user that is gone are back within two looks, and an alert tells", async () => {
  const { settings } = stack;
  const template = `/_index_template/${templateName(settings, "span")}`;
  const role = `/_security/role/${roleName(settings, "reader")}`;
  const user = `/_security/user/${userName(settings, "cleaner")}`;
  const right = { template: await systems.elasticsearch(template), role: await systems.elasticsearch(role) };
  await systems.elasticsearch(template, "DELETE");
  await systems.elasticsearch(role, "PUT", { cluster: ["all"], indices: [] });
  await systems.elasticsearch(user, "DELETE");
  await eventually("all of it is back", 140, async () => {
    expect(await systems.elasticsearch(template)).toEqual(right.template);
    expect(await systems.elasticsearch(role)).toEqual(right.role);
    await systems.elasticsearch(user);
    return true;
  });
  await eventually("the alert", 120, async () => {
    const { text } = await systems.page("prometheus", "/api/v1/alerts");
    return text.includes("ElasticsearchSetupRepaired") ? true : undefined;
  });
  expect(await systems.query(`max(${gaugeMetric(setupGauges.lastRepair)})`)).toBeGreaterThan(Date.now() / 1000 - 400);
  expect(await docker("logs", "--tail", "3", `tracing-${stack.stack}-elasticsearch-setup`)).not.toMatch(/password/i);
});
