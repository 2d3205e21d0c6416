/** Network policies from a workload's peers and connections: pure functions. */
import { isIPv6 } from "node:net";
import type * as k8s from "@pulumi/kubernetes";
import type { CommonSettings } from "../../../configs/stack/schema";
import { applicationsLabel } from "../../../configs/topology/kubernetes";
import { selector } from "../labels";
import { allPorts, type Peer, type Workload } from "../workload";

type Policy = k8s.types.input.networking.v1.NetworkPolicySpec;
type Destination = k8s.types.input.networking.v1.NetworkPolicyPeer;
type Egress = k8s.types.input.networking.v1.NetworkPolicyEgressRule;
type Ingress = k8s.types.input.networking.v1.NetworkPolicyIngressRule;

/** Nobody connects to anybody. What a workload needs, its own policy adds. */
export const denyAll: Policy = { podSelector: {}, policyTypes: ["Ingress", "Egress"] };

/** The pods that answer names in most clusters: those of the name service, whatever program it is, and of NodeLocal DNSCache. */
const nameServers = { matchExpressions: [{ key: "k8s-app", operator: "In", values: ["kube-dns", "node-local-dns"] }] };

/** The cluster's name service, and the cache of it that some clusters have on each node. A policy sees the port of the pod, not of the Service. */
function names({ kubernetes }: CommonSettings): Egress {
  const { namespace, labels, ports, addresses } = kubernetes.dns;
  return {
    to: [
      {
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
        podSelector: labels ? { matchLabels: { ...labels } } : nameServers,
      },
      ...addresses.map((address) => ({ ipBlock: { cidr: `${address}/${isIPv6(address) ? 128 : 32}` } })),
    ],
    ports: ports.flatMap((port) => ["UDP", "TCP"].map((protocol) => ({ port, protocol }))),
  };
}

/** Who may connect to a workload, and what it may connect to. */
export function policyOf(settings: CommonSettings, workload: Workload): Policy {
  const ingress = workload.peers.map((peer): Ingress => ({ from: [sourceOf(settings, peer.from)], ports: portsOf(workload, peer) }));
  const inside = workload.connects.map(({ to, ports }): Egress => ({
    to: [{ podSelector: { matchLabels: selector(settings, { name: to }) } }],
    ports: ports.map((port) => ({ port, protocol: "TCP" })),
  }));
  const outside = (workload.outside ?? []).map(({ port, namespace }): Egress => ({
    to: namespace === undefined ? undefined : [podsOf(namespace)],
    ports: [{ port, protocol: "TCP" }],
  }));
  const egress = [...inside, ...outside];
  return {
    podSelector: { matchLabels: selector(settings, workload) },
    policyTypes: ["Ingress", "Egress"],
    ingress: ingress.length > 0 ? ingress : undefined,
    egress: egress.length > 0 ? [names(settings), ...egress] : undefined,
  };
}

/** All pods of a namespace. */
const podsOf = (namespace: string): Destination => ({ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } } });

/** The pods that a peer is. */
function sourceOf(settings: CommonSettings, from: Peer["from"]): Destination {
  const { mode, operator } = settings.prometheus;
  if (typeof from === "object") return podsOf(from.namespace);
  if (from === "applications") return { namespaceSelector: { matchLabels: { ...applicationsLabel } } };
  if (from === "prometheus" && mode === "operator") return podsOf(operator.namespace);
  return { podSelector: { matchLabels: selector(settings, { name: from }) } };
}

function portsOf(workload: Workload, peer: Peer) {
  return peer.ports.map((name) => {
    const port = allPorts(workload).find((candidate) => candidate.name === name);
    if (!port) throw new Error(`${workload.name} has no port ${name}, which ${JSON.stringify(peer.from)} may connect to`);
    return { port: port.port, protocol: "TCP" };
  });
}
