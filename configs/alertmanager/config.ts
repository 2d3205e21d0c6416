/** Alertmanager's config file: who gets which alerts, when, and which are muted. docs/decisions/0030-alert-delivery.md has the reasons. */
import { memories, memoryOf, recentOutageName } from "../prometheus/alerts/recent-outage";
import { watchdogName } from "../prometheus/alerts/watchdog";
import type { Alert, Cause } from "../prometheus/alerts/alert";
import { stackAlerts } from "../prometheus/rules";
import type { Receiver } from "../stack/alerts";
import { behindLogin, isShown } from "../login/screens";
import type { StackSettings } from "../stack/schema";
import { endpointByMode } from "../topology";
import { files, paths, ports } from "../topology/ports";
import { listensBy } from "../topology/tls";
import { toYaml } from "../yaml";
import { receiverSecret, receiverSecretNeeded } from "./delivery";

/** Receiver of alerts that notify nobody. No receiver in stack config can have this name: none starts with an underscore. */
const nobody = "_nobody";

/** Labels that group alerts into one message. */
const together = ["alertname", "stack"];

/** When messages are sent. */
const timing = {
  // A consequence of an outage can fire up to a minute before the alert on the outage itself: see `Alert.follows`.
  wait: "1m",
  // Changes in a group that was notified already.
  interval: "5m",
  // Critical: half a shift. Warning: once a day.
  repeat: { critical: "4h", warning: "24h" },
  // A dead man's switch expects a message every few minutes. Alertmanager checks repeats every `interval`, so `interval` must be shorter.
  watchdog: { wait: "0s", interval: "1m", repeat: "5m" },
} as const;

/** Text of `alertmanager.yml`. */
export function alertmanagerConfig(settings: StackSettings): string {
  const { receivers } = settings.alerts;
  return toYaml({
    route: {
      receiver: nobody,
      group_by: together,
      group_wait: timing.wait,
      group_interval: timing.interval,
      repeat_interval: timing.repeat.warning,
      routes: [watchdogRoute(receivers), ...receivers.flatMap(routesOf)],
    },
    inhibit_rules: inhibitions(stackAlerts(settings)),
    receivers: [{ name: nobody }, ...receivers.map(receiverConfig)],
  });
}

const is = (label: string, value: string) => `${label}="${value}"`;

/** Routes of the alerts that a receiver gets. Other receivers get them too. */
const routesOf = ({ name, severity }: Receiver): object[] =>
  (["critical", "warning"] as const)
    .filter((wanted) => severity === wanted || severity === "all")
    .map((wanted) => ({
      receiver: name,
      matchers: [is("severity", wanted)],
      repeat_interval: timing.repeat[wanted],
      continue: true,
    }));

/** The watchdog goes to dead man's switches only. */
function watchdogRoute(receivers: readonly Receiver[]): object {
  const switches = receivers.filter(({ severity }) => severity === "watchdog");
  return {
    receiver: nobody,
    matchers: [is("alertname", watchdogName)],
    group_wait: timing.watchdog.wait,
    group_interval: timing.watchdog.interval,
    repeat_interval: timing.watchdog.repeat,
    routes: switches.map(({ name }) => ({ receiver: name, continue: true })),
  };
}

/** Rules that mute what another alert explains: the same alert as a warning, and what follows from an outage. */
function inhibitions(alerts: readonly Alert[]): object[] {
  const causes = new Map<string, { readonly cause: Cause; readonly followers: Alert[] }>();
  for (const alert of alerts) {
    for (const cause of alert.follows ?? []) {
      const key = JSON.stringify([cause.name, cause.service]);
      const known = causes.get(key) ?? { cause, followers: [] };
      causes.set(key, { cause, followers: [...known.followers, alert] });
    }
  }
  return [
    // Only about the same service, node of Elasticsearch, objective and certificate.
    {
      source_matchers: [is("severity", "critical")],
      target_matchers: [is("severity", "warning")],
      equal: [...together, "service", "name", "objective", "of", "certificate"],
    },
    ...[...causes.values()].flatMap(({ cause, followers }) => [...mutedNow(cause, followers), ...mutedAfterwards(cause, followers)]),
  ];
}

