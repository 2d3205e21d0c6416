/** Rung: component. The resources of staging and prod: which there are, in an update and in a preview, whose they are and what protects them. */
import * as pulumi from "@pulumi/pulumi";
import { manifests } from "../../render/manifests";
import type { Recorded } from "../../render/record";
import { expectOneTree, runProgram, type Run } from "./support/program";

const stacks = ["staging", "prod"] as const;
const runs = new Map<string, Run>();
const runOf = (stack: string, mode: string) => runs.get(`${stack} ${mode}`)!;

beforeAll(async () => {
  for (const stack of stacks) {
    runs.set(`${stack} update`, await runProgram(stack));
    runs.set(`${stack} preview`, await runProgram(stack, {}, { preview: true }));
  }
});

const kindOf = ({ type }: Recorded) => type.split(":").at(-1)!;
const isKubernetes = ({ type }: Recorded) => type.startsWith("kubernetes:");
const provider = "pulumi:providers:kubernetes";

const counts: Record<(typeof stacks)[number], Record<string, number>> = {
  staging: {
    Namespace: 1,
    // One for each user of Elasticsearch, and the token of the stack itself.
    Secret: 8,
    // One that denies all, and one for each of the twelve workloads.
    NetworkPolicy: 13,
    ServiceAccount: 12,
    // Each workload's own files, those of Jaeger and the proxy that change while they run, and the strategies.
    ConfigMap: 13,
    // Two for each that others connect to.
    Service: 14,
    StatefulSet: 4,
    Deployment: 6,
    CronJob: 2,
    // Of the snapshots.
    PersistentVolumeClaim: 1,
    // Gateways and samplers.
    PodDisruptionBudget: 2,
  },
  prod: {
    Namespace: 1,
    Secret: 7,
    NetworkPolicy: 13,
    ServiceAccount: 12,
    // One each for the proxies in the pods of Prometheus and Alertmanager.
    ConfigMap: 15,
    Service: 16,
    StatefulSet: 4,
    Deployment: 7,
    CronJob: 1,
    PodDisruptionBudget: 5,
    HorizontalPodAutoscaler: 1,
    // The authority's, Elasticsearch's, one for each tier that spans pass, and those of Jaeger's UI, Prometheus and Alertmanager.
    Certificate: 9,
    Issuer: 2,
  },
};

/** The Secrets with the passwords of Elasticsearch's users, and the token of the stack itself. */
const secrets = (stack: string) => [
  ...["-cleaner", "-graph", "-metrics", "", "-reader", ...(stack === "staging" ? ["-snapshots"] : []), "-writer"].map(
    (user) => `tracing-kubernetes-secret-elasticsearch${user}-password`,
  ),
  "tracing-kubernetes-secret-ingest-sender-tracing-stack",
];

describe.each(stacks.flatMap((stack) => [[stack, "update"] as const, [stack, "preview"] as const]))("%s in %s mode", (stack, mode) => {
  const run = () => runOf(stack, mode);

  test("has these objects and no more", () => {
    const found: Record<string, number> = {};
    for (const resource of run().resources.filter(isKubernetes)) found[kindOf(resource)] = (found[kindOf(resource)] ?? 0) + 1;
    expect(found).toEqual(counts[stack]);
  });

  test("belongs to the stack's component, with names that begin with their component's, and unique URNs", () => {
    expectOneTree(run().resources);
  });

  test("registers the outputs of every component", () => {
    const components = run().resources.filter(({ type }) => type.startsWith("tracing:"));
    expect(components.filter(({ outputs }) => outputs === undefined).map(({ name }) => name)).toEqual([]);
  });

  test("is made by the stack's own provider, which holds the cluster to its name", () => {
    const [own, ...others] = run().ofType(provider);
    expect(others).toEqual([]);
    expect(own?.inputs).toMatchObject({ clusterIdentifier: stack, enableConfigMapMutable: "true", enableSecretMutable: "true" });
    const strangers = run().resources.filter((resource) => isKubernetes(resource) && !resource.provider.startsWith(`${own!.urn}::`));
    expect(strangers.map(({ name }) => name)).toEqual([]);
  });

  test("has no two objects of one kind and name, and none outside of its namespace", () => {
    const names = run()
      .resources.filter(isKubernetes)
      .map((resource) => {
        const { name, namespace } = resource.inputs.metadata as { name: string; namespace?: string };
        return [`${kindOf(resource)} ${name}`, kindOf(resource) === "Namespace" ? name : namespace];
      });
    expect(new Set(names.map(([name]) => name)).size).toBe(names.length);
    expect(new Set(names.map(([, namespace]) => namespace))).toEqual(new Set(["tracing"]));
  });

  test("has each password in its Secret alone, marked as one", () => {
    const holders = run().resources.filter(({ secretInputs }) => secretInputs.length > 0);
    expect(holders.map(({ name, secretInputs }) => [name, secretInputs]).sort()).toEqual(
      secrets(stack).map((name) => [name, ["stringData"]]),
    );
  });
});

