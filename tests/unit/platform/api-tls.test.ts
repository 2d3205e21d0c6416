/** Rung: unit. TLS to the APIs of Prometheus and Alertmanager: what each mode opens, who may connect, how they are probed, what clients use. */
import { parse } from "yaml";
import { policyOf } from "../../../components/platform/kubernetes/network";
import { podSpec } from "../../../components/platform/kubernetes/pod";
import { allPorts } from "../../../components/platform/workload";
import { workloadsOf } from "../../../components/workloads";
import { alertmanagerArgs } from "../../../configs/alertmanager/config";
import { haproxyScript } from "../../../configs/haproxy/script";
import { persesResources } from "../../../configs/perses/config";
import { prometheusArgs, prometheusConfig } from "../../../configs/prometheus/config";
import { tlsProxyConfig, tlsProxyMemory } from "../../../configs/tls-proxy/haproxy";
import { kubernetesTopology } from "../../../configs/topology/kubernetes";
import type { Settings } from "../../../configs/stack/schema";
import { settingsWith } from "../../support/settings";

type Mode = "off" | "accept" | "both" | "on";
const modes = ["off", "accept", "both", "on"] as const;
const everyone = { everyone: true };
const settingsOf = (mode: Mode, more: Record<string, unknown> = {}) =>
  settingsWith({
    platform: "kubernetes",
    environment: "staging",
    dashboards: { perses: true },
    login: {
      url: "https://tracing.example.com",
      issuer: "https://id.example.com",
      clientId: "tracing",
      clientSecret: "client",
      roles: { traces: everyone, metrics: everyone, alerts: everyone },
    },
    kubernetes: { tls: { mode } },
    ...more,
  });

const one = (settings: Settings, name: string) => workloadsOf(settings).find((workload) => workload.name === name)!;

const servers = [
  { name: "prometheus", plain: 9090, tls: 9490, clients: ["jaeger", "service-graph", "perses", "login"] },
  { name: "alertmanager", plain: 9093, tls: 9493, clients: ["prometheus", "login"] },
] as const;

/** The value of an argument. */
const listens = (args: readonly string[]) =>
  args.find((arg) => arg.startsWith("--web.listen-address="))?.replace("--web.listen-address=", "");

test.each<[Mode, string | undefined, string]>([
  ["off", undefined, ":9093"],
  ["accept", undefined, ":9093"],
  ["both", undefined, ":9093"],
  ["on", "127.0.0.1:9090", "127.0.0.1:9093"],
])("with %s, Prometheus listens at %s and Alertmanager at %s", (mode, prometheus, alertmanager) => {
  const settings = settingsOf(mode);
  expect(listens(prometheusArgs(settings, "file", "folder"))).toBe(prometheus);
  expect(listens(alertmanagerArgs(settings))).toBe(alertmanager);
});

interface Rule {
  readonly from: readonly { readonly podSelector?: { readonly matchLabels: Record<string, string> } }[];
  readonly ports: readonly { readonly port: number }[];
}

describe.each(servers)("$name", ({ name, plain, tls, clients }) => {
  const open: Readonly<Record<Mode, number[]>> = { off: [plain], accept: [plain, tls], both: [plain, tls], on: [tls] };

  test.each(modes)("with %s, its clients and nobody else may come to the ports that are open", (mode) => {
    const settings = settingsOf(mode);
    const { ingress = [] } = policyOf(settings, one(settings, name)) as { ingress?: readonly Rule[] };
    const admitted = ingress.map(({ from, ports }) => [
      from[0]!.podSelector?.matchLabels["app.kubernetes.io/name"],
      ports.map(({ port }) => port),
    ]);
    expect(admitted).toEqual(clients.map((client) => [client, open[mode]]));
  });

  test.each(modes)("with %s, each client may go to them", (mode) => {
    for (const client of clients) {
      const ports = one(settingsOf(mode), client).connects.find(({ to }) => to === name)!.ports;
      expect([client, ports]).toEqual([client, open[mode]]);
    }
  });

  test.each(modes)("with %s, clients that use TLS have its authority without a key, and others nothing", (mode) => {
    const settings = settingsOf(mode);
    const trusted = { path: `/etc/tracing/${name}-authority`, secret: `${name}-tier-tls`, keys: ["ca.crt"] };
    for (const client of clients) {
      const workload = one(settings, client);
      const certificates = [...(workload.certificates ?? []), ...(workload.front?.certificates ?? [])];
      const found = certificates.filter(({ secret }) => secret === trusted.secret);
      const own = found.filter(({ keys }) => keys.includes("tls.key"));
      expect([client, own]).toEqual([client, []]);
      expect([client, found]).toEqual([client, mode === "both" || mode === "on" ? [trusted] : []]);
    }
  });

  interface Probe {
    readonly httpGet: { readonly port: number; readonly path: string; readonly scheme?: string };
  }
  interface Container {
    readonly name: string;
    readonly securityContext: { readonly runAsUser?: number };
    readonly readinessProbe: Probe;
    readonly livenessProbe: Probe;
  }
  const containers = (mode: Mode) => {
    const settings = settingsOf(mode);
    return (JSON.parse(JSON.stringify(podSpec(settings, one(settings, name)))) as { containers: Container[] }).containers;
  };
  const asked = ({ readinessProbe, livenessProbe }: Container) =>
    [readinessProbe, livenessProbe].map(({ httpGet: { scheme = "HTTP", port, path } }) => `${scheme} ${port}${path}`);

  test.each<[Mode, string]>([
    ["off", `HTTP ${plain}`],
    ["accept", `HTTP ${plain}`],
    ["both", `HTTP ${plain}`],
    ["on", `HTTPS ${tls}`],
  ])("with %s, it is probed by %s", (mode, by) => {
    expect(asked(containers(mode)[0]!)).toEqual([`${by}/-/ready`, `${by}/-/healthy`]);
  });

  test("the proxy is a container of its pod as soon as TLS is taken, and is not restarted for what is behind it", () => {
    const others = modes.map((mode) => containers(mode).slice(1));
    expect(others.map((all) => all.map((container) => container.name))).toEqual([[], ["tls-proxy"], ["tls-proxy"], ["tls-proxy"]]);
    const [proxy] = others[3]!;
    expect(asked(proxy!)).toEqual([`HTTPS ${tls}/healthz`, `HTTPS ${tls}/healthz`]);
    expect(proxy!.securityContext.runAsUser).toBe(99);
  });

  test("the Service keeps the port for plain text, as port-forwards go by it, to loopback", () => {
    const numbers = (mode: Mode) => allPorts(one(settingsOf(mode), name)).map(({ port }) => port);
    expect(modes.map(numbers)).toEqual([[plain], [plain, tls], [plain, tls], [plain, tls]]);
  });
});

