/** Rung: unit. Each rule of the policy pack: what it accepts and what it refuses. */
import fc from "fast-check";
import { at, plain, unknown, type Declared } from "../../../policy/declared";
import { resourceRules } from "../../../policy/resource-rules";
import { stackRules } from "../../../policy/stack-rules";
import { parseSettings } from "../../../configs/stack/parse";
import type { Settings } from "../../../configs/stack/schema";

type Json = Record<string, unknown>;

const container = (): Json => ({
  name: "app",
  image: `mirror.example.com:5000/app:1.2.3@sha256:${"a".repeat(64)}`,
  resources: { limits: { memory: "64Mi" }, requests: { memory: "64Mi", cpu: "10m" } },
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
});
const pod = (): Json => ({
  securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
  containers: [container()],
  initContainers: [{ ...container(), name: "first" }],
  topologySpreadConstraints: [{ topologyKey: "kubernetes.io/hostname" }],
});
const template = (): Json => ({ metadata: { labels: { app: "gateway", version: "1" } }, spec: pod() });
const deployment = (): Declared =>
  kubernetes("apps/v1:Deployment", { metadata: { name: "gateway" }, spec: { replicas: 3, template: template() } });
const cronJob = (): Declared =>
  kubernetes("batch/v1:CronJob", { spec: { jobTemplate: { spec: { template: { spec: pod() } } } } }, "cleaner");
const budget = (spec: Json = { maxUnavailable: 1 }): Declared =>
  kubernetes("policy/v1:PodDisruptionBudget", { spec: { selector: { matchLabels: { app: "gateway" } }, ...spec } }, "gateway-budget");
const service = (spec: Json, annotations: Json = {}): Declared => kubernetes("core/v1:Service", { metadata: { annotations }, spec });
const kubernetes = (kind: string, props: Json, name = "gateway"): Declared => ({ type: `kubernetes:${kind}`, name, props });
const docker = (more: Json = {}): Declared => ({
  type: "docker:index/container:Container",
  name: "app",
  props: {
    image: `sha256:${"0".repeat(64)}`,
    memory: 64,
    networkMode: "bridge",
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges:true"],
    volumes: [{ volumeName: "data", containerPath: "/data" }],
    ...more,
  },
});
const remoteImage = (name: unknown): Declared => ({ type: "docker:index/remoteImage:RemoteImage", name: "image", props: { name } });

/** A copy with one value set; undefined takes it away. The path's numbers are places in lists. */
function changed(resource: Declared, path: string, value: unknown): Declared {
  const copy = structuredClone(resource) as { props: Json };
  const keys = path.split(".");
  const last = keys.pop()!;
  const holder = keys.reduce<Json>((here, key) => (here[key] ??= {}) as Json, copy.props);
  holder[last] = value;
  return copy as unknown as Declared;
}

/** Problems of a resource, by rule. */
const found = (resource: Declared) =>
  Object.fromEntries(
    resourceRules.map(({ name, check }) => [name, check(resource)] as const).filter(([, problems]) => problems.length > 0),
  );

const c = "spec.template.spec.containers.0";
const cron = "spec.jobTemplate.spec.template.spec";

test.each<[string, Declared]>([
  ["a Deployment", deployment()],
  ["a CronJob", cronJob()],
  ["a container that is never started", docker({ start: false, capabilities: undefined, securityOpts: undefined })],
  ["the task that prepares volumes", docker({ capabilities: { adds: ["CAP_CHOWN"], drops: ["ALL"] } })],
  ["a mount of a volume and one in memory", docker({ mounts: [{ type: "volume", source: "data" }, { type: "tmpfs" }, { type: unknown }] })],
  ["an image by tag behind a port", remoteImage("mirror.example.com:5000/hub/app:v1")],
  ["an image by digest", remoteImage(`docker.io/app@sha256:${"a".repeat(64)}`)],
  ["a Service inside the cluster", service({ type: "ClusterIP" })],
  ["a load balancer that stays inside", service({ type: "LoadBalancer" }, { "networking.gke.io/load-balancer-type": "Internal" })],
  ["a kind without pods", kubernetes("core/v1:ConfigMap", { data: { image: "x:latest" } })],
])("%s is in order", (_, resource) => {
  expect(found(resource)).toEqual({});
});

