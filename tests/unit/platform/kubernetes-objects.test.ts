/** Rung: unit. What a Workload becomes on Kubernetes: pods that pass `restricted`, and connections exactly where peers say so. */
import { workloadsOf } from "../../../components/workloads";
import { policyOf } from "../../../components/platform/kubernetes/network";
import { autoscaler, budget, cronJob, deployment, pods, statefulSet } from "../../../components/platform/kubernetes/objects";
import { configMapOf, podSpec } from "../../../components/platform/kubernetes/pod";
import { selector } from "../../../components/platform/labels";
import type { Workload } from "../../../components/platform/workload";
import { parseSettings } from "../../../configs/stack/parse";
import type { Settings } from "../../../configs/stack/schema";
import { stackConfig } from "../../../render/record";

const settingsOf = (stack: string, more: Record<string, unknown> = {}): Settings => {
  const config = stackConfig(stack);
  const changed = Object.entries(more).map(([group, value]) => {
    const before = JSON.parse(config[`tracing:${group}`] ?? "{}") as object;
    return [`tracing:${group}`, typeof value === "string" ? value : JSON.stringify({ ...before, ...(value as object) })];
  });
  return parseSettings(stack, { ...config, ...(Object.fromEntries(changed) as Record<string, string>) });
};
const one = (settings: Settings, name: string) => workloadsOf(settings).find((workload) => workload.name === name)!;

interface Container {
  readonly securityContext: object;
  readonly resources: { readonly requests: Record<string, string>; readonly limits: Record<string, string> };
  readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[];
  readonly image: string;
  readonly readinessProbe?: object;
  readonly lifecycle?: object;
}
interface Pod {
  readonly containers: readonly [Container];
  readonly [key: string]: unknown;
}
const podOf = (settings: Settings, workload: Workload) => podSpec(settings, workload) as unknown as Pod;

const staging = settingsOf("staging");
const prod = settingsOf("prod");
const all = [...workloadsOf(staging).map((w) => [staging, w] as const), ...workloadsOf(prod).map((w) => [prod, w] as const)];

describe.each(all.map(([settings, workload]) => [settings.stack, workload.name, settings, workload] as const))(
  "the pod of %s's %s",
  (_stack, _name, settings, workload) => {
    const pod = podOf(settings, workload);
    const [container] = pod.containers;

    test("passes Pod Security restricted, and has no token for the API server", () => {
      expect(pod).toMatchObject({
        automountServiceAccountToken: false,
        serviceAccountName: workload.name,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      });
      expect(container.securityContext).toMatchObject({ allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } });
      const { runAsUser, fsGroup } = pod.securityContext as { runAsUser: number; fsGroup: number };
      expect(runAsUser).toBeGreaterThan(0);
      expect(fsGroup).toBeGreaterThan(0);
    });

    test("asks for memory as much as it may take, for CPU a part of it, and has limits for both", () => {
      expect(container.resources.requests.memory).toBe(container.resources.limits.memory);
      expect(Object.keys(container.resources.requests).sort()).toEqual(["cpu", "memory"]);
      expect(Object.keys(container.resources.limits).sort()).toEqual(["cpu", "memory"]);
    });

    test("has an image with a version, and no password in its variables", () => {
      expect(container.image).toMatch(/:v?\d+\.\d+\.\d+$/);
      expect(container.env.filter(({ name, value }) => /PASSWORD/.test(name) && value !== undefined)).toEqual([]);
    });

    test("has a grace period for draining and stopping", () => {
      expect(pod.terminationGracePeriodSeconds).toBe(workload.stopGrace + (workload.drain ?? 0));
      expect(container.lifecycle).toEqual(workload.drain ? { preStop: { sleep: { seconds: workload.drain } } } : undefined);
    });
  },
);

