/** Rung: rules. What the recording rules give, over made-up series. */
import { temporaryFolder } from "../support/temporary-folder";
import { holds, type Expectation } from "./support/promtool";
import { absent, exporter, flat, healthy, received, rise, then, without, type Series } from "./support/series";

const folder = temporaryFolder();
const sendFailed = exporter("send_failed_spans_total");

describe("recorded", () => {
  const value = (expr: string, minute: number, found: number): Expectation => ({
    expr: `round(${expr}, 0.001)`,
    eval_time: `${minute * 60}s`,
    exp_samples: [{ labels: "{}", value: found }],
  });

  test.each<[string, Series, readonly Expectation[]]>([
    ["spans per second are what comes in", {}, [value("tracing:spans_per_second", 10, 10)]],
    ["spans per second are 0 where none has come", { [received("accepted")]: absent(20) }, [value("tracing:spans_per_second", 10, 0)]],
    ["the export succeeds where nothing fails, whatever is sampled out", {}, [value("tracing:export_success_rate", 10, 1)]],
    [
      "the export succeeds where nothing is exported, before and after the first span",
      { [exporter("sent_spans_total")]: then(absent(5), flat(15, 10)) },
      [0, 3, 5, 20].map((minute) => value("tracing:export_success_rate", minute, 1)),
    ],
    ["the export fails by its share", { [sendFailed]: rise(20, 0, 25) }, [value("tracing:export_success_rate", 10, 0.75)]],
    [
      "the export fails where all of it does",
      { [exporter("sent_spans_total")]: flat(20, 0), [sendFailed]: rise(20, 0, 25) },
      [value("tracing:export_success_rate", 10, 0)],
    ],
    [
      "the export's rate has no gap where the Collector is gone",
      without("otel-collector", 20, healthy(20)),
      [value("tracing:export_success_rate", 10, 1)],
    ],
  ])("%s", async (_what, change, expectations) => {
    await holds(folder(), { ...healthy(20), ...change }, expectations);
  });
});
