/** Rung: rules. Prometheus' own rule engine over made-up series: the alerts on retention fire, stay silent, and recover. */
import { oldestIndexHours } from "../../configs/jaeger/index-cleaner";
import type { Settings } from "../../configs/stack/schema";
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import { eachCase, firing, holds, type Case, type Expectation } from "./support/promtool";
import { absent, cleaner, flat, gone, healthy, hour, then, upOf, type Series } from "./support/series";

const failed = ["IndexCleanerFailed"];
const overdue = ["IndexCleanerOverdue"];
const tooOld = ["TraceIndexTooOld"];

/** The age in seconds that no index may have. */
const limit = oldestIndexHours(settingsWith()) * hour;

const cases: Record<string, readonly Case[]> = {
  IndexCleanerFailed: [
    [
      "fires where a run that is tried again fails again, and recovers with the first good one",
      60,
      { [cleaner("lastRun")]: then(flat(10, 1), flat(30, 0), flat(20, 1)) },
      { 24: [], 26: failed, 39: failed, 41: [] },
    ],
    [
      "is silent where the second try is good",
      60,
      { [cleaner("lastRun")]: then(flat(10, 1), flat(10, 0), flat(40, 1)) },
      { 21: [], 40: [] },
    ],
    [
      "still fires where the cleaner reports no more after a failed run",
      60,
      { [cleaner("lastRun")]: then(flat(10, 1), flat(5, 0), gone(45)) },
      { 24: [], 59: failed },
    ],
  ],
  IndexCleanerOverdue: [
    [
      "fires after 26 hours without a good run, and recovers with the next",
      70,
      { [cleaner("lastSuccess")]: then(flat(60, -25.5 * hour), flat(10, hour)) },
      { 29: [], 44: [], 46: overdue, 59: overdue, 61: [], 69: [] },
    ],
    ["is silent an hour and a half after a day", 20, { [cleaner("lastSuccess")]: flat(20, -25.5 * hour) }, { 20: [] }],
    ["fires where the cleaner never reported", 30, { [cleaner("lastSuccess")]: absent(30) }, { 14: [], 16: overdue }],
    [
      "knows the last good run of a cleaner that reports no more",
      90,
      { [cleaner("lastSuccess")]: then(flat(15, -25 * hour), gone(75)) },
      { 74: [], 76: overdue, 89: overdue },
    ],
  ],
  TraceIndexTooOld: [
    [
      "fires on an index that should have been deleted, and recovers when it is",
      70,
      { [cleaner("oldestIndex")]: then(flat(60, -limit + 20 * 60), flat(10, 0)) },
      { 20: [], 34: [], 36: tooOld, 59: tooOld, 61: [] },
    ],
    [
      "is silent on an index that is deleted at the last hour that the schedule allows",
      // Made just after a run of the newer cleaner, deleted 9 days later in the run at the same hour.
      30,
      { [cleaner("oldestIndex")]: then(flat(20, -9 * 24 * hour), flat(10, -7 * 24 * hour)) },
      { 19: [], 30: [] },
    ],
    [
      "goes on where Elasticsearch tells no list",
      60,
      { [cleaner("oldestIndex")]: then(flat(10, -limit), gone(50)) },
      { 14: [], 16: tooOld, 59: tooOld },
    ],
  ],
};

eachCase(cases);

/** Of these alerts the ones that fire: long series hold only what they go by, so that promtool has less to do. */
const retention = (minute: number, alerts: readonly string[]) => ({
  ...firing(minute, alerts),
  expr: 'count by (alertname) (ALERTS{alertstate="firing", alertname=~"IndexCleaner.*|TraceIndex.*"})',
});

/** A day and more of looks, one a minute: all rules at each scrape take minutes on a busy machine. */
const holdsForADay = (folder: string, series: Series, expectations: readonly Expectation[], settings?: Settings) =>
  holds(folder, series, expectations, [], settings, "15s", "1m");

describe("on Docker, where the cleaner runs all the time", () => {
  const folder = temporaryFolder();

  test("IndexCleanerOverdue goes on, as the same alert, when the last good run is too long ago to be known", async () => {
    const minutes = 27 * 60;
    // The last report is of minute 15, and known for 26 hours.
    const series = { [cleaner("lastSuccess")]: then(flat(15, 0), gone(minutes - 15)) };
    const over = 26 * 60 + 15;
    await holdsForADay(folder(), series, [
      retention(over, []),
      ...[over + 1, over + 5, minutes].map((minute) => retention(minute, overdue)),
    ]);
  });
});

describe("on Kubernetes, where a run reports to any of several Collectors and the first comes at its hour", () => {
  const folder = temporaryFolder();
  const settings = settingsWith({ platform: "kubernetes", collector: { replicas: 2 }, sampler: { replicas: 2 } });
  /** The gauge as each of two Collectors tells it. */
  const by = (one: "a" | "b", gauge: Parameters<typeof cleaner>[0]) => cleaner(gauge).replace("}", `, collector="${one}"}`);
  test("a failed try is forgotten when the next, at another Collector, does its work", async () => {
    const series = {
      ...healthy(90),
      [cleaner("lastRun")]: absent(90),
      [by("a", "lastRun")]: then(flat(15, 0), gone(75)),
      [by("b", "lastRun")]: then(absent(1), flat(15, 1), gone(74)),
    };
    await holds(folder(), series, [retention(40, []), retention(89, [])], [], settings);
  });

  test("a run whose every try fails is told, whatever another Collector heard the day before", async () => {
    const minutes = 25 * 60;
    const series = {
      [by("a", "lastRun")]: then(flat(15, 1), gone(minutes - 15)),
      [by("b", "lastRun")]: then(absent(24 * 60), flat(15, 0), gone(45)),
    };
    await holdsForADay(folder(), series, [retention(24 * 60 - 1, []), retention(24 * 60 + 20, failed)], settings);
  });

  test("a new stack has missed no run; one of 26 hours has", async () => {
    const minutes = 28 * 60;
    const series = { [upOf.collector]: flat(minutes, 1) };
    await holdsForADay(folder(), series, [retention(25 * 60, []), retention(26 * 60 + 30, overdue)], settings);
  });
});

test("an index's highest age follows from the retention, whatever the cleaner's hour and version", () => {
  expect(oldestIndexHours(settingsWith())).toBe(9 * 24 + 3);
  expect(oldestIndexHours(settingsWith({ retention: "1d", indexCleaner: { hour: 23 } }))).toBe(3 * 24 + 3);
});
