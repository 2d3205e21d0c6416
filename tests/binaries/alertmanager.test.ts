/** Rung: binaries. Alertmanager accepts its config, sends alerts where they belong, and mutes what an outage explains. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { alertmanagerArgs, alertmanagerConfig } from "../../configs/alertmanager/config";
import type { Settings } from "../../configs/stack/schema";
import { files, paths, ports } from "../../configs/topology/ports";
import { settingsWith } from "../support/settings";
import { temporaryFolder } from "../support/temporary-folder";
import { until } from "../support/waiting";
import { freePorts, program, run } from "./support/programs";
import { httpServer, type HttpServer } from "../support/http-server";

const folder = temporaryFolder();
const mail = { kind: "email", to: "a@example.com", from: "b@example.com", smarthost: "smtp.example.com:587" };
const receivers = [
  { name: "hook", kind: "webhook" },
  { name: "chat", kind: "slack", severity: "warning", channel: "#alerts" },
  { ...mail, name: "mail", severity: "critical", user: "tracing" },
  { ...mail, name: "relay", severity: "critical" },
  { name: "pager", kind: "pagerduty", severity: "critical" },
  { name: "switch", kind: "webhook", severity: "watchdog" },
];
const own = (some: object[]) => settingsWith({ environment: "staging", alerts: { receivers: some } });

/** The config, with its files in a folder of the test instead of the container's. */
function written(settings: Settings, change: (text: string) => string = (text) => text): string {
  const path = join(folder(), files.alertmanager);
  writeFileSync(path, change(alertmanagerConfig(settings)).replaceAll(paths.secrets, folder()));
  return path;
}
const amtool = (...args: string[]) => run(program("amtool"), args);

test.each<[string, Settings]>([
  ["every kind of receiver", own(receivers)],
  ["nobody to tell", own([])],
  [
    "a cluster",
    settingsWith({
      platform: "kubernetes",
      environment: "production",
      collector: { replicas: 2 },
      sampler: { replicas: 2 },
      jaeger: { collectors: 2 },
      alerts: { receivers, receiversSecret: "receivers" },
    }),
  ],
])("accepts its file with %s", async (_what, settings) => {
  const { code, output } = await amtool("check-config", written(settings));
  expect(output).toContain("SUCCESS");
  expect(code).toBe(0);
});

test("would refuse a setting that it does not know", async () => {
  const config = written(own(receivers), (text) => text.replace("group_wait:", "group_weight:"));
  const { code, output } = await amtool("check-config", config);
  expect(code).not.toBe(0);
  expect(output).toContain("field group_weight not found");
});

test.each<[string, string, string]>([
  ["a critical alert", "severity=critical", "hook,mail,relay,pager"],
  ["a warning", "severity=warning", "hook,chat"],
  ["the watchdog", "severity=none", "switch"],
])("sends %s to who is to get it", async (what, severity, expected) => {
  const alert = what === "the watchdog" ? "Watchdog" : "TraceDataLoss";
  const config = written(own(receivers));
  const outcome = await amtool(
    "config",
    "routes",
    "test",
    `--config.file=${config}`,
    `--verify.receivers=${expected}`,
    severity,
    `alertname=${alert}`,
    "stack=dev",
  );
  expect(outcome).toMatchObject({ code: 0 });
});

test("sends a severity that nobody wants, and the watchdog without a switch, nowhere", async () => {
  const config = written(own([{ name: "hook", kind: "webhook", severity: "critical" }]));
  for (const labels of [["severity=warning"], ["severity=none", "alertname=Watchdog"]]) {
    const outcome = await amtool("config", "routes", "test", `--config.file=${config}`, "--verify.receivers=_nobody", ...labels);
    expect(outcome).toMatchObject({ code: 0 });
  }
});

