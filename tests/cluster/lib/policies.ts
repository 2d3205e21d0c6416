/**
 * What NetworkPolicies allow: a pure evaluation, after the specification of networking.k8s.io/v1. The node's agent enforces it, and tests ask
 * it about rendered manifests.
 *
 * A pod that no policy selects for a direction is open in it. Else only what one of these policies allows passes; policies add up.
 */

export type Labels = Readonly<Record<string, string>>;
export type Direction = "Ingress" | "Egress";
export type Protocol = "TCP" | "UDP" | "SCTP";

/** A pod, as far as policies care. */
export interface Pod {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly ip: string;
  readonly ports: readonly { readonly name?: string; readonly protocol?: Protocol; readonly containerPort: number }[];
}

export interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] }[];
}

interface PolicyPeer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

interface PolicyRule {
  readonly from?: readonly PolicyPeer[];
  readonly to?: readonly PolicyPeer[];
  readonly ports?: readonly { readonly protocol?: Protocol; readonly port?: number | string; readonly endPort?: number }[];
}

export interface NetworkPolicy {
  readonly metadata: { readonly namespace?: string; readonly name?: string };
  readonly spec: {
    readonly podSelector?: Selector;
    readonly policyTypes?: readonly Direction[];
    readonly ingress?: readonly PolicyRule[];
    readonly egress?: readonly PolicyRule[];
  };
}

/** All that an answer depends on. */
export interface World {
  readonly pods: readonly Pod[];
  /** Labels of each namespace. */
  readonly namespaces: Readonly<Record<string, Labels>>;
  readonly policies: readonly NetworkPolicy[];
}

/** Addresses and ports that may talk to a pod, or that it may talk to. */
export interface Permission {
  /** A range of addresses. */
  readonly peer: string;
  /** Left out: every port of every protocol. */
  readonly ports?: { readonly protocol: Protocol; readonly first: number; readonly last: number };
}

const everyone = "0.0.0.0/0";

/** Whether labels are what a selector asks for; an empty selector asks for nothing. */
export function matches(selector: Selector, labels: Labels): boolean {
  const wanted = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return (
    wanted &&
    (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      const value = labels[key];
      switch (operator) {
        case "In":
          return value !== undefined && values.includes(value);
        case "NotIn":
          return value === undefined || !values.includes(value);
        case "Exists":
          return value !== undefined;
        case "DoesNotExist":
          return value === undefined;
        default:
          throw new Error(`a selector has the operator ${operator}`);
      }
    })
  );
}

/** What is allowed for a pod in a direction; undefined where no policy selects it, so that everything is. */
export function permissions(world: World, pod: Pod, direction: Direction): Permission[] | undefined {
  const policies = world.policies.filter(
    ({ metadata, spec }) =>
      metadata.namespace === pod.namespace && typesOf(spec).includes(direction) && matches(spec.podSelector ?? {}, pod.labels),
  );
  if (policies.length === 0) return undefined;
  return policies.flatMap(({ metadata, spec }) =>
    ((direction === "Ingress" ? spec.ingress : spec.egress) ?? []).flatMap((rule) =>
      peersOf(world, direction === "Ingress" ? rule.from : rule.to, metadata.namespace ?? "default").flatMap(({ peer, target }) =>
        portsOf(rule, direction === "Ingress" ? pod : target).map((ports) => ({ peer, ports })),
      ),
    ),
  );
}

/** Without types a policy is for what comes in, and for what goes out only where it has rules for that. */
function typesOf({ policyTypes, egress }: NetworkPolicy["spec"]): readonly Direction[] {
  return policyTypes ?? (egress === undefined ? ["Ingress"] : ["Ingress", "Egress"]);
}

interface Peer {
  readonly peer: string;
  /** The pod at that address, whose names of ports hold when it is the one called. */
  readonly target?: Pod;
}

function peersOf(world: World, peers: readonly PolicyPeer[] | undefined, namespace: string): Peer[] {
  // Nothing said: everyone.
  if (peers === undefined || peers.length === 0) return [{ peer: everyone }];
  return peers.flatMap(({ ipBlock, podSelector, namespaceSelector }): Peer[] => {
    if (ipBlock) return subtract(ipBlock.cidr, ipBlock.except ?? []).map((peer) => ({ peer }));
    const chosen = world.pods.filter(
      (pod) =>
        (namespaceSelector ? matches(namespaceSelector, world.namespaces[pod.namespace] ?? {}) : pod.namespace === namespace) &&
        matches(podSelector ?? {}, pod.labels),
    );
    return chosen.map((pod) => ({ peer: `${pod.ip}/32`, target: pod }));
  });
}

function portsOf({ ports }: PolicyRule, target: Pod | undefined): Permission["ports"][] {
  if (ports === undefined || ports.length === 0) return [undefined];
  return ports.flatMap(({ protocol = "TCP", port, endPort }): Permission["ports"][] => {
    if (port === undefined) return [{ protocol, first: 0, last: 65535 }];
    if (typeof port === "number") return [{ protocol, first: port, last: endPort ?? port }];
    const named = (target?.ports ?? []).filter((own) => own.name === port && (own.protocol ?? "TCP") === protocol);
    return named.map(({ containerPort }) => ({ protocol, first: containerPort, last: containerPort }));
  });
}

/** Whether a connection passes: both ends must allow it. An end is a pod, or the address of something that is none. */
export function allows(world: World, from: Pod | string, to: Pod | string, port: number, protocol: Protocol = "TCP"): boolean {
  const address = (end: Pod | string) => (typeof end === "string" ? end : end.ip);
  const open = (pod: Pod | string, direction: Direction, peer: string) => {
    const allowed = typeof pod === "string" ? undefined : permissions(world, pod, direction);
    return allowed === undefined || allowed.some((permission) => covers(permission, peer, port, protocol));
  };
  return open(from, "Egress", address(to)) && open(to, "Ingress", address(from));
}

function covers({ peer, ports }: Permission, address: string, port: number, protocol: Protocol): boolean {
  if (ports && (ports.protocol !== protocol || port < ports.first || port > ports.last)) return false;
  return within(address, peer);
}

/** Whether an IPv4 address is in a range. */
export function within(address: string, cidr: string): boolean {
  const [base = "", bits = "32"] = cidr.split("/");
  const size = 2 ** (32 - Number(bits));
  return Math.floor(number(address) / size) === Math.floor(number(base) / size);
}

/** The ranges that are left of one when others are taken out of it. */
export function subtract(cidr: string, except: readonly string[]): string[] {
  const [base = "", bits = "32"] = cidr.split("/");
  const inside = ([address = "", size = "32"]: string[]) => Number(size) >= Number(bits) && within(address, cidr);
  if (except.some((range) => Number(range.split("/")[1] ?? 32) <= Number(bits) && within(base, range))) return [];
  if (!except.some((range) => inside(range.split("/")))) return [cidr];
  const half = Number(bits) + 1;
  return [number(base), number(base) + 2 ** (32 - half)].flatMap((start) => subtract(`${text(start)}/${half}`, except));
}

const text = (address: number) => [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");

const number = (address: string) => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
