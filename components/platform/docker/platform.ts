/** The Docker platform: one machine, one container a workload, two networks, named volumes. */
import { createHash } from "node:crypto";
import { posix } from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { compact } from "../../../configs/compact";
import { imageOrigin, imageReference, type ImageName } from "../../../configs/images";
import type { CommonSettings } from "../../../configs/stack/schema";
import { dockerName, hostPort, networksOf, type Networks } from "../../../configs/topology/docker";
import type { ServiceName } from "../../../configs/topology/topology";
import { environment, health, program } from "./container";
import { toolsFolder } from "./scripts";
import { volumePart, Volumes } from "./volumes";
import { commonSettings, requireProvider, type DockerPlatformArgs } from "../../args";
import { dockerLabels, labelList } from "../labels";
import { RunningWorkloads } from "../once";
import type { Platform } from "../platform";
import type { Workload, WorkloadFile } from "../workload";

/**
 * A stack on one Docker engine: networks, tools and images; and for each workload its volumes, a task that prepares them, and a container.
 *
 * Uploads extract as root and fail into a read-only container. So a container that is never started uploads into a volume, which the
 * service mounts read-only. A `restart` file's hash stands in a label of its service, so its change replaces the service; a `live` file
 * changes under the running one.
 */
export class DockerPlatform extends pulumi.ComponentResource implements Platform {
  /** @internal */
  readonly settings: CommonSettings;
  private readonly imageOf = new Map<ImageName, docker.RemoteImage>();
  private readonly networkOf: Record<keyof Networks, docker.Network>;
  private readonly volumes: Volumes;
  private readonly running = new RunningWorkloads();
  private readonly name: string;
  private readonly provider: pulumi.ProviderResource | undefined;

  /**
   * @param opts `provider`: the engine to use. Default: the one at DOCKER_HOST or the default socket.
   * @throws SettingsError that lists every error in the arguments.
   */
  constructor(name: string, args: DockerPlatformArgs, opts?: pulumi.ComponentResourceOptions) {
    super("tracing:platform:Docker", name, {}, opts);
    requireProvider(this, opts, "docker");
    this.name = name;
    this.settings = commonSettings({ ...args, platform: "docker" });
    this.provider = this.getProvider("docker:index/container:Container");
    const labels = labelList(dockerLabels(this.settings.stack, "network"));
    const networks = networksOf(this.settings.stack);
    const network = (key: keyof Networks) =>
      new docker.Network(
        `${name}-${key}`,
        { name: networks[key], driver: "bridge", attachable: key === "ingest", labels },
        this.options(this),
      );
    this.networkOf = { ingest: network("ingest"), backend: network("backend") };
    const helperImage = this.image("busybox").imageId;
    this.volumes = new Volumes({ name, stack: this.settings.stack, image: helperImage, platform: this, provider: this.provider });
    this.registerOutputs({});
  }

  /** @internal */
  watch(): never {
    throw new pulumi.ResourceError("an engine has no Prometheus of its own that could watch the stack", this);
  }

  /** @internal */
  publishDashboards(): never {
    throw new pulumi.ResourceError("an engine has no Grafana of its own that dashboards could be put into", this);
  }

  /** @internal */
  run(name: string, workload: Workload, parent: pulumi.Resource): void {
    this.running.refuseSecond(workload, parent);
    if (workload.scale.replicas !== 1) {
      throw new pulumi.ResourceError(`${workload.name} wants ${workload.scale.replicas} instances; one machine runs one`, this);
    }
    if (workload.secretVariables?.length || workload.certificates?.length || workload.ingress) {
      throw new pulumi.ResourceError(`${workload.name} wants what a cluster has: secret variables, certificates or an ingress`, this);
    }
    const container = this.container(name, workload, parent, workload.name, this.running.before(workload, this));
    this.running.add(workload, container);
    const { front } = workload;
    if (front) this.running.add(front, this.container(`${name}-${front.name}`, front, parent, workload.name, [container]));
  }

