import { parse } from "yaml";
import { rulesFile } from "../../../configs/prometheus/rules";
import type { Settings } from "../../../configs/stack/schema";

/** A rule as its file has it. */
export interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The rules of a stack. */
export const rulesOf = (settings: Settings): Rule[] =>
  (parse(rulesFile(settings)) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules);

/** Names of the metrics that a job's selectors hold. */
export function named(rules: readonly Rule[], job: string): string[] {
  const selectors = rules.flatMap(({ expr }) => [...expr.matchAll(/([a-z_]+)\{job=(~?)"([^"]+)"/g)]);
  return [
    ...new Set(selectors.flatMap(([, metric, , jobs]) => (jobs!.split("|").includes(job) && metric !== "up" ? [metric!] : []))),
  ].sort();
}
