/**
 * The images of the stack: the project's single list of their names, versions and users. Everything that names an image, the
 * program as well as images/build.ts, asks `imageReference`.
 *
 * Each has two versions. `official` is what users pull: the newest release without a known regression. `tested` is the newest that package
 * registries serve, of which images/build.ts makes the images that this project's tests run on. Why these, and what was tried on which:
 * docs/decisions/0024-versions.md. What a version can do is in configs/versions.ts.
 */

export interface Image {
  /** The version of the program in the image of our own making, and that image's tag. */
  readonly tested: string;
  /**
   * The image that the program's own project publishes: registry, repository and tag, and a digest once it is known (`…@sha256:…`). With one, the tag only
   * tells people what it is.
   */
  readonly official: string;
  /** Whom the official image runs as; ours runs as the same. Files that a container reads or writes must suit this user. */
  readonly user: { readonly uid: number; readonly gid: number };
  /** Whether the image has a shell and the usual tools. */
  readonly shell: boolean;
}

export const images = {
  elasticsearch: {
    tested: "8.19.0",
    official: "docker.elastic.co/elasticsearch/elasticsearch:8.19.25",
    user: { uid: 1000, gid: 0 },
    shell: true,
  },
  "otel-collector": {
    tested: "0.161.0",
    official: "ghcr.io/open-telemetry/opentelemetry-collector-releases/opentelemetry-collector-contrib:0.161.0",
    user: { uid: 10001, gid: 10001 },
    shell: false,
  },
  jaeger: {
    tested: "2.13.0",
    official: "docker.io/jaegertracing/jaeger:2.21.0",
    user: { uid: 10001, gid: 0 },
    shell: true,
  },
  "jaeger-es-index-cleaner": {
    tested: "2.13.0",
    official: "docker.io/jaegertracing/jaeger-es-index-cleaner:2.21.0",
    user: { uid: 10001, gid: 0 },
    shell: true,
  },
  prometheus: {
    tested: "3.13.5",
    official: "quay.io/prometheus/prometheus:v3.13.5",
    user: { uid: 65534, gid: 65534 },
    shell: true,
  },
  "elasticsearch-exporter": {
    tested: "1.9.0",
    official: "quay.io/prometheuscommunity/elasticsearch-exporter:v1.9.0",
    user: { uid: 65534, gid: 65534 },
    shell: true,
  },
  alertmanager: {
    tested: "0.35.0",
    official: "quay.io/prometheus/alertmanager:v0.35.0",
    user: { uid: 65534, gid: 65534 },
    shell: true,
  },
  perses: {
    // Both columns: newer ones change how dashboards are written, and could not be tried.
    tested: "0.52.0",
    official: "docker.io/persesdev/perses:v0.52.0",
    user: { uid: 65534, gid: 65534 },
    shell: false,
  },
  haproxy: {
    // Ours is what Debian 12 has. The config is written for both.
    tested: "2.6.12",
    official: "docker.io/library/haproxy:3.2.21-alpine",
    user: { uid: 99, gid: 99 },
    shell: true,
  },
  "oauth2-proxy": {
    tested: "7.15.6",
    official: "quay.io/oauth2-proxy/oauth2-proxy:v7.15.6",
    user: { uid: 65532, gid: 65532 },
    shell: false,
  },
  busybox: {
    // Ours is what Debian 12 has. In both, /bin/busybox is linked statically: it runs in any other image too.
    tested: "1.35.0",
    official: "docker.io/library/busybox:1.37.0-musl",
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
  /** Whole references, in place of single images of the two kinds; their tags begin with the version of the program. */
  readonly others?: Readonly<Partial<Record<ImageName, string>>>;
}

/** What stack config says of where images come from. */
export interface ImageSettings {
  readonly images: ImageOrigin["source"];
  readonly imageRegistry?: string;
  readonly otherImages: NonNullable<ImageOrigin["others"]>;
}

export const imageOrigin = ({ images: source, imageRegistry: registry, otherImages: others }: ImageSettings): ImageOrigin => ({
  source,
  registry,
  others,
});

/** The reference to pull or run an image by, such as `docker.io/jaegertracing/jaeger:2.21.0`. */
export function imageReference(name: ImageName, origin: ImageOrigin): string {
  const { tested, official }: Image = images[name];
  const other = origin.others?.[name];
  if (other) return other;
  const mirror = origin.registry?.replace(/\/+$/, "");
  if (origin.source === "local") return `${mirror ? `${mirror}/` : ""}tracing/${name}:${tested}`;
  return mirror ? `${mirror}${official.slice(official.indexOf("/"))}` : official;
}

/** Whether an image is one of our own making. */
export const isOwnImage = (name: ImageName, origin: ImageOrigin): boolean => origin.source === "local" && !origin.others?.[name];

/** A reference whose tag begins with a version, as `imageVersion` reads it. */
export const versionedReference = /^[a-z0-9][a-z0-9._:/-]*:v?\d+\.\d+\.\d+(?![.\d])[\w.-]*(@sha256:[0-9a-f]{64})?$/;

/** The version of the program in an image, by its tag, such as `2.21.0`. */
export function imageVersion(name: ImageName, origin: ImageOrigin): string {
  const version = /:v?(\d+\.\d+\.\d+)[^:/]*(?:@.*)?$/.exec(imageReference(name, origin))?.[1];
  if (version === undefined) throw new Error(`the tag of ${imageReference(name, origin)} begins with no version`);
  return version;
}
