/**
 * Rung: rules. Prometheus' own rule engine over made-up series: what objectives record, and that their alerts fire on a room for errors that is used up
 * fast or slowly, stay silent on less and on too little traffic, and recover.
 */
import { objectiveDays } from "../../configs/prometheus/alerts/objectives";
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import { holds, type Expectation } from "./support/promtool";
import { rulesOf } from "./support/named";
import { absent, canary, exporter, flat, healthy, received, rise, singing, storage, then, type Series } from "./support/series";

jest.setTimeout(240_000);
const folder = temporaryFolder();
const settings = settingsWith();

const sendFailed = exporter("send_failed_spans_total");
const reads = (result: "ok" | "err") => storage("requests_total", `, operation="get_trace", result="${result}"`);
const asked = (minutes: number): Series => ({ [reads("ok")]: rise(minutes, 0, 2), [reads("err")]: flat(minutes, 0) });

/** Exactly these alerts of a severity fire at a minute: objective, of what, severity. */
const burning = (minute: number, ...alerts: readonly (readonly [string, string, string])[]): Expectation =>
  burningAs("critical", minute, alerts);
const burningAs = (severity: string, minute: number, alerts: readonly (readonly [string, string, string])[]): Expectation => ({
  expr: `count by (objective, of, severity) (ALERTS{alertname="ErrorBudgetBurn", alertstate="firing", severity="${severity}"})`,
  eval_time: `${minute * 60}s`,
  exp_samples: alerts.map(([objective, of, severity]) => ({
    labels: `{objective="${objective}", of="${of}", severity="${severity}"}`,
    value: 1,
  })),
});

/** What is left of the room for errors, in whole percent, at a minute. */
const leftOf = (minute: number, objective: string, of: string, percent: number): Expectation => ({
  expr: `round(100 * tracing:objective_left{objective="${objective}", of="${of}"})`,
  eval_time: `${minute * 60}s`,
  exp_samples: [{ labels: `{objective="${objective}", of="${of}"}`, value: percent }],
});

/** Rules are evaluated once a minute, as the group of objectives is. */
const run = (series: Series, expectations: readonly Expectation[], interval = "15s") =>
  holds(folder(), series, expectations, [], settings, interval, "1m");

describe("completeness of spans", () => {
  const critical = ["completeness", "spans", "critical"] as const;

  test("fires where a tenth is lost, and recovers within three quarters of an hour", async () => {
    await run({ ...healthy(140), ...asked(140), [sendFailed]: then(absent(70), rise(30, 10, 10), flat(40, 1200)) }, [
      burning(70),
      burning(72),
      burning(90, critical),
      burning(99, critical),
      burning(139),
    ]);
  });

  test("is silent on less than is granted", async () => {
    // One in 2,000.
    await run({ ...healthy(120), [sendFailed]: then(absent(20), rise(100, 0.0375, 0.0375)) }, [burning(60), burning(119)]);
  });

  test("is silent where nearly nothing comes, of which some is lost", async () => {
    const idle = { [exporter("sent_spans_total")]: rise(120, 500, 0.05), [received("accepted")]: rise(120, 1000, 0.05) };
    await run({ ...healthy(120), ...idle, [sendFailed]: then(absent(70), flat(50, 5)) }, [burning(75), burning(90), burning(119)]);
  });

  test("is silent while Jaeger takes nothing: what waits is not lost", async () => {
    const stopped = { [exporter("sent_spans_total")]: then(rise(60, 500, 75), flat(40, 18_425), rise(20, 18_425, 300)) };
    await run({ ...healthy(120), ...stopped }, [burning(70), burning(95), burning(119)]);
  });
});

describe("of the canary", () => {
  const sings = (minutes: number) => ({ ...healthy(minutes), ...asked(minutes) });

  test("completeness and freshness fire where none of its traces are found, and recover", async () => {
    const [from, length, minutes] = [70, 30, 160];
    const found = then(rise(from, 0, 1), flat(length, 279), rise(minutes - from - length, 280, 1));
    const missing = then(flat(from, 0), rise(length, 1, 1), flat(minutes - from - length, 120));
    const outage = { [canary("found")]: found, [canary("fresh")]: found, [canary("missing")]: missing };
    const completeness = ["completeness", "canary", "critical"] as const;
    await run({ ...sings(minutes), ...outage }, [
      burning(70),
      // 14.4 times what is granted is used up at once of completeness, where a thousandth is granted; of freshness it is three quarters of an hour.
      burning(78, completeness),
      burning(98, completeness),
      burning(138),
      burning(159),
    ]);
  });

  test("completeness calls nobody for the few that a restart of Jaeger makes late", async () => {
    await run({ ...sings(100), [canary("missing")]: then(flat(70, 0), flat(30, 6)) }, [burning(71), burning(73), burning(76), burning(99)]);
  });

  test("freshness fires where nearly all traces are found too late", async () => {
    const late = { [canary("fresh")]: then(rise(60, 0, 1), rise(70, 239, 0.1), rise(50, 268, 1)) };
    await run({ ...sings(180), ...late }, [burning(60), burning(80), burning(125, ["freshness", "canary", "critical"]), burning(179)]);
  });

  test("freshness is silent where as many are late as are granted", async () => {
    await run({ ...sings(180), [canary("fresh")]: rise(180, 0, 0.96) }, [burning(60), burning(179)]);
  });
});

