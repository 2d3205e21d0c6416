/**
 * Workload: what a component wants run, in words that every platform can carry out. A component never asks which platform that is.
 *
 * docs/decisions/0001-workloads.md writes down the workloads of all stacks and what each field becomes on Docker and on Kubernetes.
 */
import { posix } from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import { compact } from "../../configs/compact";
import { images, type ImageName } from "../../configs/images";
import type { Override } from "../../configs/stack/overrides";
import type { PublishedPort } from "../../configs/topology/ports";
import type { ServiceName } from "../../configs/topology/topology";

/**
 * - `service`: any replica will do.
 * - `stateful`: has an identity and data of its own.
 * - `cron`: runs at an hour of each day.
 */
export type WorkloadKind = "service" | "stateful" | "cron";

/** A file that the program reads. */
export interface WorkloadFile {
  /** Absolute path. Files of one kind (restart, live, secret) share a folder that holds nothing else. */
  readonly path: string;
  /** Text. */
  readonly content: string;
  /**
   * `restart`: a change replaces the running program. `live`: the program rereads the file by itself and goes on running.
   */
  readonly onChange: "restart" | "live";
}

/** A secret of the stack; the same name means the same value. */
export interface Secret {
  readonly secret: string;
  /** Its value, or the Secret of the cluster that holds it under this key already. */
  readonly content: pulumi.Output<string> | ExistingSecret;
}

/** A value in a Secret of the cluster. */
export interface ExistingSecret {
  readonly existing: string;
  readonly key: string;
  /** Whether the program also starts without it. Default: it does not. */
  readonly optional?: boolean;
}

/** A secret as a file that only the workload's user can read. */
export interface SecretFile extends Secret {
  /** Absolute path, in a folder that holds secrets only. */
  readonly path: string;
}

/** A secret as a variable, which Docker has no safe way to hand over. */
export interface SecretVariable extends Secret {
  readonly variable: string;
}

/** Certificates that somebody else makes and renews, as files of a folder. Renewed ones appear there. */
export interface CertificateFolder {
  /** Absolute path; it holds nothing else. */
  readonly path: string;
  /** The cluster's Secret that they are in. */
  readonly secret: string;
  /** Which of its keys; each is a file of that name. */
  readonly keys: readonly string[];
  /** Whether the program also starts without the Secret; its files appear when it is made. */
  readonly optional?: boolean;
  /** Set if cert-manager is to write the Secret. */
  readonly request?: CertificateRequest;
}

/** A certificate of the workload's, to be requested from cert-manager. */
export interface CertificateRequest {
  /** Name of the Certificate. */
  readonly name: string;
  /** The issuer, or `own` for the CA created for the stack. */
  readonly issuer: Issuer | "own";
  /** Whose side of a connection it is for. */
  readonly uses: readonly ("server" | "client")[];
  /** DNS names beside those of the workload's Service. Default: none. */
  readonly names?: readonly string[];
}

/** An issuer of cert-manager. */
export interface Issuer {
  readonly name: string;
  readonly kind: "Issuer" | "ClusterIssuer";
}

/** A folder whose content outlives the container. */
export interface DataFolder {
  /** Absolute path. It belongs to the workload's user. */
  readonly path: string;
  /** Room to ask for, MiB. Docker's local volumes have no limit and ignore it. */
  readonly size: number;
  /** Set if all instances of a `stateful` workload share it: its name. Left out: each has its own. */
  readonly shared?: string;
  /** Kubernetes only: class of a shared volume. Left out: that of all volumes. */
  readonly storageClass?: string;
}

/**
 * A port that the program listens on. The network policy decides who may reach it (`peers`); on Docker, the exposure does:
 *
 * - `cluster`: other services of the stack.
 * - `host`: also the Docker host, under the number of the published port `publish` (configs/topology/ports.ts).
 * - `ingress`: also applications; and the Docker host, if `publish` is set.
 */
