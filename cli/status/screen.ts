/** The screen of `make status`: verdict, alerts, services, facts. */
import { hasCanary } from "../../configs/canary/times";
import { compact } from "../../configs/compact";
import { makeCommand } from "../../configs/make-command";
import type { ServiceName } from "../../configs/topology/topology";
import type { RunningStack, ServiceState } from "../running/running-stack";
import { deployCommand } from "../running/kubernetes/kubectl";
import { servicesOf } from "../running/services";
import { size, table, UserError } from "../terminal/output";
import { variable } from "../terminal/variables";
import {
  canary,
  cleaning,
  collectorHealth,
  lostSpans,
  queueFill,
  sampledShare,
  snapshots,
  spanCounts,
  storage,
  type Fact,
} from "./measures";
import { stackAlerts } from "../../configs/prometheus/rules";
import { alertsNow, type AlertNow } from "./prometheus";
import { expiringSenders, senders } from "./senders";
import { age, alertGroups, problemsOf, type Answer, type Findings, type Problem } from "./verdict";

/** Milliseconds after which any fact counts as not to be had: longer than all that it is made of may take in turn. */
const longestFact = 20_000;

/** A screen. */
export interface Screen {
  readonly text: string;
  readonly healthy: boolean;
}

/** Measures that are not known, and why. */
interface Failure {
  readonly failure: string;
  readonly unknowable: boolean;
  readonly service: ServiceName | undefined;
}

/** Asks a stack for all of it. Throws a UserError where what it runs on does not answer. */
export async function statusScreen(stack: RunningStack, now = Date.now()): Promise<Screen> {
  const { settings } = stack;
  const services = await stack.services();
  const name = `stack ${settings.stack} (${settings.environment}, ${stack.where})`;
  if (services.length === 0) {
    const next = settings.platform === "kubernetes" ? deployCommand(settings.stack) : makeCommand(settings.stack, "up");
    return { text: `NOT RUNNING: ${name}: nothing is deployed\n  next: ${next}`, healthy: false };
  }
  const nothingRuns = services.every(({ condition }) => condition === "down");
  const [alerts, ...answers] = nothingRuns ? [undefined] : await Promise.all([alertsOf(stack), ...factsOf(stack, now)]);
  const known = alerts && "alerts" in alerts ? alerts.alerts : undefined;
  const failed: Answer[] = alerts && "failure" in alerts ? [{ name: "alerts", ...alerts }] : [];
  const rules = stackAlerts(settings);
  const findings: Findings = { stack: settings.stack, services, alerts: known, rules, answers: [...failed, ...answers] };
  return render(name, findings, nothingRuns, now);
}

/** The screen of what was found out. */
export function render(name: string, findings: Findings, nothingRuns: boolean, now: number): Screen {
  const problems = problemsOf(findings);
  const unknown = findings.answers.filter((answer) => "failure" in answer && answer.unknowable).map((answer) => answer.name);
  const facts = findings.answers.map((answer) => [
    answer.name,
    "fact" in answer ? answer.fact.text : answer.failure.replaceAll("\n", "; "),
  ]);
  const alertLines = nothingRuns ? [] : alertTable(findings, now);
  const parts = compact([
    verdict(name, problems, unknown),
    ...alertLines,
    serviceTable(findings.services),
    facts.length > 0 && table(facts),
  ]);
  return { text: parts.join("\n\n"), healthy: problems.length === 0 };
}

function verdict(name: string, problems: readonly Problem[], unknown: readonly string[]): string {
  if (problems.length === 0) return `healthy${unknown.length > 0 ? `, as far as is known (not ${unknown.join(", ")})` : ""}: ${name}`;
  const rows = problems.map(({ what, next }) => `  ${what}\n    next: ${next}`);
  return [`NOT HEALTHY: ${name}`, ...rows].join("\n");
}

