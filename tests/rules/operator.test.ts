/**
 * Rung: rules. In the cluster's Prometheus, which labels what it scrapes as an operator's monitors make it, and watches other stacks too: one instance of
 * several that is gone is told, and another stack's instances never stand in for it.
 */
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import { rulesOf } from "./support/named";
import { holds, type Expectation } from "./support/promtool";
import { flat, then, type Series } from "./support/series";

const folder = temporaryFolder();
const inNamespace = (namespace: string) =>
  settingsWith({
    platform: "kubernetes",
    kubernetes: { namespace },
    collector: { replicas: 2 },
    sampler: { replicas: 3 },
    jaeger: { replicas: 2, collectors: 2 },
    prometheus: { mode: "operator" },
  });
const minutes = 10;

/** A target as the operator labels it. */
const target = (service: string, ordinal: number, job: string, more = "", namespace = "tracing") =>
  `up{job="${job}", namespace="${namespace}", service="${service}-pods", pod="${service}-${ordinal}", container="${service}", endpoint="telemetry", ` +
  `instance="10.0.0.${ordinal}:8888"${more}}`;
const gateways = (namespace?: string) => [0, 1].map((ordinal) => target("otel-collector", ordinal, "otel-collector", "", namespace));
const samplers = (namespace?: string) =>
  [0, 1, 2].map((ordinal) => target("otel-sampler", ordinal, "otel-collector", ', tier="sampler"', namespace));
const up = (names: readonly string[]): Series => Object.fromEntries(names.map((name) => [name, flat(minutes, 1)]));
const gone = (names: readonly string[]): Series => Object.fromEntries(names.map((name) => [name, then(flat(2, 1), flat(minutes - 2, 0))]));

function firing(alerts: readonly (readonly [service: string, severity: string])[], namespace = "tracing"): Expectation {
  return {
    expr: 'count by (service, severity, namespace, stack) (ALERTS{alertstate="firing", alertname="OTELCollectorDown"})',
    eval_time: `${(minutes - 0.25) * 60}s`,
    exp_samples: alerts.map(([service, severity]) => ({
      labels: `{service="${service}", severity="${severity}", namespace="${namespace}", stack="dev"}`,
      value: 1,
    })),
  };
}

const whole = up([...gateways(), ...samplers(), ...gateways("other"), ...samplers("other")]);

test.each<[string, Series, Parameters<typeof firing>[0]]>([
  ["nothing of two whole stacks", {}, []],
  ["one gateway of two", gone(gateways().slice(0, 1)), [["otel-collector", "warning"]]],
  ["one sampler of three", gone(samplers().slice(2)), [["otel-sampler", "warning"]]],
  ["all gateways, though another stack has its own", gone(gateways()), [["otel-collector", "critical"]]],
  ["nothing, where it is another stack's that are gone", gone([...gateways("other"), ...samplers("other")]), []],
])("tells %s", async (_what, change, alerts) => {
  await holds(folder(), { ...whole, ...change }, [firing(alerts)], [], inNamespace("tracing"));
});

test("the other stack's rules are about the other stack", async () => {
  const series = { ...whole, ...gone(samplers("other").slice(0, 1)) };
  await holds(folder(), series, [firing([["otel-sampler", "warning"]], "other")], [], inNamespace("other"));
});

test("every selector is about the namespace, and what one stack records no other reads", () => {
  const [own, other] = [rulesOf(inNamespace("tracing")), rulesOf(inNamespace("tracing-b.2"))];
  for (const { expr } of own) {
    const selectors = [...expr.matchAll(/\{[^}]*\bjob=[^}]*\}/g)].map(([text]) => text);
    expect(selectors.filter((text) => !text.includes('namespace="tracing"'))).toEqual([]);
  }
  const recorded = (rules: typeof own) => new Set(rules.flatMap(({ record }) => record ?? []));
  expect([...recorded(own)].filter((name) => recorded(other).has(name))).toEqual([]);
  expect(recorded(other)).toContain("tracing_tracing_b_2:lost_5m");
  for (const { expr } of other) expect(expr).not.toMatch(/\btracing:/);
});

test("a Prometheus of the stack's own has the rules without a namespace", () => {
  for (const { expr } of rulesOf(settingsWith({ platform: "kubernetes" }))) expect(expr).not.toContain("namespace=");
});