describe.each(stacks)("a preview of %s", (stack) => {
  test("shows the same resources as an update, and knows all of them but the passwords", () => {
    const [update, preview] = [runOf(stack, "update"), runOf(stack, "preview")];
    expect(preview.resources.map(({ urn }) => urn).sort()).toEqual(update.resources.map(({ urn }) => urn).sort());
    const unknown = preview.resources.filter(({ inputs }) => JSON.stringify(inputs).includes(pulumi.runtime.unknownValue));
    expect(unknown.map(({ name }) => name).sort()).toEqual(secrets(stack));
  });
});

describe("certificates of prod", () => {
  interface Spec {
    readonly secretName: string;
    readonly issuerRef: { readonly name: string };
    readonly privateKey: { readonly rotationPolicy: string };
    readonly dnsNames?: readonly string[];
  }
  const specs = () => {
    const all = runOf("prod", "update").ofType("kubernetes:cert-manager.io/v1:Certificate");
    return Object.fromEntries(all.map(({ inputs }) => [(inputs.metadata as { name: string }).name, inputs.spec as Spec]));
  };

  test("are all of one authority, which has the name that Elasticsearch's always had", () => {
    const signers = Object.fromEntries(Object.entries(specs()).map(([name, { issuerRef }]) => [name, issuerRef.name]));
    expect(signers).toEqual({
      "alertmanager-tier-tls": "elasticsearch-issuer",
      "elasticsearch-authority": "elasticsearch-self",
      elasticsearch: "elasticsearch-issuer",
      "jaeger-tier-tls": "elasticsearch-issuer",
      "jaeger-collector-tier-tls": "elasticsearch-issuer",
      "otel-collector-ingest-tls": "elasticsearch-issuer",
      "otel-collector-tier-tls": "elasticsearch-issuer",
      "otel-sampler-tier-tls": "elasticsearch-issuer",
      "prometheus-tier-tls": "elasticsearch-issuer",
    });
  });

  test("get a new key with each renewal, but the authority, which all trust", () => {
    const { "elasticsearch-authority": authority, ...others } = specs();
    expect(authority?.privateKey.rotationPolicy).toBe("Never");
    expect(new Set(Object.values(others).map(({ privateKey }) => privateKey.rotationPolicy))).toEqual(new Set(["Always"]));
  });

  test("name what clients connect to", () => {
    const { "otel-sampler-tier-tls": sampler, "jaeger-collector-tier-tls": jaeger, "prometheus-tier-tls": prometheus } = specs();
    expect(prometheus?.dnsNames).toContain("prometheus");
    expect(sampler?.dnsNames).toContain("otel-sampler");
    expect(jaeger?.dnsNames).toContain("jaeger-collector");
  });

  test("have a Secret each, which the pods of one service mount with the key", () => {
    const mounted = runOf("prod", "update").resources.flatMap(({ inputs }) => {
      const { name } = (inputs.metadata ?? {}) as { name?: string };
      const volumes = (inputs.spec as { template?: { spec: { volumes?: readonly Volume[] } } } | undefined)?.template?.spec.volumes ?? [];
      return volumes
        .filter(({ secret }) => secret?.items?.some(({ key }) => key === "tls.key"))
        .map(({ secret }) => [name, secret!.secretName]);
    });
    expect(mounted.sort()).toEqual([
      ["alertmanager", "alertmanager-tier-tls"],
      ["elasticsearch", "elasticsearch-tls"],
      ["jaeger", "jaeger-tier-tls"],
      ["jaeger-collector", "jaeger-collector-tier-tls"],
      ["otel-collector", "otel-collector-ingest-tls"],
      ["otel-collector", "otel-collector-tier-tls"],
      ["otel-sampler", "otel-sampler-tier-tls"],
      ["prometheus", "prometheus-tier-tls"],
    ]);
  });
  interface Volume {
    readonly secret?: { readonly secretName: string; readonly items?: readonly { readonly key: string }[] };
  }
});

