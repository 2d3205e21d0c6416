/** The group of settings about alerts: who delivers them, and to whom. */
import * as z from "zod";
import { anyText, integer, kubernetesName, leaf, oneOf, text } from "./units";

const address = /^[^\s@,<>]+@[^\s@,<>]+$/;

const receiver = z.strictObject({
  name: text("lower-case letters, digits and dashes, 40 at most", /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/).describe(
    "Name of the receiver and of its secret: a webhook's address, Slack's webhook address, PagerDuty's routing key, or the password of `user`.",
  ),
  kind: oneOf("webhook", "slack", "email", "pagerduty").describe("How the receiver is notified."),
  severity: oneOf("critical", "warning", "all", "watchdog")
    .prefault("all")
    .describe("Severity of the alerts to send. `watchdog`: only the alert that always fires, for a dead man's switch; webhooks only."),
  port: integer(1, 65535, "a port")
    .optional()
    .describe("Port of a webhook's address. The network policy allows it (Kubernetes). Default: 443."),
  channel: text("a channel, such as #alerts", /^[#@]?[a-z0-9][a-z0-9._-]{0,79}$/)
    .optional()
    .describe("Slack channel. Default: the channel of the webhook."),
  to: text("an address, such as oncall@example.com", address).optional().describe("Recipient of the mail."),
  from: text("an address, such as tracing@example.com", address).optional().describe("Sender of the mail."),
  smarthost: leaf(
    "a host and a port, such as smtp.example.com:587",
    (input) => {
      const match = typeof input === "string" ? /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?:([1-9]\d{0,4})$/.exec(input) : null;
      return match && Number(match[2]) <= 65_535 ? match[0] : undefined;
    },
    { editor: anyText },
  )
    .optional()
    .describe("Mail server to send through. TLS is required."),
  user: text("a user's name", /^[^\s:]{1,200}$/)
    .optional()
    .describe("User to log in to the mail server as. Default: no login, and no secret."),
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
    receivers: z.array(receiver).prefault([]).describe("Receivers of alerts."),
    receiversSecret: kubernetesName("Secret")
      .optional()
      .describe(
        "Secret in the stack's namespace with a key for each receiver (Kubernetes). On Docker, set them in stack config: " +
          "`pulumi config set --secret --path tracing:alertSecrets.<name>`.",
      ),
    runbooks: text("an http or https address without a fragment", /^https?:\/\/[^\s#]+$/)
      .optional()
      .describe(
        "Address of docs/runbooks/alerts.md that your users can reach, such as https://git.example.com/tracing/blob/main/docs/runbooks/alerts.md. " +
          "The annotation `runbook_url` of each alert starts with it. Default: the path in this repository.",
      ),
  })
  .prefault({});
