/** Rung: unit. Links of the trace page: values from the span, its ancestors and its trace, and no link without all of them. */
import { attributeLinks, linkPatterns, traceLinks, type LinkPattern } from "../../../images/jaeger/trace-page/src/model/links";
import { spansOf } from "../../../images/jaeger/trace-page/src/model/otlp";
import { tracesOf } from "../../../images/jaeger/trace-page/src/model/trace";

const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
const span = (spanId: string, parentSpanId: string, attributes: object[]) => ({
  traceId: "4bf9",
  spanId,
  parentSpanId,
  name: `GET /${spanId}`,
  startTimeUnixNano: "1700000000000000000",
  endTimeUnixNano: "1700000000000500000",
  attributes,
});
const resource = { attributes: [text("service.name", "shop"), text("k8s.pod.name", "shop-1")] };
const [trace] = tracesOf(
  spansOf({
    resourceSpans: [
      {
        resource,
        scopeSpans: [
          { spans: [span("root", "", [text("correlation_id", "c 4&2"), text("a", "1")]), span("child", "root", [text("b", "2")])] },
        ],
      },
    ],
  }),
);
const [root, child] = ["root", "child"].map((id) => trace!.spans.find((one) => one.id === id)!);
const pattern = (more: Partial<LinkPattern>): LinkPattern => ({ type: "tags", key: "b", url: "https://logs/", text: "Logs", ...more });
const at = (one: LinkPattern, key = "b", of = child!) =>
  attributeLinks([one], { type: "tags", list: of.attributes, span: of, trace: trace! }, key);

test("a trace's fields, with functions, and percent-encoded in addresses alone", () => {
  const url =
    "https://logs/#{traceID | pad_start 6 0}?from=#{startTime | add -1000000}&at=#{startTime | epoch_micros_to_date_iso}&for=#{duration}";
  expect(traceLinks([pattern({ type: "traces", url, text: "#{traceName}" }), pattern({})], trace!)).toEqual([
    { url: "https://logs/004bf9?from=1699999999000000&at=2023-11-14T22%3A13%3A20.000Z&for=500", text: "shop: GET /root" },
  ]);
});

test("an attribute's link uses attributes of the span, its ancestors, its process and the trace, in this order", () => {
  const url = "https://logs/?q=#{correlation_id}&b=#{b}&pod=#{k8s.pod.name}&t=#{traceID}";
  expect(at(pattern({ url }))).toEqual([{ url: "https://logs/?q=c%204%262&b=2&pod=shop-1&t=4bf9", text: "Logs" }]);
});

test.each<[string, LinkPattern, string]>([
  ["a value is missing", pattern({ url: "https://logs/#{nothing}" }), "b"],
  ["the attribute is another", pattern({}), "a"],
  ["the list is of another kind", pattern({ type: "process" }), "b"],
  ["the address is none of the web", pattern({ url: "javascript:alert(1)" }), "b"],
])("there is none where %s", (_what, one, key) => {
  expect(at(one, key)).toEqual([]);
});

test("a span that is its own ancestor is asked once", () => {
  const circle = { ...trace!, spans: [{ ...root!, parentId: "root" }] };
  const links = attributeLinks(
    [pattern({ key: "a", url: "https://logs/#{nothing}" })],
    { type: "tags", list: [], span: circle.spans[0]!, trace: circle },
    "a",
  );
  expect(links).toEqual([]);
});

test("without a config there are no patterns", () => {
  expect(linkPatterns()).toEqual([]);
});
