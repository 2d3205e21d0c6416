/**
 * Settings: stack config as one typed, validated, frozen value. Defaults stand here, in services.ts and in limits.ts only; everything else of the program follows
 * from it. Values are in the unit that the field's description names, whatever unit they were written in.
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

/** What stack config may hold. */
export const schema = z.strictObject({
  platform: oneOf("docker", "kubernetes").describe("What the stack runs on."),
  environment: oneOf("development", "staging", "production").describe(
    "The environment that the traces come from; every span gets it as `deployment.environment.name`, unless it brings one.",
  ),
  retention: days(1, 365).prefault("7d").describe("How long traces are kept at least, in whole days."),
  images: oneOf("official", "local")
    .prefault("official")
    .describe("Where images come from: the projects' own registries, or the engine, as `make images` built them."),
  imageRegistry: text(
    // A bare word in front of an image's name would be a user of Docker Hub.
    "the host of a registry, with a dot or a port in it, and a path if any, such as mirror.example.com:5000/hub",
    /^([a-z0-9][a-z0-9-]*(\.[a-z0-9-]+)+(:\d+)?|[a-z0-9][a-z0-9-]*:\d+|localhost)(\/[a-z0-9._/-]+)?$/,
  )
    .optional()
    .describe("A registry that mirrors all others: it takes the place of the host in each image's name."),
  otherImages: z
    .strictObject(
      Object.fromEntries(
        imageNames.map((name) => [
          name,
          text("an image whose tag begins with the program's version, such as registry.example.com/jaeger:2.21.0-1", versionedReference)
            .optional()
            .describe("A whole reference in place of that image. Its tag's version decides what the program's config holds."),
        ]),
      ) as Record<ImageName, z.ZodOptional<ReturnType<typeof text>>>,
    )
    .prefault({})
    .describe("Single images that come from elsewhere; no registry is put before them."),
  imageDigests: oneOf("required", "optional")
    .prefault("required")
    .describe("Whether the policy pack refuses images of production that are named by a tag alone."),
  publish: z
    .strictObject({
      address: leaf("an IPv4 address of this host", (input) => (typeof input === "string" && isIPv4(input) ? input : undefined), {
        editor: anyText,
      })
        .prefault("127.0.0.1")
        .describe("The host's address that ports are published on (Docker). Any other than loopback opens the stack to the network."),
      offset: integer(0, maxOffset, "a number to add to each port")
        .prefault(0)
        .describe("Added to the default number of every published port, so that several stacks run on one engine."),
      ports: z
        .strictObject(
          Object.fromEntries(
            publishedPortNames.map((name) => [
              name,
              port.optional().describe(`Port on the host; ${publishedPorts[name]} plus the offset by default.`),
            ]),
          ) as Record<PublishedPort, z.ZodOptional<typeof port>>,
        )
        .prefault({})
        .describe("Single ports by name, as they are to be on the host; the offset does not apply to them."),
    })
    .prefault({}),
  sampling: samplingSchema.prefault({}),
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
export type JaegerSettings = ElasticsearchSettings & TraceSettings & Pick<Settings, "jaeger">;

/** Settings that the index cleaner depends on. */
export type CleanerSettings = ElasticsearchSettings & Pick<Settings, "retention" | "indexCleaner">;

/** Settings that the canary depends on. */
export type CanarySettings = CommonSettings & Pick<Settings, "canary" | "sampling" | "jaeger">;

/** Settings that the Collector depends on. */
export type CollectorSettings = CommonSettings & TraceSettings & Pick<Settings, "collector" | "sampler" | "jaeger">;
