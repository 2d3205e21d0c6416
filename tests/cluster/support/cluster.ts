/** The cluster in KUBECONFIG, and a stack of the tests' own in it. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectFolder, stackConfig } from "../../../render/record";
import { buildLedger } from "../../../cli/bench/ledger";
import { answered } from "../../../cli/machine/retry";
import { execOrThrow, run, sleep, type Outcome } from "../../../cli/machine/run";
import { at, kubeconfig } from "../lib/layout";
import { overlayOf } from "./open-files";
import { manifestsIn, type Manifest } from "../../support/manifest-world";
import { eventually } from "../../support/waiting";

export const kubectl = (...args: string[]): Promise<string> => execOrThrow("kubectl", args, { timeout: 10 * 60_000 });
export const tryKubectl = (...args: string[]): Promise<Outcome> => run("kubectl", args, { timeout: 10 * 60_000 });

/** Hands an object to kubectl as a file. */
export async function withObject<T>(object: object, action: (file: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "tracing-object-"));
  try {
    writeFileSync(join(folder, "object.json"), JSON.stringify(object), { mode: 0o600 });
    return await action(join(folder, "object.json"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export const apply = (object: object): Promise<string> => withObject(object, (file) => kubectl("apply", "--server-side", "-f", file));

/** Where the cluster has the stack's images from: IMAGES, else the projects' own registries. */
export const images = process.env.IMAGES || "official";

/** What the server says of a workload or a pod. */
interface Status {
  readonly kind: string;
  readonly metadata: Readonly<{
    name: string;
    generation?: number;
    deletionTimestamp?: string;
    ownerReferences?: readonly { readonly kind: string }[];
  }>;
  readonly spec: { readonly replicas?: number };
  readonly status: Readonly<{
    observedGeneration?: number;
    replicas?: number;
    updatedReplicas?: number;
    readyReplicas?: number;
    conditions?: readonly { readonly type: string; readonly status: string }[];
  }>;
}

/** Whether a pod is of a Job, which comes and ends by itself. */
export const isOfJob = ({ metadata }: Pick<Status, "metadata">): boolean =>
  (metadata.ownerReferences ?? []).some(({ kind }) => kind === "Job");

/** What is not yet as it was asked for. */
function underWay(object: Status): string[] {
  const { kind, metadata, spec, status } = object;
  if (kind === "Pod") {
    if (isOfJob(object)) return [];
    if (metadata.deletionTimestamp) return [`${metadata.name} ends`];
    const ready = (status.conditions ?? []).some((condition) => condition.type === "Ready" && condition.status === "True");
    return ready ? [] : [`${metadata.name} is not ready`];
  }
  const wanted = spec.replicas ?? 1;
  const counts = [status.replicas, status.updatedReplicas, status.readyReplicas].map((count) => count ?? 0);
  const done = status.observedGeneration === metadata.generation && counts.every((count) => count === wanted);
  return done ? [] : [`${metadata.name} is being rolled out`];
}

/** A stack, rendered with some settings of the tests', in a namespace of their own. */
export class TestStack {
  readonly namespace: string;
  /** The manifests, and nothing else: a rendering takes away what is not its own. */
  readonly folder = mkdtempSync(join(tmpdir(), "tracing-manifests-"));
  /** What tests keep beside it. */
  readonly scratch = mkdtempSync(join(tmpdir(), "tracing-cluster-"));

  constructor(
    readonly stack: "staging" | "prod",
    purpose: string,
  ) {
    this.namespace = `tracing-test-${purpose}`;
  }

  /** Renders the manifests; `settings` are groups of stack config in place of the stack file's. */
  async render(settings: Readonly<Record<string, object | string>> = {}): Promise<Manifest[]> {
    const text = (value: object | string) => (typeof value === "string" ? value : JSON.stringify(value));
    const all = {
      images,
      kubernetes: { namespace: this.namespace, volumes: "delete", nodes: "any", zones: "any" },
      // The stack file's senders need a Secret.
      ingest: { mode: "report" },
      sampling: this.sampling(),
      ...settings,
    };
    const set = Object.entries(all).flatMap(([name, value]) => ["--set", `tracing:${name}=${text(value)}`]);
    const args = ["--import", "tsx", join("cli", "main.ts"), "render", "--stack", this.stack, "--out", this.folder, ...set];
    await execOrThrow(process.execPath, args, { cwd: projectFolder });
    return manifestsIn(this.folder);
  }

  /** The stack file's rates without its expected load, which needs more storage than the tests' minutes. */
  private sampling(): object {
    const { expected: _, ...rates } = JSON.parse(stackConfig(this.stack)["tracing:sampling"] ?? "{}") as { readonly expected?: object };
    return rates;
  }

  /**
   * Namespace and secrets, as the guide says, then everything; returns when all of it is ready.
   *
   * @param secrets Makes what somebody else provides, such as certificates.
   * @param manifests The folder that is applied: that of {@link render}, or an overlay on it.
   */
  async up(secrets?: () => Promise<unknown>, manifests = this.folder): Promise<void> {
    await this.prepare();
    await secrets?.();
    await execOrThrow("sh", [join(this.folder, "create-secrets.sh")], { timeout: 60_000 });
    await this.apply(manifests);
    for (const kind of ["statefulset", "deployment"]) {
      if (kind === "deployment") await this.skipBackOff();
      const names = (await kubectl("-n", this.namespace, "get", kind, "-o", "name")).split("\n").filter(Boolean);
      for (const name of names) await kubectl("-n", this.namespace, "rollout", "status", name, "--timeout=8m");
    }
  }

  /** Applies the manifests: {@link render}'s folder, or an overlay on it. */
  apply = (manifests = this.folder): Promise<string> => kubectl("apply", "--server-side", "-k", manifests);

  /** Waits until nothing is under way: every workload has all its pods, of its newest version and ready, and no pod is on its way out. */
  async settled(seconds = 600): Promise<void> {
    await eventually("every workload is as it was asked for", seconds, async () => {
      const { items } = JSON.parse(await this.kubectl("get", "statefulsets,deployments,pods", "-o", "json")) as { items: Status[] };
      const open = items.flatMap(underWay);
      if (open.length === 0) return true;
      await sleep(1500);
      throw new Error(open.join(", "));
    });
  }

  /** What failed while its storage was starting waits longer each time; made anew, it starts at once. */
  private async skipBackOff(): Promise<void> {
    const waiting = `jsonpath={range .items[*]}{.metadata.name} {.status.containerStatuses[*].state.waiting.reason}{"\\n"}{end}`;
    const lines = (await kubectl("-n", this.namespace, "get", "pods", "-o", waiting)).split("\n");
    const pods = lines.flatMap((line) => (line.endsWith("CrashLoopBackOff") ? (line.split(" ")[0] ?? []) : []));
    if (pods.length > 0) await kubectl("-n", this.namespace, "delete", "pod", ...pods, "--wait=false");
  }

  /** The namespace alone. */
  prepare = (): Promise<string> => kubectl("apply", "--server-side", "-f", join(this.folder, "namespace.yaml"));

  kubectl = (...args: string[]): Promise<string> => kubectl("-n", this.namespace, ...args);

  /** Deletes everything, and waits until it is gone. */
  async delete(): Promise<void> {
    await tryKubectl("delete", "namespace", this.namespace, `${this.namespace}-apps`, "--ignore-not-found", "--timeout=5m");
    for (const folder of [this.folder, overlayOf(this.folder), this.scratch]) rmSync(folder, { recursive: true, force: true });
  }

  /** A pod in a namespace of its own, from which tests act as an application does; it has the usual small tools. */
  async application(image: string): Promise<Application> {
    const namespace = `${this.namespace}-apps`;
    await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels: { "tracing-ingest": "true" } } });
    return Application.start(namespace, "application", image);
  }
}

