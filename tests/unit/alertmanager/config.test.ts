/** Rung: unit. Alertmanager's config: routes, what mutes what, and where secrets are; and what Prometheus needs for it. */
import { alertmanagerArgs, alertmanagerConfig } from "../../../configs/alertmanager/config";
import { prometheusConfig } from "../../../configs/prometheus/config";
import { stackAlerts } from "../../../configs/prometheus/rules";
import type { Settings } from "../../../configs/stack/schema";
import { topologyOf } from "../../../configs/topology";
import { settingsWith } from "../../support/settings";
import { rulesOf } from "../../rules/support/named";
import { parsed, unsortedMaps } from "../support/yaml";

interface Config {
  readonly route: Route;
  readonly inhibit_rules: { readonly source_matchers: string[]; readonly target_matchers: string[]; readonly equal: string[] }[];
  readonly receivers: { readonly name: string }[];
}
interface Route {
  readonly receiver: string;
  readonly matchers?: string[];
  readonly routes?: Route[];
  readonly continue?: boolean;
  readonly group_by?: string[];
}

const receivers = [
  { name: "hook", kind: "webhook" },
  { name: "chat", kind: "slack", severity: "warning", channel: "#alerts" },
  {
    name: "mail",
    kind: "email",
    severity: "critical",
    to: "a@example.com",
    from: "b@example.com",
    smarthost: "smtp.example.com:465",
    user: "tracing",
  },
  { name: "pager", kind: "pagerduty", severity: "critical" },
  { name: "switch", kind: "webhook", severity: "watchdog" },
];
const own = { environment: "staging", elasticsearch: { snapshots: { store: "volume" } }, alerts: { receivers } };
const one = settingsWith(own);
const cluster = settingsWith({
  ...own,
  platform: "kubernetes",
  elasticsearch: { nodes: 3, tls: "cert-manager", snapshots: { store: "volume", storageClass: "shared" } },
  collector: { replicas: 2 },
  sampler: { replicas: 2 },
  jaeger: { replicas: 2, collectors: 2 },
  alerts: { receivers, receiversSecret: "receivers" },
});
const configOf = (settings: Settings) => parsed<Config>(alertmanagerConfig(settings));