export type WorkloadPort = { readonly name: string; readonly port: number } & (
  | { readonly exposure: "cluster"; readonly publish?: undefined }
  | { readonly exposure: "host"; readonly publish: PublishedPort }
  | { readonly exposure: "ingress"; readonly publish?: PublishedPort }
);

/** Who may connect to which ports. Network policy follows from it, and from {@link Connection}. */
export interface Peer {
  /** A service of the stack, the applications, or whatever is in a namespace. */
  readonly from: ServiceName | "applications" | { readonly namespace: string };
  /** Names of ports. */
  readonly ports: readonly string[];
}

/** What a program connects to within the stack. The other side names it among its peers. */
export interface Connection {
  readonly to: ServiceName;
  readonly ports: readonly number[];
}

/** How to tell that a program is ready. */
export type Probe =
  | HttpProbe
  /** A shell script, run by the tools shell of the platform; ready when it exits with 0. */
  | { readonly kind: "script"; readonly script: string; readonly timing: ProbeTiming };

/** A page that tells it. */
interface HttpProbe {
  readonly kind: "http";
  readonly port: number;
  readonly path: string;
  /** Where to ask whether it must be restarted, if that is another path. */
  readonly livePath?: string;
  /** Kubernetes only: whether it is asked by TLS. The kubelet does not verify the certificate. Default: it is not. */
  readonly tls?: boolean;
  readonly timing: ProbeTiming;
}

/** Times of a probe, in seconds. */
export interface ProbeTiming {
  readonly interval: number;
  readonly timeout: number;
  /** Failures in a row that make a running program unhealthy. */
  readonly retries: number;
  /** Time to start, in which failures do not count. */
  readonly startPeriod: number;
}

/** The usual times, for a program that needs so many seconds to start. */
export const usualTiming = (startPeriod: number): ProbeTiming => ({ interval: 5, timeout: 3, retries: 3, startPeriod });

/** A probe that asks for a page, of a program that needs so many seconds to start. */
export const httpProbe = (port: number, path: string, startPeriod: number, livePath?: string): HttpProbe => ({
  kind: "http",
  port,
  path,
  livePath,
  timing: usualTiming(startPeriod),
});

/** The same by TLS. */
export const httpsProbe = (port: number, path: string, startPeriod: number, livePath?: string): HttpProbe => ({
  ...httpProbe(port, path, startPeriod, livePath),
  tls: true,
});

/** The folder that all paths share, as a volume is one folder; undefined where there are none. */
export function folderOf(paths: readonly string[]): string | undefined {
  const [folder, ...others] = [...new Set(paths.map((path) => posix.dirname(path)))];
  if (others.length > 0) throw new Error(`files of one kind share one folder; found ${[folder, ...others].join(", ")}`);
  return folder;
}

