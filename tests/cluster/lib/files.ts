/** Text of the config files of the node's programs: pure functions. */
import { at, apiUrl, network, nodeName } from "./layout";

/** A kubeconfig for one user. */
export function kubeconfigText(token: string, authority: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "tracing",
    clusters: [{ name: "tracing", cluster: { server: apiUrl, "certificate-authority-data": Buffer.from(authority).toString("base64") } }],
    users: [{ name: "tracing", user: { token } }],
    contexts: [{ name: "tracing", context: { cluster: "tracing", user: "tracing" } }],
  });
}

/**
 * containerd's config.
 *
 * @param restrictOom Without CAP_SYS_RESOURCE no process may get a smaller oom_score_adj than ours; runc would fail.
 */
export function containerdConfig(restrictOom: boolean, sandboxImage: string): string {
  return `version = 2
root = "${at("containerd", "root")}"
state = "${at("containerd", "state")}"
# What Kubernetes does not use, and what would make folders elsewhere.
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.devmapper"]

[grpc]
  address = "${at("containerd.sock")}"
[ttrpc]
  address = "${at("containerd.sock.ttrpc")}"
[plugins."io.containerd.internal.v1.opt"]
  path = "${at("containerd", "opt")}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${sandboxImage}"
  restrict_oom_score_adj = ${restrictOom}
  netns_mounts_under_state_dir = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${at("cni")}"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
`;
}

/** Each pod has a link of its own to the node, which routes between them: all traffic passes where policies are enforced. */
export function cniConfig(): string {
  return JSON.stringify({
    cniVersion: "0.4.0",
    name: "tracing",
    plugins: [
      {
        type: "ptp",
        ipam: { type: "host-local", subnet: network.pods, routes: [{ dst: "0.0.0.0/0" }], dataDir: at("cni-addresses") },
      },
    ],
  });
}

export function kubeletConfig(cgroupRoot: string): string {
  return JSON.stringify({
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: network.node,
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: at("pki", "ca.crt") } },
    authorization: { mode: "Webhook" },
    cgroupDriver: "cgroupfs",
    cgroupRoot,
    clusterDNS: [network.dns],
    clusterDomain: "cluster.local",
    containerRuntimeEndpoint: `unix://${at("containerd.sock")}`,
    failCgroupV1: false,
    failSwapOn: false,
    healthzBindAddress: network.node,
    makeIPTablesUtilChains: false,
    resolvConf: at("resolv.conf"),
    volumePluginDir: at("kubelet-plugins"),
    podLogsDir: at("pod-logs"),
    // Small disks are no reason to throw pods out.
    evictionHard: { "memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%" },
    imageGCHighThresholdPercent: 100,
  });
}

export function proxyConfig(): string {
  return JSON.stringify({
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    bindAddress: network.node,
    clientConnection: { kubeconfig: at("proxy.kubeconfig") },
    clusterCIDR: network.pods,
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
    healthzBindAddress: `${network.node}:10256`,
    metricsBindAddress: `${network.node}:10249`,
    hostnameOverride: nodeName,
    mode: "iptables",
    nodePortAddresses: [`${network.node}/32`],
  });
}

/** CoreDNS answers for the cluster's names only: what the tests start knows no others. */
export const corefile = `.:53 {
    errors
    health
    ready
    kubernetes cluster.local in-addr.arpa {
        pods insecure
    }
    cache 5
}
`;