const refused: Readonly<Record<string, readonly (readonly [what: string, resource: Declared, message: string])[]>> = {
  "no-privileges": [
    ["a privileged container", changed(deployment(), `${c}.securityContext.privileged`, true), "container app is privileged"],
    ["escalation left open", changed(deployment(), `${c}.securityContext.allowPrivilegeEscalation`, undefined), "may gain"],
    ["a container as root", changed(deployment(), `${c}.securityContext.runAsNonRoot`, false), "may run as root"],
    ["a pod that does not say its user", changed(cronJob(), `${cron}.securityContext.runAsNonRoot`, undefined), "as root"],
    ["capabilities kept", changed(deployment(), `${c}.securityContext.capabilities.drop`, ["NET_RAW"]), "does not drop ALL"],
    ["capabilities added", changed(deployment(), `${c}.securityContext.capabilities.add`, ["SYS_ADMIN"]), "adds capabilities"],
    ["no seccomp profile", changed(deployment(), "spec.template.spec.securityContext.seccompProfile", undefined), "seccomp"],
    ["the host's network", changed(deployment(), "spec.template.spec.hostNetwork", true), "hostNetwork"],
    ["a folder of the host", changed(cronJob(), `${cron}.volumes`, [{ name: "h", hostPath: { path: "/" } }]), "volume h is"],
    ["a container that only prepares", changed(cronJob(), `${cron}.initContainers.0.securityContext`, {}), "container first"],
    ["a privileged Docker container", docker({ privileged: true }), "is privileged"],
    ["a Docker container's capabilities", docker({ capabilities: { drops: [] } }), "does not drop ALL"],
    ["a Docker container's added one", docker({ capabilities: { adds: ["CAP_NET_RAW"], drops: ["ALL"] } }), "CAP_NET_RAW"],
    ["a Docker container that may gain some", docker({ securityOpts: [] }), "no-new-privileges"],
    ["Docker's host network", docker({ networkMode: "host" }), "namespace of its host"],
    ["the engine's socket", docker({ volumes: [{ hostPath: "/var/run/docker.sock" }] }), "/var/run/docker.sock"],
    ["it as a mount", docker({ mounts: [{ type: "bind", source: "/var/run/docker.sock", target: "/s" }] }), "/docker.sock of"],
    ["it as a volume's name", docker({ volumes: [{ volumeName: "/var/run/docker.sock" }] }), "/var/run/docker.sock"],
    ["a mount of another kind without a source", docker({ mounts: [{ type: "npipe", target: "/s" }] }), "mounts a path of"],
    ["a device of the host", docker({ devices: [{ hostPath: "/dev/sda" }] }), "/dev/sda"],
  ],
  "limits-set": [
    ["no memory limit", changed(deployment(), `${c}.resources.limits`, undefined), "resources.limits.memory"],
    ["no memory request", changed(deployment(), `${c}.resources.requests.memory`, undefined), "resources.requests.memory"],
    ["no CPU request", changed(cronJob(), `${cron}.containers.0.resources.requests.cpu`, undefined), "requests.cpu"],
    ["a Docker container without a limit", docker({ memory: undefined }), "no memory limit"],
  ],
  "no-latest": [
    ["latest", changed(deployment(), `${c}.image`, "app:latest"), "app:latest"],
    ["no tag behind a port", changed(deployment(), `${c}.image`, "mirror.example.com:5000/app"), "mirror.example.com:5000/app"],
    ["no image", changed(deployment(), `${c}.image`, undefined), "no fixed version"],
    ["a Docker image", remoteImage("docker.io/app"), "docker.io/app"],
  ],
  "no-public-load-balancer": [
    ["a load balancer", service({ type: "LoadBalancer" }), "load balancer"],
    ["a public one by name", service({ type: "LoadBalancer" }, { "networking.gke.io/load-balancer-type": "External" }), "load"],
    ["a port on every node", service({ type: "NodePort" }), "every node"],
    ["external addresses", service({ externalIPs: ["192.0.2.1"] }), "external addresses"],
  ],
};