describe("running", () => {
  /** What came to the address of a receiver: names of alerts, with their severities. */
  const heard: Record<string, string[]> = { hook: [], switch: [] };
  /** Messages to Slack. */
  const chat: { readonly title: string; readonly text: string }[] = [];
  let server: HttpServer;
  beforeAll(async () => {
    server = await httpServer((request, response, body) => {
      const { alerts = [], attachments = [] } = JSON.parse(body.toString()) as {
        alerts?: { labels: { alertname: string; severity: string; stack: string } }[];
        attachments?: typeof chat;
      };
      chat.push(...attachments);
      heard[(request.url ?? "").slice(1)]?.push(...alerts.map(({ labels }) => `${labels.stack}: ${labels.alertname} ${labels.severity}`));
      response.end();
    });
  });
  afterAll(() => server.close());

  test("reads addresses from their files; an outage mutes what follows from it and what it leaves behind, and its critical alert the warning", async () => {
    const settings = own([
      { name: "hook", kind: "webhook" },
      { name: "chat", kind: "slack", severity: "critical" },
      { name: "switch", kind: "webhook", severity: "watchdog" },
    ]);
    // With the end of line that an editor leaves.
    for (const name of ["hook", "chat", "switch"]) writeFileSync(join(folder(), `alert-receiver-${name}`), `${server.url}/${name}\n`);
    const [port] = (await freePorts(1)) as [number];
    const config = written(settings, (text) => text.replace(/group_wait: 1m/, "group_wait: 1s"));
    const args = alertmanagerArgs(settings).map((arg) =>
      arg
        .replace(`${paths.config}/${files.alertmanager}`, config)
        .replace(`=${paths.alertmanagerData}`, `=${folder()}`)
        .replace(`:${ports.alertmanager.http}`, `127.0.0.1:${port}`)
        .replace("http://127.0.0.1127.0.0.1:", "http://127.0.0.1:"),
    );
    const annotations = { summary: "It is down", description: "0 of 1 answers.", runbook_url: "https://git.example.com/alerts.md#a" };
    const alert = (alertname: string, severity: string, more: object = {}) => ({
      labels: { alertname, severity, stack: "dev", ...more },
      annotations,
    });
    await run(program("alertmanager"), args, {
      until: /Listening on/,
      meanwhile: async () => {
        const answer = await fetch(`http://127.0.0.1:${port}/api/v2/alerts`, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify([
            alert("ElasticsearchDown", "critical"),
            alert("ElasticsearchDown", "warning"),
            alert("JaegerElasticsearchConnectionFailed", "critical"),
            alert("IndexCleanerFailed", "warning"),
            alert("IndexCleanerFailed", "warning", { stack: "other" }),
            alert("OTELRequestsRefused", "warning"),
            alert("Watchdog", "none"),
            // Of a stack whose Jaeger is there again: its outage explains what it left behind, and nothing that came since.
            ...["5m", "1h", "6h"].map((within) =>
              alert("RecentOutage", "none", { stack: "again", outage: "JaegerDown", service: "jaeger", within }),
            ),
            alert("OTELExporterQueueFull", "warning", { stack: "again" }),
            alert("CanaryMissing", "warning", { stack: "again", service: "canary" }),
            alert("ErrorBudgetBurn", "critical", { stack: "again" }),
            alert("JaegerDown", "critical", { stack: "again", service: "jaeger" }),
            // An hour later.
            ...["1h", "6h"].map((within) =>
              alert("RecentOutage", "none", { stack: "later", outage: "JaegerDown", service: "jaeger", within }),
            ),
            alert("OTELExporterQueueFull", "warning", { stack: "later" }),
            alert("CanaryMissing", "critical", { stack: "later", service: "canary" }),
            alert("CanaryMissing", "warning", { stack: "later", service: "canary" }),
          ]),
        });
        expect(answer.status).toBe(200);
        await until(
          15,
          () => Promise.resolve(heard),
          ({ hook = [], switch: signs = [] }) => hook.length >= 6 && signs.length >= 1 && chat.length >= 3,
        );
      },
    });
    expect(heard.hook?.sort()).toEqual([
      "again: JaegerDown critical",
      "dev: ElasticsearchDown critical",
      "dev: OTELRequestsRefused warning",
      "later: CanaryMissing critical",
      "later: OTELExporterQueueFull warning",
      "other: IndexCleanerFailed warning",
    ]);
    expect(heard.switch).toEqual(["dev: Watchdog none"]);
    expect(chat).toHaveLength(3);
    expect(chat.filter(({ title }) => title.startsWith("dev")).map(({ title, text }) => ({ title, text: text.trim() }))).toEqual([
      {
        title: "dev: ElasticsearchDown",
        text: "It is down (firing, critical)\n0 of 1 answers.\nhttps://git.example.com/alerts.md#a",
      },
    ]);
  });
});
