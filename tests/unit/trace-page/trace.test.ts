/** Rung: unit. Spans, traces and waterfalls of the trace page, from OTLP JSON. */
import { clock, duration } from "../../../images/jaeger/trace-page/src/model/format";
import { spansOf, type OtlpTraces, type Span } from "../../../images/jaeger/trace-page/src/model/otlp";
import { firstChoice, tracesOf, waterfall, type Trace } from "../../../images/jaeger/trace-page/src/model/trace";

const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
const answer = (service: string, ...spans: object[]): OtlpTraces => ({
  resourceSpans: [{ resource: { attributes: [text("service.name", service)] }, scopeSpans: [{ spans }] }],
});
const span = (id: string, parentSpanId: string, start: number, length: number, more: object = {}) => ({
  traceId: "t1",
  spanId: id,
  parentSpanId,
  name: id,
  startTimeUnixNano: `${1_700_000_000_000_000 + start}000`,
  endTimeUnixNano: `${1_700_000_000_000_000 + start + length}000`,
  ...more,
});
const onlyTrace = (...spans: object[]): Trace => tracesOf(spansOf(answer("shop", ...spans)))[0]!;
const tree = (trace: Trace) => waterfall(trace).map(({ span: { id }, depth }) => `${depth} ${id}`);

describe("spans", () => {
  test("have their values whatever type they are of, and defaults for what JSON leaves out", () => {
    const attributes = [
      { key: "list", value: { arrayValue: { values: [{ intValue: "9223372036854775807" }, { boolValue: false }] } } },
      { key: "map", value: { kvlistValue: { values: [text("k", "v")] } } },
      { key: "none" },
      { key: "nan", value: { doubleValue: "NaN" } },
    ];
    const [first] = spansOf({ resourceSpans: [{ scopeSpans: [{ spans: [{ attributes }] }] }] });
    expect(first).toMatchObject({ service: "unknown service", name: "", kind: "", start: 0, duration: 0, error: false });
    expect(Object.fromEntries(first!.attributes.map(({ key, value }) => [key, value]))).toEqual({
      list: ["9223372036854775807", false],
      map: { k: "v" },
      none: null,
      nan: "NaN",
    });
  });

  test("are empty where the answer is", () => {
    expect(spansOf({})).toEqual([]);
    expect(spansOf({ resourceSpans: [{ scopeSpans: [{}] }, {}] })).toEqual([]);
  });

  test("never last less than nothing", () => {
    const [first] = spansOf(answer("a", { startTimeUnixNano: "9223372036854775807", endTimeUnixNano: "1000" }));
    expect(first?.duration).toBe(0);
  });
});

describe("traces", () => {
  test("tell services, errors and policies", () => {
    const policy = { attributes: [text("sampling.policy", "errors")] };
    const trace = onlyTrace(
      span("b", "a", 10, 20, { status: { code: 2, message: "no" }, ...policy }),
      span("a", "0000000000000000", 0, 100, policy),
    );
    expect(trace).toMatchObject({ duration: 100, errors: 1, complete: true, services: [["shop", 2]], policies: ["errors"] });
    expect(trace.root.id).toBe("a");
  });

  test("are listed newest first, each with its own spans", () => {
    const spans = spansOf(answer("shop", span("a", "", 0, 1), { ...span("c", "", 50, 1), traceId: "t2" }, span("b", "a", 1, 1)));
    expect(tracesOf(spans).map(({ id, spans: own }) => [id, own.length])).toEqual([
      ["t2", 1],
      ["t1", 2],
    ]);
  });

  test("without a stored root begin with their earliest span", () => {
    expect(onlyTrace(span("late", "gone", 9, 1), span("early", "gone", 2, 1))).toMatchObject({ complete: false, root: { id: "early" } });
  });
});

describe("a waterfall", () => {
  test("has children below their parent, by time", () => {
    const rows = tree(onlyTrace(span("c", "a", 60, 10), span("d", "b", 20, 5), span("b", "a", 10, 20), span("a", "", 0, 100)));
    expect(rows).toEqual(["0 a", "1 b", "2 d", "1 c"]);
  });

  test("shows each span once, also where parents are missing, in a circle, or the span itself", () => {
    const rows = tree(onlyTrace(span("orphan", "gone", 0, 1), span("x", "y", 1, 1), span("y", "x", 2, 1), span("self", "self", 3, 1)));
    expect(rows).toHaveLength(4);
    expect(new Set(rows.map((row) => row.slice(2)))).toEqual(new Set(["orphan", "x", "y", "self"]));
  });

  test("keeps two spans with one id apart", () => {
    expect(tree(onlyTrace(span("a", "", 0, 10), span("b", "a", 1, 1), span("b", "a", 3, 1)))).toEqual(["0 a", "1 b", "1 b"]);
  });

  test("places bars in percent of the trace", () => {
    expect(waterfall(onlyTrace(span("a", "", 0, 200), span("b", "a", 50, 20)))[1]).toMatchObject({ left: 25, width: 10 });
    expect(waterfall(onlyTrace(span("a", "", 0, 0)))[0]).toMatchObject({ left: 0, width: 0 });
  });

  test("opens at the deepest error, and at the root where there is none", () => {
    const failed = { status: { code: 2 } };
    const spans = [span("a", "", 0, 100, failed), span("b", "a", 10, 20, failed), span("c", "b", 11, 5), span("d", "a", 40, 5, failed)];
    expect(firstChoice(waterfall(onlyTrace(...spans)))).toBe(1);
    expect(firstChoice(waterfall(onlyTrace(span("a", "", 0, 1), span("b", "a", 0, 1))))).toBe(0);
  });

  test("takes a chain of 20,000 spans", () => {
    const chain = Array.from({ length: 20_000 }, (_, index): Partial<Span> => span(`s${index}`, index ? `s${index - 1}` : "", index, 1));
    expect(waterfall(onlyTrace(...chain)).at(-1)?.depth).toBe(19_999);
  });
});

test.each([
  [0, "0 µs"],
  [812, "812 µs"],
  [999.6, "1 ms"],
  [4250, "4.25 ms"],
  [999_600, "1 s"],
  [1_234_567, "1.23 s"],
  [59_960_000, "1 min 0 s"],
  [125_000_000, "2 min 5 s"],
])("%d µs are %s", (microseconds, shown) => expect(duration(microseconds)).toBe(shown));

test("clocks far off are shown too", () => {
  expect(clock(Date.parse("2026-11-28T12:00:00.007") * 1000)).toBe("2026-11-28 12:00:00.007");
  expect(clock(1e22)).toBe("beyond the calendar");
});
