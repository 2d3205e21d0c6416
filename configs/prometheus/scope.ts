/** Rules of a stack in a Prometheus that watches others too: the cluster's own, with an operator. */
import { is } from "./metrics";
import type { StackSettings } from "../stack/schema";

/** Namespace whose recorded series have the names that documents give. */
const usual = "tracing";

/** A rule as the rules file has it. */
interface Rule {
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * Rules that see nothing but their own stack: jobs have the same names in all stacks, so an instance of another stack would stand in for one that is
 * gone. Selectors name the namespace, recorded series are named after it, and alerts say whose they are. In the stack's own Prometheus nothing changes.
 */
export function scoped<R extends Rule>({ prometheus, kubernetes, stack }: StackSettings, rule: R): R {
  if (prometheus.mode === "own") return rule;
  const { namespace } = kubernetes;
  const prefix = namespace === usual ? usual : `${usual}_${namespace.replaceAll(/[^a-z0-9]/g, "_")}`;
  const renamed = (text: string) => text.replaceAll(/\btracing:(?=[a-z])/g, `${prefix}:`);
  const expr = renamed(rule.expr.replaceAll(/\{job(=~?"(?!kubelet"))/g, `{namespace${is(namespace)}, job$1`));
  if ("record" in rule) return { ...rule, record: renamed(String(rule.record)), expr };
  return { ...rule, expr, labels: { ...rule.labels, namespace, stack } };
}
