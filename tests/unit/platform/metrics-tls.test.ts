/** Rung: unit. TLS to the Collector's pages of metrics: what each mode opens and scrapes, who may connect, and what an operator is told. */
import { parse } from "yaml";
import { endpointsOf } from "../../../components/platform/kubernetes/monitors";
import { policyOf } from "../../../components/platform/kubernetes/network";
import { workloadsOf } from "../../../components/workloads";
import { collectorConfig, type CollectorRole } from "../../../configs/collector/config";
import { prometheusConfig } from "../../../configs/prometheus/config";
import { kubernetesTopology } from "../../../configs/topology/kubernetes";
import type { Settings } from "../../../configs/stack/schema";
import { settingsWith } from "../../support/settings";
import { parsed } from "../support/yaml";

type Mode = "off" | "accept" | "both" | "on";
const modes = ["off", "accept", "both", "on"] as const;
const settingsOf = (mode: Mode, more: Record<string, unknown> = {}) =>
  settingsWith({
    platform: "kubernetes",
    environment: "staging",
    sampler: { replicas: 2 },
    collector: { replicas: 2 },
    kubernetes: { tls: { mode } },
    ...more,
  });

interface File {
  readonly exporters: Readonly<Record<string, { readonly endpoint: string; readonly tls?: object } | undefined>>;
  readonly service: { readonly pipelines: Readonly<Record<string, { readonly exporters: readonly string[] }>> };
}

/** The pages of a tier: where each listens and whether by TLS, by the pipelines that fill it. */
function pages(settings: Settings, role: CollectorRole): Record<string, string[]> {
  const { exporters, service } = parsed<File>(collectorConfig(settings, kubernetesTopology(settings), role));
  const metrics = Object.entries(service.pipelines).filter(([name]) => name.startsWith("metrics"));
  const shown = (name: string) => `${exporters[name]!.endpoint}${exporters[name]!.tls ? " TLS" : ""}`;
  return Object.fromEntries(metrics.map(([name, pipeline]) => [name, pipeline.exporters.map(shown)]));
}

test.each<[Mode, string[], string[]]>([
  ["off", ["0.0.0.0:8889"], ["0.0.0.0:8890"]],
  ["accept", ["0.0.0.0:8889", "0.0.0.0:8891 TLS"], ["0.0.0.0:8890", "0.0.0.0:8892 TLS"]],
  ["both", ["0.0.0.0:8889", "0.0.0.0:8891 TLS"], ["0.0.0.0:8890", "0.0.0.0:8892 TLS"]],
  ["on", ["0.0.0.0:8891 TLS"], ["0.0.0.0:8892 TLS"]],
])("with %s, metrics are shown at %j, and reports at %j", (mode, metrics, reports) => {
  const settings = settingsOf(mode);
  for (const role of ["gateway", "single"] as const)
    expect(pages(settings, role)).toEqual({ metrics, "metrics/applications": metrics, "metrics/reports": reports });
  expect(pages(settings, "sampler")).toEqual({ metrics });
});

test("the page with TLS asks for no certificate, as operators' Prometheus have none", () => {
  const { exporters } = parsed<File>(collectorConfig(settingsOf("on"), kubernetesTopology(settingsOf("on")), "sampler"));
  expect(exporters["prometheus/tls"]!.tls).toEqual({
    cert_file: "/etc/tracing/certificates/tls.crt",
    key_file: "/etc/tracing/certificates/tls.key",
    min_version: "1.2",
    reload_interval: "1m",
  });
});

interface Job {
  readonly job_name: string;
  readonly scheme?: string;
  readonly tls_config?: object;
  readonly dns_sd_configs?: readonly { readonly names: readonly string[]; readonly port: number }[];
  readonly static_configs?: readonly { readonly targets: readonly string[]; readonly labels?: object }[];
  readonly relabel_configs?: readonly object[];
  readonly metric_relabel_configs?: readonly object[];
}
const jobs = (settings: Settings): Job[] =>
  (parse(prometheusConfig(settings, kubernetesTopology(settings))) as { scrape_configs: Job[] }).scrape_configs;

const trust = (service: string) => ({ ca_file: `/etc/tracing/${service}-authority/ca.crt`, server_name: service });

test.each(["off", "accept"] as const)("with %s, Prometheus scrapes in plain text, in one job for both tiers", (mode) => {
  expect(jobs(settingsOf(mode))).toEqual(jobs(settingsOf("off")));
  expect(jobs(settingsOf(mode)).filter(({ scheme, tls_config: tls }) => scheme ?? tls)).toEqual([]);
});

