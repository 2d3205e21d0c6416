/** Rung: rules. What `make status` asks Prometheus for, over made-up series. */
import { lostIn, queueFullIn } from "../../cli/status/measures";
import { decisions } from "../../configs/prometheus/decisions";
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import { holds, type Expectation } from "./support/promtool";
import { absent, collector, exporter, flat, healthy, rise, then, type Series } from "./support/series";

const folder = temporaryFolder();
const minutes = 10;
const global = (sampled: boolean) =>
  collector("otelcol_processor_tail_sampling_global_count_traces_sampled_total", `, sampled="${sampled}"`);
const ofCap = (sampled: boolean) =>
  collector("otelcol_processor_tail_sampling_count_traces_sampled_total", `, policy="cap.errors", sampled="${sampled}"`);

/** Rises by a step at each of the forty looks, to forty steps. */
const upTo = (step: number) => rise(minutes, step, step);

const value = (expr: string, found: number): Expectation => ({
  expr: `round(${expr}, 0.001)`,
  eval_time: `${minutes * 60}s`,
  exp_samples: [{ labels: "{}", value: found }],
});

test.each<[string, object, Series, { kept: number; all: number }]>([
  ["the share that rates keep", {}, { [global(true)]: upTo(1), [global(false)]: upTo(9) }, { kept: 40, all: 400 }],
  ["all of it, where nothing is dropped", {}, { [global(true)]: upTo(2), [global(false)]: absent(minutes) }, { kept: 80, all: 80 }],
  ["none where nothing was decided", {}, { [global(true)]: absent(minutes) }, { kept: 0, all: 0 }],
  [
    // Of 10 a look the rates keep 4, and the cap 1 of these: 4 + 1 kept and 6 + 3 dropped are counted.
    "what a cap leaves of it",
    { cap: 500 },
    {
      [global(true)]: upTo(5),
      [global(false)]: upTo(9),
      [ofCap(true)]: upTo(1),
      [ofCap(false)]: upTo(3),
    },
    { kept: 40, all: 400 },
  ],
])("counts %s", async (_what, sampling, series, { kept, all }) => {
  const ever = decisions(settingsWith({ sampling }));
  const lately = decisions(settingsWith({ sampling }), "[5m]");
  const half = (n: number) => n / 2;
  await holds(folder(), series, [
    value(ever.kept, kept),
    value(ever.all, all),
    value(lately.kept, half(kept)),
    value(lately.all, half(all)),
  ]);
});

test("counts what was lost in a day about once, by place", async () => {
  const total = 60;
  const series = {
    ...healthy(total),
    [exporter("send_failed_spans_total")]: then(flat(20, 10), rise(10, 10, 5), flat(30, 205)),
  };
  await holds(folder(), series, [
    // Lost: 195 within ten minutes. `increase` sees a look less at each end of its window, and makes up for it.
    {
      expr: `abs((${lostIn(24)}) - 195) < bool 20`,
      eval_time: `${total * 60}s`,
      exp_samples: [{ labels: `{place="the Collector's exporter"}`, value: 1 }],
    },
    { expr: lostIn(24), eval_time: `${15 * 60}s`, exp_samples: [] },
  ]);
});

const [waiting, room] = [exporter("queue_size"), exporter("queue_capacity")];

test.each<[string, Series, Expectation["exp_samples"]]>([
  ["how long the queue lasts", { [waiting]: upTo(5), [room]: flat(minutes, 2000) }, [{ labels: "{}", value: (2000 - 200) / (5 / 15) }]],
  ["nothing of a queue that drains", { [waiting]: rise(minutes, 400, -5), [room]: flat(minutes, 2000) }, []],
  ["nothing of a queue that stays as it is", { [waiting]: flat(minutes, 400), [room]: flat(minutes, 2000) }, []],
])("tells %s", async (_what, series, exp_samples) => {
  await holds(folder(), series, [{ expr: `round(${queueFullIn})`, eval_time: `${minutes * 60}s`, exp_samples }]);
});
