/** The group of settings about the login in front of the screens, and who sees which. */
import * as z from "zod";
import { flag, integer, kubernetesName, leaf, text, withHours } from "./units";

/** Hosts that are this machine: a browser sends a Secure cookie to them by plain HTTP or not at all, so the cookie is not Secure there. */
export const isLoopback = (host: string): boolean => host === "localhost" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);

/** An address without a path, as URL writes it; undefined where the input is none of a scheme that is allowed. */
function origin(input: unknown): string | undefined {
  if (typeof input !== "string" || !/^https?:\/\/[A-Za-z0-9.:[\]-]+\/?$/.test(input) || !URL.canParse(input)) return undefined;
  const { protocol, hostname, origin } = new URL(input);
  return protocol === "https:" || isLoopback(hostname) ? origin : undefined;
}

const publicAddress = leaf("an https address without a path, such as https://tracing.example.com; http for localhost only", origin, {
  editor: { type: "string", pattern: "^https?://" },
});

const issuer = text("an address, such as https://id.example.com/realms/company", /^https?:\/\/[A-Za-z0-9.-]+(:\d{1,5})?(\/[\w.~/-]*)?$/);

const group = text(
  "a group as the claim has it: letters, digits, spaces and ._:/@+=-, 100 at most",
  /^[A-Za-z0-9._:/@+=-][A-Za-z0-9 ._:/@+=-]{0,98}[A-Za-z0-9._:/@+=-]$|^[A-Za-z0-9._:/@+=-]$/,
);

const email = text("an e-mail address", /^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,255}$/);

const role = z.strictObject({
  groups: z.array(group).prefault([]).describe("Groups that have the role."),
  emails: z.array(email).prefault([]).describe("E-mail addresses of people who have the role."),
  everyone: flag().prefault("false").describe("Whether everybody who may log in has the role."),
});

/** Who has a role. */
export type Role = Readonly<z.output<typeof role>>;

const roles = z
  .strictObject({
    traces: role.optional().describe("Who sees traces, in Jaeger."),
    metrics: role.optional().describe("Who sees metrics and alerts, in Prometheus."),
    dashboards: role
      .optional()
      .describe("Who sees dashboards, in Perses. They may query Prometheus through its data source, also what no dashboard shows."),
    alerts: role.optional().describe("Who sees alerts and silences, in Alertmanager."),
    silences: role.optional().describe("Who may also create, change and end silences. They need the role `alerts`, too."),
  })
  .describe("Who sees what. A screen without a role is shown to nobody.");

export const login = z.strictObject({
  issuer: issuer.describe("Issuer of the OpenID Connect provider, whose `/.well-known/openid-configuration` the login reads."),
  clientId: text("a client's id", /^[\x21-\x7e]{1,250}$/).describe("Id of the client at the provider."),
  clientSecret: kubernetesName("Secret")
    .optional()
    .describe(
      "Secret in the stack's namespace whose key `client-secret` is the client's secret, without a newline (Kubernetes). On Docker, set it with " +
        "`pulumi config set --secret tracing:loginClientSecret`.",
    ),
  url: publicAddress.describe(
    "Address at which people open the screens. Register `<url>/oauth2/callback` at the provider. Something in front of the stack must end " +
      "TLS: the ingress on Kubernetes, a reverse proxy on Docker.",
  ),
  scopes: z
    .array(text("a scope", /^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/))
    .prefault(["openid", "email", "profile"])
    .describe("Scopes to ask for. Some providers need `groups` for groups, or `offline_access` for refresh tokens."),
  groupsClaim: text("a claim's name", /^[A-Za-z0-9_.:/-]{1,100}$/)
    .prefault("groups")
    .describe("Claim of the ID token with the user's groups."),
  emailDomains: z
    .array(text("a domain, such as example.com", /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])$/))
    .prefault([])
    .describe("Domains whose e-mail addresses may log in. Default: all that the provider lets in."),
  roles,
  session: withHours("10m", "168h")
    .prefault("8h")
    .describe("How long a session lasts without use. It ends before if the provider refuses to renew it."),
  refresh: withHours("1m", "24h")
    .prefault("5m")
    .describe("How often the provider is asked to renew a session. Someone who was locked out there may go on for that long."),
  sessionVersion: integer(1, 999, "a version").prefault(1).describe("Raise it by 1 to end all sessions at once."),
  authority: text("certificates in PEM", /^(-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+\n-----END CERTIFICATE-----\n*)+$/)
    .optional()
    .describe("Certificates of the CA to trust for the issuer, in addition to public CAs."),
  replicas: integer(1, 10, "a number of instances").prefault(1).describe("Number of instances."),
  direct: flag()
    .prefault("false")
    .describe(
      "Whether the screens also stay published at their own ports, without the login (Docker). Whoever reaches these ports sees everything.",
    ),
});