  /**
   * The container of a workload, with what it needs.
   *
   * @param alias By which applications know it.
   * @param before What must be ready first.
   */
  private container(
    name: string,
    workload: Workload,
    parent: pulumi.Resource,
    alias: ServiceName,
    before: readonly pulumi.Resource[],
  ): docker.Container {
    const { settings } = this;
    const text = (onChange: WorkloadFile["onChange"]) => workload.files.filter((file) => file.onChange === onChange);
    const upload = (files: readonly WorkloadFile[], before: readonly docker.Container[] = []) =>
      files.length > 0 && this.volumes.upload(name, workload, files, parent, before);
    const prepared = this.volumes.prepare(name, workload, parent);
    // The running service reads live files at once. So the secrets that they count on, such as a new sender's token, come first.
    const uploads = compact([upload(text("restart")), upload(text("live"), workload.secrets.length > 0 ? prepared : [])]);
    const image = this.image(workload.image);
    const { openFiles } = workload.resources;
    const onIngress = workload.ports.some((port) => port.exposure === "ingress");
    return new docker.Container(
      name,
      {
        name: this.dockerName(workload.name),
        image: image.imageId,
        hostname: workload.name,
        ...program(workload),
        envs: Object.entries(environment(workload))
          .map(([key, value]) => `${key}=${value}`)
          .sort(),
        user: `${workload.user.uid}:${workload.user.gid}`,
        // Comes back after a crash and a reboot, unless it was stopped.
        restart: "unless-stopped",
        memory: workload.resources.memory,
        memorySwap: workload.resources.memory,
        ulimits: openFiles === undefined ? undefined : [{ name: "nofile", soft: openFiles, hard: openFiles }],
        readOnly: workload.readOnlyRoot,
        tmpfs: scratchFolders(workload),
        capabilities: { drops: ["ALL"] },
        securityOpts: ["no-new-privileges:true"],
        init: false,
        networkMode: "bridge",
        networksAdvanced: compact([
          { name: this.networkOf.backend.name, aliases: [workload.name] },
          onIngress && { name: this.networkOf.ingest.name, aliases: [alias] },
        ]),
        ports: workload.ports.flatMap((port) =>
          port.publish
            ? [{ internal: port.port, external: hostPort(settings, port.publish), ip: settings.publish.address, protocol: "tcp" }]
            : [],
        ),
        volumes: this.mounts(workload),
        ...health(workload),
        stopTimeout: workload.stopGrace,
        destroyGraceSeconds: workload.stopGrace,
        logDriver: "json-file",
        logOpts: { "max-size": "10m", "max-file": "3" },
        labels: labelList({
          ...workload.custom?.labels,
          ...dockerLabels(settings.stack, "service", workload.name),
          "tracing.config": hash(text("restart").map((file) => `${file.path}\0${file.content}`)),
        }),
      },
      {
        ...this.options(parent),
        dependsOn: [...prepared, ...uploads, ...before],
        // The provider does not apply a change of these to a container that runs.
        replaceOnChanges: ["healthcheck", "tmpfs"],
        deleteBeforeReplace: true,
      },
    );
  }

  private mounts(workload: Workload): docker.types.input.ContainerVolume[] {
    const readOnly = [...new Set([...workload.files, ...workload.secrets].map((file) => posix.dirname(file.path)))].sort();
    return [
      ...workload.data.map((folder) => ({ volumeName: this.dockerName(workload.name, volumePart(folder)), containerPath: folder.path })),
      ...readOnly.map((folder) => ({
        volumeName: this.dockerName(workload.name, posix.basename(folder)),
        containerPath: folder,
        readOnly: true,
      })),
      { volumeName: this.dockerName("tools"), containerPath: toolsFolder, readOnly: true },
    ];
  }

  /** An image, taken once. It stays with the engine when the stack goes: pulling it again costs more than its room. */
  private image(name: ImageName): docker.RemoteImage {
    const known = this.imageOf.get(name);
    if (known) return known;
    const reference = imageReference(name, imageOrigin(this.settings));
    const image = new docker.RemoteImage(`${this.name}-image-${name}`, { name: reference, keepLocally: true }, this.options(this));
    this.imageOf.set(name, image);
    return image;
  }

  private options(parent: pulumi.Resource): pulumi.CustomResourceOptions {
    return { parent, provider: this.provider };
  }

  private dockerName(...parts: string[]): string {
    return dockerName(this.settings.stack, ...parts);
  }
}

const hash = (parts: readonly string[]): string =>
  createHash("sha256")
    .update([...parts].sort().join("\0"))
    .digest("hex")
    .slice(0, 16);

/** Folders on memory, which belong to the workload's user: runc gives a folder that the image lacks other rights when the container starts again. */
function scratchFolders({ scratch, user: { uid, gid } }: Workload): Record<string, string> {
  return Object.fromEntries(scratch.map(({ path, size }) => [path, `size=${size}m,mode=0700,uid=${uid},gid=${gid}`]));
}
