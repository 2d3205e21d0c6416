/** Rung: component. The login in front of the screens: where it runs, what leads to it, what it reaches, and where secrets go. */
import { runProgram, types, type Run } from "./support/program";
import type { Recorded } from "../../render/record";

const everyone = { everyone: true };
const roles = { traces: everyone, metrics: everyone, dashboards: everyone };
const common = { issuer: "https://id.example.com:8443/realms/a", clientId: "tracing" };
const secret = "the-secret-of-the-client";
const screens = ["jaeger", "prometheus", "perses"] as const;

interface Port {
  readonly internal: number;
  readonly external: number;
}
const portsOf = ({ inputs }: Recorded) => (inputs.ports as Port[]).map(({ internal }) => internal);

describe("on Docker", () => {
  const login = { ...common, url: "http://localhost:4180", roles };
  let run: Run;
  let without: Run;
  beforeAll(async () => {
    run = await runProgram("dev", { login, loginClientSecret: secret });
    without = await runProgram("dev");
  });

  test("it is published, and the screens are not any more", () => {
    expect(portsOf(run.get("tracing-login-login-gate", types.container))).toEqual([4180]);
    expect(portsOf(run.get("tracing-login", types.container))).toEqual([]);
    const published = (of: Run) => screens.map((name) => portsOf(of.container(name)));
    expect(published(without)).toEqual([[16686, 14269, 5778], [9090], [8080]]);
    expect(published(run)).toEqual([[14269, 5778], [], []]);
  });

  test("the screens stay published if stack config says so", async () => {
    const direct = await runProgram("dev", { login: { ...login, direct: true }, loginClientSecret: secret });
    for (const name of screens) expect(portsOf(direct.container(name))).toEqual(portsOf(without.container(name)));
  });

  test("both of its programs run without rights, on the stack's own network only", () => {
    for (const [name, user] of [
      ["tracing-login", "65532:65532"],
      ["tracing-login-login-gate", "99:99"],
    ] as const) {
      const { inputs } = run.get(name, types.container);
      expect(inputs).toMatchObject({ readOnly: true, user, capabilities: { drops: ["ALL"] }, securityOpts: ["no-new-privileges:true"] });
      expect((inputs.networksAdvanced as { name: string }[]).map((network) => network.name)).toEqual(["tracing-backend"]);
    }
  });

  test("no resource has a secret but its uploader, where it is marked as one", () => {
    const having = run.resources.filter(({ inputs, outputs }) => JSON.stringify([inputs, outputs ?? {}]).includes(secret));
    expect(having.map(({ name }) => name)).toEqual(["tracing-docker-secret-login-client-secret-upload"]);
    for (const name of ["client", "cookie"]) {
      const upload = run.get(`tracing-docker-secret-login-${name}-secret-upload`);
      expect(upload.secretInputs).toEqual(["uploads"]);
      expect(JSON.stringify(upload.inputs.uploads)).toContain('"permissions":"0400"');
    }
    expect(run.get("tracing-login-cookie-secret", types.password).inputs).toMatchObject({ length: 32, special: false });
    expect(run.get("tracing-login", types.container).inputs.envs).toEqual(["GOMEMLIMIT=51MiB", expect.stringMatching(/^PATH=/)]);
  });

  test("a new version of the sessions makes a new secret, and starts the program anew", async () => {
    const next = await runProgram("dev", { login: { ...login, sessionVersion: 2 }, loginClientSecret: secret });
    const keepers = (of: Run) => of.get("tracing-login-cookie-secret", types.password).inputs.keepers;
    expect([keepers(run), keepers(next)]).toEqual([undefined, { version: "2" }]);
    const labels = (of: Run) => of.get("tracing-login", types.container).inputs.labels;
    expect(labels(next)).not.toEqual(labels(run));
  });

  test("outputs lead to the login", () => {
    const [stack] = run.resources.filter(({ type }) => type === "tracing:components:TracingStack");
    expect(stack?.outputs).toMatchObject({
      endpoints: {
        login: "http://localhost:4180",
        jaeger: "http://localhost:4180",
        prometheus: "http://localhost:4180/prometheus",
        perses: "http://localhost:4180/dashboards",
      },
    });
  });

  test("what nobody sees has no address", async () => {
    const { resources } = await runProgram("dev", { login: { ...login, roles: { traces: everyone } }, loginClientSecret: secret });
    const [stack] = resources.filter(({ type }) => type === "tracing:components:TracingStack");
    expect((stack?.outputs as { endpoints: object }).endpoints).not.toHaveProperty("prometheus", expect.anything());
  });

  test("other services stay as they are", () => {
    const changed = run.ofType(types.container).filter(({ name, inputs }) => {
      const [before] = without.resources.filter((one) => one.name === name && one.type === types.container);
      return before && JSON.stringify(before.inputs) !== JSON.stringify(inputs);
    });
    // The service graph and the canary ask as before; the rules have a recording more.
    expect(changed.map(({ name }) => name).sort()).toEqual(
      expect.arrayContaining(["tracing-jaeger", "tracing-perses", "tracing-prometheus"]),
    );
    for (const name of ["elasticsearch", "otel-collector", "canary", "service-graph", "index-cleaner"])
      expect(changed.map((one) => one.name)).not.toContain(`tracing-${name}`);
  });

  test("a stack without a login has nothing of it", () => {
    expect(without.resources.filter(({ name }) => name.includes("login"))).toEqual([]);
  });

  test("a missing secret is refused before anything is created", async () => {
    await expect(runProgram("dev", { login })).rejects.toThrow(/tracing:loginClientSecret: missing/);
    await expect(runProgram("dev", { loginClientSecret: secret })).rejects.toThrow(/allowed: nothing without tracing:login/);
    await expect(runProgram("dev", { loginClientSecret: secret })).rejects.not.toThrow(secret);
  });
});

