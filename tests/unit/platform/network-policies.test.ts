/** Rung: unit. Network policies: the evaluation itself, and that the rendered ones allow exactly the connections that the stack needs. */
import fc from "fast-check";
import { restoreText } from "../../cluster/lib/iptables";
import {
  allows,
  matches,
  permissions,
  subtract,
  within,
  type Labels,
  type NetworkPolicy,
  type Pod,
  type World,
} from "../../cluster/lib/policies";
import { renderedManifests, strangers, worldOf } from "../../support/manifest-world";

const scrapes = (jaeger: string[]) => ({
  "prometheus → elasticsearch-exporter": [9114],
  "prometheus → alertmanager": [9093],
  ...Object.fromEntries(jaeger.map((name) => [`prometheus → ${name}`, [14269]])),
});
const applications = { "application → otel-collector": [4317, 4318, 14250, 14268], "application → jaeger": [5778] };

/** Connections that the stack needs, from the documents. Nothing here is read from the manifests. */
const both = {
  ...applications,
  "jaeger → elasticsearch": [9200],
  "jaeger → prometheus": [9090],
  "index-cleaner → elasticsearch": [9200],
  "index-cleaner → otel-collector": [4319],
  "service-graph → elasticsearch": [9200],
  "service-graph → prometheus": [9090],
  "service-graph → otel-collector": [4319],
  "canary → otel-collector": [4318, 4319],
  "canary → jaeger": [16686],
  "elasticsearch-exporter → elasticsearch": [9200],
  "elasticsearch-setup → elasticsearch": [9200],
  "elasticsearch-setup → otel-collector": [4319],
};
const needed: Readonly<Record<string, Readonly<Record<string, number[]>>>> = {
  staging: {
    ...both,
    ...scrapes(["jaeger"]),
    "prometheus → otel-collector": [8405, 8888, 8889, 8890],
    "prometheus → otel-sampler": [8888, 8889],
    "otel-collector → otel-sampler": [4317],
    "otel-sampler → jaeger": [4317],
    "elasticsearch-snapshots → elasticsearch": [9200],
    "elasticsearch-snapshots → otel-collector": [4319],
  },
  prod: {
    ...both,
    ...scrapes(["jaeger", "jaeger-collector"]),
    // TLS between the services begins: both listeners are open.
    "otel-collector → otel-sampler": [4317, 4320],
    "otel-sampler → jaeger-collector": [4317, 4320],
    "canary → jaeger": [16686, 16687],
    "jaeger → prometheus": [9090, 9490],
    "service-graph → prometheus": [9090, 9490],
    "prometheus → alertmanager": [9093, 9493],
    "prometheus → otel-collector": [8405, 8888, 8889, 8890, 8891, 8892],
    "prometheus → otel-sampler": [8888, 8889, 8891],
    "jaeger-collector → elasticsearch": [9200],
    "elasticsearch → elasticsearch": [9300],
  },
};

describe.each(Object.keys(needed))("the policies of %s", (stack) => {
  const world = worldOf(renderedManifests(stack));
  const workloads = world.pods.filter(({ name }) => !(strangers as readonly string[]).includes(name));
  const ports = [...new Set([...workloads.flatMap((pod) => pod.ports.map(({ containerPort }) => containerPort)), 22, 80, 443, 9300])];

  test("allow exactly the connections that are needed", () => {
    const open: Record<string, number[]> = {};
    for (const from of world.pods) {
      for (const to of workloads) {
        const passed = ports.filter((port) => allows(world, from, to, port)).sort((a, b) => a - b);
        if (passed.length > 0) open[`${from.name} → ${to.name}`] = passed;
      }
    }
    expect(open).toEqual(needed[stack]);
  });

  test("let the workloads ask the cluster's DNS, and no other machine anything", () => {
    for (const pod of workloads) {
      // A single Elasticsearch asks nobody; several look each other up. Nor does Alertmanager, without a receiver.
      const asks = pod.name === "elasticsearch" ? stack === "prod" : pod.name !== "alertmanager";
      const servers = [world.pod("dns"), world.pod("dns-cache"), "169.254.20.10"];
      expect([pod.name, servers.map((server) => allows(world, pod, server, 53, "UDP"))]).toEqual([pod.name, servers.map(() => asks)]);
      // A cloud's metadata server, which on some answers names too.
      expect(allows(world, pod, "169.254.169.254", 53, "UDP")).toBe(false);
      expect(ports.filter((port) => allows(world, pod, "192.0.2.1", port) || allows(world, "192.0.2.1", pod, port))).toEqual([]);
    }
  });

  test("select every pod, in both directions, whatever its labels are", () => {
    for (const pod of [...workloads, world.pod("neighbour")]) {
      expect([permissions(world, pod, "Ingress"), permissions(world, pod, "Egress")]).not.toContain(undefined);
    }
  });
});

