/** Rung: unit. Jaeger's pages: whose metrics they ask for, what the menu shows, links, and what may not be asked for. */
import { policyOf } from "../../../components/platform/kubernetes/network";
import { podSpec } from "../../../components/platform/kubernetes/pod";
import { workloadsOf } from "../../../components/workloads";
import { jaegerConfig, type JaegerRole } from "../../../configs/jaeger/config";
import { uiConfig } from "../../../configs/jaeger/pages";
import { callsQuery, serviceGraphScript } from "../../../configs/jaeger/service-graph";
import { metrics } from "../../../configs/prometheus/metrics";
import { rulesFile } from "../../../configs/prometheus/rules";
import type { Settings } from "../../../configs/stack/schema";
import { topologyOf } from "../../../configs/topology";
import { problemsOf, settingsWith } from "../../support/settings";
import { parsed } from "../support/yaml";

interface File {
  readonly extensions: {
    readonly jaeger_storage: { readonly metric_backends?: Record<string, { readonly prometheus: Record<string, unknown> }> };
    readonly jaeger_query?: { readonly storage: Record<string, string>; readonly ui: Record<string, string> };
  };
}

const cluster = (prometheus: object = {}, jaeger: object = {}) => settingsWith({ platform: "kubernetes", prometheus, jaeger });
const address = "https://prometheus.watch.svc.cluster.local:9443";
const operator = (more: object = {}, jaeger: object = {}) => cluster({ mode: "operator", operator: { address, ...more } }, jaeger);

const extensions = (settings: Settings, role?: JaegerRole) => parsed<File>(jaegerConfig(settings, topologyOf(settings), role)).extensions;
const backend = (settings: Settings) => extensions(settings).jaeger_storage.metric_backends?.prometheus?.prometheus;
const menu = (settings: Settings) => {
  const { monitor, dependencies } = JSON.parse(uiConfig(settings)) as Record<string, { menuEnabled: boolean }>;
  return [monitor?.menuEnabled, dependencies?.menuEnabled];
};
const workload = (settings: Settings, name: string) => workloadsOf(settings).find((one) => one.name === name);
const egress = (settings: Settings, name: string) => policyOf(settings, workload(settings, name)!).egress ?? [];

describe("the Monitor tab", () => {
  test("asks the stack's own Prometheus for the Collector's span metrics by name", () => {
    const { metric_namespace: namespace, ...others } = backend(settingsWith())!;
    expect(others).toEqual({
      endpoint: "http://prometheus.tracing-backend:9090",
      connect_timeout: "5s",
      latency_unit: "s",
      normalize_calls: true,
      normalize_duration: true,
    });
    // What Jaeger makes of the namespace and these options.
    expect(`${namespace as string}_calls_total`).toBe(metrics.calls.name);
    expect(`${namespace as string}_duration_seconds`).toBe(metrics.callSeconds.name);
    expect(metrics.calls.labels).toEqual(expect.arrayContaining(["service_name", "span_name", "span_kind", "status_code"]));
    expect(extensions(settingsWith()).jaeger_query!.storage).toEqual({ traces: "reader", metrics: "prometheus" });
    expect(backend(cluster())!.endpoint).toBe("http://prometheus:9090");
  });

  test("asks the cluster's Prometheus, with token and authority, if its address is known", () => {
    expect(backend(operator())).toMatchObject({ endpoint: address });
    expect(Object.keys(backend(operator())!)).not.toEqual(expect.arrayContaining([expect.stringMatching(/token|tls/)]));
    expect(backend(operator({ tokenSecret: "reader", authoritySecret: "ca" }))).toMatchObject({
      token_file_path: "/etc/tracing/prometheus-token/token",
      tls: { ca_file: "/etc/tracing/prometheus-authority/ca.crt" },
    });
    for (const settings of [cluster({ mode: "operator" }), settingsWith({ jaeger: { monitor: false } })]) {
      expect(backend(settings)).toBeUndefined();
      expect(extensions(settings).jaeger_query!.storage).toEqual({ traces: "reader" });
      expect(menu(settings)[0]).toBe(false);
    }
    expect(menu(operator())).toEqual([true, true]);
  });

  test("is for the instances that answer queries alone", () => {
    const split = cluster({}, { collectors: 2 });
    expect(extensions(split, "query").jaeger_storage.metric_backends).toBeDefined();
    expect(extensions(split, "collector")).not.toHaveProperty("jaeger_query");
    expect(extensions(split, "collector").jaeger_storage.metric_backends).toBeUndefined();
    expect(workload(split, "jaeger")!.connects).toContainEqual({ to: "prometheus", ports: [9090] });
    expect(workload(split, "jaeger-collector")!.connects).not.toContainEqual(expect.objectContaining({ to: "prometheus" }));
  });

  test("does not delay Jaeger's start, and admits Jaeger to Prometheus only if it asks", () => {
    const alone = { dashboards: { perses: false } };
    const settings = settingsWith(alone);
    expect(workload(settings, "jaeger")!.startsAfter).toEqual(["elasticsearch-setup"]);
    expect(workload(settings, "prometheus")!.peers).toEqual([
      { from: "jaeger", ports: ["http"] },
      { from: "service-graph", ports: ["http"] },
    ]);
    expect(workload(settingsWith({ ...alone, jaeger: { monitor: false, dependencies: false } }), "prometheus")!.peers).toEqual([]);
  });

  test("allows egress to the cluster's Prometheus, and mounts its Secrets", () => {
    const rule = (namespace?: string) => ({
      to: namespace && [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } } }],
      ports: [{ port: namespace === undefined ? 443 : 9443, protocol: "TCP" }],
    });
    const elsewhere = operator({ address: "https://metrics.example.com:443" });
    for (const name of ["jaeger", "service-graph"]) {
      expect(egress(operator(), name)).toContainEqual(rule("watch"));
      expect(egress(elsewhere, name)).toContainEqual(rule());
      const pod = JSON.stringify(podSpec(operator({ tokenSecret: "reader" }), workload(operator({ tokenSecret: "reader" }), name)!));
      expect(pod).toContain('"secretName":"reader"');
      expect(pod).toContain('"mountPath":"/etc/tracing/prometheus-token"');
    }
    expect(JSON.stringify(egress(cluster({ mode: "operator" }), "jaeger"))).not.toContain("9443");
  });
});

