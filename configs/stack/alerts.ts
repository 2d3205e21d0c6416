/** The group of settings about alerts: who delivers them, and to whom. */
import * as z from "zod";
import { anyText, integer, kubernetesName, leaf, oneOf, text } from "./units";

const address = /^[^\s@,<>]+@[^\s@,<>]+$/;

const receiver = z.strictObject({
  name: text("lower-case letters, digits and dashes, 40 at most", /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/).describe(
    "Name of the receiver. Its secret has the same name (the key in `receiversSecret`, or `tracing:alertSecrets.<name>`) and contains: for `webhook` and `slack` " +
      "the URL, for `pagerduty` the routing key, for `email` the password of `user`.",
  ),
  kind: oneOf("webhook", "slack", "email", "pagerduty").describe("How the receiver is notified."),
  severity: oneOf("critical", "warning", "all", "watchdog")
    .prefault("all")
    .describe(
      "Which alerts to send: `critical` only critical, `warning` only warnings, `all` both. `watchdog`: only the alert Watchdog, for a dead man's switch " +
        "(`kind: webhook`).",
    ),
  port: integer(1, 65535, "a port")
    .optional()
    .describe(
      "Port in the webhook's URL, which the network policy opens (Kubernetes). It does not change the URL. Only for `kind: webhook`. Default: 443.",
    ),
  channel: text("a channel, such as #alerts", /^[#@]?[a-z0-9][a-z0-9._-]{0,79}$/)
    .optional()
    .describe("Slack channel. Only for `kind: slack`. Default: the channel of the webhook."),
  to: text("an address, such as oncall@example.com", address)
    .optional()
    .describe("Recipient of the mail. Required for `kind: email`, refused for others."),
  from: text("an address, such as tracing@example.com", address)
    .optional()
    .describe("Sender of the mail. Required for `kind: email`, refused for others."),
  smarthost: leaf(
    "a host and a port, such as smtp.example.com:587",
    (input) => {
      const match = typeof input === "string" ? /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?:([1-9]\d{0,4})$/.exec(input) : null;
      return match && Number(match[2]) <= 65_535 ? match[0] : undefined;
    },
    { editor: anyText },
  )
    .optional()
    .describe("Mail server to send through; TLS is required. Required for `kind: email`, refused for others."),
  user: text("a user's name", /^[^\s:]{1,200}$/)
    .optional()
    .describe("User to log in to the mail server as. Only for `kind: email`. Default: no login, and no secret."),
});

/** Somebody who is told of alerts. */
export type Receiver = Readonly<z.output<typeof receiver>>;

export const alerts = z
  .strictObject({
    delivery: oneOf("own", "cluster", "off")
      .optional()
      .describe(
        "Who delivers alerts. `own`: the stack's Alertmanager. `cluster`: the Alertmanager of the operator's Prometheus. `off`: nobody; they are only on " +
          "Prometheus' page. Default: `cluster` with `prometheus.mode: operator`, otherwise `off` in development and `own` elsewhere.",
      ),
    receivers: z
      .array(receiver)
      .prefault([])
      .describe("Receivers of alerts. Refused unless `delivery` is `own`; in development set that too."),
    receiversSecret: kubernetesName("Secret")
      .optional()
      .describe(
        "Secret in the stack's namespace with a key for each receiver (Kubernetes). On Docker, set each secret with " +
          "`pulumi config set --secret --path tracing:alertSecrets.<name>`; see Setup and integration for the passphrase.",
      ),
    runbooks: text("an http or https address without a fragment", /^https?:\/\/[^\s#]+$/)
      .optional()
      .describe(
        "Address of docs/runbooks/alerts.md that your users can reach, such as https://git.example.com/tracing/blob/main/docs/runbooks/alerts.md. " +
          "The annotation `runbook_url` of each alert starts with it. Default: the path in this repository.",
      ),
  })
  .prefault({});