describe("on Kubernetes", () => {
  const ingress = { host: "tracing.example.com", className: "nginx", namespace: "ingress", tlsSecret: "tls" };
  const login = {
    ...common,
    url: "https://tracing.example.com",
    clientSecret: "the-client",
    replicas: 2,
    roles: { traces: everyone, metrics: everyone, alerts: everyone },
  };
  interface Container {
    readonly name: string;
    readonly ports?: readonly { readonly containerPort: number }[];
    readonly args?: readonly string[];
  }
  interface Rule {
    readonly from?: readonly object[];
    readonly to?: readonly object[];
    readonly ports: readonly { readonly port: number }[];
  }
  let run: Run;
  beforeAll(async () => {
    run = await runProgram("staging", { login, jaeger: { ingress } });
  });
  const policy = (name: string) => run.get(`tracing-${name}-policy`).inputs.spec as { ingress: Rule[]; egress: Rule[] };
  const mayReach = (name: string) =>
    policy(name).ingress.map((rule) => JSON.stringify(rule.from) + rule.ports.map(({ port }) => port).join());
  const deployment = () => run.get("tracing-login", "kubernetes:apps/v1:Deployment");

  test("it is one pod of two containers, of which only the door and its metrics are in the Service", () => {
    const { spec } = (deployment().inputs.spec as { template: { spec: { containers: Container[] } } }).template;
    expect(spec.containers.map(({ name }) => name)).toEqual(["login", "login-gate"]);
    const service = run.get("tracing-login-service").inputs.spec as { ports: { port: number }[] };
    expect(service.ports.map(({ port }) => port)).toEqual([4180, 8407]);
    expect(run.get("tracing-login-budget").type).toBe("kubernetes:policy/v1:PodDisruptionBudget");
  });

  test("the ingress stays where it was, and leads to the login", async () => {
    const before = await runProgram("staging", { jaeger: { ingress: { ...ingress, usersSecret: "users" } } });
    const [was, is] = [before, run].map((of) => of.get("tracing-jaeger-ingress"));
    expect(is!.urn).toBe(was!.urn);
    expect(is!.inputs.metadata).toEqual(was!.inputs.metadata);
    expect(JSON.stringify(is!.inputs.spec)).toContain('"backend":{"service":{"name":"login","port":{"name":"login"}}}');
    expect(run.ofType("kubernetes:networking.k8s.io/v1:Ingress")).toHaveLength(1);
  });

  test("the ingress controller reaches the login only, and that the screens and the provider", () => {
    const controller = '[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"ingress"}}}]';
    expect(mayReach("login").filter((rule) => rule.startsWith(controller))).toEqual([`${controller}4180`]);
    for (const name of ["jaeger", "prometheus", "alertmanager"]) {
      expect(mayReach(name).join()).not.toContain(controller);
      expect(mayReach(name).filter((rule) => rule.includes('"login"'))).toHaveLength(1);
    }
    const egress = policy("login").egress.map(({ ports }) => ports.map(({ port }) => port));
    expect(egress.slice(1)).toEqual([[16686], [9090], [9093], [8443]]);
  });

  test("the client's secret comes from the Secret that exists", () => {
    const spec = JSON.stringify(deployment().inputs.spec);
    expect(spec).toContain('{"key":"client-secret","path":"login-client-secret"}');
    expect(spec).toContain('"name":"the-client"');
    expect(run.get("tracing-kubernetes-secret-login-cookie-secret").secretInputs).toEqual(["stringData"]);
  });

  test("Prometheus and Alertmanager link to themselves behind it, and keep their own paths", () => {
    for (const [name, path] of [
      ["prometheus", "prometheus"],
      ["alertmanager", "alertmanager"],
    ] as const) {
      const spec = JSON.stringify(run.get(`tracing-${name}`, "kubernetes:apps/v1:StatefulSet").inputs.spec);
      expect(spec).toContain(`--web.external-url=https://tracing.example.com/${path}`);
      expect(spec).toContain("--web.route-prefix=/");
    }
  });

  test("with TLS in the cluster, it asks each screen that has it by TLS, and the plain ports are for nobody", async () => {
    const secured = await runProgram("staging", { login, jaeger: { ingress }, kubernetes: { tls: { mode: "on" } } });
    const spec = JSON.stringify(secured.get("tracing-login", "kubernetes:apps/v1:Deployment").inputs.spec);
    const egress = secured.get("tracing-login-policy").inputs.spec as { egress: Rule[] };
    expect(egress.egress.slice(1, 4).map(({ ports }) => ports.map(({ port }) => port))).toEqual([[16687], [9490], [9493]]);
    for (const [screen, port] of [
      ["jaeger", 16687],
      ["prometheus", 9490],
      ["alertmanager", 9493],
    ] as const) {
      expect(spec).toContain(`"mountPath":"/etc/tracing/${screen}-authority"`);
      const policy = secured.get(`tracing-${screen}-policy`).inputs.spec as { ingress: Rule[] };
      const ofLogin = policy.ingress.filter(({ from }) => JSON.stringify(from).includes('"login"'));
      expect(ofLogin.map(({ ports }) => ports.map((each) => each.port))).toEqual([[port]]);
    }
  });

  test("with the cluster's own Prometheus, a monitor scrapes it", async () => {
    const operated = await runProgram("staging", {
      login: { ...login, roles: { traces: everyone } },
      prometheus: { mode: "operator" },
      alerts: { delivery: "cluster" },
    });
    const monitors = operated.resources.filter(({ inputs }) => inputs.kind === "ServiceMonitor");
    expect(JSON.stringify(monitors.map(({ inputs }) => inputs))).toContain('"port":"login-metrics"');
  });
});
