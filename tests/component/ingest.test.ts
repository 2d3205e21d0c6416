/** Rung: component. The proxy in front of the Collector: where it runs, what it can reach, and where tokens go. */
import { parse } from "yaml";
import type { Recorded } from "../../render/record";
import { tokenLine } from "../../configs/ingest/senders";
import { runProgram, type Mount, type Run } from "./support/program";

const [first, second] = ["1".repeat(40), "2".repeat(40)] as const;
const senders = [{ name: "shop" }, { name: "chat" }];
const receivers = [4317, 4318, 14250, 14268];
interface Port {
  readonly internal: number;
}
interface Network {
  readonly name: string;
  readonly aliases: readonly string[];
}
const portsOf = ({ inputs }: Recorded) => (inputs.ports as Port[] | undefined)?.map(({ internal }) => internal) ?? [];
const networksOf = ({ inputs }: Recorded) => (inputs.networksAdvanced as Network[]).map(({ name, aliases }) => [name, aliases]);
describe("on Docker", () => {
  let run: Run;
  let without: Run;
  beforeAll(async () => {
    run = await runProgram("dev", {
      ingest: { mode: "require", senders },
      ingestTokens: { shop: [first, second], chat: first.replace("1", "3") },
    });
    without = await runProgram("dev");
  });

  test("it takes the Collector's place on the applications' network, and its ports", () => {
    const proxy = run.get("tracing-otel-collector-ingest");
    const collector = run.container("otel-collector");
    expect(networksOf(proxy)).toEqual([
      ["tracing-backend", ["ingest"]],
      ["tracing-ingest", ["otel-collector"]],
    ]);
    expect(networksOf(collector)).toEqual([["tracing-backend", ["otel-collector"]]]);
    expect(portsOf(proxy)).toEqual(receivers);
    expect(portsOf(collector)).toEqual([8889, 13133, 55679]);
    expect(run.dependenciesOf(proxy, "docker:index/container:Container")).toContain("tracing-otel-collector");
  });

  test("it runs without rights, and writes hashes to memory only", () => {
    expect(run.get("tracing-otel-collector-ingest").inputs).toMatchObject({
      readOnly: true,
      user: "99:99",
      capabilities: { drops: ["ALL"] },
      tmpfs: { "/run/ingest": "size=1m,mode=0700,uid=99,gid=99" },
      memory: 192,
    });
    const mounts = run.get("tracing-otel-collector-ingest").inputs.volumes as Mount[];
    expect(mounts.map(({ containerPath, readOnly }) => [containerPath, readOnly])).toEqual([
      ["/etc/tracing/config", true],
      ["/etc/tracing/live", true],
      ["/etc/tracing/secrets", true],
      ["/opt/tracing/tools", true],
    ]);
  });

  test("a change of limits, of the mode or of a token replaces no service", async () => {
    const other = await runProgram("dev", {
      ingest: { mode: "report", senders: [{ name: "shop", limits: { requestsPerSecond: 1 } }, { name: "chat" }] },
      ingestTokens: { shop: second, chat: first },
    });
    for (const name of ["tracing-otel-collector-ingest", "tracing-otel-collector", "tracing-canary"])
      expect(other.get(name, "docker:index/container:Container").inputs).toEqual(run.get(name, "docker:index/container:Container").inputs);
    expect(other.get("tracing-otel-collector-ingest-live-upload").inputs).not.toEqual(
      run.get("tracing-otel-collector-ingest-live-upload").inputs,
    );
  });

  test("a new sender's token is there before the config that asks for it", () => {
    const config = run.get("tracing-otel-collector-ingest-live-upload");
    expect(run.dependenciesOf(config, "docker:index/container:Container")).toContain("tracing-otel-collector-ingest-prepare");
  });

  test("no resource has a token: hashes are in their uploads, marked as secrets", () => {
    for (const token of [first, second])
      expect(run.resources.filter(({ inputs, outputs }) => JSON.stringify([inputs, outputs ?? {}]).includes(token))).toEqual([]);
    const upload = run.get("tracing-docker-secret-ingest-sender-shop-upload");
    expect(upload.inputs.uploads).toEqual([
      { file: "/secrets/ingest-sender-shop", content: tokenLine(first) + tokenLine(second), permissions: "0400" },
    ]);
    expect(upload.secretInputs).toEqual(["uploads"]);
    expect(run.get("tracing-otel-collector-stack-token").inputs).toMatchObject({ length: 32, special: false });
  });

  test("the canary goes through it, with a token that no command line holds", () => {
    const script = (run.get("tracing-canary-config-upload").inputs.uploads as { content: string }[])[0]?.content;
    expect(script).toContain("address ingest");
    expect(script).toContain("cat /etc/tracing/secrets/ingest-stack-token\n");
    expect(script).not.toContain("--header 'Authorization");
  });

  test("the stack's output says who may send", () => {
    const [stack] = run.resources.filter(({ type }) => type === "tracing:components:TracingStack");
    expect(stack?.outputs).toMatchObject({
      ingest: "require: only shop, chat may send",
      applicationEnvironment: { OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20<token of a sender in tracing:ingest>" },
    });
  });

  test("a stack with the mode off has nothing of it", () => {
    expect(without.resources.filter(({ name }) => /ingest|stack-token/.test(name) && name !== "tracing-docker-ingest")).toEqual([]);
    expect(networksOf(without.container("otel-collector"))).toContainEqual(["tracing-ingest", ["otel-collector"]]);
  });

  test("missing and wrong tokens are refused before anything is created, all at once and without a token", async () => {
    const refused = runProgram("dev", { ingest: { mode: "require", senders }, ingestTokens: { shop: "short!" } });
    await expect(refused).rejects.toThrow(
      /2 errors in the config of stack "dev":\n {2}- tracing:ingestTokens\.chat: missing.*\n {2}- tracing:ingestTokens\.shop: found a token with other characters/,
    );
    await expect(refused).rejects.not.toThrow("short!");
  });
});

describe("on Kubernetes", () => {
  interface Container {
    readonly name: string;
    readonly ports: readonly { readonly containerPort: number }[];
    readonly securityContext: object;
    readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
    readonly readinessProbe: object;
    readonly image: string;
  }
  interface PodSpec {
    readonly containers: readonly [Container, Container];
    readonly volumes: readonly { readonly name: string }[];
  }
  const ingest = { mode: "require", senders, tokensSecret: "tokens" };
  let run: Run;
  let pod: PodSpec;
  beforeAll(async () => {
    run = await runProgram("staging", { ingest });
    const { inputs } = run.get("tracing-otel-collector", "kubernetes:apps/v1:Deployment");
    pod = (inputs.spec as { template: { spec: PodSpec } }).template.spec;
  });

  test("it is a second container of each gateway, with a user and volumes of its own", () => {
    const [collector, proxy] = pod.containers;
    expect([collector.name, proxy.name]).toEqual(["otel-collector", "ingest"]);
    expect(proxy.ports.map(({ containerPort }) => containerPort)).toEqual([...receivers, 8405]);
    expect(collector.ports.filter(({ containerPort }) => receivers.includes(containerPort))).toEqual([]);
    expect(proxy.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      readOnlyRootFilesystem: true,
      runAsUser: 99,
      runAsGroup: 99,
    });
    const names = pod.volumes.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name } of proxy.volumeMounts) expect(names).toContain(name);
    expect(proxy.readinessProbe).toMatchObject({ httpGet: { path: "/healthz", port: 8404 } });
  });

  test("the Collector's receivers are for the pod alone", () => {
    const maps = run.resources.filter(({ name }) => name === "tracing-otel-collector-config");
    const config = parse((maps[0]?.inputs.data as Record<string, string>)["otel-config.yml"] ?? "") as {
      receivers: Record<string, object>;
    };
    expect(config.receivers.otlp).toMatchObject({
      protocols: { grpc: { endpoint: "127.0.0.1:24317" }, http: { endpoint: "127.0.0.1:24318" } },
    });
    expect(config.receivers.jaeger).toMatchObject({
      protocols: { grpc: { endpoint: "127.0.0.1:24250" }, thrift_http: { endpoint: "127.0.0.1:24268" } },
    });
  });

  test("Service and network policy lead to it", () => {
    const service = run.get("tracing-otel-collector-service").inputs.spec as { ports: { port: number; targetPort: string }[] };
    for (const port of receivers) expect(service.ports.map((one) => one.port)).toContain(port);
    const policy = run.get("tracing-otel-collector-policy").inputs.spec as { ingress: { from: object[]; ports: { port: number }[] }[] };
    const applications = policy.ingress.find(({ from }) => JSON.stringify(from).includes("tracing-ingest"));
    expect(applications?.ports.map(({ port }) => port)).toEqual(receivers);
    expect(JSON.stringify(policy.ingress)).toContain("8405");
  });

  test("tokens come from the Secret that exists, and the pods' spec does not change with limits", async () => {
    expect(JSON.stringify(pod.volumes)).toContain('{"secret":{"items":[{"key":"shop","path":"ingest-sender-shop"}],"name":"tokens"}}');
    const other = await runProgram("staging", {
      ingest: { ...ingest, mode: "report", senders: [{ name: "shop", limits: { requestsPerSecond: 1 } }, senders[1]] },
    });
    const spec = (from: Run) => from.get("tracing-otel-collector", "kubernetes:apps/v1:Deployment").inputs.spec;
    expect(spec(other)).toEqual(spec(run));
    expect(other.get("tracing-otel-collector-ingest-live").inputs).not.toEqual(run.get("tracing-otel-collector-ingest-live").inputs);
  });

  test("samplers have none", () => {
    const spec = run.get("tracing-otel-sampler", "kubernetes:apps/v1:StatefulSet").inputs.spec as { template: { spec: PodSpec } };
    expect(spec.template.spec.containers.map(({ name }) => name)).toEqual(["otel-sampler"]);
  });
});

