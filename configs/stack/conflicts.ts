/** Settings that are right one by one and not together: what a platform cannot do, and what needs something else. */
import { memoryForRequest, queueForRequest } from "../collector/bytes";
import { compact } from "../compact";
import { linkProblems } from "./links";
import type { Parsed } from "./schema";
import { hasBucket } from "../elasticsearch/snapshots";
import { serviceUsers } from "../elasticsearch/users";
import { hasSamplers } from "../topology/kubernetes";
import { isTooOld, oldestElasticsearch } from "../versions";

/** The sentence about a value that does not go with the others. */
const refusal = (key: string, found: unknown, allowed: string): string => `${key}: found ${JSON.stringify(found)}; allowed: ${allowed}`;

/** Sizes that are too small for the largest request, one sentence each. */
export function sizeConflicts({ limits, collector, sampler, jaeger }: Partial<Parsed>): string[] {
  if (!limits) return [];
  const request = `as limits.request is ${limits.request}Mi`;
  const memory = memoryForRequest(limits.request);
  const takers = { collector, sampler: sampler && hasSamplers({ sampler }) ? sampler : undefined, jaeger };
  const queue = queueForRequest(limits.request);
  return compact([
    ...Object.entries(takers).flatMap(([group, sizes]) =>
      sizes && sizes.memory < memory ? [refusal(`${group}.memory`, `${sizes.memory}Mi`, `${memory}Mi or more, ${request}`)] : [],
    ),
    collector && collector.queue < queue && refusal("collector.queue", `${collector.queue}Mi`, `${queue}Mi or more, ${request}`),
  ]);
}

/** Names of the Secrets that a stack creates for the users of an Elasticsearch that exists. */
const ownSecrets = new RegExp(`^elasticsearch-(${serviceUsers.join("|")})-password(-\\d+)?$`);

/** Snapshot settings that a store needs and lacks, or has and cannot use. */
function snapshotConflicts(elasticsearch: Parsed["elasticsearch"]): string[] {
  const { snapshots, nodes, external } = elasticsearch;
  const { store, bucket, path, endpoint, credentialsSecret, storageClass } = snapshots;
  const key = (name: string) => `elasticsearch.snapshots.${name}`;
  const isBucket = hasBucket({ elasticsearch });
  const unused = (of: Record<string, unknown>, allowed: string) =>
    Object.entries(of).flatMap(([name, found]) => (found === undefined ? [] : [refusal(key(name), found, allowed)]));
  return compact([
    isBucket &&
      bucket === undefined &&
      `${key("bucket")}: missing; allowed: a bucket's or container's name, as ${key("store")} is ${store}`,
    ...(isBucket ? [] : unused({ bucket, path, credentialsSecret }, `nothing unless ${key("store")} is s3, gcs or azure`)),
    ...(store === "s3" ? [] : unused({ endpoint }, `nothing unless ${key("store")} is s3`)),
    ...(store === "volume" ? [] : unused({ storageClass }, `nothing unless ${key("store")} is volume`)),
    store === "volume" &&
      external &&
      refusal(key("store"), store, "off, s3, gcs or azure for an Elasticsearch that the stack does not run"),
    store === "volume" &&
      nodes > 1 &&
      storageClass === undefined &&
      !external &&
      `${key("storageClass")}: missing; allowed: a class whose volumes all ${nodes} nodes can write to (ReadWriteMany), or another ${key("store")}`,
    isBucket &&
      credentialsSecret === undefined &&
      !external &&
      `${key("credentialsSecret")}: missing; allowed: a Secret with what ${store} asks for`,
    external &&
      credentialsSecret !== undefined &&
      refusal(
        key("credentialsSecret"),
        credentialsSecret,
        "nothing for an Elasticsearch that the stack does not run: its keystore holds them",
      ),
  ]);
}

/** Settings of the cluster's Prometheus that nothing uses. */
function operatorConflicts({ mode, operator }: Parsed["prometheus"]): string[] {
  const { address, tokenSecret, authoritySecret } = operator;
  const key = (name: string) => `prometheus.operator.${name}`;
  const unused = (of: Record<string, string | undefined>, allowed: string) =>
    Object.entries(of).flatMap(([name, found]) => (found === undefined ? [] : [refusal(key(name), found, allowed)]));
  if (mode === "own") return unused({ address, tokenSecret, authoritySecret }, "nothing unless prometheus.mode is operator");
  if (address === undefined) return unused({ tokenSecret, authoritySecret }, `nothing unless ${key("address")} is set`);
  return address.startsWith("https:") ? [] : unused({ authoritySecret }, "nothing for an http address");
}

/** A canary that Jaeger would not answer. */
function canaryConflicts(canary: Parsed["canary"] | undefined, jaeger: Parsed["jaeger"] | undefined): string[] {
  if (!canary?.enabled || jaeger?.ingress?.usersSecret === undefined) return [];
  return [refusal("canary.enabled", true, "false with jaeger.ingress: Jaeger asks for a login, which the canary does not have")];
}

/** Keys that are to be left as they are and to be masked. */
const redactionConflicts = ({ allow, deny }: Parsed["redaction"]): string[] =>
  allow.flatMap((key) => (deny.keys.includes(key) ? [refusal("redaction.allow", key, "keys that redaction.deny.keys does not list")] : []));

/** Settings in `overrides` that only Kubernetes has. */
const clusterOnly = ["nodeSelector", "tolerations", "affinity", "priorityClass", "annotations", "volumes"] as const;