describe("instances are spread as stack config says", () => {
  const sampler = (kubernetes: object) => {
    const settings = settingsOf("prod", { kubernetes });
    const { affinity, topologySpreadConstraints } = podOf(settings, one(settings, "otel-sampler"));
    return {
      nodes: affinity && Object.keys((affinity as { podAntiAffinity: object }).podAntiAffinity)[0],
      zones: topologySpreadConstraints,
    };
  };

  test.each([
    ["required", "requiredDuringSchedulingIgnoredDuringExecution", "DoNotSchedule"],
    ["preferred", "preferredDuringSchedulingIgnoredDuringExecution", "ScheduleAnyway"],
  ])("%s", (wish, affinity, unsatisfiable) => {
    const { nodes, zones } = sampler({ nodes: wish, zones: wish });
    expect(nodes).toBe(affinity);
    expect(zones).toEqual([expect.objectContaining({ whenUnsatisfiable: unsatisfiable, topologyKey: "topology.kubernetes.io/zone" })]);
  });

  test("any", () => {
    expect(sampler({ nodes: "any", zones: "any" })).toEqual({ nodes: undefined, zones: undefined });
  });

  test("a single instance has no affinity", () => {
    expect(podOf(prod, one(prod, "prometheus")).affinity).toBeUndefined();
  });

  test("gateways are spread evenly over the nodes, and several may share one", () => {
    const gateways = one(prod, "otel-collector");
    const { affinity, topologySpreadConstraints } = podOf(prod, gateways);
    expect(affinity).toBeUndefined();
    expect(topologySpreadConstraints).toEqual([
      {
        maxSkew: 1,
        topologyKey: "kubernetes.io/hostname",
        whenUnsatisfiable: "DoNotSchedule",
        labelSelector: { matchLabels: selector(prod, gateways) },
        matchLabelKeys: ["pod-template-hash"],
        nodeTaintsPolicy: "Honor",
      },
      expect.objectContaining({ topologyKey: "topology.kubernetes.io/zone" }),
    ]);
    expect(deployment(prod, gateways)).toMatchObject({ strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
  });

  test("pods that need a node each are rolled without surge", () => {
    const strategy = (settings: Settings, name: string) => (deployment(settings, one(settings, name)) as { strategy: object }).strategy;
    expect(strategy(prod, "jaeger")).toEqual({ type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } });
    expect(strategy(staging, "otel-collector")).toEqual({ type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } });
  });
});

describe("Elasticsearch", () => {
  const variables = (settings: Settings) =>
    Object.fromEntries(podOf(settings, one(settings, "elasticsearch")).containers[0].env.map(({ name, value }) => [name, value]));

  test("is one node in staging, without TLS", () => {
    expect(variables(staging)).toMatchObject({ "discovery.type": "single-node", "xpack.security.http.ssl.enabled": "false" });
  });

  test("is three in prod, which start in parallel and use TLS between nodes and for clients", () => {
    const spec = statefulSet(prod, one(prod, "elasticsearch"));
    expect(spec).toMatchObject({ replicas: 3, podManagementPolicy: "Parallel", serviceName: "elasticsearch-pods" });
    expect(variables(prod)).toMatchObject({
      "discovery.seed_hosts": "elasticsearch-pods",
      "xpack.security.http.ssl.enabled": "true",
      "xpack.security.transport.ssl.enabled": "true",
      "xpack.security.transport.ssl.client_authentication": "required",
      "node.store.allow_mmap": "false",
    });
  });

  test("names its initial masters at the first start only", () => {
    const name = "cluster.initial_master_nodes";
    const bootstrapped = settingsOf("prod", { elasticsearch: { bootstrap: false } });
    expect(variables(prod)[name]).toBe("elasticsearch-0,elasticsearch-1,elasticsearch-2");
    expect(variables(bootstrapped)).not.toHaveProperty([name]);
  });

  test("gets its password from a Secret as a variable: Elasticsearch rejects a group-readable file", () => {
    const [container] = podOf(prod, one(prod, "elasticsearch")).containers;
    const password = container.env.find(({ name }) => name === "ELASTIC_PASSWORD");
    expect(password?.valueFrom).toEqual({ secretKeyRef: { name: "elasticsearch-password", key: "password" } });
  });

  test("that exists already is not deployed; only the setup logs in with the named Secret", () => {
    const external = { url: "https://es.example.com:9200", passwordSecret: "es-user", authoritySecret: "es-ca" };
    const settings = settingsOf("staging", { elasticsearch: { external, snapshots: { store: "off" } } });
    expect(workloadsOf(settings).map(({ name }) => name)).not.toContain("elasticsearch");
    const volumes = JSON.stringify(podOf(settings, one(settings, "elasticsearch-setup")).volumes);
    expect(volumes).toContain('"name":"es-user","items":[{"key":"password"');
    expect(volumes).toContain('"secretName":"es-ca"');
    const others = workloadsOf(settings).filter(({ name }) => name !== "elasticsearch-setup");
    expect(JSON.stringify(others.map((workload) => podOf(settings, workload).volumes))).not.toContain("es-user");
  });
});