test.each(["both", "on"] as const)("with %s, Prometheus scrapes by TLS and checks the name of each tier", (mode) => {
  const secure = jobs(settingsOf(mode)).filter(({ scheme }) => scheme === "https");
  expect(secure.map((job) => [job.job_name, job.tls_config])).toEqual([
    ["otel-collector-exporter", trust("otel-collector")],
    ["otel-collector-exporter-second-tier", trust("otel-sampler")],
    ["index-cleaner", trust("otel-collector")],
  ]);
  expect(secure.flatMap(({ dns_sd_configs: found = [] }) => found.map(({ names, port }) => [names, port]))).toEqual([
    [["otel-collector-pods"], 8891],
    [["otel-collector-pods"], 8892],
  ]);
  const [first, second] = secure;
  expect(second!.static_configs).toEqual([
    { targets: ["otel-sampler-0.otel-sampler-pods:8891", "otel-sampler-1.otel-sampler-pods:8891"], labels: { tier: "sampler" } },
  ]);
  // Rules name the job.
  expect(second!.relabel_configs).toEqual([{ target_label: "job", replacement: "otel-collector-exporter" }]);
  expect(second!.metric_relabel_configs).toEqual(first!.metric_relabel_configs);
  expect(jobs(settingsOf(mode)).map(({ job_name: name }) => name)).toHaveLength(jobs(settingsOf("off")).length + 1);
});

const one = (settings: Settings, name: string) => workloadsOf(settings).find((workload) => workload.name === name)!;
interface Rule {
  readonly from: readonly { readonly podSelector?: { readonly matchLabels: Record<string, string> } }[];
  readonly ports: readonly { readonly port: number }[];
}

test.each<[Mode, number[], number[]]>([
  ["off", [8889, 8890], [8889]],
  ["accept", [8889, 8890, 8891, 8892], [8889, 8891]],
  ["both", [8889, 8890, 8891, 8892], [8889, 8891]],
  ["on", [8891, 8892], [8891]],
])("with %s, network policies let Prometheus reach gateways at %j and samplers at %j", (mode, gateways, samplers) => {
  const settings = settingsOf(mode);
  const isPage = (port: number) => port >= 8889 && port <= 8892;
  const admitted = (name: string) => {
    const { ingress = [] } = policyOf(settings, one(settings, name)) as { ingress?: readonly Rule[] };
    const own = ingress.filter(({ from: [source] }) => source!.podSelector?.matchLabels["app.kubernetes.io/name"] === "prometheus");
    return own
      .flatMap(({ ports }) => ports.map(({ port }) => port))
      .filter(isPage)
      .sort();
  };
  const allowed = (name: string) =>
    one(settings, "prometheus")
      .connects.flatMap(({ to, ports }) => (to === name ? ports.filter(isPage) : []))
      .sort();
  expect([admitted("otel-collector"), admitted("otel-sampler")]).toEqual([gateways, samplers]);
  expect([allowed("otel-collector"), allowed("otel-sampler")]).toEqual([gateways, samplers]);
});

test("Prometheus has the tiers' authority without a key, and starts behind them, where it scrapes by TLS", () => {
  const authorities = (settings: Settings) => (one(settings, "prometheus").certificates ?? []).map(({ secret, keys }) => [secret, keys]);
  const [collector, sampler] = ["otel-collector", "otel-sampler"].map((service) => [`${service}-tier-tls`, ["ca.crt"]]);
  const alertmanager = ["alertmanager-tier-tls", ["ca.crt"]];
  const all = [collector, sampler, alertmanager];
  expect(modes.map((mode) => authorities(settingsOf(mode)))).toEqual([[], [], all, all]);
  expect(authorities(settingsOf("on", { sampler: {}, collector: {} }))).toEqual([collector, alertmanager]);
  const before = ["otel-collector", "alertmanager"];
  expect(modes.map((mode) => one(settingsOf(mode), "prometheus").startsAfter)).toEqual([[], [], before, before]);
});

interface Endpoint {
  readonly port: string;
  readonly scheme?: string;
  readonly tlsConfig?: object;
}

test.each<[Mode, string[]]>([
  ["off", []],
  ["accept", []],
  ["both", ["exporter-tls", "report-tls"]],
  ["on", ["exporter-tls", "report-tls"]],
])("with %s, a Prometheus of an operator scrapes %j by TLS", (mode, secure) => {
  const settings = settingsOf(mode, { prometheus: { mode: "operator" } });
  const endpoints = endpointsOf(kubernetesTopology(settings).scrape, workloadsOf(settings)) as Map<string, Endpoint[]>;
  const byTls = (service: string) => endpoints.get(service)!.filter(({ scheme, tlsConfig }) => scheme ?? tlsConfig);
  expect(byTls("otel-collector").map(({ port }) => port)).toEqual(secure);
  expect(byTls("otel-sampler").map(({ port }) => port)).toEqual(secure.slice(0, 1));
  for (const service of ["otel-collector", "otel-sampler"])
    for (const { scheme, tlsConfig } of byTls(service))
      expect([scheme, tlsConfig]).toEqual([
        "https",
        { ca: { secret: { name: `${service}-tier-tls`, key: "ca.crt" } }, serverName: service },
      ]);
});
