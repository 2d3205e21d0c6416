/** Settings about senders that are right one by one and not together. */
import { compact } from "../compact";
import { ingestMode, stackSender } from "../ingest/senders";
import type { Parsed } from "./schema";
import { shown } from "./shown";

/** One sentence each: the key without its namespace, what was found, what is allowed. Groups that are wrong by themselves are left out. */
export function ingestConflicts({ ingest, platform, environment }: Partial<Parsed>): string[] {
  if (!ingest) return [];
  const refusal = (key: string, found: unknown, allowed: string) => `ingest.${key}: found ${shown(found)}; allowed: ${allowed}`;
  const { senders, tokensSecret } = ingest;
  const problems = senders.flatMap(({ name }, i) =>
    compact([
      senders.findIndex((other) => other.name === name) < i && refusal(`senders[${i}].name`, name, "each name once"),
      name === stackSender && refusal(`senders[${i}].name`, name, "another name: the stack's own canary is that sender"),
    ]),
  );
  if (!platform || !environment) return problems;
  const mode = ingestMode({ ingest, environment });
  const refuse = (wrong: boolean, key: string, found: unknown, allowed: string) => {
    if (wrong) problems.push(refusal(key, found, allowed));
  };
  if (mode === "require" && senders.length === 0)
    problems.push("ingest.senders: missing; allowed: at least one, as ingest.mode is require: nobody could send");
  refuse(mode === "off" && senders.length > 0, "senders", senders.map(({ name }) => name).join(", "), "nothing while ingest.mode is off");
  if (platform === "docker")
    refuse(tokensSecret !== undefined, "tokensSecret", tokensSecret, "nothing on docker: see tracing:ingestTokens");
  else if (senders.length > 0 && mode !== "off" && tokensSecret === undefined)
    problems.push("ingest.tokensSecret: missing; allowed: the name of a Secret with a key for each sender");
  refuse(senders.length === 0 && tokensSecret !== undefined, "tokensSecret", tokensSecret, "nothing, as there are no senders");
  return problems;
}
