/** Prometheus' config file. */
import { ownAlertmanager } from "../alertmanager/delivery";
import { compact } from "../compact";
import { behindLogin } from "../login/screens";
import type { StackSettings } from "../stack/schema";
import { authorityFolder, files, paths, ports } from "../topology/ports";
import { listensBy, sendsByTls } from "../topology/tls";
import { serviceOf, type ScrapeJob, type Topology } from "../topology/topology";
import { toYaml } from "../yaml";

/** Text of `prometheus-tracing.yml`. */
export function prometheusConfig(settings: StackSettings, topology: Topology): string {
  return toYaml({
    global: {
      scrape_interval: "15s",
      evaluation_interval: "15s",
      external_labels: { stack: settings.stack, environment: settings.environment },
      metric_name_escaping_scheme: "underscores",
    },
    alerting: ownAlertmanager(settings) ? { alertmanagers: [alertmanager(settings)] } : undefined,
    rule_files: [`${paths.config}/${files.rules}`],
    scrape_configs: topology.scrape.flatMap(scrapeConfigs),
  });
}

/** Where Prometheus sends alerts, on both platforms. */
function alertmanager(settings: StackSettings): object {
  const tls = sendsByTls(settings);
  const { http, httpTls } = ports.alertmanager;
  const target = `alertmanager:${tls ? httpTls : http}`;
  return {
    scheme: tls ? "https" : undefined,
    tls_config: tls ? trusting([target]) : undefined,
    static_configs: [{ targets: [target] }],
  };
}

/** Names that Prometheus gives itself: what a scrape was like, alerts, and recorded series, which have a colon. */
export const reservedNames = "(up|scrape_.*|ALERTS.*|.*:.*)";

/** The new name of an application metric that has a reserved name. */
export const exportedName = "exported_$1";

/** A job. One that is scraped by TLS is two: each tier has a certificate of its own name. Their series have the same job nevertheless. */
function scrapeConfigs(job: ScrapeJob): object[] {
  const { name, tls, secondTier } = job;
  if (!tls || !secondTier) return [scrapeConfig(job)];
  return [scrapeConfig({ ...job, secondTier: undefined }), scrapeConfig({ ...job, names: [], instances: [] }, `${name}-second-tier`)];
}

function scrapeConfig({ name, instances = [], names = [], foreign, tls, secondTier }: ScrapeJob, jobName = name): object {
  const apart = secondTier?.apart;
  const relabel = compact([
    names.length > 1 && { source_labels: ["__meta_dns_name"], regex: "(.+)-pods", target_label: "service" },
    jobName !== name && { target_label: "job", replacement: name },
  ]);
  const metricRelabel = compact([
    foreign && { source_labels: ["__name__"], regex: reservedNames, target_label: "__name__", replacement: exportedName },
    apart && { source_labels: ["tier", "__name__"], regex: `sampler;${apart.series}`, target_label: "job", replacement: apart.job },
  ]);
  const targets = compact([
    instances.length > 0 && { targets: instances },
    secondTier && { targets: secondTier.instances, labels: { tier: "sampler" } },
  ]);
  const [host, port] = [names.map((target) => target.split(":")[0]), Number(names[0]?.split(":")[1])];
  return {
    job_name: jobName,
    scheme: tls ? "https" : undefined,
    tls_config: tls ? trusting([...instances, ...names, ...(secondTier?.instances ?? [])]) : undefined,
    static_configs: targets.length > 0 ? targets : undefined,
    dns_sd_configs: names.length > 0 ? [{ names: host, type: "A", port, refresh_interval: "15s" }] : undefined,
    relabel_configs: relabel.length > 0 ? relabel : undefined,
    metric_relabel_configs: metricRelabel.length > 0 ? metricRelabel : undefined,
  };
}

/**
 * Samples that a query may hold at a time, for each MiB of the memory limit, and queries at a time. Prometheus' defaults, 50 million and 20, are for
 * a machine of its own: one query would take more than the memory limit. A sample takes 16 bytes, and about as much again in the answer.
 */
const samplesPerMebibyte = 8000;
const queries = 6;

/** Longest time of a query. Rules wait for those that are under way. */
const queryTimeout = "1m";

/** Longest time until a request has been read, or the next one comes: a connection is one of 512, which the health check needs too. */
const idleTimeout = "1m";

/** TLS to targets of one service. They are known by their addresses, so the name that the certificate must have is said. */
function trusting([target = ""]: readonly string[]): object {
  const service = serviceOf(target);
  if (!service) throw new Error(`${target} is no service of the stack, so its certificate is not known`);
  return { ca_file: `${authorityFolder(service)}/${files.authority}`, server_name: service };
}

/** Command line of Prometheus, behind the entrypoint. */
export function prometheusArgs(settings: StackSettings, configFile: string, dataFolder: string): string[] {
  return [
    `--config.file=${configFile}`,
    `--storage.tsdb.path=${dataFolder}`,
    `--storage.tsdb.retention.time=${settings.prometheus.retention}d`,
    `--storage.tsdb.retention.size=${settings.prometheus.storage}MB`,
    `--query.max-samples=${settings.prometheus.memory * samplesPerMebibyte}`,
    `--query.max-concurrency=${queries}`,
    `--query.timeout=${queryTimeout}`,
    `--web.read-timeout=${idleTimeout}`,
    "--log.format=json",
    ...behindLogin(settings, "metrics"),
    // With TLS only, others come by the proxy in its pod.
    ...(listensBy(settings, "plain") ? [] : [`--web.listen-address=127.0.0.1:${ports.prometheus.http}`]),
  ];
}
