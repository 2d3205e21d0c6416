/** The group of settings about who may send spans, and how much. */
import * as z from "zod";
import { issuer } from "./issuer";
import { flag, integer, kubernetesName, leaf, mebibytes, oneOf, text } from "./units";

/** A date in YAML without quotes, which the Pulumi CLI hands on as a time. */
const unquoted = " 00:00:00 +0000 UTC";

/** A day, as text that is a real date. */
const day = leaf(
  "a date, such as 2027-01-31",
  (input) => {
    const text = typeof input === "string" ? input.replace(unquoted, "") : "";
    const found = /^\d{4}-\d\d-\d\d$/.test(text) ? new Date(`${text}T00:00:00Z`) : undefined;
    return found && !Number.isNaN(found.getTime()) && found.toISOString().startsWith(text) ? text : undefined;
  },
  { editor: { type: "string", pattern: "^\\d{4}-\\d\\d-\\d\\d$" } },
);

const sender = z.strictObject({
  name: text("lower-case letters, digits and dashes, 40 at most", /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/).describe(
    "Name of the sender: the value of the label `sender` in metrics. Its tokens have the same name (the key in `tokensSecret`, or `tracing:ingestTokens.<name>`).",
  ),
  limits: z
    .strictObject({
      requestsPerSecond: integer(1, 100_000, "a number of requests")
        .prefault(200)
        .describe("Requests per second that each instance accepts from the sender, averaged over ten seconds."),
      bytesPerSecond: mebibytes("1Mi", "256Mi")
        .prefault("20Mi")
        .describe("Bytes per second, as they are on the wire, that each instance accepts from the sender, averaged over ten seconds."),
    })
    .prefault({})
    .describe("Limits of the sender. In mode `require`, requests above them are refused with an answer that makes clients retry."),
  certificates: z
    .array(
      text("a common name: letters, digits, dots, dashes and underscores, 64 at most", /^[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/),
    )
    .prefault([])
    .describe(
      "Common names of client certificates that are the sender's, in place of a token or beside one. To revoke a certificate, take its name out. Needs `ingest.tls.clientAuthoritySecret`.",
    ),
  zstandard: flag()
    .prefault(false)
    .describe(
      "Whether mode `require` accepts the sender's requests that are compressed with Zstandard. One of them can make the Collector allocate 128 MiB by " +
        "HTTP, and 512 MiB by gRPC: allow it only where you trust the sender and the Collector has that memory. SDKs use gzip or nothing.",
    ),
  expires: day.optional().describe("Day, UTC, from which mode `require` refuses the sender. Default: it does not expire."),
});

/** Somebody who may send spans. */
export type Sender = Readonly<z.output<typeof sender>>;

const tls = z
  .strictObject({
    mode: oneOf("off", "both", "on")
      .prefault("off")
      .describe(
        "TLS from applications to the proxy, at the same ports (Kubernetes). `both`: beside plain text. `on`: nothing else. Needs `ingest.mode` report or require.",
      ),
    certificates: oneOf("cert-manager", "external")
      .prefault("cert-manager")
      .describe(
        "Where the proxy's certificate comes from. `external`: from the existing Secret `otel-collector-ingest-tls` with tls.crt, tls.key and, unless clients trust its authority anyway, ca.crt. It must name `otel-collector.<namespace>.svc`.",
      ),
    issuer: issuer.optional().describe("The cert-manager issuer. Default: a CA created for the stack."),
    names: z
      .array(
        text(
          "a DNS name of lower-case letters, digits and dashes, `*` as its first label at most",
          /^(\*\.)?([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)*[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
        ),
      )
      .prefault([])
      .describe(
        "Further DNS names of the certificate, such as that of a load balancer. Those of the Service `otel-collector` are always in it.",
      ),
    clientAuthoritySecret: kubernetesName("Secret")
      .optional()
      .describe(
        "Secret in the stack's namespace whose ca.crt signs client certificates. With it, a sender may show one of its `certificates` in place of a token. Default: clients are not asked for certificates.",
      ),
  })
  .prefault({});

export const ingest = z
  .strictObject({
    mode: oneOf("off", "report", "require")
      .optional()
      .describe(
        "Whether senders need a credential. `off`: no proxy. `report`: a proxy counts requests by sender and refuses nobody. `require`: it refuses " +
          "requests without a valid token, and those above the sender's limits. Default: `off` in development and `report` elsewhere. Set `require` for a new stack; `report` lets those who send already go on.",
      ),
    senders: z.array(sender).prefault([]).describe("Who may send. `require` needs at least one."),
    connectionsPerAddress: integer(10, 5000, "a number of connections")
      .prefault(512)
      .describe(
        "Connections that each instance accepts from one address at a time in mode `require`. More are closed at once. Raise it if many senders " +
          "share an address, for example behind a NAT; the proxy's memory grows by 256 KiB for each above 512, with `ingest.tls` by 512 KiB.",
      ),
    tokensSecret: kubernetesName("Secret")
      .optional()
      .describe(
        "Secret in the stack's namespace with a key for each sender (Kubernetes), whose value is the sender's tokens, one per line. On Docker, set them with " +
          "`pulumi config set --secret --path 'tracing:ingestTokens.<name>[0]'`; see Setup and integration for the backend and the passphrase. A sender with `certificates` needs no key in it.",
      ),
    tls: tls.describe("TLS from applications to the proxy: docs/decisions/0042-tls-from-applications.md."),
  })
  .prefault({});
