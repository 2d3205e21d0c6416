/** Rules on who may get at what: images that stay what they are, Elasticsearch's superuser, encrypted connections, who sends traces. */
import { compact } from "../configs/compact";
import { superuser } from "../configs/elasticsearch/users";
import { files, ports } from "../configs/topology/ports";
import { superuserHolders } from "./bounds";
import { at, given, listAt, nameOf, unknown, type Declared } from "./declared";
import { hasDigest, imagesOf } from "./images";
import { covers, ofKind, podContainers, podTemplate } from "./pods";
import type { StackRule } from "./rule";

const imagesByDigest: StackRule = {
  name: "images-by-digest",
  description: "In production an image is named by its digest: whoever may push to a registry can give a tag another image.",
  check: ({ environment, imageDigests }, resources) => {
    if (environment !== "production" || imageDigests === "optional") return [];
    const named = resources.flatMap(imagesOf).map(({ image }) => image);
    const byTag = named.filter((image) => typeof image === "string" && !hasDigest(image));
    return [...new Set(byTag)].map(
      (image) =>
        `${String(image)} has no digest; \`make digests\` writes those of official images into configs/images.ts, tracing:otherImages takes any other; or set tracing:imageDigests: optional`,
    );
  },
};

const noSuperuser: StackRule = {
  name: "no-superuser",
  description: "No workload has the password of Elasticsearch's superuser, but Elasticsearch itself and its setup.",
  check: ({ elasticsearch: { external } }, resources) => {
    // Then the services log in as that user, and the config says so.
    if (external?.createUsers === false) {
      return external.user === superuser
        ? [`tracing:elasticsearch.external.user: found ${superuser}, with createUsers: false; all services would log in as the superuser`]
        : [];
    }
    const secrets = [files.elasticsearchPassword, external?.passwordSecret];
    return resources
      .filter((resource) => !superuserHolders.has(nameOf(resource)))
      .filter((resource) => secretsOf(resource).some((secret) => secrets.includes(secret)))
      .map((workload) => `${nameOf(workload)} has the password of the superuser`);
  },
};

/** Names of the Secrets that a resource's pods get, as files or as variables. */
function secretsOf(resource: Declared): readonly string[] {
  const volumes = listAt(podTemplate(resource), "spec", "volumes");
  const projected = volumes.flatMap((volume) => listAt(volume, "projected", "sources"));
  const containers = podContainers(resource).map(({ spec }) => spec);
  const names = [
    ...volumes.map((volume) => at(volume, "secret", "secretName")),
    ...projected.map((source) => at(source, "secret", "name")),
    ...containers.flatMap((spec) => listAt(spec, "env")).map((variable) => at(variable, "valueFrom", "secretKeyRef", "name")),
    ...containers.flatMap((spec) => listAt(spec, "envFrom")).map((source) => at(source, "secretRef", "name")),
  ];
  return names.filter((name): name is string => typeof name === "string");
}

const encryptedConnections: StackRule = {
  name: "encrypted-connections",
  description:
    "In production, traces and passwords that leave a pod for Elasticsearch, a bucket or a metrics store with a login are encrypted, and stack config says whether those between the tiers are.",
  check: ({ environment, platform, kubernetes, elasticsearch, prometheus: { operator } }) => {
    if (environment !== "production") return [];
    const { external, tls, snapshots } = elasticsearch;
    return compact([
      !external && platform === "kubernetes" && tls === "off" && "tracing:elasticsearch.tls: found off; allowed in production: any other",
      platform === "kubernetes" &&
        kubernetes.tls.mode === undefined &&
        "tracing:kubernetes.tls.mode: missing; allowed in production: on; accept or both on the way there; off if something else encrypts traffic between pods",
      ...plain("elasticsearch.external.url", external?.url),
      ...plain("elasticsearch.snapshots.endpoint", snapshots.endpoint),
      ...plain("prometheus.operator.address", operator.tokenSecret === undefined ? undefined : operator.address),
    ]);
  },
};

const plain = (key: string, address: string | undefined): string[] =>
  address?.startsWith("http:") ? [`tracing:${key}: found ${address}; allowed in production: an https address`] : [];

/** Ports at which programs take traces. */
const ingestPorts = [
  ports.collector.otlpGrpc,
  ports.collector.otlpHttp,
  ports.collector.otlpGrpcTls,
  ports.collector.jaegerGrpc,
  ports.collector.jaegerThriftHttp,
];

const ingestRestricted: StackRule = {
  name: "ingest-restricted",
  description: "In production, pods take traces only from those whom a NetworkPolicy names. The ports for traces ask for no login.",
  check: ({ environment }, resources) => {
    if (environment !== "production") return [];
    const policies = ofKind(resources, "networking.k8s.io/v1:NetworkPolicy").filter(limitsIngress);
    return resources.filter(takesTraces).flatMap((workload) => {
      const own = policies.filter((policy) => isFor(policy, workload));
      if (own.length === 0) return [`${nameOf(workload)} takes traces from anybody: no NetworkPolicy says from whom`];
      const open = own.filter(({ props }) => listAt(props, "spec", "ingress").some(letsAnybodyIn));
      return open.map((policy) => `${nameOf(workload)} takes traces from anybody: the NetworkPolicy ${nameOf(policy)} lets all in`);
    });
  },
};

const takesTraces = (resource: Declared): boolean =>
  podContainers(resource).some(({ spec }) =>
    listAt(spec, "ports").some((port) => ingestPorts.includes(at(port, "containerPort") as never)),
  );

/** Without a list of types a policy is about ingress. */
const limitsIngress = ({ props }: Declared): boolean => {
  const types = at(props, "spec", "policyTypes");
  return types === undefined || types === unknown || listAt(types).includes("Ingress");
};

/** An empty selector selects all pods. */
function isFor({ props }: Declared, workload: Declared): boolean {
  const selector = at(props, "spec", "podSelector");
  return isEmpty(selector) || covers(at(selector, "matchLabels"), workload);
}

/** Whether a rule of a NetworkPolicy opens a port for traces to everybody. */
function letsAnybodyIn(rule: unknown): boolean {
  const opened = listAt(rule, "ports");
  const from = at(rule, "from");
  if (from === unknown || (opened.length > 0 && !opened.some(isForTraces))) return false;
  const peers = listAt(from);
  return peers.length === 0 || peers.some(isAnybody);
}

/** A port without a number is every port; one with a name may be any. */
function isForTraces(opened: unknown): boolean {
  const first = at(opened, "port");
  const last = at(opened, "endPort") ?? first;
  if (typeof first !== "number" || typeof last !== "number") return first !== unknown;
  return ingestPorts.some((port) => first <= port && port <= last);
}

function isAnybody(peer: unknown): boolean {
  const pods = at(peer, "podSelector");
  return String(at(peer, "ipBlock", "cidr")).endsWith("/0") || (isEmpty(at(peer, "namespaceSelector")) && (!given(pods) || isEmpty(pods)));
}

const isEmpty = (selector: unknown): boolean => typeof selector === "object" && selector !== null && Object.keys(selector).length === 0;

/** All rules of this file. */
export const securityRules: readonly StackRule[] = [imagesByDigest, noSuperuser, encryptedConnections, ingestRestricted];
