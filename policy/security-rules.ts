/** Rules on who may get at what: images that stay what they are, Elasticsearch's superuser, encrypted connections. */
import { superuser } from "../configs/elasticsearch/users";
import { files } from "../configs/topology/ports";
import { superuserHolders } from "./bounds";
import { at, listAt, nameOf, type Declared } from "./declared";
import { hasDigest, imagesOf } from "./images";
import { podContainers, podTemplate } from "./pods";
import type { StackRule } from "./rule";

export const imagesByDigest: StackRule = {
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

export const noSuperuser: StackRule = {
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

export const encryptedConnections: StackRule = {
  name: "encrypted-connections",
  description:
    "In production, traces and passwords that leave a pod for Elasticsearch, a bucket or a metrics store with a login are encrypted.",
  check: ({ environment, platform, elasticsearch, prometheus: { operator } }) => {
    if (environment !== "production") return [];
    const { external, tls, snapshots } = elasticsearch;
    return [
      ...(!external && platform === "kubernetes" && tls === "off"
        ? ["tracing:elasticsearch.tls: found off; allowed in production: any other"]
        : []),
      ...plain("elasticsearch.external.url", external?.url),
      ...plain("elasticsearch.snapshots.endpoint", snapshots.endpoint),
      ...plain("prometheus.operator.address", operator.tokenSecret === undefined ? undefined : operator.address),
    ];
  },
};

const plain = (key: string, address: string | undefined): string[] =>
  address?.startsWith("http:") ? [`tracing:${key}: found ${address}; allowed in production: an https address`] : [];

/** All rules of this file. */
export const securityRules: readonly StackRule[] = [imagesByDigest, noSuperuser, encryptedConnections];
