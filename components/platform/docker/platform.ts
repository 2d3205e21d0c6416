/** The Docker platform: one machine, one container a workload, two networks, named volumes. */
import { createHash } from "node:crypto";
import { posix } from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { imageOrigin, imageReference, type ImageName } from "../../../configs/images";
import type { Settings } from "../../../configs/stack/schema";
import { dockerName, hostPort, networksOf, type Networks } from "../../../configs/topology/docker";
import { stackLabels } from "../../../configs/topology/ports";
import type { ServiceName } from "../../../configs/topology/topology";
import { environment, health, program } from "./container";
import { prepareScript, toolsFolder } from "./scripts";
import type { Platform, Running } from "../platform";
import type { Secret, Workload, WorkloadFile } from "../workload";

/** What the platform must know before the first workload runs. */
export interface DockerPlatformArgs {
  readonly settings: Settings;
  /** All workloads of the stack: one task prepares the volumes of all. */
  readonly workloads: readonly Workload[];
}

/** Folder of the secrets volume. Only the uploader and the prepare task mount it. */
const secretsFolder = "/secrets";

/** Helpers that run once take little: a shell and a few files. */
const helperMemory = 32;

/**
 * Networks, images, secrets and the prepare task, then a container for each workload.
 *
 * Uploads extract as root and fail into a read-only container. So a container that is never started uploads into a volume, which the
 * service mounts read-only. A `restart` file's hash stands in a label of its service, so its change replaces the service; a `live` file
 * changes under the running one.
 */
export class DockerPlatform extends pulumi.ComponentResource implements Platform {
  private readonly settings: Settings;
  private readonly imageOf = new Map<ImageName, docker.RemoteImage>();
  private readonly networkOf: Record<keyof Networks, docker.Network>;
  private readonly prepared: docker.Container;
  private readonly running = new Map<ServiceName, pulumi.Resource>();
  private readonly name: string;

  constructor(name: string, args: DockerPlatformArgs, opts?: pulumi.ComponentResourceOptions) {
    super("tracing:platform:Docker", name, {}, opts);
    this.name = name;
    this.settings = args.settings;
    const labels = labelList(this.labels("network"));
    const networks = networksOf(args.settings.stack);
    const network = (key: keyof Networks) =>
      new docker.Network(
        `${name}-${key}`,
        { name: networks[key], driver: "bridge", attachable: key === "ingest", labels },
        { parent: this },
      );
    this.networkOf = { ingest: network("ingest"), backend: network("backend") };
    this.prepared = this.prepare(args.workloads);
    this.registerOutputs({});
  }

  run(name: string, workload: Workload, parent: pulumi.Resource): Running {
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
        parent,
        dependsOn: [this.prepared, ...uploads, ...workload.startsAfter.map((service) => this.runningService(workload, service))],
        // The provider does not apply a change of these to a container that runs.
        replaceOnChanges: ["healthcheck", "tmpfs"],
        deleteBeforeReplace: true,
      },
    );
    this.running.set(workload.name, container);
    return { resource: container };
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

  /** The volumes of all workloads, the secrets, and the task that hands both to their users. */
  private prepare(workloads: readonly Workload[]): docker.Container {
    const mounts: docker.types.input.ContainerVolume[] = [];
    const mount = (logicalName: string, dockerName: string, containerPath: string) => {
      mounts.push({ volumeName: this.volume(`${this.name}-${logicalName}`, dockerName, this).name, containerPath });
      return containerPath;
    };
    const source = mount("secrets", this.dockerName("secrets"), secretsFolder);
    const secretValues = new Map(workloads.flatMap((w) => w.secrets.map((secret) => [secret.secret, ownValue(secret)] as const)));
    // One upload alone in its container: one secret hides the difference of the whole property.
    const upload = this.helper(
      `${this.name}-secrets-upload`,
      this.dockerName("secrets"),
      {
        start: false,
        volumes: [...mounts],
        uploads: [...secretValues].map(([name, content]) => ({ file: `${source}/${name}`, content, permissions: "0400" })),
      },
      this,
    );
    mount("tools", this.dockerName("tools"), toolsFolder);
    const crowded = workloads.find((w) => w.data.length > 1);
    if (crowded) throw new pulumi.ResourceError(`${crowded.name} has ${crowded.data.length} data folders; one volume is one folder`, this);
    const data = workloads.flatMap((w) =>
      w.data.map(() => ({ path: mount(`${w.name}-data`, this.dockerName(w.name, "data"), `/volumes/${w.name}/data`), ...w.user })),
    );
    const secrets = workloads.flatMap((w) => {
      if (w.secrets.length === 0) return [];
      const part = posix.basename(onlyFolder(w.secrets.map((secret) => secret.path)));
      const path = mount(`${w.name}-${part}`, this.dockerName(w.name, part), `/volumes/${w.name}/${part}`);
      return w.secrets.map((s) => ({ source: `${source}/${s.secret}`, path, name: posix.basename(s.path), ...w.user }));
    });
    return this.helper(
      `${this.name}-prepare`,
      this.dockerName("prepare"),
      {
        entrypoints: ["/bin/sh", "-c"],
        command: [prepareScript(data, secrets)],
        // The task runs again when there are new secrets.
        envs: [pulumi.interpolate`SECRETS=${upload.id}`],
        volumes: mounts,
        capabilities: { adds: ["CAP_CHOWN"], drops: ["ALL"] },
        attach: true,
      },
      this,
      [upload],
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
      { parent, dependsOn, deleteBeforeReplace: true },
    );
  }

  private volume(name: string, dockerName: string, parent: pulumi.Resource): docker.Volume {
    return new docker.Volume(name, { name: dockerName, driver: "local", labels: labelList(this.labels("volume")) }, { parent });
  }

  /** An image, taken once. It stays with the engine when the stack goes: pulling it again costs more than its room. */
  private image(name: ImageName): docker.RemoteImage {
    const known = this.imageOf.get(name);
    if (known) return known;
    const reference = imageReference(name, imageOrigin(this.settings));
    const image = new docker.RemoteImage(`${this.name}-image-${name}`, { name: reference, keepLocally: true }, { parent: this });
    this.imageOf.set(name, image);
    return image;
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
