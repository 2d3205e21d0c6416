/** The Docker platform: one machine, one container a workload, two networks, named volumes. */
import { createHash } from "node:crypto";
import { posix } from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { imageOrigin, imageReference, type ImageName } from "../../../configs/images";
import type { CommonSettings } from "../../../configs/stack/schema";
import { dockerName, hostPort, networksOf, type Networks } from "../../../configs/topology/docker";
import { stackLabels } from "../../../configs/topology/ports";
import type { ServiceName } from "../../../configs/topology/topology";
import { environment, health, program } from "./container";
import { prepareScript, toolsFolder, toolsScript } from "./scripts";
import { commonSettings, type DockerPlatformArgs } from "../../args";
import type { Platform } from "../platform";
import type { Secret, Workload, WorkloadFile } from "../workload";

/** Folder of the secrets volume. Only the uploader and the prepare task mount it. */
const secretsFolder = "/secrets";

/** Helpers that run once take little: a shell and a few files. */
const helperMemory = 32;

/**
 * One Docker engine: networks, tools and images for all, then for each workload its volumes, a task that prepares these, and a container.
 *
 * Uploads extract as root and fail into a read-only container. So a container that is never started uploads into a volume, which the
 * service mounts read-only. A `restart` file's hash stands in a label of its service, so its change replaces the service; a `live` file
 * changes under the running one.
 */
export class DockerPlatform extends pulumi.ComponentResource implements Platform {
  readonly settings: CommonSettings;
  private readonly imageOf = new Map<ImageName, docker.RemoteImage>();
  private readonly networkOf: Record<keyof Networks, docker.Network>;
  private readonly toolsVolume: docker.Volume;
  private readonly tools: docker.Container;
  /** The volume of all secrets, and what has put each into it. */
  private secretsVolume: docker.Volume | undefined;
  private readonly secretOf = new Map<string, docker.Container>();
  private readonly running = new Map<ServiceName, pulumi.Resource>();
  private readonly name: string;
  private readonly provider: pulumi.ProviderResource | undefined;

  /**
   * @param args The settings of all stacks, and those of one on Docker.
   * @param opts `provider`: that of another engine than the one that DOCKER_HOST or the default socket leads to.
   * @throws SettingsError with everything that is wrong with the arguments.
   */
  constructor(name: string, args: DockerPlatformArgs, opts?: pulumi.ComponentResourceOptions) {
    super("tracing:platform:Docker", name, {}, opts);
    this.name = name;
    this.settings = commonSettings({ ...args, platform: "docker" });
    this.provider = this.getProvider("docker:index/container:Container");
    const labels = labelList(this.labels("network"));
    const networks = networksOf(this.settings.stack);
    const network = (key: keyof Networks) =>
      new docker.Network(
        `${name}-${key}`,
        { name: networks[key], driver: "bridge", attachable: key === "ingest", labels },
        this.options(this),
      );
    this.networkOf = { ingest: network("ingest"), backend: network("backend") };
    this.toolsVolume = this.volume(`${name}-tools`, this.dockerName("tools"), this);
    this.tools = this.task(
      `${name}-prepare`,
      this.dockerName("prepare"),
      toolsScript,
      [{ volume: this.toolsVolume, path: toolsFolder }],
      this,
    );
    this.registerOutputs({});
  }

  watch(): never {
    throw new pulumi.ResourceError("an engine has no Prometheus of its own that could watch the stack", this);
  }

