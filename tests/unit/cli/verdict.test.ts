/** Rung: unit. The screen of `make status`: what is wrong, the worst first, and what to do. */
import { render } from "../../../cli/status/screen";
import { ownAlerts, type AlertNow } from "../../../cli/status/prometheus";
import { age, alertGroups, problemsOf, type Answer, type Findings } from "../../../cli/status/verdict";
import type { ServiceState } from "../../../cli/running/running-stack";
import { stackAlerts } from "../../../configs/prometheus/rules";
import type { ServiceName } from "../../../configs/topology/topology";
import { clusterSettings } from "./support/cluster-objects";

const now = Date.parse("2026-11-30T12:00:00Z");

const service = (name: ServiceName, state = "healthy", condition: ServiceState["condition"] = "well", next?: string): ServiceState => ({
  service: name,
  state,
  condition,
  restarts: 0,
  outOfMemory: false,
  memoryUsed: 100 * 2 ** 20,
  memoryLimit: 256 * 2 ** 20,
  image: "an/image:1",
  next,
});

const alert = (alertname: string, severity: string, minutes: number, state: AlertNow["state"] = "firing", labels = {}): AlertNow => ({
  state,
  labels: { alertname, severity, ...labels },
  annotations: { summary: `About ${alertname}`, runbook: `docs/runbooks/alerts.md#${alertname.toLowerCase()}` },
  activeAt: new Date(now - minutes * 60_000).toISOString(),
});

const fine: Answer = { name: "spans", fact: { text: "1.0 a second" } };

const findings = (more: Partial<Findings> = {}): Findings => ({
  stack: "prod",
  services: [service("elasticsearch"), service("jaeger")],
  alerts: [],
  rules: stackAlerts(clusterSettings()),
  answers: [fine],
  ...more,
});

test("a healthy stack says so in the first line", () => {
  const { text, healthy } = render("stack prod (production, docker)", findings(), false, now);
  expect(healthy).toBe(true);
  expect(text.split("\n")).toEqual([
    "healthy: stack prod (production, docker)",
    "",
    "no alert fires",
    "",
    "SERVICE        STATE    MEMORY              RESTARTS  IMAGE",
    "elasticsearch  healthy  100 MiB of 256 MiB  0         an/image:1",
    "jaeger         healthy  100 MiB of 256 MiB  0         an/image:1",
    "",
    "spans  1.0 a second",
  ]);
});

test("problems are sorted by severity, each with the next command", () => {
  const sick = findings({
    services: [
      service("elasticsearch"),
      service("otel-collector", "unhealthy", "degraded"),
      service("jaeger", "exited (1)", "down", "make up ENV=prod"),
    ],
    alerts: [alert("OTELExporterQueueFilling", "warning", 30), alert("JaegerDown", "critical", 3)],
    answers: [
      { name: "cleaning", fact: { text: "OVERDUE", problem: "old indices are not deleted", service: "index-cleaner" } },
      { name: "storage", failure: "no answer (connect ECONNREFUSED)", unknowable: false, service: "elasticsearch" },
    ],
  });
  expect(problemsOf(sick).map(({ what, next }) => [what, next])).toEqual([
    ["jaeger: exited (1)", "make up ENV=prod"],
    ["JaegerDown fires (critical): About JaegerDown", "docs/runbooks/alerts.md#jaegerdown"],
    ["storage: no answer (connect ECONNREFUSED)", "make logs ENV=prod SERVICE=elasticsearch"],
    ["otel-collector: unhealthy", "make logs ENV=prod SERVICE=otel-collector"],
    ["OTELExporterQueueFilling fires (warning): About OTELExporterQueueFilling", "docs/runbooks/alerts.md#otelexporterqueuefilling"],
    ["old indices are not deleted", "make logs ENV=prod SERVICE=index-cleaner"],
  ]);
  const { text, healthy } = render("stack prod", sick, false, now);
  expect(healthy).toBe(false);
  expect(text).toMatch(/^NOT HEALTHY: stack prod\n {2}jaeger: exited \(1\)\n {4}next: make up ENV=prod\n/);
  expect(text).toMatch(
    /^ALERT +SEVERITY +SINCE +SUMMARY\nJaegerDown +critical +3 min +About JaegerDown\nOTELExporterQueueFilling +warning +30 min /m,
  );
});