describe.each(Object.entries(refused))("%s", (rule, cases) => {
  test.each(cases)("refuses %s", (_, resource, part) => {
    const problems = found(resource);
    expect(Object.keys(problems)).toEqual([rule]);
    expect(problems[rule]!.join("\n")).toContain(part);
  });
});

test("what a preview does not know counts as given, however deep it is", () => {
  const hidden = new Proxy(["x"], {
    get: (list, key) => {
      if (key === "0") throw new Error("not known yet");
      return Reflect.get(list, key) as unknown;
    },
  });
  expect(plain({ a: { b: hidden } })).toEqual({ a: { b: [unknown] } });
  expect(at({ a: unknown }, "a", "b")).toBe(unknown);
  for (const path of [`${c}.image`, `${c}.resources.limits.memory`, `${c}.securityContext.capabilities.drop`]) {
    expect(found(changed(deployment(), path, unknown))).toEqual({});
  }
});

test("no resource makes a rule throw", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(deployment().type, cronJob().type, docker().type, service({}).type),
      fc.object({ maxDepth: 5 }),
      (type, props) => {
        found({ type, name: "any", props });
        found({ type, name: "any", props: { spec: { template: { spec: { containers: [props, null, 1] } }, ...props } } });
      },
    ),
  );
});

const settings = (environment: Settings["environment"], more: Record<string, unknown> = {}, stack = "any") =>
  parseSettings(stack, {
    "tracing:platform": "kubernetes",
    "tracing:environment": environment,
    "tracing:sampling": JSON.stringify({ default: 10 }),
    ...(more.platform === "docker"
      ? {}
      : {
          "tracing:elasticsearch": JSON.stringify({ tls: "cert-manager" }),
          "tracing:kubernetes": JSON.stringify({ tls: { mode: "on" } }),
        }),
    ...Object.fromEntries(
      Object.entries(more).map(([key, value]) => [`tracing:${key}`, typeof value === "string" ? value : JSON.stringify(value)]),
    ),
  });

/** Problems of a stack, by rule. */
const foundInStack = (own: Settings, resources: readonly Declared[] = []) =>
  Object.fromEntries(
    stackRules.map(({ name, check }) => [name, check(own, resources)] as const).filter(([, problems]) => problems.length > 0),
  );

const sampled = (more: object) => settings("production", { sampling: { default: 10, ...more } });

test.each<[string, object]>([
  ["a request by its name, at any rate", { operations: [{ operation: "GET /health", percent: 0 }] }],
  ["the root", { operations: [{ operation: "GET /", percent: 100 }] }],
  ["requests below a name", { operations: [{ operation: "GET /admin/**", percent: 100 }] }],
  [
    "a service within the bounds",
    { services: [{ service: "shop", default: 50, operations: [{ operation: "POST /pay/*", percent: 100 }] }] },
  ],
])("sampling may name %s", (_, more) => {
  expect(foundInStack(sampled(more))).toEqual({});
});

test("applications may decide where no error has a lower rate than is promised", () => {
  const byApplications = { default: 100, decide: "app", operations: [{ operation: "GET /health", percent: 100 }] };
  expect(foundInStack(settings("staging", { sampling: byApplications }))).toEqual({});
  expect(foundInStack(settings("development", { sampling: { default: 10, decide: "app" } }))).toEqual({});
});

test.each<[string, Settings["environment"]]>([
  ["dev", "development"],
  ["staging", "staging"],
  ["other", "staging"],
])("the stack %s may be of %s", (stack, environment) => {
  expect(foundInStack(settings(environment, {}, stack))).toEqual({});
});

