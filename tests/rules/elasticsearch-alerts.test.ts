/** Rung: rules. Prometheus' own rule engine over made-up series: the alerts on Elasticsearch fire, stay silent, and recover. */
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import { eachCase, firing, holds, type Case } from "./support/promtool";
import {
  absent,
  disk,
  elasticsearch,
  flat,
  gibibyte,
  gone,
  healthy,
  heap,
  nodes,
  rise,
  status,
  then,
  upOf,
  type Series,
} from "./support/series";

const down = ["ElasticsearchDown"];
const unknown = ["ElasticsearchExporterDown"];
const red = ["ElasticsearchRed"];
const high = ["ElasticsearchHeapHigh"];
const low = ["ElasticsearchDiskLow"];
const free = disk("available");

/** What the exporter shows of an Elasticsearch that does not answer for some minutes. */
const silent = (before: number, away: number, after: number): Series =>
  Object.fromEntries(
    Object.entries(healthy(before + away + after)).flatMap(([name, values]) =>
      name.startsWith("elasticsearch_")
        ? [[name, then(flat(before, Number(values.split("+")[0])), gone(away), flat(after, Number(values.split("+")[0])))]]
        : [],
    ),
  );

/** Nothing that the exporter shows. */
const never: Series = Object.fromEntries(
  Object.keys(healthy(1)).flatMap((name) => (name.startsWith("elasticsearch_") ? [[name, absent(10)]] : [])),
);

const cases: Record<string, readonly Case[]> = {
  ElasticsearchDown: [
    ["fires where the exporter gets no answer, and recovers", 20, silent(5, 5, 10), { 6.75: [], 7.25: down, 9.75: down, 10.25: [] }],
    ["is silent on one answer that did not come", 20, silent(5, 0.25, 14.75), { 5: [], 8: [] }],
  ],
  ElasticsearchExporterDown: [
    [
      "fires where the exporter does not answer, which says nothing of Elasticsearch, and recovers",
      20,
      { ...silent(3, 10, 7), [upOf.elasticsearch]: then(flat(3, 1), flat(10, 0), flat(7, 1)) },
      { 7.75: [], 8.25: unknown, 12.75: unknown, 13.25: [] },
    ],
    ["fires where Prometheus knows none", 10, { ...never, [upOf.elasticsearch]: absent(10) }, { 5.25: unknown }],
  ],
  ElasticsearchRed: [
    [
      "fires after three minutes, and recovers",
      20,
      { [status("red")]: then(flat(5, 0), flat(5, 1), flat(10, 0)), [status("green")]: then(flat(5, 1), flat(5, 0), flat(10, 1)) },
      { 7.75: [], 8.25: red, 10.25: [] },
    ],
  ],
  ElasticsearchYellow: [
    [
      "is no alert where there is one node: no copy can be missing",
      60,
      { [status("yellow")]: flat(60, 1), [status("green")]: flat(60, 0) },
      { 59: [] },
    ],
  ],
  ElasticsearchHeapHigh: [
    [
      "fires where garbage collection leaves more than 85 %, and recovers",
      50,
      { [heap]: then(flat(5, 0.5 * gibibyte), flat(25, 0.9 * gibibyte), flat(20, 0.5 * gibibyte)) },
      { 19: [], 21: high, 29.75: high, 30.25: [] },
    ],
    [
      "is silent where garbage comes and goes",
      50,
      { [heap]: then(...Array.from({ length: 25 }, () => then(flat(1.5, 0.95 * gibibyte), flat(0.5, 0.4 * gibibyte)))) },
      { 49: [] },
    ],
  ],
  ElasticsearchDiskLow: [
    [
      "fires before the low watermark of 2 GiB, and recovers",
      30,
      { [free]: then(flat(5, 4 * gibibyte), flat(10, 2.9 * gibibyte), flat(15, 4 * gibibyte)) },
      { 9.75: [], 10.25: low, 15.25: [] },
    ],
    ["is silent with 3.1 GiB free", 30, { [free]: flat(30, 3.1 * gibibyte) }, { 29: [] }],
  ],
  ElasticsearchDiskFilling: [
    ["is silent on a burst that leaves more than half of the disk", 90, { [free]: rise(90, 199 * gibibyte, -gibibyte / 6) }, { 89: [] }],
    ["is silent where the disk would last for days", 150, { [free]: rise(150, 90 * gibibyte, -gibibyte / 400) }, { 149: [] }],
  ],
};

eachCase(cases);

const folder = temporaryFolder();

/** Which alerts about the Elasticsearch itself fire, and how grave they are. */
const graver = (minute: number, alerts: readonly (readonly [name: string, severity: "critical" | "warning"])[]) => ({
  expr: 'count by (alertname, severity) (ALERTS{alertstate="firing", alertname=~"Elasticsearch.*", alertname!~"ElasticsearchS(etup|napshot).*"})',
  eval_time: `${minute * 60}s`,
  exp_samples: alerts.map(([name, severity]) => ({ labels: `{alertname="${name}", severity="${severity}"}`, value: 1 })),
});

/** Long series hold only what these alerts go by, so that promtool has less to do. */
const watched = (minutes: number, change: Series): Series => ({
  [upOf.elasticsearch]: flat(minutes, 1),
  [nodes]: flat(minutes, 1),
  [disk("size")]: flat(minutes, 200 * gibibyte),
  ...change,
});