describe("what destroying the stack may not take along", () => {
  const protectedIn = (stack: string) =>
    runOf(stack, "update")
      .resources.filter(({ protect }) => protect)
      .map(({ name }) => name)
      .sort();

  test("in prod: the namespace with all volumes, Elasticsearch and its password", () => {
    expect(protectedIn("prod")).toEqual(["tracing-elasticsearch", "tracing-elasticsearch-password", "tracing-kubernetes-namespace"]);
    expect(runOf("prod", "update").get("tracing-kubernetes-namespace").retainOnDelete).toBe(true);
    expect(retention("prod")).toEqual(Array<string>(4).fill("Retain"));
  });

  test("Argo CD and Flux do not prune the namespace of prod", () => {
    expect(manifests(runOf("prod", "update").resources)["namespace.yaml"]).toContain(`
  annotations:
    argocd.argoproj.io/sync-options: Prune=false,Delete=false
    kustomize.toolkit.fluxcd.io/prune: disabled
`);
    expect(manifests(runOf("staging", "update").resources)["namespace.yaml"]).not.toContain("annotations:");
  });

  test("in staging: nothing; volumes go with the stack", () => {
    expect(protectedIn("staging")).toEqual([]);
    expect(runOf("staging", "update").resources.filter(({ retainOnDelete }) => retainOnDelete)).toEqual([]);
    expect(retention("staging")).toEqual(Array<string>(4).fill("Delete"));
  });

  const retention = (stack: string) =>
    runOf(stack, "update")
      .resources.filter((resource) => kindOf(resource) === "StatefulSet")
      .map(
        ({ inputs }) =>
          (inputs.spec as { persistentVolumeClaimRetentionPolicy: { whenDeleted: string } }).persistentVolumeClaimRetentionPolicy
            .whenDeleted,
      );
});

describe.each(stacks)("what would replace %s's data", (stack) => {
  const sets = () => runOf(stack, "update").resources.filter((resource) => kindOf(resource) === "StatefulSet");

  test("is left as it is in every StatefulSet: no edit of a size reaches the engine", () => {
    expect(sets()).toHaveLength(4);
    for (const { ignoreChanges } of sets()) expect(ignoreChanges).toEqual(["spec.volumeClaimTemplates", "spec.podManagementPolicy"]);
  });
});

describe("an edit", () => {
  /** Names of what differs between two runs, added and removed included. */
  function differences(one: Run, other: Run): string[] {
    const inputs = (run: Run) => new Map(run.resources.map(({ urn, name, inputs: own }) => [urn, [name, JSON.stringify(own)] as const]));
    const [before, after] = [inputs(one), inputs(other)];
    const urns = [...new Set([...before.keys(), ...after.keys()])];
    return urns
      .filter((urn) => before.get(urn)?.[1] !== after.get(urn)?.[1])
      .map((urn) => (before.get(urn) ?? after.get(urn))![0])
      .sort();
  }
  const edited = async (config: Record<string, unknown>) => differences(runOf("prod", "update"), await runProgram("prod", config));

  test("of nothing changes nothing", async () => {
    expect(await edited({})).toEqual([]);
  });

  test("of the sampling rates: the samplers and their file", async () => {
    expect(await edited({ sampling: { default: 20, errors: 100 } })).toEqual(["tracing-otel-sampler", "tracing-otel-sampler-config"]);
  });

  test("of a version: no selector, claim or service name, which could not be changed in place", () => {
    const fixed = runOf("prod", "update").resources.flatMap(({ inputs }) => {
      const spec = inputs.spec as { selector?: unknown; serviceName?: unknown; volumeClaimTemplates?: unknown } | undefined;
      return spec ? [spec.selector, spec.serviceName, spec.volumeClaimTemplates] : [];
    });
    expect(JSON.stringify(fixed)).not.toMatch(/version|\d+\.\d+\.\d+|-config-/);
  });
});

