/** Rung: unit. What the trace page asks Jaeger for, and what it keeps in its address. */
import {
  emptyQuery,
  findByTagsPath,
  findTracesPath,
  parseTags,
  problemsOf,
  queryFrom,
  searchOf,
  tagsOf,
  traceIdFrom,
} from "../../../images/jaeger/trace-page/src/model/query";

const now = Date.parse("2026-11-28T12:00:00Z");
const paramsOf = (path: string) => Object.fromEntries(new URL(path, "http://jaeger/").searchParams);

test("an address keeps a query, and says nothing of defaults", () => {
  const query = { ...emptyQuery, service: "a&b", correlationId: "x=1", tags: 'note="two words"', lookback: "7d" };
  expect(queryFrom(searchOf(query))).toEqual(query);
  expect(searchOf(emptyQuery)).toBe("");
  expect(queryFrom("?unknown=1")).toEqual(emptyQuery);
});

describe("a request for traces", () => {
  test("names the range in RFC 3339, and leaves out what is empty", () => {
    expect(paramsOf(findTracesPath({ ...emptyQuery, service: "shop" }, now))).toEqual({
      "query.service_name": "shop",
      "query.start_time_min": "2026-11-28T11:00:00.000Z",
      "query.start_time_max": "2026-11-28T12:00:00.000Z",
      "query.num_traces": "20",
    });
  });

  test("by tags gives microseconds, and the correlation id as a tag", () => {
    const query = { ...emptyQuery, correlationId: " c-1 ", tags: "error=true", minDuration: "1.5s", lookback: "15m" };
    expect(paramsOf(findByTagsPath(query, "shop", now))).toEqual({
      service: "shop",
      start: String((now - 15 * 60_000) * 1000),
      end: String(now * 1000),
      minDuration: "1.5s",
      limit: "20",
      tags: '{"correlation_id":"c-1","error":"true"}',
    });
  });
});

test.each([
  ["", {}],
  ["  ", {}],
  ["a=1", { a: "1" }],
  [' a=1   b="x y=z" c= ', { a: "1", b: "x y=z", c: "" }],
  ["url=http://h/p?q=1", { url: "http://h/p?q=1" }],
])("tags %j are read", (text, tags) => {
  expect(parseTags(text)).toEqual(tags);
});

test.each(["error", "=x", 'a="open', 'a="b"c', "a = b"])("tags %j are refused", (text) => {
  expect(parseTags(text)).toBeUndefined();
  expect(problemsOf({ ...emptyQuery, tags: text })).toHaveProperty("tags");
});

test("a correlation id of blanks is none", () => expect(tagsOf({ ...emptyQuery, correlationId: "  " })).toEqual({}));

test.each([
  [{ minDuration: "100" }, "minDuration"],
  [{ minDuration: "-1s" }, "minDuration"],
  [{ limit: "0" }, "limit"],
  [{ limit: "ten" }, "limit"],
  [{ lookback: "9y" }, "lookback"],
  [{ lookback: "toString" }, "lookback"],
  [{ lookback: "custom", to: "2026-11-28T10:00" }, "from"],
  [{ lookback: "custom", from: "2026-11-28T11:00", to: "2026-11-28T10:00" }, "to"],
])("%j is wrong in %s alone", (wrong, field) => {
  expect(Object.keys(problemsOf({ ...emptyQuery, ...wrong }))).toEqual([field]);
});

test("a query without conditions is right", () => expect(problemsOf(emptyQuery)).toEqual({}));

test.each([
  [" 4BF92F3577B34DA6A3CE929D0E0E4736\n", "4bf92f3577b34da6a3ce929d0e0e4736"],
  ["1f", "0000000000000000000000000000001f"],
])("%j is a trace id", (text, id) => expect(traceIdFrom(text)).toBe(id));

test.each(["", "0", "00000000000000000000000000000000", "xyz", "../services", "4bf92f3577b34da6a3ce929d0e0e47361"])(
  "%j is no trace id",
  (text) => expect(traceIdFrom(text)).toBeUndefined(),
);
