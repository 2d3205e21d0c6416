/** Rung: rules. The volume of a queue, as a cluster's own Prometheus sees it: nearly full, whoever filled it. */
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import { holds, type Expectation } from "./support/promtool";
import { flat, gibibyte, then, type Series } from "./support/series";

const folder = temporaryFolder();
const settings = settingsWith({ platform: "kubernetes", sampler: { replicas: 2 }, prometheus: { mode: "operator" } });

const minutes = 12;

/** What the kubelet tells of a claim: its capacity is a GiB, of which so much is free. */
const claim = (name: string, free: string, namespace = "tracing"): Series => {
  const of = (what: string) =>
    `kubelet_volume_stats_${what}_bytes{job="kubelet", namespace="${namespace}", persistentvolumeclaim="${name}", node="one"}`;
  return { [of("capacity")]: flat(minutes, gibibyte), [of("available")]: free };
};

const full = flat(minutes, 0.09 * gibibyte);
const sampler = "data-otel-sampler-0";

function firing(minute: number, claims: readonly string[]): Expectation {
  return {
    expr: 'count by (persistentvolumeclaim) (ALERTS{alertstate="firing", alertname="OTELQueueVolumeFull"})',
    eval_time: `${minute * 60}s`,
    exp_samples: claims.map((name) => ({ labels: `{persistentvolumeclaim="${name}"}`, value: 1 })),
  };
}

test.each<[string, Series, Readonly<Record<number, readonly string[]>>]>([
  ["a tenth free is enough", claim(sampler, flat(minutes, 0.11 * gibibyte)), { [minutes - 1]: [] }],
  ["less, for five minutes", claim(sampler, full), { 4.5: [], 6: [sampler] }],
  ["each volume by itself", { ...claim(sampler, full), ...claim("data-otel-sampler-1", full) }, { 6: [sampler, "data-otel-sampler-1"] }],
  ["a moment", claim(sampler, then(flat(3, 0.09 * gibibyte), flat(minutes - 3, gibibyte / 2))), { [minutes - 1]: [] }],
  ["until there is room again", claim(sampler, then(flat(8, 0.09 * gibibyte), flat(minutes - 8, gibibyte / 2))), { 7: [sampler], 9: [] }],
  [
    "other volumes are others' business",
    { ...claim("data-elasticsearch-0", full), ...claim(sampler, full, "other") },
    { [minutes - 1]: [] },
  ],
])("%s", async (_what, series, at) => {
  await holds(
    folder(),
    series,
    Object.entries(at).map(([minute, claims]) => firing(Number(minute), claims)),
    [],
    settings,
  );
});