const pod = (name: string, ip: string, more: Partial<Pod> = {}): Pod => ({
  namespace: "a",
  name,
  labels: { app: name },
  ip,
  ports: [],
  ...more,
});
const one = pod("one", "10.0.0.1");
const two = pod("two", "10.0.0.2", { ports: [{ name: "web", containerPort: 8080 }] });
const far = pod("far", "10.0.1.1", { namespace: "b" });
const world = (...specs: NetworkPolicy["spec"][]): World => ({
  pods: [one, two, far],
  namespaces: { a: { team: "x" }, b: { team: "y" } },
  policies: specs.map((spec) => ({ metadata: { namespace: "a" }, spec })),
});
const toTwo = { podSelector: { matchLabels: { app: "two" } } };

test.each<[string, NetworkPolicy["spec"][], boolean[]]>([
  // Ports 8080 and 80 of two: from one; then from a pod in another namespace; then the same from outside.
  ["no policy", [], [true, true, true, true, true, true]],
  ["one that allows nothing", [toTwo], [false, false, false, false, false, false]],
  ["one for another direction", [{ ...toTwo, policyTypes: ["Egress"] }], [true, true, true, true, true, true]],
  ["an empty rule", [{ ...toTwo, ingress: [{}] }], [true, true, true, true, true, true]],
  ["a port by name", [{ ...toTwo, ingress: [{ ports: [{ port: "web" }] }] }], [true, false, true, false, true, false]],
  ["a range of ports", [{ ...toTwo, ingress: [{ ports: [{ port: 80, endPort: 90 }] }] }], [false, true, false, true, false, true]],
  ["another protocol", [{ ...toTwo, ingress: [{ ports: [{ port: 80, protocol: "UDP" }] }] }], [false, false, false, false, false, false]],
  ["pods of its namespace", [{ ...toTwo, ingress: [{ from: [{ podSelector: {} }] }] }], [true, true, false, false, false, false]],
  [
    "a namespace",
    [{ ...toTwo, ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: "y" } } }] }] }],
    [false, false, true, true, false, false],
  ],
  [
    "a pod in a namespace, both",
    [{ ...toTwo, ingress: [{ from: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: "far" } } }] }] }],
    [false, false, true, true, false, false],
  ],
  [
    "addresses, with an exception",
    [{ ...toTwo, ingress: [{ from: [{ ipBlock: { cidr: "0.0.0.0/0", except: ["10.0.0.0/24"] } }] }] }],
    [false, false, true, true, true, true],
  ],
  ["two that add up", [toTwo, { ...toTwo, ingress: [{ ports: [{ port: 80 }] }] }], [false, true, false, true, false, true]],
  [
    "one on the other end",
    [
      {
        podSelector: { matchLabels: { app: "one" } },
        egress: [{ to: [{ podSelector: {} }], ports: [{ port: "web" }] }],
        policyTypes: ["Egress"],
      },
    ],
    [true, false, true, true, true, true],
  ],
])("%s", (_, specs, expected) => {
  const judged = world(...specs);
  expect([one, far, "192.0.2.1"].flatMap((from) => [8080, 80].map((port) => allows(judged, from, two, port)))).toEqual(expected);
});

test("selectors ask for labels and for expressions", () => {
  const expression = (operator: string, ...values: string[]) => ({ matchExpressions: [{ key: "app", operator, values }] });
  const labels: Labels[] = [{ app: "x" }, { app: "y" }, {}];
  const chosen = (operator: string, ...values: string[]) => labels.map((own) => matches(expression(operator, ...values), own));
  expect(chosen("In", "x")).toEqual([true, false, false]);
  expect(chosen("NotIn", "x")).toEqual([false, true, true]);
  expect(chosen("Exists")).toEqual([true, true, false]);
  expect(chosen("DoesNotExist")).toEqual([false, false, true]);
  expect(() => chosen("Like", "x")).toThrow("Like");
});

test("what is left of a range is what no exception has", () => {
  const part = fc.integer({ min: 0, max: 255 });
  const range = fc.tuple(part, fc.integer({ min: 22, max: 32 })).map(([last, bits]) => `10.0.0.${last}/${bits}`);
  fc.assert(
    fc.property(fc.array(range, { maxLength: 4 }), part, (except, last) => {
      const address = `10.0.0.${last}`;
      const left = subtract("10.0.0.0/23", except);
      expect(left.filter((cidr) => within(address, cidr)).length).toBe(except.some((cidr) => within(address, cidr)) ? 0 : 1);
    }),
  );
});

test("iptables rules accept answers, jump to each end's chain, and accept the rest of the pods' range", () => {
  const policy = { ...toTwo, ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 80 }] }] };
  expect(restoreText(world(policy), "MAIN", "10.0.0.0/16").replace(/TRACING-POD-\w+/g, "TWO")).toBe(`*filter
:MAIN - [0:0]
:TWO - [0:0]
-A MAIN -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A MAIN -d 10.0.0.2/32 -j TWO
-A MAIN -s 10.0.0.0/16 -j ACCEPT
-A MAIN -d 10.0.0.0/16 -j ACCEPT
-A TWO -s 10.0.0.1/32 -p tcp --dport 80:80 -j RETURN
-A TWO -s 10.0.0.2/32 -p tcp --dport 80:80 -j RETURN
-A TWO -j DROP
COMMIT
`);
});
