/** Rung: unit. Snapshots: the repository of each store, what Elasticsearch's pod gets for it, and stores that cannot be. */
import { workloadsOf } from "../../../components/workloads";
import { sharedClaimSpec, statefulSet } from "../../../components/platform/kubernetes/objects";
import { podSpec } from "../../../components/platform/kubernetes/pod";
import { policyOf } from "../../../components/platform/kubernetes/network";
import { repositories, repositoryPath } from "../../../configs/elasticsearch/snapshots";
import { usersOf } from "../../../configs/elasticsearch/users";
import { problemsOf, settingsWith } from "../../support/settings";

const cluster = (snapshots: object, elasticsearch: object = {}) =>
  settingsWith({ platform: "kubernetes", elasticsearch: { snapshots, ...elasticsearch } });
/** Credentials of a bucket. */
const credentials = { credentialsSecret: "es" };
const three = { nodes: 3, tls: "cert-manager" };
const elasticsearchOf = (settings: ReturnType<typeof cluster>) => workloadsOf(settings).find(({ name }) => name === "elasticsearch")!;

describe("the repository", () => {
  test.each([
    [{ store: "volume" }, { type: "fs", settings: { location: "/usr/share/elasticsearch/snapshots" } }],
    [
      { store: "s3", bucket: "traces" },
      { type: "s3", settings: { bucket: "traces", base_path: "dev/tracing" } },
    ],
    [
      { store: "s3", bucket: "traces", path: "a/b", endpoint: "https://s3.example.com" },
      { type: "s3", settings: { bucket: "traces", base_path: "a/b", endpoint: "https://s3.example.com", path_style_access: "true" } },
    ],
    [
      { store: "gcs", bucket: "traces" },
      { type: "gcs", settings: { bucket: "traces", base_path: "dev/tracing" } },
    ],
    [
      { store: "azure", bucket: "traces" },
      { type: "azure", settings: { container: "traces", base_path: "dev/tracing" } },
    ],
  ])("of %j", (snapshots, repository) => {
    expect(repositories(cluster(snapshots.store === "volume" ? snapshots : { ...snapshots, ...credentials }))).toEqual([repository]);
  });

  test("is one for each prefix; without a store there is no repository, user or workload", () => {
    const external = { url: "https://a:9200", passwordSecret: "a" };
    expect(repositoryPath(cluster({ store: "s3", bucket: "traces" }, { external, indexPrefix: "blue" }))).toBe("_snapshot/tracing-blue");
    const off = cluster({});
    expect(repositories(off)).toEqual([]);
    expect(usersOf(off)).not.toContain("snapshots");
    expect(workloadsOf(off).map(({ name }) => name)).not.toContain("elasticsearch-snapshots");
  });
});