describe("an Ingress", () => {
  const toUi = (spec: Json = {}) =>
    kubernetes(
      "networking.k8s.io/v1:Ingress",
      {
        metadata: { name: "ui" },
        spec: { tls: [{ secretName: "tls" }], rules: [{ http: { paths: [{ backend: { service: { name: "ui" } } }] } }], ...spec },
      },
      "ui-ingress",
    );
  const ui = kubernetes("core/v1:Service", { metadata: { name: "ui" }, spec: { selector: { app: "gateway" } } }, "ui");
  const users = [{ name: "users", mountPath: "/etc/tracing/users" }];
  const behind = changed(deployment(), `${c}.volumeMounts`, users);
  const judged = (...resources: Declared[]) => foundInStack(settings("staging"), resources);

  test("with TLS and a login is in order", () => {
    expect(judged(toUi(), ui, behind)).toEqual({});
  });

  test.each<[string, Declared[], string]>([
    ["without TLS", [toUi({ tls: [] }), ui, behind], "ui has no TLS"],
    ["to pods that have no list of users", [toUi(), ui, deployment()], "ui leads to ui, which asks for no login"],
    ["to other pods too", [toUi(), ui, behind, changed(deployment(), "metadata.name", "more")], "asks for no login"],
    ["to a Service that the stack has not", [toUi(), behind], "asks for no login"],
    [
      "to all the rest by default",
      [toUi({ rules: [], defaultBackend: { service: { name: "ui" } } }), ui, deployment()],
      "asks for no login",
    ],
  ])("%s is refused", (_, resources, part) => {
    expect(judged(...resources)).toEqual({ "ingress-asks-login": [expect.stringContaining(part)] });
  });
});

describe("images-by-digest", () => {
  const byTag = changed(deployment(), `${c}.image`, "docker.io/app:1.2.3");
  const judged = (own: Settings, ...resources: Declared[]) => foundInStack(own, [...resources, budget()]);

  test("refuses an image by tag in production, once for all who run it", () => {
    expect(judged(settings("production"), byTag, changed(cronJob(), `${cron}.containers.0.image`, "docker.io/app:1.2.3"))).toEqual({
      "images-by-digest": [
        "docker.io/app:1.2.3 has no digest; `make digests` writes those of official images into configs/images.ts, tracing:otherImages takes any other; or set tracing:imageDigests: optional",
      ],
    });
  });

  test.each<[string, Settings, Declared]>([
    ["where the config says so", settings("production", { imageDigests: "optional" }), byTag],
    ["in staging", settings("staging"), byTag],
    ["by its digest", settings("production"), changed(deployment(), `${c}.image`, `docker.io/app@sha256:${"b".repeat(64)}`)],
    ["that is not known yet", settings("production"), changed(deployment(), `${c}.image`, unknown)],
  ])("takes an image %s", (_, own, resource) => {
    expect(judged(own, resource)).toEqual({});
  });
});

describe("no-superuser", () => {
  const secret = "elasticsearch-password";
  const named = (name: string, resource: Declared) => changed(resource, "metadata.name", name);
  const external = (more: object) =>
    settings("staging", { elasticsearch: { external: { url: "https://es.example.com:9200", passwordSecret: "admin", ...more } } });

  test.each<[string, Settings, Declared]>([
    ["a file", settings("staging"), changed(deployment(), "spec.template.spec.volumes", [{ secret: { secretName: secret } }])],
    [
      "one file among others",
      settings("staging"),
      changed(deployment(), "spec.template.spec.volumes", [{ projected: { sources: [{ configMap: {} }, { secret: { name: secret } }] } }]),
    ],
    ["a variable", settings("staging"), changed(deployment(), `${c}.env`, [{ name: "P", valueFrom: { secretKeyRef: { name: secret } } }])],
    [
      "all variables of a Secret",
      settings("staging"),
      changed(cronJob(), `${cron}.initContainers.0.envFrom`, [{ secretRef: { name: secret } }]),
    ],
    [
      "a file from an existing Secret",
      external({}),
      changed(deployment(), "spec.template.spec.volumes", [{ secret: { secretName: "admin" } }]),
    ],
  ])("refuses the password as %s", (_, own, resource) => {
    expect(foundInStack(own, [named("gateway", resource)])).toEqual({ "no-superuser": ["gateway has the password of the superuser"] });
    expect(foundInStack(own, [named("elasticsearch-setup", resource)])).toEqual({});
  });

  test("refuses services that log in as the superuser, and accepts another user", () => {
    expect(foundInStack(external({ createUsers: false }))).toEqual({ "no-superuser": [expect.stringContaining("found elastic")] });
    const mounting = changed(deployment(), "spec.template.spec.volumes", [{ secret: { secretName: "admin" } }]);
    expect(foundInStack(external({ createUsers: false, user: "tracing" }), [mounting])).toEqual({});
  });
});

