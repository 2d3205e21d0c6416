/** Rung: rules. Prometheus' own rule engine over made-up series: the alerts of the canary fire, stay silent, and recover. */
import { canaryTimes } from "../../configs/canary/times";
import { outageSeen } from "../../configs/prometheus/alerts/canary";
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import { eachCase, holds, type Case } from "./support/promtool";
import { rulesOf } from "./support/named";
import { absent, canary, canaryReported, flat, gone, healthy, hour, rise, then, type Series } from "./support/series";

const folder = temporaryFolder();
/** Both of its severities. */
const settings = settingsWith();

/** From a minute on, as the canary sees it: no trace is found for some minutes; then all are again. Its deadline is 17 s: a scrape or two later. */
function nothingFound(minutes: number, from: number, length: number): Series {
  const rest = minutes - from - length;
  const [before, during] = [4 * from, 4 * length];
  const found = then(rise(from, 0, 1), flat(length, before), rise(rest, before, 1));
  return {
    ...healthy(minutes),
    [canary("found")]: found,
    [canary("fresh")]: found,
    [canary("missing")]: then(flat(from, 0), rise(length, 1, 1), flat(rest, during)),
  };
}

const severities = (minute: number, ...found: string[]) => ({
  expr: 'count by (alertname, severity) (ALERTS{alertstate="firing", alertname!="ErrorBudgetBurn"})',
  eval_time: `${minute * 60}s`,
  exp_samples: found.map((severity) => ({ labels: `{alertname="CanaryMissing", severity="${severity}"}`, value: 1 })),
});

describe("CanaryMissing", () => {
  test("is critical when nothing can be found, as when Jaeger or Elasticsearch is stopped; and warns for an hour after", async () => {
    // The first trace is missing a deadline after the stop, at minute 10.
    const seen = (outageSeen(settings) - canaryTimes(settings).deadline) / 60;
    await holds(
      folder(),
      nothingFound(100, 10, 10),
      [
        severities(10),
        severities(11),
        severities(10 + seen, "critical"),
        severities(15, "critical", "warning"),
        severities(20, "critical", "warning"),
        severities(22.5, "warning"),
        severities(75, "warning"),
        severities(81),
      ],
      [],
      settings,
    );
  });

  test("warns of five in a hundred that are missing, after a quarter of an hour, and not for longer than an hour after", async () => {
    // Each twentieth.
    const steps = (minutes: number, per: number) => Array.from({ length: minutes / 5 }, (_, i) => flat(5, i * per)).join(" ");
    const found = [...Array(12).keys()].map((i) => rise(5, i * 19, 0.95)).join(" ");
    await holds(
      folder(),
      {
        ...healthy(150),
        [canary("missing")]: then(flat(10, 0), steps(60, 1), flat(80, 11)),
        [canary("found")]: then(rise(10, 0, 1), found, rise(80, 228, 1)),
      },
      [severities(20), severities(25), severities(28, "warning"), severities(70, "warning"), severities(128)],
      [],
      settings,
    );
  });

  test("is critical where the Collector takes none of them, and recovers; not where it refuses some", async () => {
    const taken = then(rise(10, 0, 1), flat(10, 39), rise(20, 40, 1));
    const refused = { sent: taken, found: taken, fresh: taken, refused: then(flat(10, 0), rise(10, 1, 1), flat(20, 40)) };
    const shut = Object.fromEntries(Object.entries(refused).map(([name, values]) => [canary(name as keyof typeof refused), values]));
    const at = (minutes: Readonly<Record<number, string[]>>) =>
      Object.entries(minutes).map(([minute, found]) => severities(Number(minute), ...found));
    await holds(folder(), { ...healthy(40), ...shut }, at({ 10: [], 15: ["critical"], 19: ["critical"], 22: [], 39: [] }), [], settings);
    await holds(folder(), { ...healthy(40), [canary("refused")]: rise(40, 0, 0.5) }, at({ 15: [], 39: [] }), [], settings);
  });

  test("is silent on two that a restart of Jaeger makes late", async () => {
    await holds(
      folder(),
      { ...healthy(60), [canary("missing")]: then(flat(10, 0), flat(50, 2)) },
      [10, 12, 30, 59].map((at) => severities(at)),
      [],
      settings,
    );
  });

  test("is silent where the canary starts again and forgets what was missing", async () => {
    const again = Object.fromEntries(
      (["sent", "found", "fresh"] as const).map((name) => [canary(name), then(rise(20, 1000, 1), rise(20, 0, 1))]),
    );
    const series = { ...healthy(40), ...again, [canary("missing")]: then(flat(20, 50), flat(20, 0)) };
    await holds(
      folder(),
      series,
      [15, 20, 21, 30, 39].map((at) => severities(at)),
      [],
      settings,
    );
  });

  test("goes by the Collector that had the last report, where several show the canary's counters", async () => {
    // From minute 10 on another one takes the reports; the first shows for 15 minutes what it knew. Together they would show each trace twice.
    const other = "10.0.0.2:8890";
    const moved = (name: "found" | "sent" | "fresh") => ({
      [canary(name)]: then(rise(10, 0, 1), flat(15, 39), gone(15)),
      [canary(name, other)]: then(absent(10), rise(30, 40, 1)),
    });
    const series = {
      ...healthy(40),
      ...moved("found"),
      ...moved("sent"),
      ...moved("fresh"),
      [canaryReported()]: then(rise(10, 0, 15), flat(15, 585), gone(15)),
      [canaryReported(other)]: then(absent(10), rise(30, 600, 15)),
      [canary("missing")]: then(flat(25, 0), gone(15)),
      [canary("missing", other)]: then(absent(10), rise(30, 0, 1)),
    };
    const total = (minute: number, value: number) => ({
      expr: "tracing:canary_found",
      eval_time: `${minute}m`,
      exp_samples: [{ labels: "tracing:canary_found", value }],
    });
    await holds(folder(), series, [total(5, 20), total(12, 48), total(30, 120), severities(9), severities(30, "warning")], [], settings);
  });

  test("counts no trace twice where the Collector that had the last report goes, and another one shows an older one", async () => {
    // Each has every report, the other one a scrape later. From minute 20 on the first is gone; a minute later the other one gets a report.
    const other = "10.0.0.2:8890";
    const counted = (name: "found" | "sent" | "fresh") => ({
      [canary(name)]: then(rise(20, 1000, 1), gone(20)),
      [canary(name, other)]: then(rise(20, 999, 1), flat(1, 1078), rise(19, 1083, 1)),
    });
    const series = {
      ...healthy(40),
      ...counted("found"),
      ...counted("sent"),
      ...counted("fresh"),
      [canaryReported()]: then(rise(20, 15, 15), gone(20)),
      [canaryReported(other)]: then(rise(20, 0, 15), flat(1, 1185), rise(19, 1260, 15)),
      [canary("missing")]: then(flat(20, 7), gone(20)),
      [canary("missing", other)]: then(flat(21, 6), flat(19, 7)),
    };
    const restarts = (name: string) => ({
      expr: `resets(tracing:canary_${name}[20m])`,
      eval_time: "35m",
      exp_samples: [{ labels: "{}", value: 0 }],
    });
    await holds(folder(), series, [restarts("found"), restarts("missing"), severities(22), severities(35)], [], settings);
  });
});

