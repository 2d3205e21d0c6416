/** Rung: unit. Attacks: their rows, and how an outcome is judged. Nothing is attacked here. */
import { ports, publishedPorts } from "../../../configs/topology/ports";
import { apart, broken, exportsIn, line, quantile, type Export, type Outcome } from "../../attacks/outcome";
import { fared, medianRatio, roundsReport, type Round } from "../../attacks/rounds";
import type { Row, Victim } from "../../attacks/row";
import { chosen, rows } from "../../attacks/rows";
import { statuses } from "../../attacks/wire";
import { frames, headerBlock, hello, types } from "../../attacks/http2";
import { gzipBomb, nested } from "../../attacks/payloads";

const row: Row = { id: "any", what: "anything", targets: ["ingest"], attack: () => Promise.resolve({}), answers: /^(400|closed)$/ };
const sent = (at: number, took = 5, more: Partial<Export> = {}): Export => ({ at, took, attempts: 1, outcome: "acknowledged", ...more });
const good: Outcome = {
  row,
  seen: { "400": 9, closed: 1 },
  during: [1000, 2000],
  memory: [{ service: "ingest", peak: 50 * 1024 ** 2, limit: 192 * 1024 ** 2 }],
  restarted: [],
  unhealthy: "",
  exports: [sent(500), sent(1500, 10), sent(4000)],
  found: { acknowledged: 15, lost: 0 },
};

describe("an attack holds", () => {
  test("where all that came of it is allowed, and the neighbour has lost nothing", () => {
    expect(broken(good)).toEqual([]);
    expect(line(good, 5)).toEqual([
      "anything",
      "9 × 400, 1 × closed",
      "ingest 50 of 192 MiB",
      "0 of 1 exports, 0 of 15 spans",
      "10.0 ms, × 2.0",
      "ok",
    ]);
  });

  test.each<[string, Partial<Outcome>, string]>([
    ["an answer is not allowed", { seen: { "400": 1, "200": 2 } }, "2 × 200"],
    ["nothing came of it", { seen: {} }, "nothing came of it"],
    ["a service was restarted", { restarted: ["jaeger"] }, "jaeger was restarted"],
    ["a service is not healthy afterwards", { unhealthy: "jaeger starting" }, "afterwards: jaeger starting"],
    ["a span is lost", { found: { acknowledged: 15, lost: 1 } }, "the neighbour lost 1 spans"],
    ["there is no verdict", { found: undefined }, "the ledger gave no verdict"],
    ["the neighbour sent nothing", { found: { acknowledged: 0, lost: 0 } }, "the neighbour sent nothing"],
    ["an export failed", { exports: [sent(1500, 5, { outcome: "unacknowledged" })] }, "an export of the neighbour failed"],
    ["it could not be carried out", { problem: "no address" }, "no address"],
  ])("not where %s", (_, change, why) => {
    expect(broken({ ...good, ...change })).toEqual([why]);
  });

  test("where the service that it is known to bring down was restarted, but no other", () => {
    const known: Row = { ...row, known: { restarts: "otel-collector", why: "it is so", lost: 10 } };
    expect(broken({ ...good, row: known, restarted: ["otel-collector"], found: { acknowledged: 15, lost: 10 } })).toEqual([]);
    expect(broken({ ...good, row: known, restarted: ["otel-collector", "jaeger"] })).toEqual(["jaeger was restarted"]);
    expect(broken({ ...good, row: known, found: { acknowledged: 15, lost: 11 } })).toEqual(["the neighbour lost 11 spans"]);
    expect(line({ ...good, row: known }, 5).at(-1)).toBe("known: it is so");
  });
});

test("exports count as calm only where they have nothing to do with the attack", () => {
  const exports = [sent(500), sent(998, 5), sent(1000), sent(2000), sent(2500), sent(3001)];
  const { during, calm } = apart({ ...good, exports });
  expect(during.map(({ at }) => at)).toEqual([1000, 2000]);
  expect(calm.map(({ at }) => at)).toEqual([500, 3001]);
});

