/**
 * The node's agent, for what a small cluster has no one else to do: volumes of the default class, as folders of the node, and enforcement of
 * NetworkPolicies. It looks once a second; a pod is open for that long after its start.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { sleep } from "../../cli/machine/run";
import { chainPrefix, chainsOf, restoreText } from "./lib/iptables";
import { apiUrl, at, kubeconfig, network, nodeName } from "./lib/layout";
import { policyChain } from "./lib/node";
import { storageClass } from "./lib/objects";
import type { Labels, NetworkPolicy, Pod } from "./lib/policies";

const { users } = JSON.parse(readFileSync(kubeconfig(), "utf8")) as { users: { user: { token: string } }[] };
const authority = readFileSync(at("pki", "ca.crt"));

/** A request to the API server; throws where it does not go well. */
function call(method: string, path: string, body?: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${users[0]?.user.token ?? ""}`, "content-type": "application/json" };
    const sent = request(`${apiUrl}${path}`, { method, ca: authority, headers, timeout: 10_000 }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => (text += part));
      response.on("end", () => {
        if ((response.statusCode ?? 500) < 300) resolve(JSON.parse(text));
        else reject(new Error(`${method} ${path}: ${String(response.statusCode)} ${text.slice(0, 300)}`));
      });
    });
    sent.on("error", reject).on("timeout", () => sent.destroy(new Error(`${method} ${path}: no answer`)));
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const list = async <T>(path: string): Promise<readonly T[]> => ((await call("GET", path)) as { items: T[] }).items;

interface Metadata {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly labels?: Labels;
}
interface Claim {
  readonly metadata: Metadata;
  readonly spec: {
    readonly storageClassName?: string;
    readonly volumeName?: string;
    readonly accessModes: string[];
    readonly resources: { readonly requests: { readonly storage: string } };
  };
}
interface Volume {
  readonly metadata: Metadata;
  readonly spec: { readonly storageClassName?: string; readonly persistentVolumeReclaimPolicy: string };
  readonly status: { readonly phase: string };
}

/** Makes a volume for each claim of the class that has none, and removes those that are released. */
async function serveVolumes(): Promise<void> {
  const ours = <T extends { readonly spec: { readonly storageClassName?: string } }>(items: readonly T[]) =>
    items.filter(({ spec }) => spec.storageClassName === storageClass.name);
  const volumes = ours(await list<Volume>("/api/v1/persistentvolumes"));
  for (const { metadata, spec } of ours(await list<Claim>("/api/v1/persistentvolumeclaims"))) {
    const name = `pvc-${metadata.uid}`;
    if (spec.volumeName || volumes.some((volume) => volume.metadata.name === name)) continue;
    const path = at("volumes", name);
    mkdirSync(path, { recursive: true, mode: 0o755 });
    await call("POST", "/api/v1/persistentvolumes", {
      metadata: { name, annotations: { "pv.kubernetes.io/provisioned-by": storageClass.provisioner } },
      spec: {
        storageClassName: storageClass.name,
        persistentVolumeReclaimPolicy: "Delete",
        capacity: { storage: spec.resources.requests.storage },
        accessModes: spec.accessModes,
        claimRef: {
          apiVersion: "v1",
          kind: "PersistentVolumeClaim",
          name: metadata.name,
          namespace: metadata.namespace,
          uid: metadata.uid,
        },
        // Unlike a hostPath, it is handed to the group of the pod.
        local: { path },
        nodeAffinity: {
          required: { nodeSelectorTerms: [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [nodeName] }] }] },
        },
      },
    });
    console.log(`made ${name} for ${metadata.namespace}/${metadata.name}`);
  }
  for (const { metadata, spec, status } of volumes) {
    if (status.phase !== "Released" || spec.persistentVolumeReclaimPolicy !== "Delete") continue;
    rmSync(join(at("volumes"), metadata.name), { recursive: true, force: true });
    await call("DELETE", `/api/v1/persistentvolumes/${metadata.name}`);
    console.log(`removed ${metadata.name}`);
  }
}

interface ApiPod {
  readonly metadata: Metadata;
  readonly spec: { readonly hostNetwork?: boolean; readonly containers: { readonly ports?: Pod["ports"] }[] };
  readonly status: { readonly podIP?: string; readonly phase: string };
}

let enforced = "";

/** Sets the rules that the policies ask for, where they have changed. */
async function enforcePolicies(): Promise<void> {
  const [pods, namespaces, policies] = await Promise.all([
    list<ApiPod>("/api/v1/pods"),
    list<{ readonly metadata: Metadata }>("/api/v1/namespaces"),
    list<NetworkPolicy>("/apis/networking.k8s.io/v1/networkpolicies"),
  ]);
  const world = {
    // A pod that has ended has given its address back.
    pods: pods
      .filter(({ spec, status }) => !spec.hostNetwork && status.podIP !== undefined && !["Succeeded", "Failed"].includes(status.phase))
      .map(({ metadata, spec, status }) => ({
        namespace: metadata.namespace,
        name: metadata.name,
        labels: metadata.labels ?? {},
        ip: status.podIP ?? "",
        ports: spec.containers.flatMap(({ ports = [] }) => ports),
      })),
    namespaces: Object.fromEntries(namespaces.map(({ metadata }) => [metadata.name, metadata.labels ?? {}])),
    policies,
  };
  const text = restoreText(world, policyChain, network.pods);
  if (text === enforced) return;
  iptables("iptables-restore", ["--noflush"], text);
  const wanted = new Set(chainsOf(text));
  const stale = chainsOf(iptables("iptables-save", ["-t", "filter"])).filter(
    (chain) => chain.startsWith(chainPrefix) && !wanted.has(chain),
  );
  for (const chain of stale) for (const action of ["-F", "-X"]) iptables("iptables", [action, chain]);
  enforced = text;
  console.log(`policies: ${policies.length}; pods: ${world.pods.length}; chains: ${wanted.size}`);
}

function iptables(command: string, args: readonly string[], input = ""): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { input, encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? stderr}`);
  return stdout;
}

async function main(): Promise<never> {
  for (;;) {
    for (const duty of [serveVolumes, enforcePolicies]) {
      // What fails now is tried again; the log says why.
      await duty().catch((error: unknown) => console.error(error instanceof Error ? error.message : error));
    }
    await sleep(1000);
  }
}

void main();
