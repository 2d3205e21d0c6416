/** Rung: rules. What remembers an outage: it fires with the outage's critical alert and for a while after, by the name of that alert, and not without one. */
import { recentOutageName } from "../../configs/prometheus/alerts/recent-outage";
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import { holds } from "./support/promtool";
import { flat, healthy, then, upOf } from "./support/series";

const folder = temporaryFolder();
const own = settingsWith({ alerts: { delivery: "own" } });

/** For which times which outages are remembered at a minute. */
const remembered = (minute: number, found: Readonly<Record<string, readonly string[]>>) => ({
  expr: `count by (outage, service, within) (ALERTS{alertname="${recentOutageName}", alertstate="firing", severity="none", outage=~"JaegerDown|OTELCollectorDown"})`,
  eval_time: `${minute * 60}s`,
  exp_samples: Object.entries(found).flatMap(([outage, times]) =>
    times.map((within) => ({
      labels: `{outage="${outage}", service="${outage === "JaegerDown" ? "jaeger" : "otel-collector"}", within="${within}"}`,
      value: 1,
    })),
  ),
});

test("begins with the outage, and goes on for five minutes, an hour and six hours after it", async () => {
  const minutes = 400;
  await holds(
    folder(),
    { ...healthy(minutes), [upOf.jaeger]: then(flat(10, 1), flat(5, 0), flat(minutes - 15, 1)) },
    [
      remembered(9, {}),
      remembered(11, {}),
      remembered(14, { JaegerDown: ["5m", "1h", "6h"] }),
      remembered(18, { JaegerDown: ["5m", "1h", "6h"] }),
      remembered(22, { JaegerDown: ["1h", "6h"] }),
      remembered(77, { JaegerDown: ["6h"] }),
      remembered(395, {}),
    ],
    [],
    own,
    "15s",
    "1m",
  );
});

test("tells outages apart", async () => {
  await holds(
    folder(),
    {
      ...healthy(30),
      [upOf.jaeger]: then(flat(10, 1), flat(5, 0), flat(15, 1)),
      [upOf.collector]: then(flat(20, 1), flat(5, 0), flat(5, 1)),
    },
    [remembered(29, { JaegerDown: ["1h", "6h"], OTELCollectorDown: ["5m", "1h", "6h"] })],
    [],
    own,
  );
});

test("is not there where the stack delivers no alerts", async () => {
  await holds(folder(), { ...healthy(30), [upOf.jaeger]: flat(30, 0) }, [remembered(20, {})], [], settingsWith());
});
