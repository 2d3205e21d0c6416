/** Rung: rules. Prometheus' own rule engine over made-up series: the alerts on snapshots fire, stay silent, and recover. */
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import { eachCase, firing, holds, type Case } from "./support/promtool";
import { absent, flat, gone, healthy, hour, snapshots, then } from "./support/series";

const failed = ["ElasticsearchSnapshotFailed"];
const overdue = ["ElasticsearchSnapshotOverdue"];

const cases: Record<string, readonly Case[]> = {
  ElasticsearchSnapshotFailed: [
    [
      "fires where a run that is tried again fails again, and recovers with the first good one",
      60,
      { [snapshots("lastRun")]: then(flat(10, 1), flat(30, 0), flat(20, 1)) },
      { 24: [], 26: failed, 39: failed, 41: [] },
    ],
    [
      "is silent where the second try is good",
      60,
      { [snapshots("lastRun")]: then(flat(10, 1), flat(10, 0), flat(40, 1)) },
      { 21: [], 40: [] },
    ],
  ],
  ElasticsearchSnapshotOverdue: [
    [
      "fires where the newest whole snapshot is more than 26 hours old, and recovers with the next",
      70,
      { [snapshots("lastSuccess")]: then(flat(60, -25.5 * hour), flat(10, hour)) },
      { 29: [], 44: [], 46: overdue, 59: overdue, 61: [] },
    ],
    ["fires where no snapshot was ever known", 40, { [snapshots("lastSuccess")]: absent(40) }, { 14: [], 16: overdue }],
    [
      "is silent where nothing is reported for a while, as the last time is known",
      60,
      { [snapshots("lastSuccess")]: then(flat(10, 0), gone(50)) },
      { 59: [] },
    ],
  ],
};

eachCase(cases);

/** Those of these alerts that fire. */
const about = (minute: number, alerts: readonly string[]) => ({
  ...firing(minute, alerts),
  expr: 'count by (alertname) (ALERTS{alertstate="firing", alertname=~"ElasticsearchSnapshot.*"})',
});

describe("without a snapshot", () => {
  const folder = temporaryFolder();
  const series = { ...healthy(60), [snapshots("lastSuccess")]: absent(60) };

  test("a stack on Kubernetes is not late before its first day is over", async () => {
    const settings = settingsWith({ platform: "kubernetes", elasticsearch: { snapshots: { store: "volume" } } });
    await holds(folder(), series, [about(59, [])], [], settings);
  });

  test("a stack that makes none has no alert about them", async () => {
    await holds(folder(), series, [about(59, [])], [], settingsWith());
  });
});
