/**
 * Settings: stack config as one typed, validated, frozen value. Defaults stand here, in services.ts and in limits.ts only; everything else of the program follows
 * from it. Values are in the unit of their type in units.ts (sizes MiB, cores thousandths), whatever unit they were written in.
 */
import { isIPv4 } from "node:net";
import * as z from "zod";
import { imageNames, versionedReference, type ImageName } from "../images";
import { samplingSchema } from "../sampling/model";
import { dashboards } from "./dashboards";
import { overridesSchema } from "./overrides";
import { services } from "./services";
import { publishedPortNames, publishedPorts, type PublishedPort } from "../topology/ports";
import { anyText, days, integer, leaf, oneOf, text } from "./units";

/** Config namespace: the project's name in Pulumi.yaml. */
export const namespace = "tracing";

const maxPort = 65535;
const port = integer(1, maxPort, "a port");
/** The offset that still leaves every published port a valid one. */
const maxOffset = maxPort - Math.max(...Object.values(publishedPorts));

const otherImage = text(
  "an image whose tag begins with the program's version, such as registry.example.com/jaeger:2.21.0-1",
  versionedReference,
)
  .optional()
  .describe("Image to use instead, as a full reference. The version in its tag decides what the program's config contains.");

/** What stack config may hold. */
export const schema = z.strictObject({
  platform: oneOf("docker", "kubernetes").describe("Where the stack runs."),
  environment: oneOf("development", "staging", "production").describe(
    "Environment of the traces. Spans without `deployment.environment.name` get it as that attribute.",
  ),
  retention: days(1, 365)
    .prefault("7d")
    .describe("Minimum time that traces are kept, in days. Indices are deleted as a whole, up to two days later."),
  images: oneOf("official", "local")
    .prefault("official")
    .describe("Where images come from. `official`: the projects' registries. `local`: `make images` builds them on this machine."),
  imageRegistry: text(
    // A bare word in front of an image's name would be a user of Docker Hub.
    "the host of a registry, with a dot or a port in it, and a path if any, such as mirror.example.com:5000/hub",
    /^([a-z0-9][a-z0-9-]*(\.[a-z0-9-]+)+(:\d+)?|[a-z0-9][a-z0-9-]*:\d+|localhost)(\/[a-z0-9._/-]+)?$/,
  )
    .optional()
    .describe("Registry that mirrors all others. It replaces the host in each image's name."),
  otherImages: z
    .strictObject(Object.fromEntries(imageNames.map((name) => [name, otherImage])) as Record<ImageName, typeof otherImage>)
    .prefault({})
    .describe(`Single images from elsewhere, by name: ${imageNames.join(", ")}. \`imageRegistry\` does not apply to them.`),
  imageDigests: oneOf("required", "optional")
    .prefault("required")
    .describe("Whether the checks of `--policy-pack policy` refuse production images without a digest."),
  publish: z
    .strictObject({
      address: leaf("an IPv4 address of this host", (input) => (typeof input === "string" && isIPv4(input) ? input : undefined), {
        editor: anyText,
      })
        .prefault("127.0.0.1")
        .describe("Address of the host at which ports are published (Docker). Any address but loopback exposes the stack to the network."),
      offset: integer(0, maxOffset, "a number to add to each port")
        .prefault(0)
        .describe("Number added to every default port, so that several stacks can run on one engine."),
      ports: z
        .strictObject(
          Object.fromEntries(
            publishedPortNames.map((name) => [
              name,
              port.optional().describe(`Port on the host. Default: ${publishedPorts[name]} plus the offset.`),
            ]),
          ) as Record<PublishedPort, z.ZodOptional<typeof port>>,
        )
        .prefault({})
        .describe("Ports on the host, by name. The offset does not apply to them."),
    })
    .prefault({})
    .describe("Where ports are published on the host (Docker)."),
  sampling: samplingSchema.prefault({}).describe("Which traces are kept: docs/SAMPLING.md explains it."),
  ...services,
  dashboards,
  overrides: overridesSchema,
});

/** The groups of settings, without what every stack has besides. */
export type Parsed = z.output<typeof schema>;

/** The settings of a stack: see the descriptions in this file, or the reference in docs/. */
export type Settings = Readonly<Parsed> & {
  /** Name of the Pulumi stack. */
  readonly stack: string;
};

/** All settings about what runs and how, except overrides, and what the policy pack alone asks. */
export type StackSettings = Omit<Settings, "overrides" | "imageDigests">;

/** Settings that all components share: where they run, under which names, and from which images. */
export type CommonSettings = Pick<
  Settings,
  "stack" | "platform" | "environment" | "images" | "imageRegistry" | "otherImages" | "publish" | "kubernetes"
> & {
  /** Whether the stack or the cluster runs Prometheus. */
  readonly prometheus: Pick<Settings["prometheus"], "mode" | "operator">;
};

/** Settings that Elasticsearch and its clients depend on. */
export type ElasticsearchSettings = CommonSettings & Pick<Settings, "elasticsearch">;

/** Settings about traces. */
export type TraceSettings = Pick<Settings, "retention" | "sampling" | "limits">;

/** Settings that Jaeger depends on. */
export type JaegerSettings = ElasticsearchSettings & TraceSettings & Pick<Settings, "jaeger" | "login">;

/** Settings that the index cleaner depends on. */
export type CleanerSettings = ElasticsearchSettings & Pick<Settings, "retention" | "indexCleaner">;

/** Settings that the canary depends on. */
export type CanarySettings = CommonSettings & Pick<Settings, "canary" | "sampling" | "jaeger" | "ingest">;

/** Settings that the Collector depends on. */
export type CollectorSettings = CommonSettings &
  TraceSettings &
  Pick<Settings, "collector" | "sampler" | "jaeger" | "redaction" | "ingest">;