  run(name: string, workload: Workload, parent: pulumi.Resource): void {
    const { settings } = this;
    if (workload.scale.replicas !== 1) {
      throw new pulumi.ResourceError(`${workload.name} wants ${workload.scale.replicas} instances; one machine runs one`, this);
    }
    if (workload.secretVariables?.length || workload.certificates?.length || workload.ingress) {
      throw new pulumi.ResourceError(`${workload.name} wants what a cluster has: secret variables, certificates or an ingress`, this);
    }
    const text = (onChange: WorkloadFile["onChange"]) => workload.files.filter((file) => file.onChange === onChange);
    const uploads = [text("restart"), text("live")]
      .filter((files) => files.length > 0)
      .map((files) => this.uploader(name, workload, files, parent));
    const prepared = this.prepare(name, workload, parent);
    const image = this.image(workload.image);
    const onIngress = workload.ports.some((port) => port.exposure === "ingress");
    const container = new docker.Container(
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
        // A task is waited for to its end; anything else comes back after a crash and a reboot, unless it was stopped.
        ...(workload.kind === "task" ? { restart: "no", mustRun: false, attach: true } : { restart: "unless-stopped" }),
        memory: workload.resources.memory,
        memorySwap: workload.resources.memory,
        readOnly: workload.readOnlyRoot,
        tmpfs: Object.fromEntries(workload.scratch.map(({ path, size }) => [path, `size=${size}m,mode=1777`])),
        capabilities: { drops: ["ALL"] },
        securityOpts: ["no-new-privileges:true"],
        init: false,
        networkMode: "bridge",
        networksAdvanced: [
          { name: this.networkOf.backend.name, aliases: [workload.name] },
          ...(onIngress ? [{ name: this.networkOf.ingest.name, aliases: [workload.name] }] : []),
        ],
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
          ...this.labels("service", workload.name),
          "tracing.config": hash(text("restart").map((file) => `${file.path}\0${file.content}`)),
        }),
      },
      {
        ...this.options(parent),
        dependsOn: [this.tools, ...prepared, ...uploads, ...workload.startsAfter.map((service) => this.runningService(workload, service))],
        // The provider does not apply a change of these to a container that runs.
        replaceOnChanges: ["healthcheck", "tmpfs"],
        deleteBeforeReplace: true,
      },
    );
    this.running.set(workload.name, container);
  }

  private runningService(workload: Workload, service: ServiceName): pulumi.Resource {
    const resource = this.running.get(service);
    if (!resource) throw new pulumi.ResourceError(`${workload.name} starts after ${service}, which is not running yet`, this);
    return resource;
  }

  private mounts(workload: Workload): docker.types.input.ContainerVolume[] {
    const readOnly = [...new Set([...workload.files, ...workload.secrets].map((file) => posix.dirname(file.path)))].sort();
    return [
      ...workload.data.map((folder) => ({ volumeName: this.dockerName(workload.name, "data"), containerPath: folder.path })),
      ...readOnly.map((folder) => ({
        volumeName: this.dockerName(workload.name, posix.basename(folder)),
        containerPath: folder,
        readOnly: true,
      })),
      { volumeName: this.dockerName("tools"), containerPath: toolsFolder, readOnly: true },
    ];
  }

  /** A container that is never started and puts a workload's files into the volume of their folder. */
  private uploader(name: string, workload: Workload, files: WorkloadFile[], parent: pulumi.Resource): docker.Container {
    const folder = onlyFolder(files.map((file) => file.path));
    const part = posix.basename(folder);
    const volume = this.volume(`${name}-${part}`, this.dockerName(workload.name, part), parent);
    return this.helper(
      `${name}-${part}-upload`,
      this.dockerName(workload.name, part),
      {
        start: false,
        volumes: [{ volumeName: volume.name, containerPath: folder }],
        uploads: files.map((file) => ({ file: file.path, content: file.content, permissions: "0444" })),
      },
      parent,
    );
  }

  /** The volumes of a workload's data and secrets, and the task that hands them to its user; nothing where it has neither. */
  private prepare(name: string, workload: Workload, parent: pulumi.Resource): docker.Container[] {
    const { data, secrets, user } = workload;
    if (data.length > 1) {
      throw new pulumi.ResourceError(`${workload.name} has ${data.length} data folders; one volume is one folder`, this);
    }
    const own = (part: string): Mounted => ({
      volume: this.volume(`${this.name}-${workload.name}-${part}`, this.dockerName(workload.name, part), this),
      path: `/volumes/${part}`,
    });
    const folders = data.map(() => own("data"));
    const [secretFolder] = secrets.length > 0 ? [own(posix.basename(onlyFolder(secrets.map((secret) => secret.path))))] : [];
    if (folders.length === 0 && !secretFolder) return [];
    const uploaded = secrets.map((secret) => this.secret(secret));
    const script = prepareScript(
      folders.map(({ path }) => ({ path, ...user })),
      secretFolder
        ? secrets.map((s) => ({ source: `${secretsFolder}/${s.secret}`, path: secretFolder.path, name: posix.basename(s.path), ...user }))
        : [],
    );
    const source = this.secretsVolume && secretFolder ? [{ volume: this.secretsVolume, path: secretsFolder, readOnly: true }] : [];
    const mounted = [...folders, ...(secretFolder ? [secretFolder] : []), ...source];
    return [this.task(`${name}-prepare`, this.dockerName(workload.name, "prepare"), script, mounted, parent, uploaded)];
  }

  /** What puts a secret into the volume of all. Each is alone in its container: one secret hides the difference of the whole property. */
  private secret(secret: Secret): docker.Container {
    const known = this.secretOf.get(secret.secret);
    if (known) return known;
    this.secretsVolume ??= this.volume(`${this.name}-secrets`, this.dockerName("secrets"), this);
    const upload = this.helper(
      `${this.name}-secret-${secret.secret}-upload`,
      this.dockerName("secret", secret.secret),
      {
        start: false,
        volumes: [{ volumeName: this.secretsVolume.name, containerPath: secretsFolder }],
        uploads: [{ file: `${secretsFolder}/${secret.secret}`, content: ownValue(secret), permissions: "0400" }],
      },
      this,
    );
    this.secretOf.set(secret.secret, upload);
    return upload;
  }

  /** A script that runs to its end as root, with no other capability than to hand files to their users. It runs anew when a secret is new. */
  private task(
    name: string,
    dockerName: string,
    script: string,
    mounts: readonly Mounted[],
    parent: pulumi.Resource,
    secrets: readonly docker.Container[] = [],
  ): docker.Container {
    return this.helper(
      name,
      dockerName,
      {
        entrypoints: ["/bin/sh", "-c"],
        command: [script],
        ...(secrets.length > 0
          ? { envs: [pulumi.interpolate`SECRETS=${pulumi.all(secrets.map(({ id }) => id)).apply((ids) => ids.join(" "))}`] }
          : {}),
        volumes: mounts.map(({ volume, path, readOnly }) => ({
          volumeName: volume.name,
          containerPath: path,
          ...(readOnly ? { readOnly } : {}),
        })),
        capabilities: { adds: ["CAP_CHOWN"], drops: ["ALL"] },
        attach: true,
      },
      parent,
      [...secrets],
    );
  }

  /** A busybox container without a network that does one thing. */
  private helper(
    name: string,
    dockerName: string,
    args: Partial<docker.ContainerArgs>,
    parent: pulumi.Resource,
    dependsOn: pulumi.Input<pulumi.Resource>[] = [],
  ): docker.Container {
    return new docker.Container(
      name,
      {
        name: dockerName,
        image: this.image("busybox").imageId,
        user: "0:0",
        mustRun: false,
        restart: "no",
        networkMode: "none",
        memory: helperMemory,
        memorySwap: helperMemory,
        securityOpts: ["no-new-privileges:true"],
        logDriver: "json-file",
        labels: labelList(this.labels("helper")),
        ...args,
      },
      { ...this.options(parent), dependsOn, deleteBeforeReplace: true },
    );
  }

  private volume(name: string, dockerName: string, parent: pulumi.Resource): docker.Volume {
    return new docker.Volume(name, { name: dockerName, driver: "local", labels: labelList(this.labels("volume")) }, this.options(parent));
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
    return { parent, ...(this.provider ? { provider: this.provider } : {}) };
  }

  private dockerName(...parts: string[]): string {
    return dockerName(this.settings.stack, ...parts);
  }

  /** Labels by which scripts and people find what belongs to a stack. */
  private labels(role: "service" | "helper" | "volume" | "network", service?: ServiceName): Record<string, string> {
    return {
      [stackLabels.stack]: this.settings.stack,
      [stackLabels.role]: role,
      ...(service ? { [stackLabels.service]: service } : {}),
    };
  }
}

/** A volume, and where a task mounts it. */
interface Mounted {
  readonly volume: docker.Volume;
  readonly path: string;
  readonly readOnly?: boolean;
}

const labelList = (labels: Record<string, string>) => Object.entries(labels).map(([label, value]) => ({ label, value }));

const hash = (parts: readonly string[]): string =>
  createHash("sha256")
    .update([...parts].sort().join("\0"))
    .digest("hex")
    .slice(0, 16);

/** The value of a secret that the stack makes; an engine has no others. */
function ownValue({ secret, content }: Secret): pulumi.Output<string> {
  if (pulumi.Output.isInstance(content)) return content;
  throw new Error(`${secret}: an engine has no secret ${content.existing}`);
}

/** The folder that all paths share: a volume is one folder. */
function onlyFolder(paths: readonly string[]): string {
  const [folder, ...others] = [...new Set(paths.map((path) => posix.dirname(path)))];
  if (folder === undefined || others.length > 0)
    throw new Error(`files of one kind share one folder; found ${[folder, ...others].join(", ")}`);
  return folder;
}
