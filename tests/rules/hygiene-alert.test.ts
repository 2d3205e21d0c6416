/** Rung: rules. Spans that the Collector drops where they come in: each reason fires for itself, and recovers. */
import { dropReasons } from "../../configs/collector/hygiene";
import { temporaryFolder } from "../support/temporary-folder";
import { holds, type Expectation } from "./support/promtool";
import { absent, collector, flat, healthy, then, type Series } from "./support/series";

const folder = temporaryFolder();
const dropped = (filter: string, instance = "otel-collector:8888") =>
  collector("otelcol_processor_filter_spans_filtered_total", `, filter="${filter}"`).replace("otel-collector:8888", instance);
const none = (minutes: number): Series =>
  Object.fromEntries(Object.values(dropReasons).map((filter) => [dropped(filter), flat(minutes, 0)]));

/** The reasons that fire at a minute, and nothing else. */
const firing = (minute: number, filters: readonly string[]): Expectation => ({
  expr: 'count by (alertname, filter) (ALERTS{alertstate="firing"})',
  eval_time: `${minute * 60}s`,
  exp_samples: filters.map((filter) => ({ labels: `{alertname="SpansDroppedAtTheDoor", filter="${filter}"}`, value: 1 })),
});

test("is silent where none is dropped, and before the first span", async () => {
  await holds(folder(), { ...healthy(30), ...none(30) }, [firing(5, []), firing(30, [])]);
  await holds(folder(), { ...healthy(30), [dropped(dropReasons.invalidIds)]: absent(30) }, [firing(30, [])]);
});

test.each(Object.values(dropReasons))("%s: fires on a single span, by its reason, and recovers", async (filter) => {
  const series = { ...healthy(40), ...none(40), [dropped(filter)]: then(flat(10, 0), flat(30, 1)) };
  await holds(folder(), series, [firing(9, []), firing(10.25, [filter]), firing(14.5, [filter]), firing(15.25, [])]);
});

test("counts all instances together, and only what drops spans as a whole", async () => {
  const series = {
    ...healthy(40),
    ...none(40),
    [dropped(dropReasons.outOfTime, "b:8888")]: then(flat(10, 0), flat(30, 5)),
    [dropped("filter/surplus_events")]: then(flat(10, 0), flat(30, 5)),
  };
  await holds(folder(), series, [firing(12, [dropReasons.outOfTime]), firing(15.25, [])]);
});

test("is silent over a restart of the Collector", async () => {
  const series = { ...healthy(40), ...none(40), [dropped(dropReasons.invalidIds)]: then(flat(20, 7), flat(20, 0)) };
  await holds(folder(), series, [firing(19, []), firing(21, []), firing(39, [])]);
});