describe("the index cleaner", () => {
  const spec = cronJob(prod, one(prod, "index-cleaner"));

  test("runs once a day, never twice at a time, with a deadline and a history of runs", () => {
    expect(spec).toMatchObject({
      schedule: "0 3 * * *",
      timeZone: "Etc/UTC",
      concurrencyPolicy: "Forbid",
      startingDeadlineSeconds: 3600,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 3,
      jobTemplate: { spec: { activeDeadlineSeconds: 1800, backoffLimit: 4, template: { spec: { restartPolicy: "Never" } } } },
    });
  });

  test("waits five seconds for network policies to admit its new pod", () => {
    const [container] = podOf(prod, one(prod, "index-cleaner")).containers;
    expect(container).toMatchObject({
      command: ["/bin/sh", "-c", 'sleep 5; exec "$@"', "sh", "/bin/sh", "/etc/tracing/config/index-cleaner.sh"],
    });
  });

  test("cannot have a name longer than 52 characters", () => {
    const long = { ...one(prod, "index-cleaner"), name: "x".repeat(53) } as unknown as Workload;
    expect(() => cronJob(prod, long)).toThrow("52 characters at most");
  });
});

describe("names", () => {
  test("of changed files change, and of unchanged ones do not", () => {
    const sampler = (percent: number) => {
      const settings = settingsOf("prod", { sampling: { default: percent } });
      return configMapOf(one(settings, "otel-sampler"), "restart")?.name;
    };
    expect(sampler(10)).toBe(sampler(10));
    expect(sampler(20)).not.toBe(sampler(10));
    expect(sampler(10)).toMatch(/^otel-sampler-config-[0-9a-f]{10}$/);
  });

  test("of files that are reread stay", () => {
    expect(configMapOf(one(prod, "jaeger"), "live")?.name).toBe("jaeger-live");
  });

  test("resolve to ready samplers only, and to all pods of other services", () => {
    const published = (name: string) => (pods(prod, one(prod, name)) as { publishNotReadyAddresses: boolean }).publishNotReadyAddresses;
    expect([published("otel-sampler"), published("elasticsearch"), published("otel-collector")]).toEqual([false, true, true]);
  });
});

test("unhealthy pods never block eviction, except Elasticsearch nodes", () => {
  const policy = (name: string) => (budget(prod, one(prod, name)) as { unhealthyPodEvictionPolicy?: string }).unhealthyPodEvictionPolicy;
  const others = ["otel-collector", "otel-sampler", "jaeger", "jaeger-collector"];
  expect(others.map((name) => [name, policy(name)])).toEqual(others.map((name) => [name, "AlwaysAllow"]));
  expect(policy("elasticsearch")).toBeUndefined();
});

test("the autoscaler sets the number of gateways, not their Deployment", () => {
  const gateways = one(prod, "otel-collector");
  expect(deployment(prod, gateways)).not.toHaveProperty("replicas");
  expect(autoscaler(gateways)).toMatchObject({ minReplicas: 3, maxReplicas: 8 });
});

