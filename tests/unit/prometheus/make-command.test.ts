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
