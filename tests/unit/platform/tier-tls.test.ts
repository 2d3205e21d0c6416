/** Rung: unit. TLS between the tiers: what each mode opens, sends and mounts, and what of it a network policy lets through. */
import { policyOf } from "../../../components/platform/kubernetes/network";
import { podSpec } from "../../../components/platform/kubernetes/pod";
import { withFront } from "../../../components/platform/workload";
import { workloadsOf } from "../../../components/workloads";
import { collectorConfig } from "../../../configs/collector/config";
import { jaegerConfig } from "../../../configs/jaeger/config";
import { kubernetesTopology } from "../../../configs/topology/kubernetes";
import type { Settings } from "../../../configs/stack/schema";
import { settingsWith } from "../../support/settings";
import { loose, parsed, type CollectorFile } from "../support/yaml";

interface Grpc {
  readonly endpoint: string;
  readonly tls?: object;
  readonly max_recv_msg_size_mib: number;
  readonly keepalive?: object;
}
interface File extends CollectorFile {
  readonly receivers: Readonly<Record<string, { readonly protocols?: { readonly grpc: Grpc } }>>;
  readonly exporters: {
    readonly otlp_grpc?: { readonly endpoint: string; readonly tls: object };
    readonly load_balancing?: {
      readonly resolver: { readonly dns: { readonly port: string } };
      readonly protocol: { readonly otlp: { readonly tls: object } };
    };
  };
}

type Mode = "off" | "accept" | "both" | "on";
const modes = ["off", "accept", "both", "on"] as const;
const settingsOf = (mode: Mode | undefined, more: Record<string, unknown> = {}) =>
  settingsWith({
    platform: "kubernetes",
    environment: "staging",
    sampler: { replicas: 2 },
    collector: { replicas: 2 },
    jaeger: { replicas: 2, collectors: 2 },
    kubernetes: { tls: { mode } },
    ...more,
  });

const gateway = (settings: Settings) => parsed<File>(collectorConfig(settings, kubernetesTopology(settings), "gateway"));
const sampler = (settings: Settings) => parsed<File>(collectorConfig(settings, kubernetesTopology(settings), "sampler"));
const jaeger = (settings: Settings) => parsed<File>(jaegerConfig(settings, kubernetesTopology(settings), "collector"));
const one = (settings: Settings, name: string) => workloadsOf(settings).find((workload) => workload.name === name)!;

/** The certificates that a stack requests. */
const requestsOf = (settings: Settings) =>
  workloadsOf(settings)
    .flatMap(withFront)
    .flatMap(({ certificates = [] }) => certificates.flatMap(({ request }) => request ?? []));

const insecure = { insecure: true };
const pair = {
  cert_file: "/etc/tracing/certificates/tls.crt",
  key_file: "/etc/tracing/certificates/tls.key",
  min_version: "1.3",
  reload_interval: "1m",
};
const asClient = { ...pair, ca_file: "/etc/tracing/certificates/ca.crt" };
const asServer = { ...pair, client_ca_file: "/etc/tracing/certificates/ca.crt", client_ca_file_reload: true };

test.each<[Mode, string[], string[], number]>([
  ["off", ["otlp"], ["jaeger", "otlp"], 4317],
  ["accept", ["otlp", "otlp/tls"], ["jaeger", "otlp", "otlp/tls"], 4317],
  ["both", ["otlp", "otlp/tls"], ["jaeger", "otlp", "otlp/tls"], 4320],
  ["on", ["otlp/tls"], ["otlp/tls"], 4320],
])("with %s, samplers receive by %j, Jaeger by %j, and both are sent to at %i", (mode, ofSampler, ofJaeger, port) => {
  const settings = settingsOf(mode);
  const [front, middle, back] = [gateway(settings), sampler(settings), jaeger(settings)];
  expect([loose(front), loose(middle), loose(back)]).toEqual([[], [], []]);
  expect([...middle.service.pipelines["traces/received"]!.receivers].sort()).toEqual(ofSampler);
  expect([...back.service.pipelines.traces!.receivers].sort()).toEqual(ofJaeger);
  expect(front.exporters.load_balancing!.resolver.dns.port).toBe(String(port));
  expect(middle.exporters.otlp_grpc!.endpoint).toBe(`jaeger-collector:${port}`);
  const tls = port === 4320;
  expect(front.exporters.load_balancing!.protocol.otlp.tls).toEqual(tls ? { ...asClient, server_name_override: "otel-sampler" } : insecure);
  expect(middle.exporters.otlp_grpc!.tls).toEqual(tls ? asClient : insecure);
});