describe("connections", () => {
  interface Rule {
    readonly from?: readonly object[];
    readonly to?: readonly object[];
    readonly ports: readonly { readonly port: number }[];
  }
  interface Policy {
    readonly ingress?: readonly Rule[];
    readonly egress?: readonly Rule[];
  }
  test("are admitted at one end only if the other end may open them", () => {
    const policies = workloadsOf(prod).map((workload) => [workload, policyOf(prod, workload) as Policy] as const);
    const is = (peer: object, workload: Workload) =>
      JSON.stringify(peer) === JSON.stringify({ podSelector: { matchLabels: selector(prod, workload) } });
    const portsOf = (rules: readonly Rule[] = [], end: "from" | "to", workload: Workload) =>
      rules.filter((rule) => rule[end]?.some((peer) => is(peer, workload))).flatMap(({ ports }) => ports.map(({ port }) => port));
    const unmatched = policies.flatMap(([from, { egress }]) =>
      policies.flatMap(([to, { ingress }]) => {
        const [out, into] = [portsOf(egress, "to", to), portsOf(ingress, "from", from)];
        const oneSided = [...out.filter((port) => !into.includes(port)), ...into.filter((port) => !out.includes(port))];
        return oneSided.map((port) => `${from.name} > ${to.name}:${port}`);
      }),
    );
    // Jaeger admits both tiers: it does not know which of them samples.
    expect(unmatched).toEqual(["otel-collector > jaeger-collector:4317", "otel-collector > jaeger-collector:4320"]);
  });

  describe("to the cluster's DNS", () => {
    const asked = (more: object) => {
      const settings = settingsOf("staging", { kubernetes: more });
      return (policyOf(settings, one(settings, "jaeger")) as Policy).egress?.[0];
    };
    const pods = (namespace: string, podSelector: object) => ({
      namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
      podSelector,
    });
    const usual = pods("kube-system", { matchExpressions: [{ key: "k8s-app", operator: "In", values: ["kube-dns", "node-local-dns"] }] });
    const both = (port: number) => ["UDP", "TCP"].map((protocol) => ({ port, protocol }));

    test("lead to where most clusters have it", () => {
      expect(asked({})).toEqual({
        to: [usual, { ipBlock: { cidr: "169.254.20.10/32" } }],
        ports: both(53),
      });
    });

    test("lead to where stack config says that it is", () => {
      const labels = { "dns.operator.openshift.io/daemonset-dns": "default" };
      const dns = { namespace: "openshift-dns", labels, ports: [5353, 53], addresses: ["10.96.0.10", "fd00::a"] };
      expect(asked({ dns })).toEqual({
        to: [pods("openshift-dns", { matchLabels: labels }), { ipBlock: { cidr: "10.96.0.10/32" } }, { ipBlock: { cidr: "fd00::a/128" } }],
        ports: [...both(5353), ...both(53)],
      });
      expect(asked({ dns: { addresses: [] } })).toMatchObject({ to: [usual] });
    });

    test("name a port: a rule without one would open all", () => {
      expect(() => asked({ dns: { ports: [] } })).toThrow("tracing:kubernetes.dns.ports: found []; allowed: a list with at least one port");
    });
  });

  test("come from the namespaces of the operator and the ingress controller if configured", () => {
    const ingress = { host: "jaeger.example.com", className: "nginx", namespace: "ingress", tlsSecret: "tls", usersSecret: "users" };
    const settings = settingsOf("prod", { prometheus: { mode: "operator" }, jaeger: { ingress } });
    const text = JSON.stringify(policyOf(settings, one(settings, "jaeger")));
    expect(text).toContain(
      '{"from":[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"monitoring"}}}],"ports":[{"port":14269',
    );
    expect(text).toContain(
      '{"from":[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"ingress"}}}],"ports":[{"port":16686',
    );
  });
});
