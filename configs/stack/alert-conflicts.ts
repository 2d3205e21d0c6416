/** Settings about alerts that are right one by one and not together. */
import { compact } from "../compact";
import type { Receiver } from "./alerts";
import { deliveryOf, receiverSecretNeeded, tellsSomebody } from "../alertmanager/delivery";
import type { Parsed } from "./schema";
import { shown } from "./shown";

/** Keys that only some kinds of receivers have, and which of these need them. */
const keysOf: Readonly<Record<Receiver["kind"], { readonly needed: readonly OwnKey[]; readonly optional: readonly OwnKey[] }>> = {
  webhook: { needed: [], optional: ["port"] },
  slack: { needed: [], optional: ["channel"] },
  email: { needed: ["to", "from", "smarthost"], optional: ["user"] },
  pagerduty: { needed: [], optional: [] },
};

const ownKeys = ["port", "channel", "to", "from", "smarthost", "user"] as const;
type OwnKey = (typeof ownKeys)[number];

/** One sentence each: the key without its namespace, what was found, what is allowed. Groups that are wrong by themselves are left out. */
export function alertConflicts({ alerts, platform, environment, prometheus }: Partial<Parsed>): string[] {
  if (!alerts) return [];
  const refusal = (key: string, found: unknown, allowed: string) => `alerts.${key}: found ${shown(found)}; allowed: ${allowed}`;
  const { receivers, receiversSecret } = alerts;
  const problems = receivers.flatMap((receiver, i) => receiverProblems(receiver, `receivers[${i}]`, receivers.slice(0, i), refusal));
  if (!platform || !environment || !prometheus) return problems;
  const delivery = deliveryOf({ alerts, environment, prometheus });
  const refuse = (wrong: boolean, key: string, found: unknown, allowed: string) => {
    if (wrong) problems.push(refusal(key, found, allowed));
  };
  refuse(delivery === "own" && prometheus.mode === "operator", "delivery", delivery, "cluster or off, as prometheus.mode is operator");
  refuse(delivery === "cluster" && prometheus.mode === "own", "delivery", delivery, "own or off, as prometheus.mode is own");
  const byDefault = alerts.delivery === undefined ? `, and by default it is ${delivery} here` : "";
  const unused = `nothing unless alerts.delivery is own${byDefault}`;
  refuse(delivery !== "own" && receivers.length > 0, "receivers", receivers.map(({ name }) => name).join(", "), unused);
  if (delivery !== "own") {
    refuse(receiversSecret !== undefined, "receiversSecret", receiversSecret, unused);
    return problems;
  }
  if (alerts.delivery === "own" && environment !== "development" && !tellsSomebody(receivers))
    problems.push("alerts.receivers: missing; allowed: at least one that gets alerts, as alerts.delivery is own: they would reach nobody");
  const secrets = receivers.some(receiverSecretNeeded);
  refuse(
    platform === "docker" && receiversSecret !== undefined,
    "receiversSecret",
    receiversSecret,
    "nothing on docker: see tracing:alertSecrets",
  );
  if (platform === "kubernetes" && secrets && receiversSecret === undefined)
    problems.push("alerts.receiversSecret: missing; allowed: the name of a Secret with a key for each receiver");
  refuse(!secrets && receiversSecret !== undefined, "receiversSecret", receiversSecret, "nothing, as no receiver has a secret");
  return problems;
}

function receiverProblems(
  receiver: Receiver,
  key: string,
  before: readonly Receiver[],
  refusal: (key: string, found: unknown, allowed: string) => string,
): string[] {
  const { name, kind, severity } = receiver;
  const { needed, optional } = keysOf[kind];
  return compact([
    before.some((other) => other.name === name) && refusal(`${key}.name`, name, "each name once"),
    severity === "watchdog" && kind !== "webhook" && refusal(`${key}.severity`, severity, `critical, warning or all for the kind ${kind}`),
    ...ownKeys.flatMap((own) => {
      const found = receiver[own];
      if (found === undefined) return needed.includes(own) ? [`alerts.${key}.${own}: missing; allowed: a value, as kind is ${kind}`] : [];
      return needed.includes(own) || optional.includes(own) ? [] : [refusal(`${key}.${own}`, found, `nothing for the kind ${kind}`)];
    }),
  ]);
}
