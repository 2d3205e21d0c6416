/** Rung: unit. TLS to Jaeger's UI and API: what each mode opens, who may connect, and what its clients use. */
import { ingressAnnotations, ingress as ingressSpec } from "../../../components/platform/kubernetes/objects";
import { policyOf } from "../../../components/platform/kubernetes/network";
import { allPorts } from "../../../components/platform/workload";
import { workloadsOf } from "../../../components/workloads";
import { jaegerConfig } from "../../../configs/jaeger/config";
import { addressesOf } from "../../../configs/topology";
import { kubernetesTopology } from "../../../configs/topology/kubernetes";
import type { Settings } from "../../../configs/stack/schema";
import { settingsWith } from "../../support/settings";
import { parsed } from "../support/yaml";

type Mode = "off" | "accept" | "both" | "on";
const settingsOf = (mode: Mode, jaeger: Record<string, unknown> = {}) =>
  settingsWith({ platform: "kubernetes", environment: "staging", jaeger, kubernetes: { tls: { mode } } });

const controller = { host: "jaeger.example.com", className: "nginx", namespace: "ingress", tlsSecret: "tls", usersSecret: "users" };
const behind = (mode: Mode, backend: "http" | "https") => settingsOf(mode, { ingress: { ...controller, backend } });

interface Server {
  readonly endpoint: string;
  readonly tls?: object;
  readonly auth?: object;
}
interface File {
  readonly extensions: Readonly<Record<string, { readonly http: Server; readonly grpc: Server } | undefined>>;
  readonly service: { readonly extensions: readonly string[] };
}

/** What Jaeger listens on for the UI and the API. */
function servers(settings: Settings, role: "both" | "query" | "collector" = "both"): [string, Server][] {
  const { extensions, service } = parsed<File>(jaegerConfig(settings, kubernetesTopology(settings), role));
  return service.extensions.flatMap((name) =>
    name.startsWith("jaeger_query")
      ? (["http", "grpc"] as const).map((kind): [string, Server] => [`${name} ${kind}`, extensions[name]![kind]])
      : [],
  );
}
const endpoints = (settings: Settings) => servers(settings).map(([name, { endpoint }]) => [name, endpoint]);

const tls = {
  cert_file: "/etc/tracing/certificates/tls.crt",
  key_file: "/etc/tracing/certificates/tls.key",
  min_version: "1.2",
  reload_interval: "1m",
};

const plain = (host: string) => [
  ["jaeger_query http", `${host}:16686`],
  ["jaeger_query grpc", `${host}:16685`],
];
const secure = [
  ["jaeger_query/tls http", "0.0.0.0:16687"],
  ["jaeger_query/tls grpc", "127.0.0.1:0"],
];

test.each<[Mode, string[][]]>([
  ["off", plain("0.0.0.0")],
  ["accept", [...plain("0.0.0.0"), ...secure]],
  ["both", [...plain("0.0.0.0"), ...secure]],
  ["on", [...plain("127.0.0.1"), ...secure]],
])("with %s, the UI and the API listen at %j", (mode, expected) => {
  expect(endpoints(settingsOf(mode))).toEqual(expected);
  for (const [name, server] of servers(settingsOf(mode)))
    expect([name, server.tls]).toEqual([name, /tls http/.test(name) ? tls : undefined]);
});

test("both servers show the same, and the one that only writes has neither", () => {
  const { extensions } = parsed<File>(jaegerConfig(settingsOf("both"), kubernetesTopology(settingsOf("both"))));
  const rest = ({ http: _http, grpc: _grpc, ...others }: NonNullable<File["extensions"][string]>) => others;
  expect(rest(extensions["jaeger_query/tls"]!)).toEqual(rest(extensions.jaeger_query!));
  expect(servers(settingsOf("both"), "collector")).toEqual([]);
});

const one = (settings: Settings, name: string) => workloadsOf(settings).find((workload) => workload.name === name)!;
interface Rule {
  readonly from: readonly {
    readonly podSelector?: { readonly matchLabels: Record<string, string> };
    readonly namespaceSelector?: object;
  }[];
  readonly ports: readonly { readonly port: number }[];
}
/** Ports of Jaeger's UI that a policy opens, for the canary or for the controller's namespace. */
function admitted(settings: Settings, who: "canary" | "controller"): number[] {
  const { ingress = [] } = policyOf(settings, one(settings, "jaeger")) as { ingress?: readonly Rule[] };
  const rules = ingress.filter(({ from: [source] }) =>
    who === "canary"
      ? source!.podSelector?.matchLabels["app.kubernetes.io/name"] === "canary"
      : JSON.stringify(source).includes(controller.namespace),
  );
  return rules.flatMap(({ ports }) => ports.map(({ port }) => port));
}