describe("encrypted-connections", () => {
  const external = (url: string) => ({ elasticsearch: { external: { url, passwordSecret: "admin" } } });
  const operator = (more: object) => ({
    elasticsearch: { tls: "cert-manager" },
    prometheus: { mode: "operator", operator: { address: "http://prometheus.monitoring.svc:9090", ...more } },
  });
  const bucket = (endpoint: string) => ({
    elasticsearch: { tls: "cert-manager", snapshots: { store: "s3", bucket: "traces", credentialsSecret: "s", endpoint } },
  });

  test.each<[string, Record<string, unknown>, string]>([
    ["Elasticsearch without TLS", { elasticsearch: { tls: "off" } }, "tracing:elasticsearch.tls: found off"],
    ["another Elasticsearch by http", external("http://es.example.com:9200"), "external.url: found http://es.example.com:9200"],
    ["a bucket by http", bucket("http://s3.example.com"), "snapshots.endpoint: found http://s3.example.com"],
    ["a token by http", operator({ tokenSecret: "token" }), "prometheus.operator.address: found http://prometheus.monitoring.svc:9090"],
    ["silence about the tiers", { kubernetes: {}, elasticsearch: { tls: "cert-manager" } }, "tracing:kubernetes.tls.mode: missing"],
  ])("refuses %s in production, and nowhere else", (_, more, part) => {
    expect(foundInStack(settings("production", more))).toEqual({ "encrypted-connections": [expect.stringContaining(part)] });
    expect(foundInStack(settings("staging", more))).toEqual({});
  });

  test.each<[string, Record<string, unknown>]>([
    ["https", external("https://es.example.com:9200")],
    ["https to a bucket", bucket("https://s3.example.com")],
    ["the cluster's metrics, asked without a login", operator({})],
    ["no TLS between the tiers, if it is written", { ...operator({}), kubernetes: { tls: { mode: "off" } } }],
    ["TLS between the tiers", { ...operator({}), kubernetes: { tls: { mode: "on" } } }],
  ])("takes %s", (_, more) => {
    expect(foundInStack(settings("production", more))).toEqual({});
  });
});

