/** Rung: unit. When a stack runs Perses, its config file, and what it is provisioned with. */
import { parse } from "yaml";
import { prometheusWorkload } from "../../../components/prometheus/prometheus";
import { persesWorkloads } from "../../../components/prometheus/perses";
import { dashboards } from "../../../configs/dashboards";
import { persesArgs, persesConfig, persesResources } from "../../../configs/perses/config";
import { hasPerses } from "../../../configs/perses/runs";
import { topologyOf } from "../../../configs/topology";
import { clusterSettings } from "../cli/support/cluster-objects";
import { problemsOf, settingsWith } from "../../support/settings";

const cluster = (perses?: boolean) => clusterSettings({ dashboards: { perses } });

describe("a stack runs Perses", () => {
  test.each<[string, Parameters<typeof settingsWith>[0], boolean]>([
    ["in development on Docker", {}, true],
    ["unless it is turned off", { dashboards: { perses: false } }, false],
    ["in staging on Docker: not", { environment: "staging" }, false],
    ["in production on Docker where it is asked for", { environment: "production", dashboards: { perses: "true" } }, true],
    ["in development on Kubernetes: not", { platform: "kubernetes", environment: "development" }, false],
    ["on Kubernetes where it is asked for", { platform: "kubernetes", environment: "staging", dashboards: { perses: true } }, true],
  ])("%s", (_where, groups, expected) => {
    const settings = settingsWith(groups);
    expect(hasPerses(settings)).toBe(expected);
    expect(persesWorkloads(settings, topologyOf(settings)).map(({ name }) => name)).toEqual(expected ? ["perses"] : []);
  });

  test("never with the cluster's Prometheus, which it would have to ask", () => {
    const operator = { platform: "kubernetes", environment: "staging", prometheus: { mode: "operator" } };
    const refused =
      "tracing:dashboards.perses: found true; allowed: false with prometheus.mode operator: Perses asks the stack's own Prometheus";
    expect(problemsOf({ ...operator, dashboards: { perses: true } })).toEqual([refused]);
    expect(problemsOf({ ...operator, dashboards: { perses: false } })).toEqual([]);
    expect(hasPerses(settingsWith({ ...operator, environment: "development" }))).toBe(false);
  });

  test("whose port on the host is its own", () => {
    expect(problemsOf({ publish: { ports: { prometheus: 3001 } } })).toEqual([
      "tracing:publish.ports.perses: found 3001, which prometheus has; allowed: a port of its own",
    ]);
  });
});

describe("perses.yml", () => {
  test("makes its database anew, of what it is provisioned with, and lets nobody change it", () => {
    const settings = settingsWith();
    expect(parse(persesConfig(settings))).toEqual({
      database: { file: { folder: "/var/lib/perses", extension: "yaml" } },
      frontend: {
        important_dashboards: ["pipeline", "sampling", "storage", "objectives", "services"].map((dashboard) => ({
          project: "tracing",
          dashboard,
        })),
      },
      plugin: { path: "/perses/plugins-0.52.0" },
      provisioning: { folders: ["/etc/tracing/live"], interval: "1m" },
      security: { readonly: true },
    });
  });

  test("keeps the plugins of each version apart: a volume outlives an update", () => {
    const settings = settingsWith({ otherImages: { perses: "registry.example.com/perses:v1.2.3-4" } });
    expect(parse(persesConfig(settings))).toMatchObject({ plugin: { path: "/perses/plugins-1.2.3" } });
  });

  test("is named on the command line, with the port", () => {
    expect(persesArgs).toEqual(["--config=/etc/tracing/config/perses.yml", "--web.listen-address=:8080", "--log.level=warning"]);
  });
});

describe("what it is provisioned with", () => {
  const settings = settingsWith();
  const resources = Object.entries(persesResources(settings, topologyOf(settings))).map(
    ([name, text]) => [name, parse(text) as Resource] as const,
  );
  interface Resource {
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly project?: string };
    readonly spec: { readonly plugin?: { readonly spec: { readonly proxy: { readonly spec: Proxy } } } };
  }
  interface Proxy {
    readonly url: string;
    readonly allowedEndpoints: readonly { readonly method: string; readonly endpointPattern: string }[];
  }
  const proxy = resources.find(([name]) => name === "perses-datasource.yaml")?.[1].spec.plugin?.spec.proxy.spec;

  test("are a project, its data source and all dashboards in it, each in a file that Perses reads", () => {
    expect(resources.map(([, { kind, metadata }]) => [kind, metadata.project, metadata.name])).toEqual([
      ["Project", undefined, "tracing"],
      ["Datasource", "tracing", "prometheus"],
      ...dashboards(settings).map(({ name }) => ["Dashboard", "tracing", name]),
    ]);
    for (const [name] of resources) expect(name).toMatch(/^[a-z-]+\.yaml$/);
  });

  test.each<[string, ReturnType<typeof settingsWith>, string]>([
    ["on Docker by the name on the backend network", settings, "http://prometheus.tracing-backend:9090"],
    ["on Kubernetes by its Service", cluster(true), "http://prometheus:9090"],
  ])("asks Prometheus %s", (_where, of, url) => {
    expect(persesResources(of, topologyOf(of))["perses-datasource.yaml"]).toContain(`url: ${url}\n`);
    expect(proxy?.url).toMatch(/^http:\/\//);
  });

  test.each<[string, string, boolean]>([
    ["POST", "/api/v1/query_range", true],
    ["GET", "/api/v1/query", true],
    ["GET", "/api/v1/label/service_name/values", true],
    ["GET", "/api/v1/label/a/b/values", false],
    ["GET", "/api/v1/query/", false],
    ["POST", "/api/v1/admin/tsdb/delete_series", false],
    ["POST", "/api/v1/write", false],
    ["POST", "/-/reload", false],
    ["GET", "/x/api/v1/query", false],
    ["GET", "/api/v1/status/config", false],
    ["PUT", "/api/v1/query", false],
    ["DELETE", "/api/v1/series", false],
  ])("passes %s %s: %s", (method, path, passed) => {
    const endpoints = proxy?.allowedEndpoints ?? [];
    expect(endpoints).not.toEqual([]);
    expect(endpoints.some((one) => one.method === method && new RegExp(one.endpointPattern).test(path))).toBe(passed);
  });

  test("is an error without the stack's Prometheus", () => {
    expect(() => persesResources(settings, {})).toThrow("needs the stack's own Prometheus");
  });
});

describe("its workload", () => {
  test("rereads dashboards by itself; its config file starts it anew", () => {
    const settings = settingsWith();
    const [perses] = persesWorkloads(settings, topologyOf(settings));
    const folders = (perses?.files ?? []).map(({ path, onChange }) => `${path.split("/").slice(0, -1).join("/")} ${onChange}`);
    expect([...new Set(folders)]).toEqual(["/etc/tracing/config restart", "/etc/tracing/live live"]);
  });

  test("is let in by Prometheus where there is one, and nowhere else", () => {
    const readers = (of: ReturnType<typeof settingsWith>) => prometheusWorkload(of, topologyOf(of)).peers.map(({ from }) => from);
    expect(readers(cluster(true))).toContain("perses");
    expect(readers(cluster())).not.toContain("perses");
  });
});
