/** Rung: unit. Commands of `make` in what people read: they are for the stack that says them. */
import { dashboards } from "../../../configs/dashboards";
import { makeCommand, withStack } from "../../../configs/make-command";
import { ruleGroups, stackAlerts } from "../../../configs/prometheus/rules";
import { clusterSettings } from "../cli/support/cluster-objects";
import { settingsWith } from "../../support/settings";

test("a command names its stack; dev needs no ENV", () => {
  expect(makeCommand("dev", "logs", "SERVICE=jaeger")).toBe("make logs SERVICE=jaeger");
  expect(makeCommand("prod", "logs", "SERVICE=jaeger")).toBe("make logs ENV=prod SERVICE=jaeger");
});

test("every command of a text gets the stack, and nothing else changes", () => {
  const text = "`make status`, then `make logs SERVICE=jaeger`: do they make sense? `make alerts-drill`.";
  expect(withStack("dev", text)).toBe(text);
  expect(withStack("prod", text)).toBe(
    "`make status ENV=prod`, then `make logs ENV=prod SERVICE=jaeger`: do they make sense? `make alerts-drill ENV=prod`.",
  );
});

/** All commands in a text. */
const commandsIn = (value: unknown): string[] => JSON.stringify(value).match(/`make [^`]*`/g) ?? [];

test("alerts and dashboards of another stack than dev have no command for dev", () => {
  const settings = { ...clusterSettings(), stack: "prod" };
  const alerts = commandsIn(ruleGroups(settings));
  // Each alert keeps its commands.
  expect(alerts).toHaveLength(commandsIn(stackAlerts(settings).map(({ first }) => first)).length);
  const panels = commandsIn(dashboards(settings));
  expect(panels.length).toBeGreaterThan(5);
  for (const command of [...alerts, ...panels]) expect(command).toContain(" ENV=prod");
});

test("those of dev have no ENV", () => {
  const settings = settingsWith();
  const commands = commandsIn([ruleGroups(settings), dashboards(settings)]);
  expect(commands.length).toBeGreaterThan(20);
  for (const command of commands) expect(command).not.toContain("ENV=");
});

test("logs are those of the service that has the queue, or that writes", () => {
  const commands = (settings: Parameters<typeof stackAlerts>[0], alert: string) =>
    commandsIn(stackAlerts(settings).find(({ name }) => name === alert)?.first).map((command) => command.replace(/`/g, ""));
  const logs = (...services: string[]) => services.map((service) => `make logs SERVICE=${service}`);
  const [one, several] = [settingsWith(), clusterSettings()];
  expect(commands(one, "OTELExporterQueueFull")).toEqual(logs("jaeger"));
  expect(commands(several, "OTELExporterQueueFull")).toEqual(logs("jaeger-collector"));
  expect(commands(one, "TraceDataLoss")).toEqual(logs("otel-collector", "jaeger"));
  expect(commands(several, "TraceDataLoss")).toEqual(logs("otel-sampler", "jaeger-collector"));
  expect(commands(several, "JaegerElasticsearchConnectionFailed")).toEqual(["make status", ...logs("jaeger", "jaeger-collector")]);
});

test("the proxy's logs are those of its container", () => {
  const first = (settings: Parameters<typeof stackAlerts>[0]) => stackAlerts(settings).find(({ name }) => name === "IngestDown")?.first;
  expect(first(settingsWith({ ingest: { mode: "report" } }))).toContain("`make logs SERVICE=ingest`");
  const cluster = clusterSettings();
  expect(first({ ...cluster, kubernetes: { ...cluster.kubernetes, namespace: "spans" } })).toContain(
    "`kubectl -n spans logs -l app.kubernetes.io/name=otel-collector -c ingest --prefix`",
  );
});