test.each<[Mode, number[], string, string]>([
  ["off", [16686], "http://jaeger.tracing.svc:16686", "/bin/sh"],
  ["accept", [16686, 16687], "http://jaeger.tracing.svc:16686", "/bin/sh"],
  ["both", [16686, 16687], "https://jaeger.tracing.svc:16687", "/bin/bash"],
  ["on", [16687], "https://jaeger.tracing.svc:16687", "/bin/bash"],
])("with %s, the canary may reach %j, and asks %s", (mode, open, url, shell) => {
  const settings = settingsOf(mode);
  const canary = one(settings, "canary");
  expect(admitted(settings, "canary")).toEqual(open);
  expect(canary.connects.find(({ to }) => to === "jaeger")!.ports).toEqual(open);
  expect(addressesOf(settings).jaegerQuery).toBe(url);
  expect(canary.command![0]).toBe(shell);
  const trusted = { path: "/etc/tracing/jaeger-authority", secret: "jaeger-tier-tls", keys: ["ca.crt"] };
  expect(canary.certificates).toEqual(url.startsWith("https:") ? [trusted] : []);
  const script = canary.files[0]!.content;
  expect(script.includes(`--cacert ${trusted.path}/ca.crt`)).toBe(url.startsWith("https:"));
  expect(script.includes("16687")).toBe(url.startsWith("https:"));
});

test("the Service keeps the port for plain text, as port-forwards go by it, to loopback", () => {
  const port = allPorts(one(settingsOf("on"), "jaeger")).find(({ name }) => name === "query");
  expect(port).toMatchObject({ port: 16686 });
  expect(endpoints(settingsOf("on"))).toContainEqual(["jaeger_query http", "127.0.0.1:16686"]);
});

test("a separate jaeger-collector and the UI have a certificate each", () => {
  const settings = settingsOf("on", { collectors: 2 });
  for (const name of ["jaeger", "jaeger-collector"])
    expect(one(settings, name).certificates).toContainEqual(
      expect.objectContaining({ secret: `${name}-tier-tls`, request: expect.objectContaining({ uses: ["server"] }) as object }),
    );
});

describe("behind an ingress", () => {
  test.each<[Mode, "http" | "https", number, string]>([
    ["off", "http", 16686, "0.0.0.0"],
    ["both", "http", 16686, "0.0.0.0"],
    ["both", "https", 16687, "0.0.0.0"],
    // The controller alone may come by plain text.
    ["on", "http", 16686, "0.0.0.0"],
    ["on", "https", 16687, "127.0.0.1"],
  ])("with %s and %s, the controller reaches %i, and plain text is open at %s", (mode, backend, port, host) => {
    const settings = behind(mode, backend);
    expect(admitted(settings, "controller")).toEqual([port]);
    expect(endpoints(settings).slice(0, 2)).toEqual(plain(host));
    const spec = ingressSpec(one(settings, "jaeger")) as { rules: { http: { paths: { backend: { service: object } }[] } }[] };
    expect(spec.rules[0]!.http.paths[0]!.backend.service).toEqual({
      name: "jaeger",
      port: { name: backend === "https" ? "query-tls" : "query" },
    });
    const annotations = Object.entries(ingressAnnotations(settings, one(settings, "jaeger")));
    const short = Object.fromEntries(annotations.map(([key, value]) => [key.replace("nginx.ingress.kubernetes.io/", ""), value]));
    const trusted = { "proxy-ssl-secret": "tracing/jaeger-tier-tls", "proxy-ssl-verify": "on", "proxy-ssl-name": "jaeger" };
    const verified = { "backend-protocol": "HTTPS", ...trusted, "proxy-ssl-server-name": "on" };
    expect(short).toEqual(backend === "https" ? verified : {});
  });

  test("both servers ask for a login", () => {
    const asked = servers(behind("both", "https")).filter(([name]) => name.endsWith("http"));
    expect(asked.map(([, { auth }]) => auth)).toEqual([{ authenticator: "basicauth/users" }, { authenticator: "basicauth/users" }]);
  });
});
