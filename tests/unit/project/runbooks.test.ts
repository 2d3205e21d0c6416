/** Rung: unit. The runbooks against the alerts: what each section says is what the rule does. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runbooks, stackAlerts } from "../../../configs/prometheus/rules";
import { projectFolder } from "../../../render/record";
import { settingsWith } from "../../support/settings";

/** Between them, these stacks have every alert, with each of its severities. */
const stacks = [
  settingsWith({ alerts: { delivery: "own" }, elasticsearch: { snapshots: { store: "volume" } } }),
  settingsWith({
    platform: "kubernetes",
    collector: { replicas: 2 },
    sampler: { replicas: 2 },
    jaeger: { replicas: 2 },
    ingest: { mode: "require", tokensSecret: "tokens", senders: [{ name: "shop" }] },
    elasticsearch: { nodes: 3, tls: "cert-manager" },
    prometheus: { mode: "operator" },
    login: {
      ...{ issuer: "https://id.example.com", clientId: "tracing", clientSecret: "client", url: "https://tracing.example.com" },
      ...{ replicas: 2, roles: { traces: { everyone: true } } },
    },
  }),
];

const alerts = stacks.flatMap((settings) => stackAlerts(settings));
const severities = (name: string) => alerts.filter((alert) => alert.name === name).map(({ severity }) => severity);

/** Text of the sections, by their headings. */
const sections = Object.fromEntries(
  readFileSync(join(projectFolder, runbooks), "utf8")
    .split(/^## /m)
    .slice(1)
    .map((text) => [text.slice(0, text.indexOf("\n")), text.slice(text.indexOf("\n"))]),
);

const unique = (words: readonly string[]) => [...new Set(words)].sort();

test("the sections are those of the alerts, after the terms", () => {
  expect(Object.keys(sections).sort()).toEqual(["Terms", ...unique(alerts.map(({ name }) => name))].sort());
});

test.each(unique(alerts.map(({ name }) => name)))("%s has the severities of its rules, and no others", (name) => {
  const found = [...(sections[name] ?? "").matchAll(/^(?:Severity: |- )\*\*(critical|warning|none)\*\*[.:]/gm)];
  expect(unique(found.map(([, word = ""]) => word))).toEqual(unique(severities(name)));
});

test("each alert that somebody receives has numbered steps", () => {
  const received = unique(alerts.filter(({ severity }) => severity !== "none").map(({ name }) => name));
  expect(received.filter((name) => !/^1\. /m.test(sections[name] ?? ""))).toEqual([]);
});