interface PrometheusFile {
  readonly alerting: { readonly alertmanagers: readonly object[] };
}

test.each(modes)("with %s, Prometheus, Jaeger, the service graph and Perses use what the mode says, and verify by name", (mode) => {
  const settings = settingsOf(mode);
  const topology = kubernetesTopology(settings);
  const secure = mode === "both" || mode === "on";
  const ca = "/etc/tracing/prometheus-authority/ca.crt";
  expect(topology.prometheus).toEqual(
    secure ? { url: "https://prometheus:9490", authority: ca } : { url: "http://prometheus:9090", authority: undefined },
  );
  const { alerting } = parse(prometheusConfig(settings, topology)) as PrometheusFile;
  expect(alerting.alertmanagers).toEqual([
    secure
      ? {
          scheme: "https",
          tls_config: { ca_file: "/etc/tracing/alertmanager-authority/ca.crt", server_name: "alertmanager" },
          static_configs: [{ targets: ["alertmanager:9493"] }],
        }
      : { static_configs: [{ targets: ["alertmanager:9093"] }] },
  ]);
  const texts = (name: string) => one(settings, name).files.map(({ content }) => content);
  for (const client of ["jaeger", "service-graph"] as const) expect([client, texts(client).join().includes(ca)]).toEqual([client, secure]);
  const { "perses-datasource.yaml": source, "perses-secret.yaml": secret } = persesResources(settings, topology);
  expect(parse(source!)).toMatchObject({
    spec: {
      plugin: { spec: { proxy: { spec: { url: topology.prometheus!.url, ...(secure ? { secret: "prometheus-authority" } : {}) } } } },
    },
  });
  expect(secret === undefined ? undefined : parse(secret)).toEqual(
    secure
      ? { kind: "Secret", metadata: { name: "prometheus-authority", project: "tracing" }, spec: { tlsConfig: { caFile: ca } } }
      : undefined,
  );
});

test("what is the cluster's, or not there, has no proxy; on Docker nothing has one", () => {
  const operated = settingsWith({
    platform: "kubernetes",
    environment: "staging",
    prometheus: { mode: "operator", operator: { address: "http://prometheus.monitoring.svc:9090" } },
    kubernetes: { tls: { mode: "on" } },
  });
  const proxies = (settings: Settings) => workloadsOf(settings).flatMap(({ name, front }) => (front?.name === "tls-proxy" ? [name] : []));
  expect(proxies(operated)).toEqual([]);
  expect(kubernetesTopology(operated).prometheus).toEqual({ url: "http://prometheus.monitoring.svc:9090" });
  expect(proxies(settingsOf("on", { alerts: { delivery: "off" }, login: undefined }))).toEqual(["prometheus"]);
  expect(proxies(settingsOf("on"))).toEqual(["alertmanager", "prometheus"]);
  expect(proxies(settingsWith())).toEqual([]);
});

describe("the proxy's files", () => {
  const text = tlsProxyConfig({ listen: "0.0.0.0:9490", certificate: "/c/tls.crt", service: "prometheus", upstream: "127.0.0.1:9090" });

  test("the proxy takes TLS only, and hands on within the pod only", () => {
    expect(text.match(/^ {2}bind .*$/gm)).toEqual(["  bind 0.0.0.0:9490 ssl crt /c/tls.crt alpn http/1.1"]);
    expect(text.match(/^ {2}server .*$/gm)).toEqual(["  server prometheus 127.0.0.1:9090"]);
    expect(text).toContain("ssl-min-ver TLSv1.2");
    expect(tlsProxyMemory).toBe(64);
  });

  test("its script looks at the config and the certificates, and makes no file", () => {
    const script = haproxyScript({ config: "/h.cfg", watched: ["/c/tls.crt", "/c/tls.key"], what: "certificates" });
    expect(script).toContain("state() { cat /h.cfg /c/tls.crt /c/tls.key ");
    expect(script).not.toMatch(/\bwrite\b|>\/(?!dev)/);
  });
});