const named = (alerts: readonly Alert[]) => `alertname=~"${[...new Set(alerts.map(({ name }) => name))].sort().join("|")}"`;
const ofService = ({ service }: Cause) => (service === undefined ? [] : [is("service", service)]);

/** Alerts that an outage mutes while it lasts. The warning of the same name is muted by another rule. */
function mutedNow(cause: Cause, followers: readonly Alert[]): object[] {
  const others = followers.filter(({ name }) => name !== cause.name);
  if (others.length === 0) return [];
  return [
    {
      source_matchers: [is("alertname", cause.name), is("severity", "critical"), ...ofService(cause)],
      target_matchers: [named(others)],
      equal: ["stack"],
    },
  ];
}

/** Alerts that it mutes after its end, each for its own time. The severities of one alert can differ in that time. */
const mutedAfterwards = (cause: Cause, followers: readonly Alert[]): object[] =>
  memories.flatMap((within) =>
    (["critical", "warning"] as const).flatMap((severity) => {
      const muted = followers.filter((alert) => alert.severity === severity && memoryOf(alert) === within);
      if (muted.length === 0) return [];
      return [
        {
          source_matchers: [is("alertname", recentOutageName), is("outage", cause.name), is("within", within), ...ofService(cause)],
          target_matchers: [named(muted), is("severity", severity)],
          equal: ["stack"],
        },
      ];
    }),
  );

/** Text of a message: for each alert its meaning, the measured value, and the runbook. */
const lines = [
  "{{ range .Alerts }}{{ .Annotations.summary }} ({{ .Status }}, {{ .Labels.severity }})",
  "{{ .Annotations.description }}",
  "{{ .Annotations.runbook_url }}",
  "{{ end }}",
].join("\n");

const title = '{{ .GroupLabels.stack }}: {{ .GroupLabels.alertname }}{{ if eq .Status "resolved" }} is over{{ end }}';

/** A receiver, with the files of its secret in place of the secret. Alertmanager reads them for each message. */
function receiverConfig(receiver: Receiver): object {
  const secret = `${paths.secrets}/${receiverSecret(receiver)}`;
  switch (receiver.kind) {
    case "webhook":
      // To a dead man's switch any message is a sign of life, also the one that the watchdog has ended.
      return { name: receiver.name, webhook_configs: [{ url_file: secret, send_resolved: receiver.severity !== "watchdog" }] };
    case "slack":
      return {
        name: receiver.name,
        slack_configs: [{ api_url_file: secret, channel: receiver.channel, title, text: lines, send_resolved: true }],
      };
    case "email":
      return {
        name: receiver.name,
        email_configs: [
          {
            to: receiver.to,
            from: receiver.from,
            smarthost: receiver.smarthost,
            auth_username: receiver.user,
            auth_password_file: receiverSecretNeeded(receiver) ? secret : undefined,
            require_tls: true,
            headers: { Subject: title },
            html: "",
            text: lines,
            send_resolved: true,
          },
        ],
      };
    case "pagerduty":
      return {
        name: receiver.name,
        pagerduty_configs: [
          {
            routing_key_file: secret,
            description: title,
            severity: "{{ .CommonLabels.severity }}",
            details: { alerts: lines },
            send_resolved: true,
          },
        ],
      };
  }
}

/** Command line of Alertmanager, behind the entrypoint. */
export function alertmanagerArgs(settings: StackSettings): string[] {
  const { http, httpTls } = ports.alertmanager;
  return [
    `--config.file=${paths.config}/${files.alertmanager}`,
    `--storage.path=${paths.alertmanagerData}`,
    // Links in messages lead here.
    ...(isShown(settings, "alerts")
      ? behindLogin(settings, "alerts")
      : [`--web.external-url=${endpointByMode(settings, "alertmanager", http, httpTls, "alertmanager")}`]),
    // With TLS only, others come by the proxy in its pod.
    `--web.listen-address=${listensBy(settings, "plain") ? "" : "127.0.0.1"}:${http}`,
    // It has no others to talk to.
    "--cluster.listen-address=",
    "--log.format=json",
  ];
}
