/** The reference of metrics, from their catalogue and from the recording rules: docs/metrics.md. */
import { metrics, type Metric } from "../../configs/prometheus/metrics";
import { ruleGroups } from "../../configs/prometheus/rules";
import { parseSettings } from "../../configs/stack/parse";
import { stackConfig } from "../../render/record";
import { table } from "./table";

const since: Readonly<Record<Metric["since"], string>> = {
  start: "the start",
  "first span": "the first span",
  "first call": "the first call between services",
  failure: "the first failure",
  setting: "a setting enables it",
};

/** Text of docs/metrics.md. */
export function metricsReference(): string {
  return `# Metrics

The metrics that rules, \`make status\` and tests use. This page is generated from
configs/prometheus/metrics/ by \`make render\`.

The programs emit many more metrics. Tests check that each of these exists in the versions that run.
\`job\` names the program that emits a metric. Metrics that applications send have the job
\`otel-collector-exporter\`.

${table(["metric", "job", "type", "unit", "labels", "exists from", "meaning"], Object.values<Metric>(metrics).map(row))}

## Recorded series

Series that the stack's rules record. The alerts that use them are in
[runbooks/alerts.md](runbooks/alerts.md).

${table(["series", "expression"], records())}
`;
}

const code = (text: string) => `\`${text}\``;

const row = ({ name, jobs, type, unit, labels, since: there, meaning }: Metric): string[] => [
  code(name),
  jobs.map(code).join(" "),
  type,
  unit,
  labels.map(code).join(" "),
  since[there],
  meaning,
];

/** The recording rules of dev. */
function records(): string[][] {
  const groups = ruleGroups(parseSettings("dev", stackConfig("dev"))) as { rules: { record?: string; expr: string }[] }[];
  const rules = groups.flatMap((group) => group.rules);
  const names = [...new Set(rules.flatMap(({ record }) => record ?? []))];
  return names.map((name) => {
    const [first] = rules.filter(({ record }) => record === name);
    return [code(name), code(first?.expr ?? "")];
  });
}
