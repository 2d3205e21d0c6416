/** Alertmanager: delivers the alerts of the stack's own Prometheus. */
import * as pulumi from "@pulumi/pulumi";
import { alertmanagerArgs, alertmanagerConfig } from "../../configs/alertmanager/config";
import { deliverySecretProblems, ownAlertmanager, receiverSecret, receiverSecretNeeded } from "../../configs/alertmanager/delivery";
import { compact } from "../../configs/compact";
import { goMemoryLimit } from "../../configs/go-programs";
import { isShown } from "../../configs/login/screens";
import type { Receiver } from "../../configs/stack/alerts";
import { SettingsError } from "../../configs/stack/parse";
import type { StackSettings } from "../../configs/stack/schema";
import { files, paths, ports } from "../../configs/topology/ports";
import { screenPort } from "../login/screen-port";
import { defineWorkload, type SecretFile, type Workload } from "../platform/workload";
import { apiPorts, apiProbe, tlsProxy } from "./tls-proxy";

/** Secrets of the receivers in `alerts.receivers`, by their names. Docker only: on Kubernetes, `alerts.receiversSecret` holds them. */
export type AlertSecrets = Readonly<Record<string, pulumi.Input<string>>>;

/** Memory limit, MiB. It holds the alerts that fire, and silences. */
const memory = 64;

/** Volume for silences and for what was sent when, MiB. */
const storage = 64;

/**
 * The workload that delivers alerts, where the stack has one. There is one instance: while it moves to another node alerts wait, and a dead man's
 * switch tells.
 *
 * @param secrets Of receivers, by name. Validation, tests and references need none.
 */
export function alertmanagerWorkloads(settings: StackSettings, secrets: AlertSecrets = {}): Workload[] {
  if (!ownAlertmanager(settings)) return [];
  const { http } = ports.alertmanager;
  const api = apiPorts(settings);
  const config = `${paths.config}/${files.alertmanager}`;
  return [
    defineWorkload({
      name: "alertmanager",
      kind: "stateful",
      image: "alertmanager",
      args: alertmanagerArgs(settings),
      env: goMemoryLimit(memory),
      files: [{ path: config, content: alertmanagerConfig(settings), onChange: "restart" }],
      secrets: receiverSecrets(settings, secrets),
      data: [{ path: paths.alertmanagerData, size: storage }],
      ports: [screenPort(settings, { name: "http", port: http, publish: "alertmanager" })],
      peers: compact([{ from: "prometheus", ports: api }, isShown(settings, "alerts") && { from: "login", ports: api }]),
      outside: outsidePorts(settings.alerts.receivers).map((port) => ({ port })),
      front: tlsProxy(settings, "alertmanager"),
      probe: apiProbe(settings, "alertmanager", 30),
      resources: { memory, cpu: 100, openFiles: 1024 },
      stopGrace: 10,
    }),
  ];
}

/** The receivers' secrets as files. */
function receiverSecrets({ alerts }: StackSettings, secrets: AlertSecrets): SecretFile[] {
  return alerts.receivers.filter(receiverSecretNeeded).map((receiver) => {
    const secret = receiverSecret(receiver);
    const { receiversSecret } = alerts;
    const content =
      receiversSecret === undefined ? pulumi.secret(secrets[receiver.name] ?? "") : { existing: receiversSecret, key: receiver.name };
    return { path: `${paths.secrets}/${secret}`, secret, content };
  });
}

/** Ports that receivers listen on. */
function outsidePorts(receivers: readonly Receiver[]): number[] {
  const portsOf = ({ port, smarthost }: Receiver): number => port ?? (smarthost === undefined ? 443 : Number(smarthost.split(":")[1]));
  return [...new Set(receivers.map(portsOf))].sort((one, other) => one - other);
}

/** @throws SettingsError if secrets are missing, or nobody's. */
export function requireAlertSecrets(settings: StackSettings, secrets: AlertSecrets): void {
  const problems = deliverySecretProblems(settings, Object.keys(secrets));
  if (problems.length > 0) throw new SettingsError(settings.stack, problems);
}