describe("by choice", () => {
  const ingress = { host: "jaeger.example.com", className: "nginx", namespace: "ingress", tlsSecret: "tls", usersSecret: "users" };
  const external = { url: "https://es.example.com:9200", passwordSecret: "es", authoritySecret: "es-ca" };
  let run: Run;
  beforeAll(async () => {
    const prometheus = { mode: "operator", operator: { labels: { release: "monitoring" } } };
    run = await runProgram("staging", {
      prometheus,
      jaeger: { ingress },
      elasticsearch: { external },
      kubernetes: { pullSecrets: ["pull"] },
    });
  });
  const names = (kind: string) =>
    run.resources.filter((resource) => kindOf(resource) === kind).map(({ inputs }) => (inputs.metadata as { name: string }).name);

  test("the operator gets a monitor for each scraped service, and the rules, in place of a Prometheus", () => {
    expect(names("ServiceMonitor").sort()).toEqual(["elasticsearch-exporter", "jaeger", "otel-collector", "otel-sampler"]);
    expect(names("PrometheusRule")).toEqual(["tracing"]);
    expect(names("StatefulSet")).toEqual(["otel-sampler"]);
    const monitors = run.resources.filter((resource) => ["ServiceMonitor", "PrometheusRule"].includes(kindOf(resource)));
    for (const { inputs } of monitors) expect(inputs.metadata).toMatchObject({ labels: { release: "monitoring" } });
  });

  test("monitors select the headless Services, and name the jobs that rules know", () => {
    const [sampler] = run.resources.filter(({ name }) => name.endsWith("-monitors-otel-sampler"));
    const { selector, endpoints } = sampler!.inputs.spec as {
      selector: { matchLabels: object };
      endpoints: { port: string; relabelings: object[] }[];
    };
    const headless = run.get("tracing-otel-sampler-pods").inputs.metadata as { labels: object };
    expect(headless.labels).toMatchObject(selector.matchLabels);
    expect(endpoints.map(({ port, relabelings }) => [port, relabelings[0]])).toEqual([
      ["telemetry", { targetLabel: "job", replacement: "otel-collector" }],
      ["exporter", { targetLabel: "job", replacement: "otel-collector-exporter" }],
    ]);
  });

  test("monitors ignore job and instance of a page, and rename metrics of applications that have reserved names", () => {
    const monitors = run.resources.filter((resource) => kindOf(resource) === "ServiceMonitor");
    const endpoints = monitors.flatMap(({ inputs }) => (inputs.spec as { endpoints: Record<string, unknown>[] }).endpoints);
    expect(endpoints.filter(({ honorLabels }) => honorLabels !== undefined)).toEqual([]);
    const renamed = {
      sourceLabels: ["__name__"],
      regex: "(up|scrape_.*|ALERTS.*|.*:.*)",
      targetLabel: "__name__",
      replacement: "exported_$1",
    };
    const renaming = endpoints.filter(({ metricRelabelings }) => JSON.stringify(metricRelabelings ?? "").includes("exported_"));
    expect(renaming.map(({ port, metricRelabelings }) => [port, metricRelabelings])).toEqual([
      ["exporter", [renamed]],
      ["exporter", [renamed]],
    ]);
  });

  test("the cleaner's reports and Elasticsearch's exporter are scraped under jobs of their own", () => {
    const jobs = (service: string) => {
      const [monitor] = run.resources.filter(({ name }) => name.endsWith(`-monitors-${service}`));
      const { endpoints } = monitor!.inputs.spec as { endpoints: { port: string; relabelings: { replacement: string }[] }[] };
      return endpoints.map(({ port, relabelings }) => `${port}: ${relabelings[0]!.replacement}`);
    };
    expect(jobs("otel-collector")).toContain("report-metrics: index-cleaner");
    expect(jobs("elasticsearch-exporter")).toEqual(["http: elasticsearch-exporter"]);
  });

  test("an existing Elasticsearch has no superuser Secret; the services' users get passwords", () => {
    const users = ["cleaner", "graph", "metrics", "reader", "writer"];
    expect(names("Secret").sort()).toEqual([...users.map((user) => `elasticsearch-${user}-password`), "ingest-sender-tracing-stack"]);
    // With the token of the stack itself.
    expect(run.resources.filter(({ type }) => type.startsWith("random:"))).toHaveLength(users.length + 1);
    expect(names("ConfigMap").filter((name) => name.startsWith("elasticsearch"))).toEqual([
      expect.stringMatching(/^elasticsearch-setup-config-/),
    ]);
  });

  test("the UI has an ingress with TLS", () => {
    const [found] = run.resources.filter((resource) => kindOf(resource) === "Ingress");
    expect(found?.inputs.spec).toMatchObject({ ingressClassName: "nginx", tls: [{ hosts: ["jaeger.example.com"], secretName: "tls" }] });
  });

  test("images are pulled with the Secrets that are named", () => {
    for (const workload of ["tracing-jaeger", "tracing-otel-collector"]) {
      const { template } = run.get(workload, "kubernetes:apps/v1:Deployment").inputs.spec as { template: { spec: object } };
      expect(template.spec).toMatchObject({ imagePullSecrets: [{ name: "pull" }] });
    }
  });
});
