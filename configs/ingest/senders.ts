/** Who may send spans to a stack: the mode, the senders, and what is wrong with their tokens. */
import { createHash } from "node:crypto";
import { namespace, type Settings } from "../stack/schema";

/** Settings that the proxy in front of the Collector depends on. */
export type IngestSettings = Pick<Settings, "ingest" | "environment">;

export type IngestMode = NonNullable<Settings["ingest"]["mode"]>;

/** Whether senders need a credential: see `ingest.mode`. */
export const ingestMode = ({ ingest, environment }: IngestSettings): IngestMode =>
  ingest.mode ?? (environment === "development" ? "off" : "report");

/** Whether a proxy stands in front of the Collector. */
export const hasIngest = (settings: IngestSettings): boolean => ingestMode(settings) !== "off";

/** Whether a sender can only show a token: it has no client certificate. */
export const needsToken = ({ certificates }: Settings["ingest"]["senders"][number]): boolean => certificates.length === 0;

/** The stack itself as a sender: the canary and `make smoke`. Its token is generated. */
export const stackSender = "tracing-stack";

/** Tokens by the name of their sender. Several are valid at the same time, so that one can take the other's place. */
export type Tokens = Readonly<Record<string, readonly string[]>>;

/** Config key of the tokens on Docker, without its namespace. It is no setting: its values are in no text and no message. */
export const ingestTokensKey = "ingestTokens";

/** The start of the names of the files that hold tokens, one for each sender. */
export const tokenFilePrefix = "ingest-sender-";

/** Name of the secret that holds a sender's tokens, and of its file. */
export const tokenSecret = (sender: string): string => tokenFilePrefix + sender;

/** Name of the secret that holds the token of {@link stackSender} as a client sends it. */
export const stackTokenSecret = "ingest-stack-token";

/** The shortest token, characters: 32 letters and digits are 190 bits. */
export const shortestToken = 32;

/** What a bearer token may consist of: RFC 6750, section 2.1. */
const bearerToken = /^[A-Za-z0-9\-._~+/]+=*$/;

/** How a line of a token file begins that holds the token's SHA-256 in place of the token. */
export const hashedPrefix = "sha256:";

/** The line of a token file for a token. The file is then no credential. */
export const tokenLine = (token: string): string => `${hashedPrefix}${createHash("sha256").update(token).digest("hex")}\n`;

/** What is wrong with a token, without the token; undefined where nothing is. */
export function tokenProblem(token: string): string | undefined {
  if (!bearerToken.test(token)) return "found a token with other characters; allowed: letters, digits and -._~+/, then = if any (RFC 6750)";
  if (token.length < shortestToken) return `found a token of ${token.length} characters; allowed: ${shortestToken} or more`;
  return undefined;
}

/** What is wrong with the tokens of a stack on Docker: one sentence each, without a token. */
export function tokenProblems(settings: IngestSettings & Pick<Settings, "platform">, tokens: Tokens): string[] {
  const at = (name: string) => `${namespace}:${ingestTokensKey}.${name}`;
  if (settings.platform === "kubernetes")
    return Object.keys(tokens).map(
      (name) => `${at(name)}: found a token; allowed: nothing on kubernetes, where tracing:ingest.tokensSecret has them`,
    );
  const own = hasIngest(settings) ? settings.ingest.senders : [];
  const senders = own.map(({ name }) => name);
  const owner = new Map<string, string>();
  return [
    ...own
      .filter((sender) => needsToken(sender) && !tokens[sender.name]?.length)
      .map(({ name }) => `${at(name)}: missing; allowed: the sender's token: pulumi config set --secret --path '${at(name)}[0]'`),
    ...Object.entries(tokens).flatMap(([name, own]) => [
      ...(senders.includes(name) ? [] : [`${at(name)}: found a token; allowed: one for a sender in tracing:ingest.senders`]),
      ...own.flatMap((token) => {
        const other = owner.get(token);
        owner.set(token, name);
        const problem = tokenProblem(token);
        if (problem !== undefined) return [`${at(name)}: ${problem}`];
        return other === undefined ? [] : [`${at(name)}: found a token that ${other} has; allowed: each token once`];
      }),
    ]),
  ];
}

/** Who is refused, in a sentence: an output of the stack. */
export function ingestText(settings: IngestSettings): string {
  const names = settings.ingest.senders.map(({ name }) => name);
  const known = names.length > 0 ? names.join(", ") : "none";
  const chosen =
    settings.ingest.mode === undefined ? ", the default: set tracing:ingest.mode to require when all senders have a token" : "";
  const transport = { off: "", both: "; in plain text or by TLS", on: "; by TLS only" }[settings.ingest.tls.mode];
  const who = {
    off: "off: anybody who reaches the Collector may send",
    report: `report: requests are counted by sender (${known}) and nobody is refused${chosen}`,
    require: `require: only ${known} may send`,
  }[ingestMode(settings)];
  return who + transport;
}

/** Value of OTEL_EXPORTER_OTLP_HEADERS with a token: percent-encoded, as the variable's format asks. */
export const exporterHeaders = (token: string): string => `authorization=Bearer%20${encodeURIComponent(token)}`;

/** The same for people to fill in. */
export const exporterHeadersFor = (sender: string): string => `authorization=Bearer%20<token of ${sender}>`;
