/** Settings whose dashboards differ, and what the queries of a dashboard read. */
import { parser } from "@prometheus-io/lezer-promql";
import { dashboards, type Panel, type Query } from "../../configs/dashboards";
import { metrics, type Metric } from "../../configs/prometheus/metrics";
import { ruleGroups } from "../../configs/prometheus/rules";
import { parseSettings } from "../../configs/stack/parse";
import type { Settings } from "../../configs/stack/schema";
import { stackConfig } from "../../render/record";
import { settingsWith } from "./settings";

/** The stacks of the project, and settings that panels come and go by. */
export const stacks: Readonly<Record<string, Settings>> = {
  ...Object.fromEntries(["dev", "staging", "prod"].map((stack) => [stack, parseSettings(stack, stackConfig(stack))] as const)),
  minimal: settingsWith(),
  capped: settingsWith({ sampling: { default: 10, cap: 500 } }),
  "decided by the application": settingsWith({ sampling: { default: 10, decide: "app" } }),
  "with every kind of rule": settingsWith({
    elasticsearch: { snapshots: { store: "volume" } },
    sampling: {
      default: 5.25,
      slow: { threshold: "2s" },
      operations: [
        { operation: "GET /$ref/*", percent: 50 },
        { operation: "GET /healthz", percent: 0 },
      ],
      services: [{ service: "batch", default: 1 }],
    },
  }),
};

/** Each query with where it is. */
export interface Placed {
  readonly dashboard: string;
  readonly panel: Panel;
  readonly query: Query;
}

export const queriesOf = (settings: Settings): Placed[] =>
  dashboards(settings).flatMap(({ name, sections }) =>
    sections.flatMap(({ panels }) => panels.flatMap((panel) => panel.queries.map((query) => ({ dashboard: name, panel, query })))),
  );

/** What a query reads, by Prometheus' own grammar. */
export interface Reading {
  /** Names of metrics and of recorded series. */
  readonly names: readonly string[];
  /** Labels that it selects or groups by. */
  readonly labels: readonly string[];
  /** Where the grammar does not match: nothing in PromQL that is right. */
  readonly errors: number;
}

export function readingOf(expr: string): Reading {
  const [names, labels] = [new Set<string>(), new Set<string>()];
  let errors = 0;
  parser.parse(expr).iterate({
    enter: ({ type, from, to, node }) => {
      if (type.isError) errors++;
      if (type.name === "Identifier" && node.parent?.name === "VectorSelector") names.add(expr.slice(from, to));
      if (type.name === "LabelName") labels.add(expr.slice(from, to));
    },
  });
  return { names: [...names], labels: [...labels], errors };
}

/** The catalogue, by the names of series. */
export const catalogue: ReadonlyMap<string, Metric> = new Map(
  Object.values<Metric>(metrics).flatMap((metric) =>
    metric.type === "histogram"
      ? ["bucket", "count", "sum"].map((part): [string, Metric] => [`${metric.name}_${part}`, metric])
      : [[metric.name, metric]],
  ),
);

/** The recorded series of a stack, with their expressions. */
export function recordsOf(settings: Settings): ReadonlyMap<string, string> {
  const groups = ruleGroups(settings) as { rules: { record?: string; expr: string }[] }[];
  return new Map(groups.flatMap(({ rules }) => rules.flatMap(({ record, expr }): [string, string][] => (record ? [[record, expr]] : []))));
}

/** The metrics that a query reads in the end, also through recorded series. */
export function metricsOf(settings: Settings, expr: string): Metric[] {
  const records = recordsOf(settings);
  const found = new Set<Metric>();
  const seen = new Set<string>();
  const follow = (text: string): void => {
    for (const name of readingOf(text).names) {
      const metric = catalogue.get(name);
      if (metric) found.add(metric);
      const record = records.get(name);
      if (record !== undefined && !seen.has(name)) {
        seen.add(name);
        follow(record);
      }
    }
  };
  follow(expr);
  return [...found];
}