/** What a component wants run. */
export interface Workload {
  readonly name: ServiceName;
  readonly kind: WorkloadKind;
  readonly image: ImageName;
  /** In place of the image's entrypoint. Left out: the image's own. */
  readonly command?: readonly string[];
  /** Arguments behind the entrypoint. */
  readonly args: readonly string[];
  /** Never a secret: environments are shown by every inspecting tool. */
  readonly env: Readonly<Record<string, string>>;
  /** Kubernetes only: variables with the value of a label of the pod, empty where it has none. Those of `env` may name them as `$(NAME)`. */
  readonly labelVariables?: Readonly<Record<string, string>>;
  readonly files: readonly WorkloadFile[];
  readonly secrets: readonly SecretFile[];
  readonly secretVariables?: readonly SecretVariable[];
  readonly certificates?: readonly CertificateFolder[];
  readonly data: readonly DataFolder[];
  /** Folders on memory that the program writes to; lost at a restart. Size in MiB. */
  readonly scratch: readonly { readonly path: string; readonly size: number }[];
  readonly ports: readonly WorkloadPort[];
  readonly peers: readonly Peer[];
  readonly connects: readonly Connection[];
  /**
   * A program that stands in front of this one. Clients reach it at the workload's name and the program's own ports; `peers` says who they are. On
   * Kubernetes it is a second container of each pod; on Docker a container that takes the workload's place on the applications' network.
   */
  readonly front?: Workload;
  readonly probe?: Probe;
  readonly resources: {
    /** Memory limit, MiB. Swap is not added to it. */
    readonly memory: number;
    /** CPU limit, thousandths of a core. Left out: none. */
    readonly cpu?: number;
    /**
     * Files and connections that the program may have open, where it has no limit of its own that keeps it within its memory. Docker only: a pod has
     * no such limit. Left out: as many as the engine allows.
     */
    readonly openFiles?: number;
  };
  readonly scale: {
    /** Instances. More than one needs a platform with more than one machine. */
    readonly replicas: number;
    /** Most instances that load may raise them to. */
    readonly max?: number;
  };
  /**
   * Which pods the headless Service resolves to: `all`, ready or not, which scraping and forming a cluster need; or only those that are `ready`, which
   * spans are sent to. Default: all.
   */
  readonly instances?: "all" | "ready";
  /** Destinations outside of the stack: pods of a namespace, or anything that has the port. */
  readonly outside?: readonly { readonly port: number; readonly namespace?: string }[];
  /** The UI's address in the world, behind the cluster's ingress controller. `service` is what it leads to, if not this workload. */
  readonly ingress?: {
    readonly service?: ServiceName;
    readonly port: string;
    readonly host: string;
    readonly className: string;
    readonly tlsSecret: string;
    /** Secret with the authority of the port's certificate, if the port speaks TLS. */
    readonly backendSecret?: string;
  };
  /** Whether instances are spread over machines, so that the loss of one machine loses one instance. */
  readonly placement: { readonly spread: boolean };
  readonly user: { readonly uid: number; readonly gid: number };
  /** Whether the program runs with a root file system that cannot be written. */
  readonly readOnlyRoot: boolean;
  /** Workloads that must be ready before this one starts. */
  readonly startsAfter: readonly ServiceName[];
  /** Time between the request to stop and the kill, seconds: long enough to drain what is in memory. */
  readonly stopGrace: number;
  /** Kubernetes only: seconds to keep serving before the request to stop, so that clients learn that the pod is leaving. */
  readonly drain?: number;
  /** What stack config adds to its pods or its container. */
  readonly custom?: Omit<Override, "config" | "env">;
  /** When a `cron` runs. */
  readonly schedule?: {
    /** Hour of the day, UTC. */
    readonly hour: number;
    /** Longest that a run may take, seconds. */
    readonly longest: number;
    /** Command that reports status. The main command reports too; a platform that keeps the container up runs this one between runs. */
    readonly report?: readonly string[];
  };
}

/** A workload and what stands in front of it. */
export const withFront = (workload: Workload): Workload[] => compact([workload, workload.front]);

/** The ports at which clients reach a workload: its own, and those of what stands in front of it. */
export const allPorts = (workload: Workload): WorkloadPort[] => withFront(workload).flatMap(({ ports }) => ports);

/** What most workloads have in common. */
const usual = {
  kind: "service",
  args: [],
  env: {},
  files: [],
  secrets: [],
  data: [],
  scratch: [],
  ports: [],
  peers: [],
  connects: [],
  scale: { replicas: 1 },
  placement: { spread: false },
  readOnlyRoot: true,
  startsAfter: [],
} as const satisfies Partial<Workload>;

/**
 * A workload, by what is particular to it. Default: one instance of a service, which runs as its image's user, writes nowhere and talks to nobody.
 */
export const defineWorkload = (own: Omit<Workload, keyof typeof usual | "user"> & Partial<Workload>): Workload => ({
  ...usual,
  user: images[own.image].user,
  ...own,
});