test("if no service runs, that is the only problem", () => {
  const stopped = findings({
    services: [
      service("elasticsearch", "exited (143)", "down", "make up ENV=prod"),
      service("jaeger", "missing", "down", "make up ENV=prod"),
    ],
    alerts: undefined,
    answers: [],
  });
  expect(problemsOf(stopped).map(({ what, next }) => [what, next])).toEqual([["no service runs", "make up ENV=prod"]]);
  expect(render("stack prod", stopped, true, now).text).not.toMatch(/alert/i);
});

test("a program that does not answer is one problem, whatever it was asked", () => {
  const failure = "no answer (connect ECONNREFUSED 127.0.0.1:9091)";
  const answers = ["alerts", "spans", "queue"].map((name): Answer => ({ name, failure, unknowable: false }));
  expect(problemsOf(findings({ alerts: undefined, answers })).map(({ what }) => what)).toEqual([`alerts: ${failure}`]);
});

test("a value that cannot be known is no problem, and the verdict says so", () => {
  const answers: Answer[] = [{ name: "alerts", failure: "not known: PROMETHEUS_URL=…", unknowable: true }, fine];
  const { text, healthy } = render("stack prod", findings({ alerts: undefined, answers }), false, now);
  expect(healthy).toBe(true);
  expect(text).toMatch(/^healthy, as far as is known \(not alerts\): stack prod\n/);
  expect(text).toMatch(/^alerts +not known: PROMETHEUS_URL/m);
  expect(text).not.toContain("no alert fires");
});

test("pending alerts are listed, but are no problem", () => {
  const { text, healthy } = render("stack prod", findings({ alerts: [alert("JaegerDown", "critical", 1, "pending")] }), false, now);
  expect(healthy).toBe(true);
  expect(text).toContain("no alert fires; pending: JaegerDown");
});

test("alerts with one name are one line per severity, with the age of the oldest", () => {
  const alerts = [
    alert("OTELCollectorDown", "warning", 5),
    alert("OTELCollectorDown", "warning", 90),
    alert("OTELCollectorDown", "critical", 2),
  ];
  expect(alertGroups(alerts, []).map(({ severity, count, since }) => [severity, count, (now - since) / 60_000])).toEqual([
    ["critical", 1, 2],
    ["warning", 2, 90],
  ]);
});

test("an alert that follows from an outage comes after it, and names it", () => {
  const follower = alert("ErrorBudgetBurn", "critical", 30);
  const outage = (service: string) => alert("JaegerDown", "critical", 3, "firing", { service });
  const lines = (...alerts: AlertNow[]) => problemsOf(findings({ alerts })).map(({ what }) => what);
  expect(lines(follower, outage("jaeger"))).toEqual([
    "JaegerDown fires (critical): About JaegerDown",
    "ErrorBudgetBurn fires (critical): About ErrorBudgetBurn; follows from JaegerDown",
  ]);
  const alone = "ErrorBudgetBurn fires (critical): About ErrorBudgetBurn";
  expect(lines(follower)).toEqual([alone]);
  expect(lines(follower, outage("elsewhere"))[0]).toBe(alone);
  expect(lines(follower, alert("JaegerDown", "critical", 3, "pending", { service: "jaeger" }))).toEqual([alone]);
  expect(lines(follower, alert("JaegerDown", "warning", 3, "firing", { service: "jaeger" }))[0]).toBe(alone);
});

test("the cluster's alerts count only if they are this stack's", () => {
  const alerts = [
    alert("JaegerDown", "critical", 1),
    alert("JaegerDown", "critical", 1, "firing", { namespace: "tracing" }),
    alert("JaegerDown", "critical", 1, "firing", { namespace: "elsewhere" }),
    alert("KubePodCrashLooping", "warning", 1, "firing", { namespace: "tracing" }),
  ];
  expect(ownAlerts(clusterSettings({ prometheus: { mode: "operator" } }), alerts)).toEqual(alerts.slice(0, 2));
  expect(ownAlerts(clusterSettings(), alerts)).toEqual(alerts);
});

test.each([
  [-5000, "0 s"],
  [42_000, "42 s"],
  [60_000, "1 min"],
  [99 * 60_000, "99 min"],
  [3 * 3_600_000, "3.0 h"],
  [60 * 3_600_000, "2.5 days"],
])("the age of %d ms", (milliseconds, text) => {
  expect(age(milliseconds)).toBe(text);
});