describe("alertmanager.yml", () => {
  test("names secrets by their files, and has sorted keys", () => {
    const text = alertmanagerConfig(one);
    expect(unsortedMaps(text)).toEqual([]);
    expect([...text.matchAll(/(\w+_file): (\S+)/g)].map(([, key, path]) => [key, path])).toEqual([
      ["url_file", "/etc/tracing/secrets/alert-receiver-hook"],
      ["api_url_file", "/etc/tracing/secrets/alert-receiver-chat"],
      ["auth_password_file", "/etc/tracing/secrets/alert-receiver-mail"],
      ["routing_key_file", "/etc/tracing/secrets/alert-receiver-pager"],
      ["url_file", "/etc/tracing/secrets/alert-receiver-switch"],
    ]);
  });

  test("gives each receiver the severities that it is for, and no route the rest", () => {
    const { route } = configOf(one);
    expect(route).toMatchObject({ receiver: "_nobody", group_by: ["alertname", "stack"] });
    const [watchdog, ...routes] = route.routes!;
    expect(routes.map(({ receiver, matchers, continue: on }) => [receiver, matchers, on])).toEqual([
      ["hook", ['severity="critical"'], true],
      ["hook", ['severity="warning"'], true],
      ["chat", ['severity="warning"'], true],
      ["mail", ['severity="critical"'], true],
      ["pager", ['severity="critical"'], true],
    ]);
    expect(watchdog).toMatchObject({ receiver: "_nobody", matchers: ['alertname="Watchdog"'] });
    expect(watchdog?.routes?.map(({ receiver }) => receiver)).toEqual(["switch"]);
  });

  test("has the watchdog dropped where there is no switch", () => {
    const [watchdog] = configOf(settingsWith({ environment: "staging" })).route.routes!;
    expect(watchdog).toMatchObject({ receiver: "_nobody", routes: [] });
  });

  test("mutes a warning by the critical alert of the same name, service, node and objective", () => {
    expect(configOf(one).inhibit_rules[0]).toEqual({
      source_matchers: ['severity="critical"'],
      target_matchers: ['severity="warning"'],
      equal: ["alertname", "stack", "service", "name", "objective", "of", "certificate"],
    });
  });

  /** Alerts that an outage mutes. */
  const mutedBy = (settings: Settings, cause: string) =>
    configOf(settings)
      .inhibit_rules.filter(({ source_matchers: [source] }) => source === `alertname="${cause}"`)
      .flatMap(({ source_matchers, target_matchers, equal }) => {
        expect(source_matchers).toContain('severity="critical"');
        expect(equal).toEqual(["stack"]);
        return /^alertname=~"(.*)"$/.exec(target_matchers[0]!)![1]!.split("|");
      });

  test("mutes what follows from an Elasticsearch that is down", () => {
    expect(mutedBy(one, "ElasticsearchDown")).toEqual(
      expect.arrayContaining([
        "ElasticsearchSnapshotFailed",
        "IndexCleanerFailed",
        "JaegerElasticsearchConnectionFailed",
        "JaegerHighQueueDepth",
        "OTELExporterQueueFull",
        "TraceDataLoss",
      ]),
    );
    for (const cause of ["ElasticsearchDown", "JaegerDown", "OTELCollectorDown"]) expect(mutedBy(one, cause)).not.toContain(cause);
  });

  test("mutes by the service that is down: Jaeger's UI keeps no span from being stored", () => {
    const muted = (service: string) =>
      configOf(cluster)
        .inhibit_rules.filter(
          ({ source_matchers }) => source_matchers.join(" ") === `alertname="JaegerDown" severity="critical" service="${service}"`,
        )
        .flatMap(({ target_matchers }) => target_matchers);
    expect(muted("jaeger")).toEqual(['alertname=~"CanaryMissing|ErrorBudgetBurn"']);
    expect(muted("jaeger-collector")).toEqual([expect.stringMatching(/CanaryMissing.*ErrorBudgetBurn.*OTELExporterQueueFilling/)]);
    expect(mutedBy(cluster, "JaegerDown")).toContain("OTELExporterQueueFilling");
  });

  /** Alerts that an outage mutes after its end, by time and severity. */
  const mutedAfter = (settings: Settings, cause: string) =>
    Object.fromEntries(
      configOf(settings)
        .inhibit_rules.filter(({ source_matchers }) => source_matchers.includes(`outage="${cause}"`))
        .map(({ source_matchers, target_matchers, equal }) => {
          expect(source_matchers[0]).toBe('alertname="RecentOutage"');
          expect(equal).toEqual(["stack"]);
          const within = /within="(\w+)"/.exec(source_matchers.join(" "))![1]!;
          return [`${within} ${/severity="(.*)"/.exec(target_matchers[1]!)![1]}`, /"(.*)"/.exec(target_matchers[0]!)![1]!.split("|")];
        }),
    );

  test("mutes what an outage leaves behind, for as long as it does, and never what it cost", () => {
    const after = mutedAfter(one, "JaegerDown");
    expect(Object.keys(after).sort()).toEqual(["1h critical", "1h warning", "5m critical", "5m warning", "6h warning"]);
    expect(after["1h critical"]).toEqual(["ErrorBudgetBurn"]);
    expect(after["1h warning"]).toEqual(["CanaryMissing"]);
    expect(after["6h warning"]).toEqual(["ErrorBudgetBurn"]);
    expect(after["5m critical"]).toContain("CanaryMissing");
    expect(after["5m warning"]).toContain("OTELExporterQueueFull");
    expect(Object.values(after).flat()).not.toContain("TraceDataLoss");
    expect(mutedAfter(one, "CanaryMissing")["1h warning"]).toEqual(["CanaryMissing"]);
    expect(mutedAfter(one, "CanaryMissing")["5m critical"]).toBeUndefined();
  });

  test("never mutes what no outage of the stack explains", () => {
    const muted = ["ElasticsearchDown", "JaegerDown", "OTELCollectorDown"].flatMap((cause) => mutedBy(cluster, cause));
    for (const alert of ["OTELRequestsRefused", "SpansDroppedAtTheDoor", "ElasticsearchDiskLow", "ElasticsearchExporterDown", "Watchdog"])
      expect(muted).not.toContain(alert);
  });

  test.each([
    ["one machine", one],
    ["a cluster", cluster],
  ])("has for each outage that an alert follows from a critical alert that says so, on %s", (_what, settings) => {
    const alerts = stackAlerts(settings);
    const causes = alerts.flatMap(({ follows = [] }) => follows);
    expect(causes.length).toBeGreaterThan(10);
    for (const { name, service } of causes) {
      const sources = alerts.filter((alert) => alert.name === name && alert.severity === "critical");
      expect([name, service, sources.map((source) => source.service)]).toEqual([name, service, expect.arrayContaining([service])]);
    }
  });
});

test("Alertmanager has no cluster of its own, and links in messages lead to it", () => {
  expect(alertmanagerArgs(one)).toEqual(
    expect.arrayContaining(["--cluster.listen-address=", "--web.external-url=http://127.0.0.1:9093", "--storage.path=/alertmanager"]),
  );
  expect(alertmanagerArgs(cluster)).toContain("--web.external-url=http://alertmanager.tracing.svc:9093");
});

describe("Prometheus", () => {
  const alerting = (settings: Settings) => parsed<{ alerting?: unknown }>(prometheusConfig(settings, topologyOf(settings))).alerting;

  test.each([
    ["one machine", one],
    ["a cluster", cluster],
  ])("sends alerts to the stack's Alertmanager on %s", (_what, settings) => {
    expect(alerting(settings)).toEqual({ alertmanagers: [{ static_configs: [{ targets: ["alertmanager:9093"] }] }] });
    expect(rulesOf(settings).map(({ alert }) => alert)).toContain("Watchdog");
  });

  test("sends none, and has no watchdog, where the stack delivers nothing itself", () => {
    const operator = settingsWith({ platform: "kubernetes", prometheus: { mode: "operator" } });
    for (const settings of [settingsWith(), settingsWith({ environment: "staging", alerts: { delivery: "off" } }), operator]) {
      expect(alerting(settings)).toBeUndefined();
      expect(rulesOf(settings).map(({ alert }) => alert)).not.toContain("Watchdog");
    }
  });

  test("names the runbook of each alert at the address that people reach", () => {
    const runbooks = "https://git.example.com/tracing/blob/main/docs/runbooks/alerts.md";
    const urls = rulesOf(settingsWith({ alerts: { runbooks } })).flatMap(({ annotations }) => annotations?.runbook_url ?? []);
    expect(urls).toContain(`${runbooks}#tracedataloss`);
    expect(urls.filter((url) => !url.startsWith(`${runbooks}#`))).toEqual([]);
  });
});
