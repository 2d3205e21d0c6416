/** The verdict of `make status`: what is wrong with a stack, the worst first, and the next command for each. Pure functions. */
import { makeCommand } from "../../configs/make-command";
import type { Alert } from "../../configs/prometheus/alerts/alert";
import type { ServiceName } from "../../configs/topology/topology";
import type { ServiceState } from "../running/running-stack";
import type { Fact } from "./measures";
import type { AlertNow } from "./prometheus";

/** Something that is wrong. */
export interface Problem {
  readonly rank: Rank;
  readonly what: string;
  /** The command, or the document, to go on with. */
  readonly next: string;
}

/** From the worst to what can wait for the morning. */
type Rank = keyof typeof ranks;

const ranks = { serviceDown: 0, critical: 1, noAnswer: 2, serviceDegraded: 3, warning: 4, fact: 5 };

/** A fact, or why it is not known. */
export type Answer = { readonly name: string } & (
  | { readonly fact: Fact }
  /** `unknowable`: nothing is wrong, the stack cannot be asked from here. `service`: the one that gives no answer. */
  | { readonly failure: string; readonly unknowable: boolean; readonly service?: ServiceName | undefined }
);

/** Everything that was found out. */
export interface Findings {
  readonly stack: string;
  readonly services: readonly ServiceState[];
  /** Undefined where Prometheus gives no answer. */
  readonly alerts: readonly AlertNow[] | undefined;
  /** The stack's alerting rules, which say what follows from what. */
  readonly rules: readonly Alert[];
  readonly answers: readonly Answer[];
}

/** All problems, the worst first. */
export function problemsOf({ stack, services, alerts, rules, answers }: Findings): Problem[] {
  const found = [...serviceProblems(stack, services), ...alertProblems(alerts ?? [], rules), ...answerProblems(stack, answers)];
  return found.sort((one, other) => ranks[one.rank] - ranks[other.rank]);
}

function serviceProblems(stack: string, services: readonly ServiceState[]): Problem[] {
  if (services.length > 0 && services.every(({ condition }) => condition === "down")) {
    return [{ rank: "serviceDown", what: "no service runs", next: services[0]?.next ?? makeCommand(stack, "up") }];
  }
  return services
    .filter(({ condition }) => condition !== "well")
    .map(({ service, state, condition, next }) => ({
      rank: condition === "down" ? "serviceDown" : "serviceDegraded",
      what: `${service}: ${state}`,
      next: next ?? makeCommand(stack, "logs", `SERVICE=${service}`),
    }));
}

const alertProblems = (alerts: readonly AlertNow[], rules: readonly Alert[]): Problem[] =>
  alertGroups(alerts, rules).map(({ name, severity, summary, runbook, cause }) => ({
    rank: severity === "critical" ? "critical" : "warning",
    what: `${name} fires (${severity}): ${summary}${cause === undefined ? "" : `; follows from ${cause}`}`,
    next: runbook,
  }));

const logsOf = (stack: string, service: ServiceName | undefined): string =>
  makeCommand(stack, "logs", ...(service ? [`SERVICE=${service}`] : []));

function answerProblems(stack: string, answers: readonly Answer[]): Problem[] {
  const problems = answers.flatMap((answer): Problem[] => {
    if ("failure" in answer) {
      const what = `${answer.name}: ${answer.failure.split("\n")[0] ?? ""}`;
      return answer.unknowable ? [] : [{ rank: "noAnswer", what, next: logsOf(stack, answer.service) }];
    }
    const { problem, service } = answer.fact;
    return problem === undefined ? [] : [{ rank: "fact", what: problem, next: logsOf(stack, service) }];
  });
  // One program that gives no answer is one problem, however many lines of the screen it leaves open.
  const seen = new Set<string>();
  return problems.filter(({ rank, what }) => {
    const cause = rank === "noAnswer" ? what.slice(what.indexOf(": ") + 2) : what;
    return !seen.has(cause) && seen.add(cause);
  });
}

/** An alert that fires, all its instances together. */
export interface AlertGroup {
  readonly name: string;
  readonly severity: string;
  readonly count: number;
  /** The earliest of them, ms since 1970. */
  readonly since: number;
  readonly summary: string;
  readonly runbook: string;
  /** A critical alert that fires too, and explains this one. */
  readonly cause?: string | undefined;
}

/** The alerts that fire by name and severity, the critical ones first, causes before what follows from them, then the oldest. */
export function alertGroups(alerts: readonly AlertNow[], rules: readonly Alert[]): AlertGroup[] {
  const groups = new Map<string, Omit<AlertGroup, "cause">>();
  for (const { state, labels, annotations, activeAt } of alerts) {
    if (state !== "firing") continue;
    const [name, severity] = [labels.alertname, labels.severity ?? "warning"];
    const since = Date.parse(activeAt);
    const group = groups.get(`${name} ${severity}`);
    groups.set(`${name} ${severity}`, {
      name,
      severity,
      count: (group?.count ?? 0) + 1,
      since: Math.min(since, group?.since ?? since),
      summary: annotations.summary ?? "",
      runbook: annotations.runbook_url ?? annotations.runbook ?? `docs/runbooks/alerts.md#${name.toLowerCase()}`,
    });
  }
  const rank = ({ severity, cause }: AlertGroup) => (severity === "critical" ? 0 : 2) + (cause === undefined ? 0 : 1);
  const explained = [...groups.values()].map((group) => ({ ...group, cause: causeOf(group, alerts, rules) }));
  return explained.sort((one, other) => rank(one) - rank(other) || one.since - other.since);
}

/** The name of a critical alert that fires and that an alert follows from, by the same rules as Alertmanager's inhibition. */
function causeOf(
  { name, severity }: Pick<AlertGroup, "name" | "severity">,
  alerts: readonly AlertNow[],
  rules: readonly Alert[],
): string | undefined {
  const causes = rules.filter((rule) => rule.name === name && rule.severity === severity).flatMap(({ follows }) => follows ?? []);
  const isCause = ({ state, labels }: AlertNow) =>
    state === "firing" &&
    labels.severity === "critical" &&
    labels.alertname !== name &&
    causes.some((cause) => cause.name === labels.alertname && (cause.service ?? labels.service) === labels.service);
  return alerts.find(isCause)?.labels.alertname;
}

/** Time since a moment as people say it, such as `12 min` or `3.5 h`. */
export function age(milliseconds: number): string {
  const minutes = Math.max(0, milliseconds) / 60_000;
  if (minutes < 1) return `${Math.round(minutes * 60)} s`;
  if (minutes < 100) return `${Math.round(minutes)} min`;
  return minutes < 48 * 60 ? `${(minutes / 60).toFixed(1)} h` : `${(minutes / 60 / 24).toFixed(1)} days`;
}
