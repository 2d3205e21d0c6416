/** Rung: unit. Chaos: its rows, and how an outcome is judged. No fault is brought about here. */
import { broken, heads, line, type Found, type Outcome } from "../../chaos/outcome";
import { rate, type Row } from "../../chaos/row";
import { chosen, quickRows, rows } from "../../chaos/rows";

/** Seconds that a row takes beside its fault: calm, recovery and verdict. */
const overhead = 60;

/** Seconds to bring a stack up, and to fill a queue. */
const [bringUp, fill] = [150, 180];

describe("the rows", () => {
  const ids = rows.map(({ id }) => id);

  test("break each service on a span's way in each way, once", () => {
    const services = ["otel-collector", "jaeger", "elasticsearch"];
    const wanted = ["kill", "stop", "pause", "cut"].flatMap((way) => services.map((service) => `${way}-${service}`));
    expect(ids).toEqual(expect.arrayContaining(wanted));
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("fit into an hour", () => {
    const kinds = rows.map(({ stack }) => stack);
    const changes = kinds.filter((kind, i) => kind !== kinds[i - 1]).length;
    const seconds = rows.reduce((sum, row) => sum + row.seconds + overhead, changes * bringUp + fill);
    expect(changes).toBe(2);
    expect(seconds).toBeLessThan(3600);
  });

  test("of the gate are six, on a stack as it is by default, and within four minutes", () => {
    expect(quickRows.map(({ stack }) => stack)).toEqual(Array.from({ length: 6 }, () => "plain"));
    expect(quickRows.reduce((sum, { quickly = 0 }) => sum + quickly, 0)).toBeLessThanOrEqual(30);
  });

  test("give a reason for every loss or copy that they allow, and allow no more than two seconds of the load", () => {
    for (const { id, seconds, lost, twice } of rows) {
      for (const bound of [lost?.(seconds), twice]) expect([id, bound?.why ?? "-"]).not.toContain("");
      if (id !== "read-only" && id !== "full-queue-disk") expect([id, (lost?.(seconds).spans ?? 0) <= 2 * rate]).toEqual([id, true]);
    }
  });

  test("are chosen by name, in their own order; an unknown name is an error that lists them", () => {
    expect(chosen([])).toEqual(rows);
    expect(chosen(["restart-all", "kill-jaeger"]).map(({ id }) => id)).toEqual(["kill-jaeger", "restart-all"]);
    expect(() => chosen(["kill-jaeger", "kill-jeager", "x"])).toThrow(`ROWS: found kill-jeager, x; there are ${ids.join(", ")}`);
  });
});

describe("an outcome", () => {
  const fault = { begin: () => Promise.resolve(), end: () => Promise.resolve() };
  const strict: Row = { id: "strict", what: "a fault", stack: "plain", seconds: 30, ...fault };
  const lenient: Row = {
    ...strict,
    lost: (seconds) => ({ spans: 10 * seconds, why: "known" }),
    twice: { spans: 7, why: "known" },
    alert: "TraceDataLoss",
  };
  const asynchronous: Row = {
    ...strict,
    lost: () => ({ spans: 4, why: "known", asynchronous: true }),
    twice: { spans: 5, why: "known", asynchronous: true },
  };
  const good: Found = { sent: 900, acknowledged: 800, refused: 0, stored: 800, lost: 0, duplicated: 0, resent: 0, unexpected: 0 };
  const outcome = (row: Row, found: Partial<Found> = {}, more: Partial<Outcome> = {}): Outcome => ({
    row,
    seconds: 30,
    synchronous: false,
    found: { ...good, ...found },
    recovered: 3,
    alerts: ["TraceDataLoss"],
    ...more,
  });

  test.each<[string, Outcome, string[]]>([
    ["nothing lost, nothing twice", outcome(strict), []],
    ["one span lost", outcome(strict, { lost: 1 }), ["1 spans lost, bound 0"]],
    ["one span twice", outcome(strict, { duplicated: 1 }), ["1 spans stored twice, bound 0"]],
    ["copies that the sender's retries explain", outcome(strict, { duplicated: 40, resent: 40 }), []],
    ["one more than they explain", outcome(strict, { duplicated: 41, resent: 40 }), ["1 spans stored twice, bound 0"]],
    ["spans of nobody", outcome(strict, { unexpected: 2 }), ["2 spans stored that nobody sent, bound 0"]],
    ["as much as is documented", outcome(lenient, { lost: 300, duplicated: 7 }), []],
    [
      "more than is documented",
      outcome(lenient, { lost: 301, duplicated: 8 }),
      ["301 spans lost, bound 300", "8 spans stored twice, bound 7"],
    ],
    ["a loss in a shorter fault", outcome(lenient, { lost: 300 }, { seconds: 10 }), ["300 spans lost, bound 100"]],
    ["a loss that no alert tells of", outcome(lenient, { lost: 1 }, { alerts: ["JaegerDown"] }), ["TraceDataLoss did not fire"]],
    ["no loss and no alert of one", outcome(lenient, {}, { alerts: [] }), []],
    ["a loss that only a Jaeger costs that answers before it writes", outcome(asynchronous, { lost: 4, duplicated: 5 }), []],
    [
      "the same with one that writes first",
      outcome(asynchronous, { lost: 4, duplicated: 5 }, { synchronous: true }),
      ["4 spans lost, bound 0", "5 spans stored twice, bound 0"],
    ],
    ["no recovery", outcome(strict, {}, { recovered: undefined }), ["spans were not stored as they came again in time"]],
    ["no recovery that times could show", outcome({ ...strict, untimed: true }, {}, { recovered: undefined }), []],
    ["nothing acknowledged", outcome(strict, { acknowledged: 0 }), ["nothing was acknowledged, so nothing is proven"]],
    ["no verdict", outcome(strict, {}, { found: undefined }), ["the ledger gave no verdict"]],
    ["a row that could not be carried out", outcome(strict, {}, { problem: "no stack" }), ["no stack"]],
  ])("with %s", (_, given, expected) => {
    expect(broken(given)).toEqual(expected);
    expect(line(given)).toHaveLength(heads.length);
    expect(line(given).at(-1)).toBe(expected.join("; ") || "ok");
  });

  test("is a line with its counts, bounds and times", () => {
    expect(line(outcome(lenient, { lost: 4, duplicated: 9, resent: 2, refused: 5 }))).toEqual([
      ...["a fault, 30 s", "900", "800", "5", "800", "4 (bound 300)", "7 (bound 7), and 2 by the sender", "3 s", "TraceDataLoss", "ok"],
    ]);
    expect(line(outcome(strict, {}, { found: undefined, recovered: undefined, alerts: [] }))).toEqual([
      ...["a fault, 30 s", "-", "-", "-", "-", "-", "-", "-", "-", "the ledger gave no verdict"],
    ]);
  });
});