test("the ledger's exports are read", () => {
  expect(exportsIn("1000\t1.5\t2\tacknowledged\t5\n\n")).toEqual([{ at: 1000, took: 1.5, attempts: 2, outcome: "acknowledged" }]);
  expect(exportsIn("")).toEqual([]);
});

test("a quantile is a value that was measured", () => {
  expect([quantile([3, 1, 2], 0.95), quantile([1, 2, 3, 4], 0.5), quantile([], 0.5)]).toEqual([3, 2, Number.NaN]);
});

describe("the rows", () => {
  test("have names of their own, and can be chosen by them", () => {
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
    expect(chosen(["paths", "nested"]).map(({ id }) => id)).toEqual(["nested", "paths"]);
    expect(chosen([])).toBe(rows);
    expect(() => chosen(["paths", "nothing"])).toThrow(/ROWS: found nothing; there are .*paths/);
  });

  test("reach every port that a stack publishes", async () => {
    const reached = new Set<number>();
    const stop = new Error("far enough");
    const victim: Victim = {
      at: (_, port) => {
        reached.add(port);
        throw stop;
      },
      token: "t",
    };
    for (const { attack } of rows.filter(({ id }) => id.startsWith("idle-"))) {
      const tried = async () => attack(victim);
      await expect(tried()).rejects.toBe(stop);
    }
    // The login needs a client's secret, which a compose file cannot hold: tests/binaries/login sends it odd requests.
    const { login: _, ...published } = publishedPorts;
    const inside = { ...published, prometheus: ports.prometheus.http, perses: ports.perses.http };
    expect([...reached]).toEqual(expect.arrayContaining(Object.values(inside)));
  });
});

describe("what is sent and read", () => {
  test("statuses are those of all answers", () => {
    expect(statuses(Buffer.from("HTTP/1.1 200 OK\r\n\r\n{}HTTP/1.1 401 No\r\n\r\n"))).toEqual(["200", "401"]);
    expect(statuses(Buffer.from("none"))).toEqual([]);
  });

  test("frames of HTTP/2 are read as they are written", () => {
    const [first, ...rest] = frames(hello([4, 1]).subarray(24));
    expect([first?.type, first?.payload.toString("hex"), rest]).toEqual([types.settings, "000400000001", []]);
    expect(
      headerBlock([["a", "b".repeat(300)]])
        .subarray(0, 6)
        .toString("hex"),
    ).toBe("0001617fad01");
  });

  test("a bomb is a thousandth of what it becomes, and a nested value as deep as it says", () => {
    expect(gzipBomb(64).length).toBeLessThan(80_000);
    expect(nested(3).toString("hex")).toContain("2a0e0a0c2a080a062a020a00".slice(-4));
    expect(nested(460_000).length).toBeLessThan(4 * 1024 * 1024);
  });
});

describe("rounds of calm and noise", () => {
  const period = (began: number) => ({ began, ended: began + 100, busy: 0.25 });
  const rounds: Round[] = [0, 1000].map((at) => ({ calm: period(at), noisy: { ...period(at + 500), seen: { "429": 95, "200": 5 } } }));
  const exports = [sent(10, 4), sent(510, 6), sent(1010, 4), sent(1510, 4, { attempts: 2 })];

  test("compare the neighbour's P95 within each, by the median", () => {
    const all = rounds.map((round) => fared(round, exports));
    expect(all.map(({ ratio, retried }) => [ratio, retried])).toEqual([
      [1.5, 0],
      [1, 1],
    ]);
    expect(medianRatio(all)).toBe(1.25);
  });

  test("are a table", () => {
    const table = roundsReport(rounds, exports).split("\n");
    expect(table).toHaveLength(5);
    expect(table[2]).toBe("| 1 | 5 × 200, 95 × 429 | 1, 0 | 4.0 ms | 6.0 ms | 1.50 | 25 %, 25 % |");
    expect(table[4]).toBe("| median |  |  | 4.0 ms | 5.0 ms | 1.25 |  |");
  });
});
