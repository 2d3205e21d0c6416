/** Delivery of a stack's alerts, and problems with it. */
import { compact } from "../compact";
import type { Receiver } from "../stack/alerts";
import { namespace, type Settings } from "../stack/schema";

/** Settings that delivery depends on. */
export type DeliverySettings = Pick<Settings, "alerts" | "environment"> & { readonly prometheus: Pick<Settings["prometheus"], "mode"> };

export type Delivery = NonNullable<Settings["alerts"]["delivery"]>;

/** How alerts are delivered: `alerts.delivery`, or its default. */
export function deliveryOf({ alerts, environment, prometheus }: DeliverySettings): Delivery {
  if (alerts.delivery) return alerts.delivery;
  if (prometheus.mode === "operator") return "cluster";
  return environment === "development" ? "off" : "own";
}

/** Whether the stack runs an Alertmanager. */
export const ownAlertmanager = (settings: DeliverySettings): boolean => deliveryOf(settings) === "own";

/** Whether a receiver has a secret: all but a mail server without a login. */
export const receiverSecretNeeded = ({ kind, user }: Receiver): boolean => kind !== "email" || user !== undefined;

/** Whether any receiver gets more than the watchdog. */
export const tellsSomebody = (receivers: readonly Receiver[]): boolean => receivers.some(({ severity }) => severity !== "watchdog");

/** Name of a receiver's secret, and of the file that it is in. */
export const receiverSecret = ({ name }: Receiver): string => `alert-receiver-${name}`;

/** Config key of the receivers' secrets on Docker, without its namespace. It is no setting: its values are in no text and no message. */
export const alertSecretsKey = "alertSecrets";

/** Secrets that are missing, or nobody's: one sentence each. `given`: the names that secrets were given for. */
export function deliverySecretProblems(settings: DeliverySettings & Pick<Settings, "platform">, given: readonly string[]): string[] {
  const at = (name: string) => `${namespace}:${alertSecretsKey}.${name}`;
  const needed = ownAlertmanager(settings) ? settings.alerts.receivers.filter(receiverSecretNeeded).map(({ name }) => name) : [];
  if (settings.platform === "kubernetes")
    return given.map(
      (name) => `${at(name)}: found a secret; allowed: nothing on kubernetes, where tracing:alerts.receiversSecret has them`,
    );
  return [
    ...needed
      .filter((name) => !given.includes(name))
      .map((name) => `${at(name)}: missing; allowed: the receiver's secret: pulumi config set --secret --path ${at(name)}`),
    ...given
      .filter((name) => !needed.includes(name))
      .map((name) => `${at(name)}: found a secret; allowed: one for a receiver that has a secret`),
  ];
}

/**
 * Warnings of a preview. They are errors if stack config sets `alerts.delivery: own`. By default they only warn: an error would also stop
 * stacks that already run.
 */
export function deliveryWarnings(settings: DeliverySettings): string[] {
  const { receivers, runbooks } = settings.alerts;
  if (!ownAlertmanager(settings) || settings.environment === "development") return [];
  if (!tellsSomebody(receivers))
    return [
      "tracing:alerts.receivers: there are none, so nobody receives alerts. Add a receiver, or set tracing:alerts.delivery to off if that is intended",
    ];
  const critical = receivers.some(({ severity }) => severity === "critical" || severity === "all");
  return compact([
    !critical && "tracing:alerts.receivers: none gets critical alerts",
    runbooks === undefined && "tracing:alerts.runbooks: not set, so messages name runbooks by their path in the repository",
  ]);
}

/** How alerts are delivered, as a phrase for the outputs of the stack. */
export function deliveryText(settings: DeliverySettings): string {
  const names = settings.alerts.receivers.map(({ name, severity }) => `${name} (${severity})`);
  return {
    own: names.length > 0 ? `by the stack's Alertmanager to ${names.join(", ")}` : "by the stack's Alertmanager to nobody",
    cluster: "by the Alertmanager of the cluster's Prometheus",
    off: "nowhere: they are only on Prometheus' page",
  }[deliveryOf(settings)];
}
