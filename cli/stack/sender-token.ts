/** The headers that an application sends with each export: with a placeholder, or, if somebody asks for it, with a sender's token. */
import { exporterHeaders, exporterHeadersFor, hashedPrefix, hasIngest, ingestTokensKey } from "../../configs/ingest/senders";
import { compact } from "../../configs/compact";
import { ingestTokensFrom } from "../../configs/stack/parse";
import { namespace, type Settings } from "../../configs/stack/schema";
import { applicationService, senderOf } from "../../configs/sampling";
import { PulumiStack } from "../pulumi/pulumi";
import { presentCli } from "../pulumi/pulumi-cli";
import { getJson } from "../running/kubernetes/kubectl";
import { UserError } from "../terminal/output";

/** What somebody asks for. */
export interface Wanted {
  /** The application's service name. Default: that of the example service. */
  readonly service?: string | undefined;
  /** Name of the sender. Default: the service's name, if there is such a sender, or the only sender. */
  readonly sender?: string | undefined;
  /** Whether its token is to be shown. */
  readonly token: boolean;
}

/** The value of OTEL_EXPORTER_OTLP_HEADERS; undefined for the placeholder of {@link applicationEnvironment}, or none. */
export async function headersOf(settings: Settings, { service = applicationService, sender, token }: Wanted): Promise<string | undefined> {
  if (sender === undefined && !token) return undefined;
  const names = settings.ingest.senders.map(({ name }) => name);
  const allowed = names.length > 0 ? names.join(", ") : "none, as tracing:ingest.senders is empty";
  if (!hasIngest(settings)) throw new UserError("tracing:ingest.mode is off: the stack asks nobody for a token");
  if (sender !== undefined && !names.includes(sender)) throw new UserError(`SENDER: found "${sender}"; allowed: ${allowed}`);
  const chosen = sender ?? senderOf(settings, service);
  if (chosen === undefined) throw new UserError(`SENDER: missing; allowed: ${allowed}`);
  return token ? exporterHeaders(await tokenOf(settings, chosen)) : exporterHeadersFor(chosen);
}

/** The newest token of a sender, from where it is kept. */
async function tokenOf(settings: Settings, sender: string): Promise<string> {
  const found = settings.platform === "kubernetes" ? await fromSecret(settings, sender) : await fromConfig(settings, sender);
  if (found !== undefined) return found;
  throw new UserError(`no token of ${sender} is known here`);
}

/** From encrypted stack config, which only Pulumi can read. */
async function fromConfig({ stack }: Settings, sender: string): Promise<string | undefined> {
  const cli = await presentCli();
  if (!cli) throw new UserError(`the token is in the encrypted config of stack ${stack}, and there is no Pulumi CLI here to read it`);
  const key = `${namespace}:${ingestTokensKey}`;
  const value = await new PulumiStack(cli, stack).config(key);
  // In a list, the newest is the last.
  return ingestTokensFrom(stack, value === undefined ? {} : { [key]: value })[sender]?.at(-1);
}

/** From the Secret that somebody has made, which may hold hashes alone. */
async function fromSecret(settings: Settings, sender: string): Promise<string> {
  const secret = settings.ingest.tokensSecret ?? "";
  const { data } = (await getJson(settings, ["get", `secret/${secret}`])) as { data?: Readonly<Record<string, string>> };
  const value = data?.[sender];
  if (value === undefined) throw new UserError(`the Secret ${secret} has no key ${sender}`);
  const lines = compact(
    Buffer.from(value, "base64")
      .toString("utf8")
      .split("\n")
      .map((line) => line.trim() || undefined),
  );
  const token = lines.filter((line) => !line.startsWith(hashedPrefix)).at(-1);
  if (token !== undefined) return token;
  const what = lines.length === 0 ? "no token" : "only hashes of the tokens";
  throw new UserError(
    `the Secret ${secret} holds ${what} of ${sender}: ask whoever made them, or add a new one ` +
      "(docs/SETUP_AND_INTEGRATION.md#credentials-of-senders)",
  );
}
