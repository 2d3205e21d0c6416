/** Settings about senders that are right one by one and not together. */
import { compact } from "../compact";
import { ingestMode, needsToken, stackSender } from "../ingest/senders";
import { ingestCertificateSecret } from "../ingest/tls";
import { authoritySecret, tierCertificateSecret } from "../topology/kubernetes";
import type { Parsed } from "./schema";
import { shown } from "./shown";

/** One sentence each: the key without its namespace, what was found, what is allowed. Groups that are wrong by themselves are left out. */
export function ingestConflicts({ ingest, platform, environment, elasticsearch }: Partial<Parsed>): string[] {
  if (!ingest) return [];
  const refusal = (key: string, found: unknown, allowed: string) => `ingest.${key}: found ${shown(found)}; allowed: ${allowed}`;
  const { senders, tokensSecret } = ingest;
  const owners = senders.flatMap(({ certificates }, i) => certificates.map((certificate, j) => ({ certificate, i, j })));
  const problems = [
    ...senders.flatMap(({ name }, i) =>
      compact([
        senders.findIndex((other) => other.name === name) < i && refusal(`senders[${i}].name`, name, "each name once"),
        name === stackSender && refusal(`senders[${i}].name`, name, "another name: the stack's own canary is that sender"),
      ]),
    ),
    ...owners.flatMap(({ certificate, i, j }, at) =>
      owners.findIndex((other) => other.certificate === certificate) < at
        ? [refusal(`senders[${i}].certificates[${j}]`, certificate, "each name once, for one sender")]
        : [],
    ),
    ...tlsConflicts(ingest, refusal),
    ...ownAuthority(ingest.tls, elasticsearch).map((found) =>
      refusal("tls.clientAuthoritySecret", found, "a Secret of another authority: this one signs the stack's own certificates"),
    ),
  ];
  if (!platform || !environment) return problems;
  const mode = ingestMode({ ingest, environment });
  const refuse = (wrong: boolean, key: string, found: unknown, allowed: string) => {
    if (wrong) problems.push(refusal(key, found, allowed));
  };
  if (mode === "require" && senders.length === 0)
    problems.push("ingest.senders: missing; allowed: at least one, as ingest.mode is require: nobody could send");
  refuse(mode === "off" && senders.length > 0, "senders", senders.map(({ name }) => name).join(", "), "nothing while ingest.mode is off");
  refuse(mode === "off" && ingest.tls.mode !== "off", "tls.mode", ingest.tls.mode, "off while ingest.mode is off: TLS ends at the proxy");
  if (platform === "docker") {
    refuse(ingest.tls.mode !== "off", "tls.mode", ingest.tls.mode, "off on docker");
    refuse(tokensSecret !== undefined, "tokensSecret", tokensSecret, "nothing on docker: see tracing:ingestTokens");
  } else if (senders.some(needsToken) && mode !== "off" && tokensSecret === undefined)
    problems.push("ingest.tokensSecret: missing; allowed: the name of a Secret with a key for each sender without certificates");
  refuse(senders.length === 0 && tokensSecret !== undefined, "tokensSecret", tokensSecret, "nothing, as there are no senders");
  return problems;
}

/** What is set for TLS, or for client certificates, and has no effect without another setting. */
function tlsConflicts(
  { senders, tls }: NonNullable<Partial<Parsed>["ingest"]>,
  refusal: (key: string, found: unknown, allowed: string) => string,
): string[] {
  const { mode, certificates, issuer, names, clientAuthoritySecret } = tls;
  const on = mode === "off" && "ingest.tls.mode is both or on";
  const issued = certificates === "external" && "ingest.tls.certificates is cert-manager";
  const needs = (key: string, found: unknown, ...missing: (string | false)[]) => {
    const wanted = compact(missing);
    const unset = found === undefined || (Array.isArray(found) && found.length === 0);
    return unset || wanted.length === 0 ? [] : [refusal(key, found, `nothing unless ${wanted.join(" and ")}`)];
  };
  const trusted = clientAuthoritySecret === undefined && "ingest.tls.clientAuthoritySecret is set";
  return [
    ...needs("tls.issuer", issuer, on, issued),
    ...needs("tls.names", names, on, issued),
    ...needs("tls.clientAuthoritySecret", clientAuthoritySecret, on),
    ...senders.flatMap((sender, i) => needs(`senders[${i}].certificates`, sender.certificates, trusted)),
  ];
}

/** The Secret of client certificates if its authority is the stack's: senders could then pass for a node of Elasticsearch, or a gateway. */
function ownAuthority(
  { clientAuthoritySecret: found }: Parsed["ingest"]["tls"],
  elasticsearch: Parsed["elasticsearch"] | undefined,
): string[] {
  const own = [authoritySecret, ingestCertificateSecret, elasticsearch?.certificateSecret];
  return found !== undefined && (own.includes(found) || found.endsWith(tierCertificateSecret(""))) ? [found] : [];
}
