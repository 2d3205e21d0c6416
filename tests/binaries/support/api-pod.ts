/** The real Prometheus and Alertmanager as pods of a stack on Kubernetes: with TLS, HAProxy is beside each, as in its pod. */
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { alertmanagerArgs, alertmanagerConfig } from "../../../configs/alertmanager/config";
import { haproxyScript } from "../../../configs/haproxy/script";
import { prometheusArgs, prometheusConfig } from "../../../configs/prometheus/config";
import type { Settings } from "../../../configs/stack/schema";
import { healthPath, tlsProxyConfig } from "../../../configs/tls-proxy/haproxy";
import { kubernetesTopology } from "../../../configs/topology/kubernetes";
import { authorityFolder, files, ports } from "../../../configs/topology/ports";
import { listensBy } from "../../../configs/topology/tls";
import { eventually } from "../../support/waiting";
import { ask } from "./ask";
import { loopback, podAddress, type Ports } from "./jaeger-pod";
import { path } from "./proxy";
import { freePorts, program, run } from "./programs";

/** A running pod. */
export interface ApiPod {
  readonly at: Ports;
  /** What the proxy has printed. */
  readonly printed: () => string;
}

interface Pod {
  readonly settings: Settings;
  /** Folder for what belongs to this pod. */
  readonly folder: string;
  /** Folder of its certificate. */
  readonly certificates: string;
}

/** Where Prometheus finds what it scrapes and notifies, on this host. */
export interface PrometheusWorld {
  /** `host:port` of a page of metrics. */
  readonly scraped: string;
  /** `host:port` in place of Alertmanager's, and the folder of its authority. Default: nobody is notified. */
  readonly alertmanager?: { readonly target: string; readonly authority: string };
  /** The name of an alert that fires. Default: none does. */
  readonly alert?: string;
}

interface PrometheusFile {
  global: { scrape_interval: string; evaluation_interval: string };
  alerting?: { alertmanagers: { static_configs: object[] }[] };
  rule_files: string[];
  scrape_configs: object[];
}

/** Runs Prometheus as a pod. */
export async function withPrometheusPod(pod: Pod, world: PrometheusWorld, meanwhile: (pod: ApiPod) => Promise<void>): Promise<void> {
  const { settings, folder } = pod;
  mkdirSync(folder, { recursive: true });
  const file = parse(prometheusConfig(settings, kubernetesTopology(settings))) as PrometheusFile;
  file.global.scrape_interval = file.global.evaluation_interval = "1s";
  file.scrape_configs = [{ job_name: "spans", static_configs: [{ targets: [world.scraped] }] }];
  const rules = join(folder, "rules.yml");
  const firing = world.alert === undefined ? [] : [{ name: "one", rules: [{ alert: world.alert, expr: "vector(1)" }] }];
  writeFileSync(rules, stringify({ groups: firing }));
  file.rule_files = [rules];
  const { alertmanager } = world;
  if (alertmanager) file.alerting!.alertmanagers[0]!.static_configs = [{ targets: [alertmanager.target] }];
  else file.alerting = undefined;
  const config = join(folder, "prometheus.yml");
  writeFileSync(config, stringify(file).replaceAll(authorityFolder("alertmanager"), alertmanager?.authority ?? ""));
  // It may not know Alertmanager yet when the alert begins.
  const args = [...prometheusArgs(settings, config, join(folder, "data")), "--rules.alert.resend-delay=1s"];
  await withPod("prometheus", pod, args, /Server is ready to receive web requests/, meanwhile);
}

/** Runs Alertmanager as a pod. */
export async function withAlertmanagerPod(pod: Pod, meanwhile: (pod: ApiPod) => Promise<void>): Promise<void> {
  const { settings, folder } = pod;
  mkdirSync(folder, { recursive: true });
  const config = join(folder, "alertmanager.yml");
  writeFileSync(config, alertmanagerConfig(settings));
  const moved = (arg: string) =>
    arg.replace(/^--config\.file=.*/, `--config.file=${config}`).replace(/^--storage\.path=.*/, `--storage.path=${join(folder, "data")}`);
  await withPod("alertmanager", pod, alertmanagerArgs(settings).map(moved), /Listening on/, meanwhile);
}

const listenAddress = "--web.listen-address=";

async function withPod(
  service: "prometheus" | "alertmanager",
  pod: Pod,
  args: readonly string[],
  ready: RegExp,
  meanwhile: (pod: ApiPod) => Promise<void>,
): Promise<void> {
  const [plain, tls] = (await freePorts(2)) as [number, number];
  const { http, httpTls } = ports[service];
  const secure = listensBy(pod.settings, "tls");
  const at: Ports = (port) => (port === http ? plain : port === httpTls && secure ? tls : undefined);
  // All addresses of a pod are two here.
  const own = args.find((arg) => arg.startsWith(listenAddress))?.replace(listenAddress, "") ?? "";
  const hosts = own.startsWith(loopback) ? [loopback] : [loopback, podAddress];
  const moved = [...args.filter((arg) => !arg.startsWith(listenAddress)), ...hosts.map((host) => `${listenAddress}${host}:${plain}`)];
  const started = { yet: false };
  const { output } = await run(program(service), moved, {
    until: ready,
    seconds: 100,
    meanwhile: async () => {
      started.yet = true;
      if (!secure) return meanwhile({ at, printed: () => "" });
      await withProxy(service, pod, { plain, tls }, (printed) => meanwhile({ at, printed }));
    },
  });
  if (!started.yet) throw new Error(`${service} did not start:\n${output}`);
}

/** Runs the proxy of a pod, and ends it as a kubelet does. */
async function withProxy(
  service: string,
  { folder, certificates }: Pod,
  { plain, tls }: { readonly plain: number; readonly tls: number },
  meanwhile: (printed: () => string) => Promise<void>,
): Promise<void> {
  const at = (file: string) => join(certificates, file);
  const config = join(folder, files.tlsProxyConfig);
  const place = { certificate: at(files.certificate), service, listen: `${podAddress}:${tls}`, upstream: `${loopback}:${plain}` };
  writeFileSync(config, tlsProxyConfig(place));
  const script = join(folder, files.tlsProxy);
  const watched = [files.certificate, files.certificateKey].map(at);
  writeFileSync(script, haproxyScript({ config, watched, what: "certificates" }));
  const child = spawn("sh", [script], { env: { PATH: path }, stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  const ended = new Promise((resolve) => child.once("exit", resolve));
  try {
    const asked = { scheme: "https:", host: podAddress, port: tls, path: healthPath };
    await eventually("HAProxy is ready", 10, async () => {
      if (child.exitCode !== null) throw new Error(printed);
      // It answers with a certificate that this client does not know.
      return /CERT|SELF_SIGNED|VERIFY/.test(await ask(asked)) || undefined;
    });
    await meanwhile(() => printed);
  } finally {
    child.kill("SIGTERM");
    await ended;
  }
}
