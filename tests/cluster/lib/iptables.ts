/** Policies as rules of iptables: pure text. Every packet between pods, and from or to a pod, is routed by the node and passes them. */
import { createHash } from "node:crypto";
import { permissions, type Direction, type Permission, type Pod, type World } from "./policies";

/** Prefix of the chains, one for each pod and direction that a policy selects. */
export const chainPrefix = "TRACING-POD-";

/**
 * Input of `iptables-restore --noflush`: the main chain and one for each pod and direction.
 *
 * @param chain Name of the main chain; what comes through it is judged and done with.
 * @param podRange Addresses of pods: what is theirs and not refused is accepted, whatever the machine forwards else.
 */
export function restoreText(world: World, chain: string, podRange: string): string {
  const isolated = world.pods.flatMap((pod) =>
    (["Egress", "Ingress"] as const).flatMap((direction) => {
      const allowed = permissions(world, pod, direction);
      return allowed === undefined ? [] : [{ pod, direction, allowed, name: chainName(pod, direction) }];
    }),
  );
  const lines = [
    "*filter",
    `:${chain} - [0:0]`,
    ...isolated.map(({ name }) => `:${name} - [0:0]`),
    // Answers belong to connections that were allowed.
    `-A ${chain} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
    ...isolated.map(({ pod, direction, name }) => `-A ${chain} ${direction === "Egress" ? "-s" : "-d"} ${pod.ip}/32 -j ${name}`),
    ...["-s", "-d"].map((end) => `-A ${chain} ${end} ${podRange} -j ACCEPT`),
    ...isolated.flatMap(({ direction, allowed, name }) => [
      ...new Set(allowed.map((permission) => `-A ${name} ${ruleOf(permission, direction)}`)),
      // Without an answer: a client of a pod that is seconds old tries again, and finds the rule by then.
      `-A ${name} -j DROP`,
    ]),
    "COMMIT",
  ];
  return `${lines.join("\n")}\n`;
}

/** The chains that a text makes. */
export const chainsOf = (text: string): string[] => [...text.matchAll(/^:(\S+) /gm)].map(([, name]) => name ?? "");

const chainName = (pod: Pod, direction: Direction): string =>
  `${chainPrefix}${createHash("sha256").update(`${pod.namespace}/${pod.name} ${direction}`).digest("hex").slice(0, 12)}`;

/** RETURN leads on to the judgement of the other end. */
function ruleOf({ peer, ports }: Permission, direction: Direction): string {
  const match = ports ? ` -p ${ports.protocol.toLowerCase()} --dport ${ports.first}:${ports.last}` : "";
  return `${direction === "Egress" ? "-d" : "-s"} ${peer}${match} -j RETURN`;
}
