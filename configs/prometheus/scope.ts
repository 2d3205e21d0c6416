/** Rules of a stack in a Prometheus that watches others too: the cluster's own, with an operator. */
import { is } from "./metrics";
import type { Settings, StackSettings } from "../stack/schema";

/** Namespace whose recorded series have the names that documents give. */
const usual = "tracing";

interface ScopeSettings {
  readonly prometheus: Pick<Settings["prometheus"], "mode">;
  readonly kubernetes: Pick<Settings["kubernetes"], "namespace">;
}

/** A rule as the rules file has it. */
interface Rule {
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * Rules that see nothing but their own stack: jobs have the same names in all stacks, so an instance of another stack would stand in for one that is
 * gone. Selectors name the namespace, recorded series are named after it, and alerts say whose they are. In the stack's own Prometheus nothing changes.
 */
export function scoped<R extends Rule>(settings: StackSettings, rule: R): R {
  if (settings.prometheus.mode === "own") return rule;
  const expr = scopedQuery(settings, rule.expr);
  if ("record" in rule) return { ...rule, record: renamed(settings, String(rule.record)), expr };
  return { ...rule, expr, labels: { ...rule.labels, namespace: settings.kubernetes.namespace, stack: settings.stack } };
}

/** The same of an expression that a dashboard or a command asks. */
export function scopedQuery(settings: ScopeSettings, expr: string): string {
  if (settings.prometheus.mode === "own") return expr;
  return renamed(settings, expr.replaceAll(/\{job(=~?"(?!kubelet"))/g, `{namespace${is(settings.kubernetes.namespace)}, job$1`));
}

/** Recorded series of this stack in place of those of the usual namespace. */
function renamed({ kubernetes: { namespace } }: ScopeSettings, text: string): string {
  const prefix = namespace === usual ? usual : `${usual}_${namespace.replaceAll(/[^a-z0-9]/g, "_")}`;
  return text.replaceAll(/\btracing:(?=[a-z])/g, `${prefix}:`);
}