describe("ingest-restricted", () => {
  const receiver = changed(deployment(), `${c}.ports`, [{ containerPort: 4318 }]);
  const networkPolicy = (spec: Json, name = "ingest") =>
    kubernetes("networking.k8s.io/v1:NetworkPolicy", {
      metadata: { name },
      spec: { podSelector: { matchLabels: { app: "gateway" } }, policyTypes: ["Ingress"], ...spec },
    });
  const applications = [{ namespaceSelector: { matchLabels: { "tracing-ingest": "true" } } }];
  const closed = networkPolicy({ podSelector: {} }, "deny-all");
  const judged = (...resources: Declared[]) => foundInStack(settings("production"), [receiver, budget(), ...resources]);
  const found = (part: string) => ({ "ingest-restricted": [expect.stringContaining(part)] });

  test.each<[string, Declared[]]>([
    ["from applications", [closed, networkPolicy({ ingress: [{ from: applications, ports: [{ port: 4318 }] }] })]],
    ["from nobody", [closed]],
    ["by a policy that does not list its types", [networkPolicy({ policyTypes: undefined, ingress: [{ from: applications }] })]],
    ["from pods of its namespace", [networkPolicy({ ingress: [{ from: [{ podSelector: {} }] }] })]],
    [
      "from single pods of any namespace",
      [networkPolicy({ ingress: [{ from: [{ namespaceSelector: {}, podSelector: { matchLabels: { a: "b" } } }] }] })],
    ],
    ["while all may ask for its metrics", [networkPolicy({ ingress: [{ ports: [{ port: 8888 }, { port: 13000, endPort: 14000 }] }] })]],
    ["from whom the update will know", [networkPolicy({ ingress: [{ from: unknown }] })]],
    ["while another workload is open", [closed, networkPolicy({ podSelector: { matchLabels: { app: "page" } }, ingress: [{}] })]],
  ])("a receiver may take traces %s", (_, resources) => {
    expect(judged(...resources)).toEqual({});
  });

  test.each<[string, Declared[], string]>([
    ["without any policy", [], "gateway takes traces from anybody: no NetworkPolicy says from whom"],
    ["by a policy of other pods", [networkPolicy({ podSelector: { matchLabels: { app: "page" } } })], "no NetworkPolicy"],
    ["by a policy of what goes out", [networkPolicy({ policyTypes: ["Egress"] })], "no NetworkPolicy"],
    ["by a rule for all", [closed, networkPolicy({ ingress: [{}] })], "the NetworkPolicy ingest lets all in"],
    ["by an empty list", [networkPolicy({ ingress: [{ from: [], ports: [{ port: 4318 }] }] })], "lets all in"],
    ["by a range of ports", [networkPolicy({ ingress: [{ ports: [{ port: 4000, endPort: 5000 }] }] })], "lets all in"],
    ["by a port with a name", [networkPolicy({ ingress: [{ ports: [{ port: "otlp" }] }] })], "lets all in"],
    ["from all namespaces", [networkPolicy({ ingress: [{ from: [...applications, { namespaceSelector: {} }] }] })], "lets all in"],
    ["from all pods", [networkPolicy({ ingress: [{ from: [{ namespaceSelector: {}, podSelector: {} }] }] })], "lets all in"],
    ["from all addresses", [networkPolicy({ ingress: [{ from: [{ ipBlock: { cidr: "0.0.0.0/0" } }] }] })], "lets all in"],
  ])("a receiver that is open %s is found", (_, resources, part) => {
    expect(judged(...resources)).toEqual(found(part));
  });

  test("outside of production, and for pods that take no traces, nobody is asked", () => {
    expect(foundInStack(settings("staging"), [receiver, budget()])).toEqual({});
    expect(foundInStack(settings("production"), [changed(receiver, `${c}.ports`, [{ containerPort: 9090 }]), budget()])).toEqual({});
  });
});

test("a production stack with budgets, replicas and room between its pods is in order", () => {
  for (const spec of [{ maxUnavailable: 1 }, { maxUnavailable: "33%" }, { minAvailable: 2 }, { maxUnavailable: unknown }]) {
    expect(foundInStack(settings("production"), [deployment(), budget(spec)])).toEqual({});
  }
  expect(foundInStack(settings("staging"), [changed(deployment(), "spec.replicas", 1)])).toEqual({});
});

test("a workload that may be alone is not asked for replicas", () => {
  const alone = kubernetes("apps/v1:StatefulSet", { metadata: { name: "prometheus" }, spec: { replicas: 1, template: template() } });
  expect(foundInStack(settings("production"), [alone])).toEqual({});
});

const scaler = (minReplicas: number, name = "gateway") =>
  kubernetes("autoscaling/v2:HorizontalPodAutoscaler", { spec: { minReplicas, scaleTargetRef: { kind: "Deployment", name } } }, "scaler");
const scaled = changed(deployment(), "spec.replicas", undefined);

test("an autoscaler's least number counts as replicas", () => {
  expect(foundInStack(settings("production"), [scaled, scaler(2), budget()])).toEqual({});
});

