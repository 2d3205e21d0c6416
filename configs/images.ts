/**
 * The images of the stack: the project's single list of their names, versions and users. Everything that names an image, the
 * program as well as images/build.ts, asks `imageReference`.
 */

export interface Image {
  /** The version of the program in the image of our own making, and that image's tag. */
  readonly version: string;
  /** The image that the program's own project publishes. With a digest, the tag only tells people what it is. */
  readonly official: { readonly registry: string; readonly repository: string; readonly tag: string; readonly digest?: `sha256:${string}` };
  /** Whom the official image runs as; ours runs as the same. Files that a container reads or writes must suit this user. */
  readonly user: { readonly uid: number; readonly gid: number };
  /** Whether the image has a shell and the usual tools. */
  readonly shell: boolean;
}

export const images = {
  elasticsearch: {
    version: "8.19.0",
    official: { registry: "docker.elastic.co", repository: "elasticsearch/elasticsearch", tag: "8.19.0" },
    user: { uid: 1000, gid: 0 },
    shell: true,
  },
  "otel-collector": {
    version: "0.158.0",
    official: {
      registry: "ghcr.io",
      repository: "open-telemetry/opentelemetry-collector-releases/opentelemetry-collector-contrib",
      tag: "0.158.0",
    },
    user: { uid: 10001, gid: 10001 },
    shell: false,
  },
  jaeger: {
    version: "2.13.0",
    official: { registry: "docker.io", repository: "jaegertracing/jaeger", tag: "2.13.0" },
    user: { uid: 10001, gid: 0 },
    shell: true,
  },
  "jaeger-es-index-cleaner": {
    version: "2.13.0",
    // The release of v2.13.0, which is also v1.76.0, published the tools under the number of v1 only.
    official: { registry: "docker.io", repository: "jaegertracing/jaeger-es-index-cleaner", tag: "1.76.0" },
    user: { uid: 10001, gid: 0 },
    shell: true,
  },
  prometheus: {
    version: "3.13.5",
    official: { registry: "quay.io", repository: "prometheus/prometheus", tag: "v3.13.5" },
    user: { uid: 65534, gid: 65534 },
    shell: true,
  },
  "elasticsearch-exporter": {
    version: "1.9.0",
    official: { registry: "quay.io", repository: "prometheuscommunity/elasticsearch-exporter", tag: "v1.9.0" },
    user: { uid: 65534, gid: 65534 },
    shell: true,
  },
  busybox: {
    // Ours is what Debian 12 has. In both, /bin/busybox is linked statically: it runs in any other image too.
    version: "1.35.0",
    official: { registry: "docker.io", repository: "library/busybox", tag: "1.37.0-musl" },
    user: { uid: 0, gid: 0 },
    shell: true,
  },
} as const satisfies Record<string, Image>;

export type ImageName = keyof typeof images;

export const imageNames = Object.keys(images) as ImageName[];

export interface ImageOrigin {
  /** `official`: what each project publishes. `local`: what images/build.ts made, under a name of our own. */
  readonly source: "official" | "local";
  /** A registry that mirrors all others, with port and path if any: takes the place of an official image's registry, precedes a local image's name. */
  readonly registry?: string;
}

/** The reference to pull or run an image by, such as `docker.io/jaegertracing/jaeger:2.13.0`. */
export function imageReference(name: ImageName, origin: ImageOrigin): string {
  const { version, official }: Image = images[name];
  const mirror = origin.registry?.replace(/\/+$/, "");
  if (origin.source === "local") return `${mirror ? `${mirror}/` : ""}tracing/${name}:${version}`;
  return `${mirror || official.registry}/${official.repository}:${official.tag}${official.digest ? `@${official.digest}` : ""}`;
}
