/** Rung: rules. One instance of several that is gone is a warning; all of them, or one that is alone, are critical. */
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import { holds, type Expectation } from "./support/promtool";
import { absent, flat, then, type Series } from "./support/series";

const folder = temporaryFolder();
const settings = settingsWith({
  platform: "kubernetes",
  collector: { replicas: 8 },
  sampler: { replicas: 3 },
  jaeger: { replicas: 2, collectors: 2 },
});

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}${i}`);
const gateways = names("10.0.0.", 8).map((instance) => `up{job="otel-collector", instance="${instance}"}`);
const samplers = names("otel-sampler-", 3).map((instance) => `up{job="otel-collector", tier="sampler", instance="${instance}"}`);
const jaegers = names("10.0.1.", 2).map((instance) => `up{job="jaeger", service="jaeger", instance="${instance}"}`);
const writers = names("10.0.2.", 2).map((instance) => `up{job="jaeger", service="jaeger-collector", instance="${instance}"}`);
const minutes = 10;
const all: Series = Object.fromEntries([...gateways, ...samplers, ...jaegers, ...writers].map((name) => [name, flat(minutes, 1)]));

const gone = (series: readonly string[]): Series =>
  Object.fromEntries(series.map((name) => [name, then(flat(2, 1), flat(minutes - 2, 0))]));
const never = (series: readonly string[]): Series => Object.fromEntries(series.map((name) => [name, absent(minutes)]));

function firing(minute: number, alerts: readonly (readonly [name: string, service: string, severity: string])[]): Expectation {
  return {
    expr: 'count by (alertname, service, severity) (ALERTS{alertstate="firing", alertname=~"OTELCollectorDown|JaegerDown"})',
    eval_time: `${minute * 60}s`,
    exp_samples: alerts.map(([name, service, severity]) => ({
      labels: `{alertname="${name}", service="${service}", severity="${severity}"}`,
      value: 1,
    })),
  };
}

test.each<[string, Series, Parameters<typeof firing>[1]]>([
  ["of a stack that is whole: nothing", {}, []],
  ["a gateway of eight", gone(gateways.slice(0, 1)), [["OTELCollectorDown", "otel-collector", "warning"]]],
  ["seven gateways of eight", gone(gateways.slice(1)), [["OTELCollectorDown", "otel-collector", "warning"]]],
  ["all gateways", gone(gateways), [["OTELCollectorDown", "otel-collector", "critical"]]],
  ["a gateway that was never made", never(gateways.slice(0, 1)), [["OTELCollectorDown", "otel-collector", "warning"]]],
  ["gateways that Prometheus does not know", never(gateways), [["OTELCollectorDown", "otel-collector", "critical"]]],
  ["a sampler of three", gone(samplers.slice(0, 1)), [["OTELCollectorDown", "otel-sampler", "warning"]]],
  [
    "all samplers and a gateway",
    { ...gone(samplers), ...gone(gateways.slice(0, 1)) },
    [
      ["OTELCollectorDown", "otel-sampler", "critical"],
      ["OTELCollectorDown", "otel-collector", "warning"],
    ],
  ],
  ["one of Jaeger's two that write", gone(writers.slice(0, 1)), [["JaegerDown", "jaeger-collector", "warning"]]],
  ["all of Jaeger's that answer", gone(jaegers), [["JaegerDown", "jaeger", "critical"]]],
])("%s", async (_what, change, alerts) => {
  await holds(folder(), { ...all, ...change }, [firing(1.5, []), firing(minutes - 0.25, alerts)], [], settings);
});

test("with more instances than were asked for, by load, one that goes is none that is missing", async () => {
  const more = names("10.0.9.", 4).map((instance) => `up{job="otel-collector", instance="${instance}"}`);
  const series = { ...all, ...Object.fromEntries(more.map((name) => [name, flat(minutes, 1)])), ...gone(more.slice(0, 2)) };
  await holds(folder(), series, [firing(minutes - 0.25, [])], [], settings);
});

test("one that is alone", async () => {
  const alone = settingsWith();
  const [collector, jaeger] = ['up{job="otel-collector", instance="a"}', 'up{job="jaeger", instance="b"}'];
  await holds(
    folder(),
    gone([collector, jaeger]),
    [
      firing(minutes - 0.25, [
        ["OTELCollectorDown", "otel-collector", "critical"],
        ["JaegerDown", "jaeger", "critical"],
      ]),
    ],
    [],
    alone,
  );
});