test.each<[string, Declared[], string]>([
  ["one replica", [changed(deployment(), "spec.replicas", 1), budget({ maxUnavailable: 1 })], "1 pod only"],
  ["no number of replicas", [scaled, budget()], "1 pod only"],
  ["an autoscaler that goes down to one", [scaled, scaler(1), budget()], "1 pod only"],
  ["another workload's autoscaler", [scaled, scaler(3, "other"), budget()], "1 pod only"],
  ["no budget", [deployment()], "no PodDisruptionBudget"],
  ["another workload's budget", [deployment(), changed(budget(), "spec.selector.matchLabels.app", "other")], "no Pod"],
  ["two budgets", [deployment(), budget(), budget()], "several"],
  ["a budget that lets none go", [deployment(), budget({ maxUnavailable: 0 })], "lets no pod go"],
  ["a budget that wants all", [deployment(), budget({ minAvailable: "100%" })], "lets no pod go"],
  ["a budget that lets all go", [deployment(), budget({ maxUnavailable: 3 })], "lets 3 pods go at a time"],
  ["a budget of all percent", [deployment(), budget({ maxUnavailable: "100%" })], "lets 3 pods go at a time"],
  ["a budget that wants one", [deployment(), budget({ minAvailable: 1 })], "lets 2 pods go at a time"],
  ["pods on one node", [changed(deployment(), "spec.template.spec.topologySpreadConstraints", []), budget()], "not spread"],
])("survives-loss refuses %s", (_, resources, part) => {
  expect(foundInStack(settings("production"), resources)).toEqual({ "survives-loss": [expect.stringContaining(part)] });
});

const refusedStacks: Readonly<Record<string, readonly (readonly [stack: Settings, message: string])[]>> = {
  "retention-bounds": [
    [settings("production", { retention: "6d" }), "tracing:retention: found 6d; allowed in production: from 7d to 90d"],
    [settings("staging", { retention: "91d" }), "found 91d"],
  ],
  "sampling-bounds": [
    [settings("production", { sampling: { default: 51 } }), "tracing:sampling.default: found 51 %"],
    [settings("production", { sampling: { default: 0 } }), "found 0 %"],
    [settings("staging", { sampling: { default: 50, errors: 99 } }), "tracing:sampling.errors: found 99 %"],
    [sampled({ services: [{ service: "shop", default: 51 }] }), "tracing:sampling.services[0].default (shop): found 51 %"],
    [sampled({ services: [{ service: "shop", default: 0 }] }), "services[0].default (shop): found 0 %"],
    [sampled({ operations: [{ operation: "GET /**", percent: 100 }] }), "sampling.operations[0] (GET /**): found 100 %"],
    [sampled({ operations: [{ operation: "GET /*/<int:id>/**", percent: 0 }] }), "operations[0] (GET /*/<int:id>/**): found 0 %"],
    [
      sampled({ services: [{ service: "shop", operations: [{ operation: "POST /**", percent: 100 }] }] }),
      "services[0].operations[0] (POST /**): found 100 %",
    ],
    [sampled({ decide: "app" }), "tracing:sampling.decide: found app, which keeps errors at the rate of their request, down to 10 %"],
    [
      settings("staging", { sampling: { default: 100, decide: "app", operations: [{ operation: "GET /health", percent: 0 }] } }),
      "down to 0 %",
    ],
  ],
  "environment-by-name": [
    [settings("staging", {}, "prod"), "tracing:environment: found staging; the stack prod is production"],
    [settings("development", {}, "staging"), "found development; the stack staging is staging"],
    [settings("staging", {}, "dev"), "found staging; the stack dev is development"],
  ],
  "survives-loss": [[settings("production", { platform: "docker" }), "one machine does not survive its own loss"]],
};

describe.each(Object.entries(refusedStacks))("%s", (rule, cases) => {
  test.each(cases)("refuses stack %#", (own, part) => {
    expect(foundInStack(own)).toEqual({ [rule]: [expect.stringContaining(part)] });
  });
});