/** One sentence each: the key without its namespace, what was found, what is allowed. Groups that are wrong by themselves are left out. */
export function platformConflicts(groups: Partial<Parsed>): string[] {
  const {
    platform,
    elasticsearch,
    collector,
    sampler,
    jaeger,
    prometheus,
    overrides,
    otherImages,
    canary,
    dashboards,
    redaction,
    kubernetes,
  } = groups;
  const problems: string[] = [
    ...(elasticsearch ? snapshotConflicts(elasticsearch) : []),
    ...(jaeger ? linkProblems(jaeger.links) : []),
    ...(prometheus ? operatorConflicts(prometheus) : []),
    ...canaryConflicts(canary, jaeger),
    ...(redaction ? redactionConflicts(redaction) : []),
  ];
  const refuse = (key: string, found: unknown, allowed: string) => problems.push(refusal(key, found, allowed));
  if (dashboards?.perses && prometheus?.mode === "operator")
    refuse("dashboards.perses", true, "false with prometheus.mode operator: Perses asks the stack's own Prometheus");
  if (otherImages?.elasticsearch !== undefined && isTooOld(otherImages.elasticsearch))
    refuse(
      "otherImages.elasticsearch",
      otherImages.elasticsearch,
      `${oldestElasticsearch.join(".")} or newer, which the index templates need`,
    );
  if (platform === "docker") {
    const only = (key: string, found: unknown, allowed: unknown) => {
      if (found !== undefined && found !== allowed)
        refuse(key, found, `${allowed === undefined ? "nothing" : JSON.stringify(allowed)} on docker`);
    };
    only("kubernetes.tls.mode", kubernetes?.tls.mode, "off");
    only("elasticsearch.nodes", elasticsearch?.nodes, 1);
    only("elasticsearch.tls", elasticsearch?.tls, "off");
    only("elasticsearch.issuer", elasticsearch?.issuer, undefined);
    only("elasticsearch.bootstrap", elasticsearch?.bootstrap, false);
    only("elasticsearch.external", elasticsearch?.external, undefined);
    if (elasticsearch && hasBucket({ elasticsearch }))
      refuse("elasticsearch.snapshots.store", elasticsearch.snapshots.store, "off or volume on docker");
    only("elasticsearch.snapshots.storageClass", elasticsearch?.snapshots.storageClass, undefined);
    only("collector.replicas", collector?.replicas, 1);
    only("collector.maxReplicas", collector?.maxReplicas, undefined);
    only("sampler.replicas", sampler?.replicas, 0);
    only("jaeger.replicas", jaeger?.replicas, 1);
    only("jaeger.collectors", jaeger?.collectors, 0);
    only("jaeger.ingress", jaeger?.ingress, undefined);
    only("prometheus.mode", prometheus?.mode, "own");
    only("dashboards.grafana", dashboards?.grafana, undefined);
    for (const [service, override] of Object.entries(overrides ?? {}))
      for (const key of clusterOnly) only(`overrides.${service}.${key}`, override[key], undefined);
    return problems;
  }
  if (kubernetes) {
    const { mode = "off", certificates, issuer } = kubernetes.tls;
    const wanted = compact([
      mode === "off" && "kubernetes.tls.mode is accept, both or on",
      certificates === "external" && "kubernetes.tls.certificates is cert-manager",
    ]);
    if (issuer && wanted.length > 0) refuse("kubernetes.tls.issuer", issuer, `nothing unless ${wanted.join(" and ")}`);
    if (mode === "off" && jaeger?.ingress?.backend === "https")
      refuse("jaeger.ingress.backend", "https", "http unless kubernetes.tls.mode is accept, both or on");
  }
  if (elasticsearch) {
    const { nodes, tls, bootstrap, external, issuer, passwordVersion } = elasticsearch;
    if (nodes === 2) refuse("elasticsearch.nodes", nodes, "1, or 3 and more: of two nodes, none is a majority");
    if (nodes > 1 && tls === "off" && !external)
      refuse("elasticsearch.tls", tls, "cert-manager or external, as several nodes trust each other by certificates");
    if (bootstrap && nodes === 1) refuse("elasticsearch.bootstrap", bootstrap, "false: a single node needs no others to begin with");
    if (issuer && tls !== "cert-manager") refuse("elasticsearch.issuer", issuer, "nothing unless elasticsearch.tls is cert-manager");
    if (external?.authoritySecret && !external.url.startsWith("https:"))
      refuse("elasticsearch.external.authoritySecret", external.authoritySecret, "nothing for an http address");
    if (external?.createUsers && ownSecrets.test(external.passwordSecret))
      refuse(
        "elasticsearch.external.passwordSecret",
        external.passwordSecret,
        "another name: the stack has Secrets of its own of that name",
      );
    if (external?.createUsers === false && passwordVersion > 1)
      refuse(
        "elasticsearch.passwordVersion",
        passwordVersion,
        "1 where elasticsearch.external.createUsers is false: the password is not the stack's",
      );
  }
  if (collector && sampler) {
    const { replicas, maxReplicas } = collector;
    if (maxReplicas !== undefined && maxReplicas < replicas)
      refuse("collector.maxReplicas", maxReplicas, `${replicas} or more, as collector.replicas is`);
    if (sampler.replicas === 0 && Math.max(replicas, maxReplicas ?? 1) > 1)
      refuse(
        "sampler.replicas",
        0,
        "1 or more where there are several Collectors: the spans of a trace must meet in one place to be sampled",
      );
  }
  return problems;
}
