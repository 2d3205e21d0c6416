/** Where the node's parts are: addresses, ports, folders. Plain data. */
import { join } from "node:path";
import { cacheDir } from "../../../cli/machine/cache";
import { stateFolder } from "../../../cli/pulumi/state";

/** Versions of what is built from Go modules; kubernetes/go.mod must want the same. */
export const versions = { kubernetes: "1.33.5", coredns: "1.12.1" } as const;

/** A private network of the node: an interface of its own, with its address, and one range each for Services and pods. */
export const network = {
  interface: "tracing-node",
  node: "10.77.0.1",
  services: "10.77.64.0/18",
  /** The first address of the range is the API server's. */
  apiService: "10.77.64.1",
  dns: "10.77.64.10",
  pods: "10.77.128.0/18",
} as const;

export const ports = { api: 6443, etcd: 12379, etcdPeers: 12380 } as const;

/** The node's name. */
export const nodeName = "tracing";

/** Everything that the node writes is below this folder. */
export const home = (): string => stateFolder("cluster");

export const at = (...parts: string[]): string => join(home(), ...parts);

/** The kubeconfig of an administrator. */
export const kubeconfig = (): string => at("admin.kubeconfig");

/** The programs that are built from Go modules. */
export const programs = join(cacheDir, "bin", `kubernetes-${versions.kubernetes}`);

export const apiUrl = `https://${network.node}:${ports.api}`;