const cases: Record<string, readonly Case[]> = {
  CanaryAbsent: [
    [
      "fires where the canary no longer reports, though the Collector shows its last report; and recovers",
      40,
      { [canaryReported()]: then(rise(10, 0, 15), flat(15, 585), rise(15, 1500, 15)) },
      { 10: [], 15: [], 17.5: ["CanaryAbsent"], 24: ["CanaryAbsent"], 26: [] },
    ],
    ["fires where it never reported", 20, { [canaryReported()]: absent(20) }, { 4: [], 6: ["CanaryAbsent"] }],
    [
      "is silent over a restart of a minute",
      20,
      { [canaryReported()]: then(rise(10, 0, 15), gone(1), rise(9, 660, 15)) },
      { 10.5: [], 12: [], 18: [] },
    ],
  ],
};
eachCase(cases);

test("a stack without a canary has none of its rules", () => {
  for (const groups of [
    { canary: { enabled: false } },
    {
      platform: "kubernetes",
      jaeger: { ingress: { host: "a.example.com", className: "nginx", namespace: "ingress", tlsSecret: "tls", usersSecret: "users" } },
    },
  ]) {
    const rules = rulesOf(settingsWith(groups));
    expect(rules.filter(({ alert, expr }) => alert?.startsWith("Canary") || expr.includes("canary"))).toEqual([]);
  }
});

test("the longer the interval, the longer the windows, so that as many traces are judged by", () => {
  const windows = (interval: string) =>
    rulesOf(settingsWith({ canary: { interval } }))
      .filter(({ alert }) => alert === "CanaryMissing")
      .map(({ expr }) => [...new Set([...expr.matchAll(/\[(\d+)s\]/g)].map(([, seconds]) => Number(seconds) / hour))]);
  expect(windows("15s")).toEqual([[120 / hour], [1], [120 / hour]]);
  expect(windows("1m")).toEqual([[480 / hour], [4], [480 / hour]]);
  expect(windows("5s")).toEqual([[60 / hour], [1 / 3], [60 / hour]]);
});

test("an outage is seen within four minutes where traces are decided on arrival", () => {
  expect(outageSeen(settings)).toBeLessThan(240);
});
