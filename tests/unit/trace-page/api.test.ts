/** Rung: unit. How the trace page finds traces, and what it says of errors. */
import { messageIn, search } from "../../../images/jaeger/trace-page/src/model/api";
import { emptyQuery } from "../../../images/jaeger/trace-page/src/model/query";

const trace = (traceId: string) => ({ result: { resourceSpans: [{ scopeSpans: [{ spans: [{ traceId, spanId: "1" }] }] }] } });

/** Answers by the beginning of a path, and a list of the paths asked for. */
function jaeger(answers: Record<string, unknown>) {
  const asked: string[] = [];
  const get = async (path: string) => {
    asked.push(path);
    return Object.entries(answers).find(([start]) => path.startsWith(start))?.[1];
  };
  return { asked, get };
}

test("without tags one request finds the traces", async () => {
  const { asked, get } = jaeger({ "api/v3/traces?": trace("a") });
  expect((await search(get, { ...emptyQuery, service: "shop" }, 0)).map(({ id }) => id)).toEqual(["a"]);
  expect(asked).toHaveLength(1);
});

test("a correlation id without a service is searched in every service, and each trace is shown once", async () => {
  const { asked, get } = jaeger({
    "api/v3/services": { services: ["shop", "pay"] },
    "api/traces?service=shop": { data: [{ traceID: "a" }, { traceID: "b" }] },
    "api/traces?service=pay": { data: [{ traceID: "a" }] },
    "api/v3/traces/a": trace("a"),
    "api/v3/traces/b": trace("b"),
  });
  const found = await search(get, { ...emptyQuery, correlationId: "c-1" }, 0);
  expect(found.map(({ id }) => id).sort()).toEqual(["a", "b"]);
  expect(asked.filter((path) => path === "api/v3/traces/a")).toHaveLength(1);
});

test("no more traces are read than were asked for", async () => {
  const data = ["a", "b", "c"].map((traceID) => ({ traceID }));
  const { asked, get } = jaeger({ "api/traces?": { data }, "api/v3/traces/": trace("a") });
  await search(get, { ...emptyQuery, service: "shop", tags: "error=true", limit: "2" }, 0);
  expect(asked.filter((path) => path.startsWith("api/v3/traces/"))).toHaveLength(2);
});

test.each([{ data: null }, { data: [] }, undefined])("%j means that there are no traces", async (answer) => {
  const { get } = jaeger({ "api/traces?": answer });
  expect(await search(get, { ...emptyQuery, service: "shop", tags: "error=true" }, 0)).toEqual([]);
});

test.each([
  ['{"error":{"httpCode":500,"message":"no shards"}}', "no shards"],
  ['{"data":null,"errors":[{"code":400,"msg":"bad tag"}]}', "bad tag"],
  ["<html>Bad Gateway</html>", "<html>Bad Gateway</html>"],
  ["", "no message"],
  ["null", "null"],
])("an error %j is told as %s", (body, message) => expect(messageIn(body)).toBe(message));