describe("queries", () => {
  const critical = ["queries", "Jaeger", "critical"] as const;

  test("fires where Jaeger's reads fail, and recovers", async () => {
    const fails = {
      [reads("ok")]: then(rise(70, 0, 2), flat(30, 558), rise(40, 560, 2)),
      [reads("err")]: then(flat(70, 0), rise(30, 2, 2), flat(40, 240)),
    };
    await run({ ...healthy(140), ...fails }, [burning(70), burning(86, critical), burning(99, critical), burning(138)]);
  });

  test("fires where Jaeger is gone: it counts no question, but the canary does", async () => {
    const gone = {
      [reads("ok")]: then(rise(70, 0, 2), flat(30, 558), rise(40, 560, 2)),
      [canary("unanswered")]: then(flat(70, 0), rise(30, 2, 2), flat(40, 240)),
    };
    await run({ ...healthy(140), ...asked(140), ...gone }, [burning(70), burning(86, critical), burning(138)]);
  });

  test("is silent on one failure among two hundred", async () => {
    await run({ ...healthy(120), [reads("ok")]: rise(120, 0, 2), [reads("err")]: rise(120, 0, 0.01) }, [burning(60), burning(119)]);
  });
});

test("an objective that fails slowly is a warning after hours, and what is left of its room is recorded", async () => {
  // A scrape a minute. Of four traces a minute 0.3 % are missing, three times what is granted; for two days, then none.
  const [before, during, after] = [12, 48, 12].map((hours) => (hours * 60) / 4) as [number, number, number];
  const minutes = before + during + after;
  const lost = 0.012;
  const series = {
    ...singing(minutes),
    [canary("found")]: then(
      rise(before, 0, 4),
      rise(during, 4 * 4 * before, 4 - lost),
      rise(after, 4 * 4 * before + 4 * during * (4 - lost), 4),
    ),
    [canary("fresh")]: rise(minutes, 0, 4 - lost),
    [canary("missing")]: then(flat(before, 0), rise(during, 0, lost), flat(after, 4 * during * lost)),
    // The time of a report.
    ...Object.fromEntries(Object.keys(singing(1)).flatMap((name) => (name.includes("report") ? [[name, rise(minutes, 0, 60)]] : []))),
  };
  const warning = ["completeness", "canary", "warning"] as const;
  const at = (hours: number) => hours * 60;
  await run(
    series,
    [
      burningAs("warning", at(12), []),
      burningAs("warning", at(24), [warning]),
      burningAs("warning", at(59), [warning]),
      burningAs("warning", at(67), []),
      burningAs("warning", at(71), []),
      burning(at(59)),
      leftOf(at(12), "completeness", "canary", 100),
      // Twelve of sixty hours were good: of 0.1 %, 0.24 % were used.
      leftOf(at(60), "completeness", "canary", -140),
      leftOf(at(71), "freshness", "canary", 94),
    ],
    "1m",
  );
});

describe("the rules", () => {
  const burns = (groups: Readonly<Record<string, unknown>>) =>
    rulesOf(settingsWith(groups)).flatMap(({ record }) => (record?.startsWith("tracing:objective_burn:") ? [record.split(":")[2]] : []));

  test("look back no further than Prometheus keeps metrics", () => {
    expect(objectiveDays(settings)).toBe(15);
    expect(objectiveDays(settingsWith({ prometheus: { retention: "90d" } }))).toBe(28);
    expect(burns({}).sort()).toEqual(["1h", "30m", "3d", "5m", "6h"]);
    expect(burns({ prometheus: { retention: "2d" } })).toContain("2d");
    for (const { expr } of rulesOf(settingsWith({ prometheus: { retention: "2d" } })))
      for (const [, days] of expr.matchAll(/\[(\d+)d\]/g)) expect(Number(days)).toBeLessThanOrEqual(2);
  });

  test("grant what the settings leave", () => {
    const granted = rulesOf(settingsWith({ objectives: { completeness: 99.95, queries: "98" } })).flatMap(({ record, expr }) =>
      record === "tracing:objective_granted" ? [expr] : [],
    );
    expect(granted).toEqual(["vector(0.0005)", "vector(0.05)", "vector(0.02)"]);
  });

  test("without a canary are about spans and Jaeger's reads alone", () => {
    const rules = rulesOf(settingsWith({ canary: { enabled: false } }));
    const judged = rules.filter(({ record }) => record === "tracing:objective_bad:rate5m");
    expect(judged).toHaveLength(2);
    expect(JSON.stringify(judged)).not.toContain("canary");
  });
});
