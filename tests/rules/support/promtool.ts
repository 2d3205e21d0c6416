import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { rulesFile } from "../../../configs/prometheus/rules";
import { files } from "../../../configs/topology/ports";
import { toYaml } from "../../../configs/yaml";
import { program, run } from "../../binaries/support/programs";
import { settingsWith } from "../../support/settings";
import { temporaryFolder } from "../../support/temporary-folder";
import { healthy, type Series } from "./series";

/** What a PromQL expression gives at a minute. */
export interface Expectation {
  readonly expr: string;
  readonly eval_time: string;
  readonly exp_samples: readonly { readonly labels: string; readonly value: number }[];
}

/** Exactly these alerts fire at a minute. What losses mean for objectives is in objectives.test.ts. */
export function firing(minute: number, alerts: readonly string[]): Expectation {
  return {
    expr: 'count by (alertname) (ALERTS{alertstate="firing", alertname!="ErrorBudgetBurn"})',
    eval_time: `${minute * 60}s`,
    exp_samples: alerts.map((name) => ({ labels: `{alertname="${name}"}`, value: 1 })),
  };
}

/** Sampling that has to see whole traces, and the Jaeger of our own images, which answers before it writes. The rules that watch either are all there. */
const watchful = settingsWith({
  images: "local",
  elasticsearch: { snapshots: { store: "volume" } },
  sampling: { operations: [{ operation: "GET /healthz", percent: 1 }] },
});

/**
 * Runs the rules over series; fails with what promtool says. `alerts` are promtool's own tests of alerts, `interval` the time between scrapes, `turn` that between
 * two evaluations of all rules: promtool knows none of a group's own.
 */
export async function holds(
  folder: string,
  series: Series,
  expectations: readonly Expectation[],
  alerts: readonly object[] = [],
  settings = watchful,
  interval = "15s",
  turn = interval,
): Promise<void> {
  writeFileSync(join(folder, files.rules), rulesFile(settings));
  const test = join(folder, "test.yml");
  const input = Object.entries(series).map(([name, values]) => ({ series: name, values }));
  writeFileSync(
    test,
    toYaml({
      rule_files: [files.rules],
      evaluation_interval: turn,
      tests: [{ interval, input_series: input, promql_expr_test: expectations, alert_rule_test: alerts }],
    }),
  );
  const { code, output } = await run(program("promtool"), ["test", "rules", test], { seconds: 150 });
  if (code !== 0) throw new Error(output);
}

/** Minutes of a stack that is healthy except for some series, and all alerts that fire, by minute. */
export type Case = readonly [what: string, minutes: number, change: Series, at: Readonly<Record<number, readonly string[]>>];

/** A test for each case, by alert. */
export function eachCase(cases: Readonly<Record<string, readonly Case[]>>, settings = watchful): void {
  // promtool starts once a case, which takes a while on a busy machine; a day of looks does on any.
  jest.setTimeout(180_000);
  const folder = temporaryFolder();
  describe.each(Object.entries(cases))("%s", (_alert, table) => {
    test.each(table)("%s", async (_what, minutes, change, at) => {
      const expectations = Object.entries(at).map(([minute, alerts]) => firing(Number(minute), alerts));
      await holds(folder(), { ...healthy(minutes), ...change }, expectations, [], settings);
    });
  });
}
