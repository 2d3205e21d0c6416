/** Rung: rules. Prometheus' own engine over made-up series: the query counts each call between services once. */
import { callsQuery } from "../../configs/jaeger/service-graph";
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import { holds } from "./support/promtool";
import { absent, flat, gone, rise, then, type Series } from "./support/series";

jest.setTimeout(180_000);
const folder = temporaryFolder();

/** A series of calls from shop to billing, unless its labels say otherwise. */
const calls = (labels: Readonly<Record<string, string>> = {}) => {
  const all = { job: "otel-collector-exporter", client: "shop", server: "billing", failed: "false", instance: "one:8889", ...labels };
  return `traces_service_graph_request_total{${Object.entries(all)
    .map(([name, value]) => `${name}="${value}"`)
    .join(", ")}}`;
};

/** What the query gives at minute 120 for the hour before it. */
const counts = (series: Series, expected: Readonly<Record<string, number>>) =>
  holds(folder(), series, [
    {
      expr: callsQuery(settingsWith()).replaceAll("SPAN", "3600s"),
      eval_time: "120m",
      exp_samples: Object.entries(expected).map(([pair, value]) => {
        const [client, server] = pair.split(" → ");
        return { labels: `{client="${client!}", server="${server!}"}`, value };
      }),
    },
  ]);

const pair = "shop → billing";

test.each<[string, Series, number]>([
  ["of a series that has been there for long", { [calls()]: rise(130, 1000, 1) }, 240],
  ["of one that is new: its first sample is no increase, and counts", { [calls()]: then(absent(90), flat(40, 1)) }, 1],
  ["of one that is new and grows", { [calls()]: then(absent(90), flat(10, 5), flat(30, 25)) }, 25],
  ["of one with a single sample", { [calls()]: then(absent(119), "_ _ _ 7") }, 7],
  ["after the Collector began anew", { [calls()]: then(flat(90, 500), flat(40, 3)) }, 3],
  ["of one that was gone for a while, and began at 1 again", { [calls()]: then(flat(70, 40), gone(30), flat(30, 1)) }, 1],
  ["of one that Prometheus did not see as the hour began", { [calls()]: then(flat(50, 1000), gone(20), flat(60, 1010)) }, 10],
  ["of one that began again while Prometheus did not see it", { [calls()]: then(flat(50, 1000), gone(20), flat(60, 3)) }, 3],
  ["of one that has ended in this hour", { [calls()]: then(flat(65, 40), flat(10, 44), gone(55)) }, 4],
  [
    "of several samplers together",
    { [calls()]: then(flat(70, 1), flat(60, 4)), [calls({ instance: "two:8889" })]: then(absent(80), flat(50, 2)) },
    5,
  ],
  [
    "of calls that failed, and of messages",
    {
      [calls()]: then(flat(70, 1), flat(60, 3)),
      [calls({ failed: "true" })]: then(flat(70, 1), flat(60, 6)),
      [calls({ connection_type: "messaging_system" })]: then(flat(70, 0), flat(60, 10)),
    },
    17,
  ],
])("it counts the calls %s", (_what, series, expected) => counts(series, { [pair]: expected }));

test("it gives each pair for itself, in both directions and to itself", () =>
  counts(
    {
      [calls()]: then(absent(80), flat(50, 2)),
      [calls({ client: "billing", server: "shop" })]: then(absent(80), flat(50, 3)),
      [calls({ server: "shop" })]: then(absent(80), flat(50, 4)),
    },
    { [pair]: 2, "billing → shop": 3, "shop → shop": 4 },
  ));

test("it counts no databases, no addresses, no half calls, and nothing that an application calls so", () =>
  counts(
    {
      [calls()]: flat(130, 1),
      [calls({ server: "orders", connection_type: "database" })]: rise(130, 0, 1),
      [calls({ server: "10.0.0.1", connection_type: "virtual_node" })]: rise(130, 0, 1),
      [calls({ client: "" })]: rise(130, 0, 1),
      [calls({ job: "other" })]: rise(130, 0, 1),
    },
    {},
  ));