test("ElasticsearchDiskLow is critical below the low watermark", async () => {
  await holds(folder(), watched(20, { [free]: flat(20, 1.9 * gibibyte) }), [
    graver(19, [
      ["ElasticsearchDiskLow", "warning"],
      ["ElasticsearchDiskLow", "critical"],
    ]),
  ]);
});

test("ElasticsearchDiskFilling is critical where four hours would fill the disk", async () => {
  // From the first hour on, 15 GiB an hour go, of 60.
  const series = watched(150, { [free]: then(flat(60, 60 * gibibyte), rise(90, 60 * gibibyte, -gibibyte / 16)) });
  await holds(folder(), series, [
    graver(60, []),
    graver(149, [
      ["ElasticsearchDiskFilling", "warning"],
      ["ElasticsearchDiskFilling", "critical"],
    ]),
  ]);
});

describe("ElasticsearchDiskFilling by the day", () => {
  /** Looks of five minutes: of days, all of them would take long. */
  const interval = "5m";
  const day = 24 * 60;
  const looks = (minutes: number) => minutes / 5;
  /** A disk of 200 GiB with so much free at first, and that much less each day. */
  const taken = (minutes: number, first: number, daily: number) =>
    `${first * gibibyte}-${Math.round((daily * gibibyte) / looks(day))}x${looks(minutes) - 1}`;
  const of = (minutes: number, values: string, ...expected: ReturnType<typeof graver>[]) =>
    holds(
      folder(),
      {
        [upOf.elasticsearch]: `1x${looks(minutes)}`,
        [nodes]: `1x${looks(minutes)}`,
        [disk("size")]: `${200 * gibibyte}x${looks(minutes)}`,
        [free]: values,
      },
      expected,
      [],
      settingsWith(),
      interval,
    );

  test("warns where tomorrow's pace is yesterday's, and the disk is full by then", async () => {
    const minutes = day + 120;
    await of(minutes, taken(minutes, 90, 48), graver(minutes - 5, [["ElasticsearchDiskFilling", "warning"]]));
  });

  test("warns in the first day by the pace of hours", async () => {
    await of(600, taken(600, 60, 48), graver(595, [["ElasticsearchDiskFilling", "warning"]]));
  });

  test("is silent where the cleaner deletes as much as a day brings, though the pace between looks bad", async () => {
    const saw = taken(day, 44, 40);
    await of(2 * day, then(saw, saw), graver(day + 700, []), graver(2 * day - 200, []));
  });
});

describe("of three nodes", () => {
  const settings = settingsWith({ platform: "kubernetes", elasticsearch: { nodes: 3, tls: "cert-manager", storage: "100Gi" } });
  const of = (series: Series, ...expected: ReturnType<typeof graver>[]) => holds(folder(), series, expected, [], settings);

  test("one that is gone is a warning; none that answers is critical", async () => {
    await of(
      watched(40, { [nodes]: then(flat(5, 3), flat(10, 2), gone(10), flat(15, 3)) }),
      graver(9, []),
      graver(11, [["ElasticsearchDown", "warning"]]),
      graver(18, [["ElasticsearchDown", "critical"]]),
      graver(26, []),
    );
  });

  test("yellow for half an hour is a warning", async () => {
    const series = watched(60, {
      [nodes]: flat(60, 3),
      [elasticsearch("cluster_health_status", ', color="yellow"')]: then(flat(5, 0), flat(55, 1)),
    });
    await of(series, graver(34, []), graver(36, [["ElasticsearchYellow", "warning"]]));
  });

  test("the disk is low before Elasticsearch's own low watermark, 15 % of it", async () => {
    const at = (share: number) =>
      watched(20, { [nodes]: flat(20, 3), [disk("size")]: flat(20, 100 * gibibyte), [free]: flat(20, share * gibibyte) });
    await of(at(23), graver(19, []));
    await of(at(22), graver(19, [["ElasticsearchDiskLow", "warning"]]));
    await of(
      at(14),
      graver(19, [
        ["ElasticsearchDiskLow", "warning"],
        ["ElasticsearchDiskLow", "critical"],
      ]),
    );
  });

  test("a large disk is low at 300 GiB, whatever share that is", async () => {
    const at = (room: number) =>
      watched(20, { [nodes]: flat(20, 3), [disk("size")]: flat(20, 8000 * gibibyte), [free]: flat(20, room * gibibyte) });
    await of(at(310), graver(19, []));
    await of(at(290), graver(19, [["ElasticsearchDiskLow", "warning"]]));
  });
});

test("an Elasticsearch that others run is watched too, but not how many nodes it has", async () => {
  const external = { url: "https://es.example.com:9200", passwordSecret: "es" };
  const settings = settingsWith({ platform: "kubernetes", elasticsearch: { external } });
  await holds(folder(), watched(20, { [nodes]: flat(20, 2) }), [graver(19, [])], [], settings);
  await holds(
    folder(),
    watched(20, { [nodes]: then(flat(5, 5), gone(15)) }),
    [graver(19, [["ElasticsearchDown", "critical"]])],
    [],
    settings,
  );
});

test("a healthy stack has no alert", () => holds(folder(), healthy(120), [firing(60, []), firing(119, [])]));
