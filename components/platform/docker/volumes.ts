/** Volumes on Docker, and the helper containers that fill them. */
import { posix } from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { compact } from "../../../configs/compact";
import { dockerName } from "../../../configs/topology/docker";
import { prepareScript, toolsFolder, toolsScript } from "./scripts";
import { dockerLabels, labelList } from "../labels";
import { OncePerSecret } from "../once";
import { folderOf, type DataFolder, type Secret, type Workload, type WorkloadFile } from "../workload";

/** Folder of the secrets volume. Only the uploader and the prepare task mount it. */
const secretsFolder = "/secrets";

/** Helpers that run once take little: a shell and a few files. */
const helperMemory = 32;

/** A volume, and where a task mounts it. */
interface Mounted {
  readonly volume: docker.Volume;
  readonly path: string;
  readonly readOnly?: boolean;
}

/** What all helpers of a stack share. */
interface VolumesArgs {
  /** Pulumi name of the platform. */
  readonly name: string;
  readonly stack: string;
  /** Image of the helpers. It needs a shell. */
  readonly image: pulumi.Input<string>;
  readonly platform: pulumi.Resource;
  readonly provider: pulumi.ProviderResource | undefined;
}

/** The volumes of a stack. Uploaders, which never start, and tasks, which run once, fill them. The tools come first. */
export class Volumes {
  private readonly args: VolumesArgs;
  private readonly tools: docker.Container;
  /** The volume of all secrets, and the uploader of each secret. */
  private secretsVolume: docker.Volume | undefined;
  private readonly secrets = new OncePerSecret<docker.Container>();

  constructor(args: VolumesArgs) {
    this.args = args;
    const { name, platform } = args;
    const volume = this.volume(`${name}-tools`, this.dockerName("tools"), platform);
    this.tools = this.task(`${name}-prepare`, this.dockerName("prepare"), toolsScript, [{ volume, path: toolsFolder }], platform);
  }

  /**
   * A container that is never started and puts a workload's files into the volume of their folder.
   *
   * @param before What must be there first.
   */
  upload(
    name: string,
    workload: Workload,
    files: readonly WorkloadFile[],
    parent: pulumi.Resource,
    before: readonly docker.Container[] = [],
  ): docker.Container {
    const folder = folderOf(files.map((file) => file.path));
    if (folder === undefined) throw new pulumi.ResourceError(`${workload.name} has no files to upload`, parent);
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
      [...before],
    );
  }

  /** Creates the volumes for data and secrets, and the task that gives them to the workload's user. Returns what must finish first. */
  prepare(name: string, workload: Workload, parent: pulumi.Resource): docker.Container[] {
    const { data, secrets, user } = workload;
    const parts = data.map(volumePart);
    if (new Set(parts).size < parts.length) {
      throw new pulumi.ResourceError(`${workload.name} has data folders of one name: ${parts.join(", ")}`, this.args.platform);
    }
    const own = (part: string): Mounted => ({
      volume: this.volume(`${this.args.name}-${workload.name}-${part}`, this.dockerName(workload.name, part), this.args.platform),
      path: `/volumes/${part}`,
    });
    const folders = parts.map(own);
    const secretPath = folderOf(secrets.map((secret) => secret.path));
    const secretFolder = secretPath === undefined ? undefined : own(posix.basename(secretPath));
    if (folders.length === 0 && !secretFolder) return [this.tools];
    const uploaded = secrets.map((secret) => this.secret(secret));
    const script = prepareScript(
      folders.map(({ path }) => ({ path, ...user })),
      secretFolder
        ? secrets.map((s) => ({ source: `${secretsFolder}/${s.secret}`, path: secretFolder.path, name: posix.basename(s.path), ...user }))
        : [],
    );
    const source = this.secretsVolume && secretFolder ? [{ volume: this.secretsVolume, path: secretsFolder, readOnly: true }] : [];
    const mounted = compact([...folders, secretFolder, ...source]);
    return [this.tools, this.task(`${name}-prepare`, this.dockerName(workload.name, "prepare"), script, mounted, parent, uploaded)];
  }

  /** The uploader of a secret. Each secret has its own, because a single secret hides the whole diff of the property. */
  private secret(secret: Secret): docker.Container {
    const { name, platform } = this.args;
    const volume = (this.secretsVolume ??= this.volume(`${name}-secrets`, this.dockerName("secrets"), platform));
    return this.secrets.get(secret, platform, () =>
      this.helper(
        `${name}-secret-${secret.secret}-upload`,
        this.dockerName("secret", secret.secret),
        {
          start: false,
          volumes: [{ volumeName: volume.name, containerPath: secretsFolder }],
          uploads: [{ file: `${secretsFolder}/${secret.secret}`, content: ownValue(secret), permissions: "0400" }],
        },
        platform,
      ),
    );
  }

  /** A script that runs once as root, with CAP_CHOWN only. It runs again when a secret changes. */
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
        envs:
          secrets.length > 0
            ? [pulumi.interpolate`SECRETS=${pulumi.all(secrets.map(({ id }) => id)).apply((ids) => ids.join(" "))}`]
            : undefined,
        volumes: mounts.map(({ volume, path, readOnly }) => ({
          volumeName: volume.name,
          containerPath: path,
          readOnly: readOnly || undefined,
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
        image: this.args.image,
        user: "0:0",
        mustRun: false,
        restart: "no",
        networkMode: "none",
        memory: helperMemory,
        memorySwap: helperMemory,
        securityOpts: ["no-new-privileges:true"],
        logDriver: "json-file",
        labels: labelList(dockerLabels(this.args.stack, "helper")),
        ...args,
      },
      { parent, provider: this.args.provider, dependsOn, deleteBeforeReplace: true },
    );
  }

  private volume(name: string, dockerName: string, parent: pulumi.Resource): docker.Volume {
    return new docker.Volume(
      name,
      { name: dockerName, driver: "local", labels: labelList(dockerLabels(this.args.stack, "volume")) },
      { parent, provider: this.args.provider },
    );
  }

  private dockerName(...parts: string[]): string {
    return dockerName(this.args.stack, ...parts);
  }
}

/** What the name of a data folder's volume ends with. */
export const volumePart = ({ shared }: DataFolder): string => shared ?? "data";

/** The value of a secret that the stack makes; an engine has no others. */
function ownValue({ secret, content }: Secret): pulumi.Output<string> {
  if (pulumi.Output.isInstance(content)) return content;
  throw new Error(`${secret}: an engine has no secret ${content.existing}`);
}