/**
 * Ends a pod's process at once, as the kernel does when memory is out, and sees it start again. Only a node of ours lets tests do so;
 * elsewhere the pod is deleted without grace.
 */
export async function killed(namespace: string, pod: string): Promise<void> {
  const status = (field: string) => kubectl("-n", namespace, "get", "pod", pod, "-o", `jsonpath={.status.containerStatuses[0].${field}}`);
  if (process.env.KUBECONFIG !== kubeconfig()) {
    await kubectl("-n", namespace, "delete", "pod", pod, "--grace-period=0", "--force", "--wait=false");
    return;
  }
  const before = Number(await status("restartCount"));
  const container = (await status("containerID")).replace("containerd://", "");
  await execOrThrow("ctr", [
    "--address",
    at("containerd.sock"),
    "--namespace",
    "k8s.io",
    "tasks",
    "kill",
    "--signal",
    "SIGKILL",
    container,
  ]);
  await eventually(`${pod} starts again`, 60, async () => (Number(await status("restartCount")) > before ? true : undefined));
}

/** A pod that does what tests tell it. */
export class Application {
  private constructor(
    readonly namespace: string,
    readonly name: string,
  ) {}

  static async start(namespace: string, name: string, image: string, labels: Readonly<Record<string, string>> = {}): Promise<Application> {
    const container = {
      name: "shell",
      image,
      command: ["sh", "-c", "trap exit TERM; while true; do sleep 1; done"],
      resources: { limits: { memory: "256Mi" }, requests: { cpu: "10m", memory: "64Mi" } },
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
      volumeMounts: [{ name: "work", mountPath: "/work" }],
    };
    const security = { runAsNonRoot: true, runAsUser: 10001, fsGroup: 10001, seccompProfile: { type: "RuntimeDefault" } };
    const spec = {
      containers: [container],
      volumes: [{ name: "work", emptyDir: {} }],
      securityContext: security,
      automountServiceAccountToken: false,
    };
    await apply({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace, labels },
      spec: { ...spec, terminationGracePeriodSeconds: 1 },
    });
    await kubectl("-n", namespace, "wait", "--for=condition=Ready", `pod/${name}`, "--timeout=5m");
    return new Application(namespace, name);
  }

  run = (...command: string[]): Promise<Outcome> => tryKubectl("-n", this.namespace, "exec", this.name, "--", ...command);

  /** Puts a program into the pod, at /work/<name>. */
  async install(program: string, name: string): Promise<void> {
    await kubectl("cp", "--no-preserve", program, `${this.namespace}/${this.name}:/work/${name}`);
    await kubectl("-n", this.namespace, "exec", this.name, "--", "chmod", "755", `/work/${name}`);
  }

  /** Whether a port takes connections from here. */
  async reaches(host: string, port: number): Promise<boolean> {
    return (await this.run("sh", "-c", `nc -w 3 ${host} ${port} </dev/null`)).ok;
  }
}