/** The alerts that fire, or that none does. Nothing where they are not known: that is among the facts. */
function alertTable({ alerts, rules }: Findings, now: number): string[] {
  if (!alerts) return [];
  const waiting = [...new Set(alerts.filter(({ state }) => state === "pending").map(({ labels }) => labels.alertname))].sort();
  const pending = waiting.length > 0 ? `pending: ${waiting.join(", ")}` : undefined;
  const groups = alertGroups(alerts, rules);
  if (groups.length === 0) return [`no alert fires${pending ? `; ${pending}` : ""}`];
  const rows = groups.map(({ name, severity, count, since, summary }) => [
    `${name}${count > 1 ? ` (${count})` : ""}`,
    severity,
    age(now - since),
    summary,
  ]);
  return [compact([table([["ALERT", "SEVERITY", "SINCE", "SUMMARY"], ...rows]), pending]).join("\n")];
}

function serviceTable(services: readonly ServiceState[]): string {
  const several = services.some(({ instances }) => instances !== undefined);
  const rows = services.map(({ service, state, instances, memoryUsed, memoryLimit, restarts, outOfMemory, image }) =>
    compact([
      service,
      state,
      several && (instances ? `${instances.ready}/${instances.wanted}` : ""),
      memory(memoryUsed, memoryLimit),
      `${restarts}${outOfMemory ? " (out of memory)" : ""}`,
      image,
    ]),
  );
  return table([compact(["SERVICE", "STATE", several && "READY", "MEMORY", "RESTARTS", "IMAGE"]), ...rows]);
}

const memory = (used: number | undefined, limit: number | undefined): string =>
  limit === undefined ? "" : `${used === undefined ? "-" : size(used)} of ${size(limit)}`;

/** The alerts, or why they are not known. */
async function alertsOf(stack: RunningStack): Promise<{ alerts: AlertNow[] } | Failure> {
  return alertsNow(stack).then(
    (alerts) => ({ alerts }),
    (error: unknown) => failureOf(stack, "alerts", error),
  );
}

function factsOf(stack: RunningStack, now: number): Promise<Answer>[] {
  const expiring = expiringSenders(stack.settings, now);
  const asked: (readonly [string, Promise<Fact>])[] = compact([
    ["collector", collectorHealth(stack)],
    ["senders", senders(stack)],
    expiring !== undefined && ["expiring", Promise.resolve({ text: expiring })],
    ["spans", spanCounts(stack)],
    ["sampled", sampledShare(stack)],
    ["queue", queueFill(stack)],
    ["storage", storage(stack)],
    ["cleaning", cleaning(stack)],
    ["snapshots", snapshots(stack)],
    ["lost", lostSpans(stack)],
    hasCanary(stack.settings) && ["canary", canary(stack)],
  ]);
  return asked.map(async ([name, answer]): Promise<Answer> => {
    try {
      return { name, fact: await within(answer) };
    } catch (error) {
      return { name, ...failureOf(stack, name, error) };
    }
  });
}

/** The service that each fact is asked of. */
const askedOf: Readonly<Record<string, ServiceName>> = {
  alerts: "prometheus",
  collector: "otel-collector",
  spans: "prometheus",
  sampled: "prometheus",
  queue: "prometheus",
  storage: "elasticsearch",
  cleaning: "index-cleaner",
  snapshots: "elasticsearch",
  lost: "prometheus",
  canary: "prometheus",
};

/** Why a fact is not known. A Prometheus that nobody has named is nobody's fault. */
function failureOf({ settings }: RunningStack, name: string, error: unknown): Failure {
  const { cause, message } = error as Error & { cause?: Error };
  const why = error instanceof UserError ? `not known: ${message}` : `no answer (${cause?.message || message})`;
  const service = askedOf[name];
  const unknowable = service === "prometheus" && settings.prometheus.mode === "operator" && variable("PROMETHEUS_URL") === undefined;
  return { failure: why, unknowable, service: service && servicesOf(settings).includes(service) ? service : undefined };
}

/** An answer that comes in time; throws else. */
async function within<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new UserError(`no answer within ${longestFact / 1000} s`)), longestFact);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
