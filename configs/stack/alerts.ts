/** The group of settings about alerts: who delivers them, and to whom. */
import * as z from "zod";
import { anyText, integer, kubernetesName, leaf, oneOf, text } from "./units";

const address = /^[^\s@,<>]+@[^\s@,<>]+$/;

const receiver = z.strictObject({
  name: text("lower-case letters, digits and dashes, 40 at most", /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/).describe(
    "Its name. Its secret has the same name: a webhook's address, Slack's webhook address, PagerDuty's routing key, or the password of `user`.",
  ),
  kind: oneOf("webhook", "slack", "email", "pagerduty").describe("How it is told."),
  severity: oneOf("critical", "warning", "all", "watchdog")
    .prefault("all")
    .describe(
      "Severity of the alerts that it gets. `watchdog`: none but the one that always fires, for a dead man's switch; webhooks only.",
    ),
  port: integer(1, 65535, "a port")
    .optional()
    .describe("Port of a webhook's address, which the network policy opens (Kubernetes). Default: 443."),
  channel: text("a channel, such as #alerts", /^[#@]?[a-z0-9][a-z0-9._-]{0,79}$/)
    .optional()
    .describe("Slack channel. Default: that of the webhook."),
  to: text("an address, such as oncall@example.com", address).optional().describe("Recipient of mail."),
  from: text("an address, such as tracing@example.com", address).optional().describe("Sender of mail."),
  smarthost: leaf(
    "a host and a port, such as smtp.example.com:587",
    (input) => {
      const match = typeof input === "string" ? /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?:([1-9]\d{0,4})$/.exec(input) : null;
      return match && Number(match[2]) <= 65_535 ? match[0] : undefined;
    },
    { editor: anyText },
  )
    .optional()
    .describe("Server that takes the mail. TLS is required."),
  user: text("a user's name", /^[^\s:]{1,200}$/)
    .optional()
    .describe("User to log in to that server as. Left out: no login, and no secret."),
});

/** Somebody who is told of alerts. */
export type Receiver = Readonly<z.output<typeof receiver>>;

export const alerts = z
  .strictObject({
    delivery: oneOf("own", "cluster", "off")
      .optional()
      .describe(
        "Who delivers alerts. `own`: an Alertmanager of the stack. `cluster`: the Alertmanager of the operator's Prometheus. `off`: nobody; they stand on " +
          "Prometheus' page. Default: `cluster` with `prometheus.mode: operator`, else `off` in development and `own` elsewhere.",
      ),
    receivers: z.array(receiver).prefault([]).describe("Who is told."),
    receiversSecret: kubernetesName("Secret")
      .optional()
      .describe(
        "Secret in the stack's namespace with the receivers' secrets, by their names (Kubernetes). On Docker they are stack config: " +
          "`pulumi config set --secret --path tracing:alertSecrets.<name>`.",
      ),
    runbooks: text("an http or https address without a fragment", /^https?:\/\/[^\s#]+$/)
      .optional()
      .describe(
        "Address of docs/runbooks/alerts.md as your people reach it, such as https://git.example.com/tracing/blob/main/docs/runbooks/alerts.md. " +
          "The annotation `runbook_url` of each alert begins with it. Default: the path in this repository.",
      ),
  })
  .prefault({});