/** Calls an action with the local port that leads to a port of a Service or pod. */
export async function withPort<T>(namespace: string, target: string, port: number, action: (local: number) => Promise<T>): Promise<T> {
  const child = spawn("kubectl", ["-n", namespace, "port-forward", target, `:${port}`], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stdout.on("data", (text: Buffer) => (said += text.toString()));
  child.stderr.on("data", (text: Buffer) => (said += text.toString()));
  try {
    const local = await answered(() => Promise.resolve(/127\.0\.0\.1:(\d+)/.exec(said)?.[1]), { within: 20_000, every: 200 });
    if (local !== undefined) return await action(Number(local));
    throw new Error(`no way to ${target}:${port}: ${said}`);
  } finally {
    child.kill();
  }
}

/** A secret's value, in a file of mode 0600 that the action may read. */
export async function withSecret<T>(namespace: string, name: string, key: string, action: (file: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "tracing-secret-"));
  try {
    const encoded = await kubectl("-n", namespace, "get", "secret", name, "-o", `jsonpath={.data.${key.replaceAll(".", "\\.")}}`);
    writeFileSync(join(folder, key), Buffer.from(encoded, "base64"), { mode: 0o600 });
    return await action(join(folder, key));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

let ledgerBinary: Promise<string> | undefined;

/** The ledger, built once. Static: it runs in any pod. */
export function ledgerProgram(): Promise<string> {
  ledgerBinary ??= buildLedger(mkdtempSync(join(tmpdir(), "tracing-ledger-")), { CGO_ENABLED: "0" });
  return ledgerBinary;
}

/** A JSON answer of a local port. */
export async function getJson(local: number, path: string): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${local}${path}`);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${(await response.text()).slice(0, 200)}`);
  return response.json();
}

export const read = (file: string): string => readFileSync(file, "utf8");