test("a mode that is not written is off, and the config of Docker knows no TLS", () => {
  expect(collectorConfig(settingsOf(undefined), kubernetesTopology(settingsOf(undefined)), "sampler")).toBe(
    collectorConfig(settingsOf("off"), kubernetesTopology(settingsOf("off")), "sampler"),
  );
  const docker = workloadsOf(settingsWith());
  expect(docker.flatMap(({ certificates = [] }) => certificates)).toEqual([]);
  expect(docker.flatMap(({ files }) => files).filter(({ content }) => /4320|certificates\//.test(content))).toEqual([]);
});

test.each([
  ["a sampler", sampler],
  ["Jaeger", jaeger],
])("%s asks for a certificate, and is otherwise the same server as without TLS", (_what, of) => {
  const { receivers } = of(settingsOf("both"));
  const [plain, tls] = [receivers.otlp!.protocols!.grpc, receivers["otlp/tls"]!.protocols!.grpc];
  expect(Object.keys(receivers["otlp/tls"]!.protocols!)).toEqual(["grpc"]);
  expect(tls).toEqual({ ...plain, endpoint: "0.0.0.0:4320", tls: asServer });
  expect(plain.tls).toBeUndefined();
});

test("gateways take from applications as before, whatever the mode", () => {
  const receivers = modes.map((mode) => gateway(settingsOf(mode)).receivers);
  expect(new Set(receivers.map((all) => JSON.stringify(all))).size).toBe(1);
});

test("with on, nothing for spans listens without TLS behind the gateways", () => {
  for (const file of [sampler(settingsOf("on")), jaeger(settingsOf("on"))]) {
    const servers = Object.values(file.receivers).flatMap((receiver) => Object.values<Grpc>(receiver.protocols ?? {}));
    expect(servers.map(({ tls }) => tls)).toEqual([asServer]);
  }
});

interface Rule {
  readonly ports: readonly { readonly port: number }[];
}

describe.each<[Mode, number[]]>([
  ["off", [4317]],
  ["accept", [4317, 4320]],
  ["both", [4317, 4320]],
  ["on", [4320]],
])("with %s", (mode, spanPorts) => {
  const settings = settingsOf(mode);
  const admitted = (name: string) => {
    const { ingress = [] } = policyOf(settings, one(settings, name)) as { ingress?: readonly Rule[] };
    const all = ingress.flatMap(({ ports }) => ports.map(({ port }) => port)).filter((port) => port === 4317 || port === 4320);
    return [...new Set(all)].sort();
  };

  test("network policies admit spans at just the ports that are open", () => {
    expect(admitted("otel-sampler")).toEqual(spanPorts);
    expect(admitted("jaeger-collector")).toEqual(spanPorts);
    expect(one(settings, "otel-collector").connects).toEqual([{ to: "otel-sampler", ports: spanPorts }]);
    expect(one(settings, "otel-sampler").connects).toEqual([{ to: "jaeger-collector", ports: spanPorts }]);
  });

  test("the tiers and what others read from have a certificate each, for what they do with it, and nobody else has one", () => {
    const requests = requestsOf(settings);
    const wanted = [
      { name: "jaeger-tier-tls", issuer: "own", uses: ["server"] },
      { name: "jaeger-collector-tier-tls", issuer: "own", uses: ["server"] },
      { name: "otel-sampler-tier-tls", issuer: "own", uses: ["server", "client"] },
      { name: "otel-collector-tier-tls", issuer: "own", uses: ["server", "client"] },
      { name: "alertmanager-tier-tls", issuer: "own", uses: ["server"] },
      { name: "prometheus-tier-tls", issuer: "own", uses: ["server"] },
    ];
    expect(requests).toEqual(mode === "off" ? [] : wanted);
  });
});

test("the files are those of the Secret, readable by the pod's group alone", () => {
  const settings = settingsOf("on");
  const pod = JSON.parse(JSON.stringify(podSpec(settings, one(settings, "otel-sampler")))) as {
    containers: { volumeMounts: object[] }[];
    volumes: object[];
  };
  expect(pod.volumes).toContainEqual({
    name: "certificates",
    secret: {
      secretName: "otel-sampler-tier-tls",
      defaultMode: 0o440,
      items: ["tls.crt", "tls.key", "ca.crt"].map((key) => ({ key, path: key })),
    },
  });
  expect(pod.containers[0]!.volumeMounts).toContainEqual({ name: "certificates", mountPath: "/etc/tracing/certificates", readOnly: true });
});

test("an issuer signs in place of the stack's own authority; Secrets that exist are not requested", () => {
  const issuersOf = (tls: object) =>
    requestsOf(settingsOf("on", { kubernetes: { tls: { mode: "on", ...tls } } })).map((request) => request.issuer);
  expect(issuersOf({ issuer: { name: "ca" } })).toEqual(Array.from({ length: 6 }, () => ({ name: "ca", kind: "ClusterIssuer" })));
  expect(issuersOf({ certificates: "external" })).toEqual([]);
});

test("one tier that samples itself shows its certificate to Jaeger", () => {
  const settings = settingsWith({ platform: "kubernetes", environment: "staging", kubernetes: { tls: { mode: "on" } } });
  const file = parsed<File>(collectorConfig(settings, kubernetesTopology(settings), "single"));
  expect(file.exporters.otlp_grpc).toMatchObject({ endpoint: "jaeger:4320", tls: asClient });
  expect(one(settings, "otel-collector").certificates).toMatchObject([{ request: { uses: ["server", "client"] } }]);
  expect((one(settings, "jaeger").certificates ?? []).filter(({ request }) => request)).toMatchObject([{ request: { uses: ["server"] } }]);
});

test("the setup watches all certificates, without their keys, and starts without them", () => {
  const watched = (groups: Record<string, unknown>) =>
    (one(settingsOf("on", groups), "elasticsearch-setup").certificates ?? []).filter(({ optional }) => optional);
  const services = ["otel-collector", "otel-sampler", "jaeger", "jaeger-collector", "prometheus", "alertmanager"];
  const tiers = services.map((service) => `${service}-tier-tls`);
  expect(watched({}).map(({ secret }) => secret)).toEqual(tiers);
  const external = { elasticsearch: { tls: "external", certificateSecret: "ours" }, kubernetes: { tls: { mode: "off" } } };
  expect(watched(external)).toEqual([
    { path: "/etc/tracing/watched-certificates/ours", secret: "ours", keys: ["tls.crt", "ca.crt"], optional: true },
  ]);
});