describe("the Dependencies page", () => {
  test("is in the menu if a Prometheus is known and dependencies are on", () => {
    for (const [settings, there] of [
      [settingsWith(), true],
      [operator(), true],
      [cluster({ mode: "operator" }), false],
      [settingsWith({ jaeger: { dependencies: false } }), false],
    ] as const) {
      expect(menu(settings)[1]).toBe(there);
      expect(workload(settings, "service-graph") !== undefined).toBe(there);
      expect(rulesFile(settings).includes("ServiceGraphOld")).toBe(there);
    }
  });

  test("counts the calls of its own stack only, also in the cluster's Prometheus", () => {
    expect(callsQuery(settingsWith())).not.toContain("namespace");
    const query = callsQuery(operator());
    expect(query.match(/\{[^}]*\}/g)!.every((selector) => selector.startsWith('{namespace="tracing", job="otel-collector-exporter"'))).toBe(
      true,
    );
  });

  test("is written to the indices that Jaeger reads, with the stack's prefix and a token from its file", () => {
    const settings = operator({ tokenSecret: "reader", authoritySecret: "ca" });
    const external = { url: "http://es:9200", passwordSecret: "es" };
    const prefixed = settingsWith({ platform: "kubernetes", elasticsearch: { external, indexPrefix: "blue" } });
    expect(serviceGraphScript(prefixed, topologyOf(prefixed))).toContain('PUT "blue-jaeger-dependencies-${hour%T*}/_doc/$hour"');
    const script = serviceGraphScript(settings, topologyOf(settings));
    expect(script).toContain('PUT "jaeger-dependencies-${hour%T*}/_doc/$hour"');
    expect(script).toContain(`'${address}/api/v1/query'`);
    expect(script).toContain("--cacert /etc/tracing/prometheus-authority/ca.crt");
    expect(script).toContain('"$(</etc/tracing/prometheus-token/token)"');
    const unknown = cluster({ mode: "operator" });
    expect(() => serviceGraphScript(unknown, topologyOf(unknown))).toThrow("knows of no Prometheus");
  });
});

test("links are in the UI's config as they were written, and none by default", () => {
  const links = [
    { type: "tags", key: "correlation_id", url: "https://logs.example.com/?q=#{correlation_id}&t=#{startTime | add -1}", text: "Logs" },
    { type: "traces", url: "http://localhost:3000/#{traceID}", text: "#{traceName}" },
  ];
  const patterns = (settings: Settings) => (JSON.parse(uiConfig(settings)) as { linkPatterns: unknown }).linkPatterns;
  expect(patterns(settingsWith({ jaeger: { links } }))).toEqual(links);
  expect(patterns(settingsWith())).toEqual([]);
});

describe("is refused", () => {
  const base = { "tracing:platform": "kubernetes", "tracing:environment": "production" };

  test.each<[string, object, string, string]>([
    ["an address without a port", { address: "http://prometheus.watch.svc" }, "address", "an http or https address with its port"],
    ["an address with a path", { address: "http://prometheus.watch.svc:9090/select" }, "address", "an http or https address with its port"],
    ["a token for nobody", { tokenSecret: "reader" }, "tokenSecret", "nothing unless prometheus.operator.address is set"],
    ["an authority without TLS", { address: "http://p:9090", authoritySecret: "ca" }, "authoritySecret", "nothing for an http address"],
  ])("%s", (_what, more, key, allowed) => {
    const [problem, ...others] = problemsOf({ prometheus: { mode: "operator", operator: more } }, base);
    expect(others).toEqual([]);
    expect(problem).toContain(`tracing:prometheus.operator.${key}: found `);
    expect(problem).toContain(`allowed: ${allowed}`);
  });

  test("an address where the stack runs its own Prometheus", () => {
    expect(problemsOf({ prometheus: { operator: { address } } }, base)).toEqual([
      `tracing:prometheus.operator.address: found "${address}"; allowed: nothing unless prometheus.mode is operator`,
    ]);
  });
});