describe("Elasticsearch on Kubernetes", () => {
  test("has the volume beside its own, and its StatefulSet's claims stay as they were", () => {
    const [without, with_] = [cluster({}), cluster({ store: "volume", storage: "30Gi" })];
    const claims = (settings: typeof without) => statefulSet(settings, elasticsearchOf(settings)).volumeClaimTemplates;
    expect(claims(with_)).toEqual(claims(without));
    const pod = podSpec(with_, elasticsearchOf(with_));
    expect(pod.volumes).toContainEqual({ name: "snapshots", persistentVolumeClaim: { claimName: "elasticsearch-snapshots" } });
    expect(JSON.stringify(pod.containers)).toContain('{"name":"snapshots","mountPath":"/usr/share/elasticsearch/snapshots"}');
    expect(elasticsearchOf(with_).env["path.repo"]).toBe("/usr/share/elasticsearch/snapshots");
  });

  test("shares the volume, where it has several nodes", () => {
    const modes = (settings: ReturnType<typeof cluster>) => {
      const workload = elasticsearchOf(settings);
      return sharedClaimSpec(settings, workload, workload.data[1]!);
    };
    expect(modes(cluster({ store: "volume" }))).toEqual({
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: "20480Mi" } },
    });
    expect(modes(cluster({ store: "volume", storageClass: "nfs" }, three))).toMatchObject({
      accessModes: ["ReadWriteMany"],
      storageClassName: "nfs",
    });
  });

  test("reaches an object store, with credentials from the Secret that is named, as files", () => {
    const settings = cluster({ store: "s3", bucket: "traces", credentialsSecret: "es-s3" });
    const pod = JSON.stringify(podSpec(settings, elasticsearchOf(settings)));
    expect(pod).toContain('{"secret":{"name":"es-s3","items":[{"key":"secret_key","path":"snapshots-secret-key"}]}}');
    expect(pod).toContain('"command":["/bin/bash","-c"');
    const ports = (of: typeof settings) => JSON.stringify(policyOf(of, elasticsearchOf(of)).egress ?? []);
    expect(ports(settings)).toContain('"port":443');
    expect(ports(cluster({ store: "s3", bucket: "traces", endpoint: "http://minio.example.com:9000", ...credentials }))).toContain(
      '"port":9000',
    );
    expect(ports(cluster({ store: "volume" }))).not.toContain('"port":443');
  });

  test("knows the zone of its node, where it has several, and has one in any case", () => {
    const settings = cluster({}, three);
    const env = podSpec(settings, elasticsearchOf(settings)).containers[0 as never] as unknown as {
      env: { name: string; value?: string }[];
    };
    const names = env.env.map(({ name }) => name);
    expect(env.env.find(({ name }) => name === "TRACING_ZONE")).toEqual({
      name: "TRACING_ZONE",
      valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "metadata.labels['topology.kubernetes.io/zone']" } },
    });
    expect(env.env.find(({ name }) => name === "node.attr.zone")?.value).toBe("zone-$(TRACING_ZONE)");
    expect(names.indexOf("TRACING_ZONE")).toBeLessThan(names.indexOf("node.attr.zone"));
    expect(JSON.stringify(podSpec(cluster({}), elasticsearchOf(cluster({}))))).not.toMatch(/zone/i);
  });
});

describe("is refused", () => {
  const base = { "tracing:platform": "kubernetes", "tracing:environment": "production" };
  const external = { url: "https://a:9200", passwordSecret: "a" };

  test.each<[string, object, readonly string[]]>([
    [
      "a bucket's store without a bucket",
      { snapshots: { store: "s3" } },
      ["snapshots.bucket: missing", "snapshots.credentialsSecret: missing"],
    ],
    [
      "a volume with what only a bucket has",
      { snapshots: { store: "volume", bucket: "traces", path: "a", ...credentials } },
      ['snapshots.bucket: found "traces"', 'snapshots.path: found "a"', 'snapshots.credentialsSecret: found "es"'],
    ],
    [
      "an endpoint of gcs",
      { snapshots: { store: "gcs", bucket: "traces", endpoint: "https://a.b", ...credentials } },
      ["snapshots.endpoint: found"],
    ],
    [
      "a class without a volume",
      { snapshots: { store: "s3", bucket: "traces", storageClass: "nfs", ...credentials } },
      ["snapshots.storageClass: found"],
    ],
    ["a volume for several nodes without a class", { ...three, snapshots: { store: "volume" } }, ["snapshots.storageClass: missing"]],
    ["a volume for others' Elasticsearch", { external, snapshots: { store: "volume" } }, ['snapshots.store: found "volume"']],
    [
      "a Secret for others' Elasticsearch",
      { external, snapshots: { store: "s3", bucket: "traces", ...credentials } },
      ["snapshots.credentialsSecret: found"],
    ],
  ])("%s", (_what, elasticsearch, expected) => {
    const problems = problemsOf({ elasticsearch }, base);
    expect(problems).toEqual(expected.map((text) => expect.stringContaining(`tracing:elasticsearch.${text}`) as string));
    for (const problem of problems) expect(problem).toContain("; allowed: ");
  });

  test("an object store on Docker", () => {
    expect(problemsOf({ elasticsearch: { snapshots: { store: "s3", bucket: "traces", ...credentials } } })).toEqual([
      'tracing:elasticsearch.snapshots.store: found "s3"; allowed: off or volume on docker',
    ]);
  });
});