describe("with TLS, on Kubernetes", () => {
  interface Volume {
    readonly name: string;
    readonly secret?: { readonly secretName: string; readonly items: readonly { readonly key: string }[]; readonly optional?: boolean };
  }
  interface TlsPodSpec {
    readonly containers: readonly {
      readonly name: string;
      readonly image: string;
      readonly command?: readonly string[];
      readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
      readonly resources: { readonly limits: { readonly memory: string } };
    }[];
    readonly volumes: readonly Volume[];
  }
  const ingest = (tls: object, more: object = {}) => ({
    mode: "require",
    senders: [{ name: "shop", certificates: ["shop.example"] }, { name: "chat" }],
    tokensSecret: "tokens",
    tls: { clientAuthoritySecret: "clients", ...tls },
    ...more,
  });
  const runWith = (tls: object, more?: object) => runProgram("staging", { ingest: ingest(tls, more) });
  const specOf = (run: Run, service: string) =>
    (run.get(`tracing-${service}`, "kubernetes:apps/v1:Deployment").inputs.spec as { template: { spec: TlsPodSpec } }).template.spec;
  const secrets = (spec: TlsPodSpec) =>
    spec.volumes.flatMap(({ name, secret }) =>
      secret ? [[name, secret.secretName, secret.items.map(({ key }) => key).join(), secret.optional]] : [],
    );
  const certificates = (run: Run) =>
    run.resources.filter(({ inputs }) => inputs.kind === "Certificate").map(({ inputs }) => inputs as { spec: Record<string, unknown> });
  let run: Run;
  beforeAll(async () => {
    run = await runWith({ mode: "both", names: ["traces.example.com"] });
  });

  test("the proxy's certificate has all names of the Service and the stack's authority, and the pods wait for it", () => {
    const own = certificates(run).find(({ spec }) => spec.secretName === "otel-collector-ingest-tls");
    expect(own?.spec).toMatchObject({
      commonName: "otel-collector",
      usages: ["digital signature", "key encipherment", "server auth"],
      issuerRef: { name: "elasticsearch-issuer", kind: "Issuer" },
    });
    expect(own?.spec.dnsNames).toEqual(
      expect.arrayContaining(["otel-collector", "otel-collector.tracing.svc", "localhost", "traces.example.com"]),
    );
    const gateway = run.get("tracing-otel-collector", "kubernetes:apps/v1:Deployment");
    expect(run.dependenciesOf(gateway, "kubernetes:cert-manager.io/v1:Certificate")).toEqual([
      "tracing-kubernetes-certificates-otel-collector-ingest-tls",
    ]);
  });

  test("the proxy alone has the key; of the clients' authority it has the certificate alone", () => {
    const spec = specOf(run, "otel-collector");
    expect(secrets(spec)).toEqual([
      ["ingest-ingest-certificate", "otel-collector-ingest-tls", "tls.crt,tls.key", undefined],
      ["ingest-ingest-client-authority", "clients", "ca.crt", undefined],
    ]);
    const mounts = spec.containers.map(({ name, volumeMounts }) => [name, volumeMounts.some((mount) => /certificate/.test(mount.name))]);
    expect(mounts).toEqual([
      ["otel-collector", false],
      ["ingest", true],
    ]);
    for (const service of ["canary", "elasticsearch-setup"]) expect(JSON.stringify(specOf(run, service).volumes)).not.toContain("tls.key");
  });

  test("a sender with a certificate needs no key in the Secret of tokens", () => {
    const volumes = JSON.stringify(specOf(run, "otel-collector").volumes);
    expect(volumes).toContain('{"secret":{"items":[{"key":"shop","path":"ingest-sender-shop"}],"name":"tokens","optional":true}}');
    expect(volumes).toContain('{"secret":{"items":[{"key":"chat","path":"ingest-sender-chat"}],"name":"tokens"}}');
  });

  test("the canary sends by TLS, trusts the authority, and runs where there is curl", () => {
    const spec = specOf(run, "canary");
    expect(secrets(spec)).toEqual([["ingest-certificate", "otel-collector-ingest-tls", "ca.crt", true]]);
    expect(spec.containers[0]?.image).toContain("elasticsearch");
    expect(spec.containers[0]?.command?.[0]).toBe("/bin/bash");
    const [map] = run.resources.filter(({ name }) => name === "tracing-canary-config");
    const script = (map?.inputs.data as Record<string, string>)["canary.sh"];
    expect(script).toContain("https://otel-collector.tracing.svc:4318/v1/traces");
    expect(script).toContain("--cacert /etc/tracing/ingest-certificate/ca.crt");
    expect(script).not.toMatch(/wget|nslookup|--insecure/);
  });

  test("the setup watches when the certificates end, and outputs name https", () => {
    expect(secrets(specOf(run, "elasticsearch-setup"))).toEqual([
      ["otel-collector-ingest-tls", "otel-collector-ingest-tls", "tls.crt,ca.crt", true],
      ["clients", "clients", "tls.crt,ca.crt", true],
    ]);
    const [stack] = run.resources.filter(({ type }) => type === "tracing:components:TracingStack");
    expect(stack?.outputs).toMatchObject({
      ingest: "require: only shop, chat may send; in plain text or by TLS",
      endpoints: {
        otlpHttp: "https://otel-collector.tracing.svc:4318",
        otlpGrpc: "https://otel-collector.tracing.svc:4317",
        sampling: "http://jaeger.tracing.svc:5778",
      },
      applicationEnvironment: { OTEL_EXPORTER_OTLP_CERTIFICATE: "/etc/tracing-ingest/ca.crt" },
    });
  });

  test("from both to on, and with another name of a certificate, no pod changes: the proxy reloads", async () => {
    const senders = [{ name: "shop", certificates: ["shop-2.example"] }, { name: "chat" }];
    const other = await runWith({ mode: "on", names: ["traces.example.com"] }, { senders });
    expect(specOf(other, "otel-collector")).toEqual(specOf(run, "otel-collector"));
    expect(specOf(other, "canary")).toEqual(specOf(run, "canary"));
    expect(other.get("tracing-otel-collector-ingest-live").inputs).not.toEqual(run.get("tracing-otel-collector-ingest-live").inputs);
  });

  test("certificates that exist, or another issuer's, are taken as they are", async () => {
    const external = await runWith({ mode: "on", certificates: "external" });
    expect(certificates(external)).toEqual([]);
    expect(secrets(specOf(external, "otel-collector"))[0]).toEqual([
      "ingest-ingest-certificate",
      "otel-collector-ingest-tls",
      "tls.crt,tls.key",
      undefined,
    ]);
    const others = await runWith({ mode: "on", issuer: { name: "company" } });
    expect(certificates(others).map(({ spec }) => [spec.secretName, spec.issuerRef])).toEqual([
      ["otel-collector-ingest-tls", { name: "company", kind: "ClusterIssuer" }],
    ]);
  });

  test("without it, there is nothing of it", async () => {
    const without = await runProgram("staging", { ingest: { mode: "require", senders, tokensSecret: "tokens" } });
    expect(JSON.stringify(without.resources.map(({ inputs }) => inputs))).not.toMatch(/ingest-tls|ingest-certificate/);
  });
});
