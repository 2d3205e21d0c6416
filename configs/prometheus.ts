/** Prometheus' config file. */
import type { Settings } from "./settings";
import { files, paths, type Topology } from "./topology";
import { toYaml } from "./yaml";

/** Text of `prometheus-tracing.yml`. */
export function prometheusConfig(settings: Settings, topology: Topology): string {
  const { scrape } = topology;
  const job = (name: string, target: string, more: object = {}) => ({ job_name: name, static_configs: [{ targets: [target] }], ...more });
  return toYaml({
    global: {
      scrape_interval: "15s",
      evaluation_interval: "15s",
      external_labels: { stack: settings.stack, environment: settings.environment },
      metric_name_escaping_scheme: "underscores",
    },
    rule_files: [`${paths.config}/${files.rules}`],
    scrape_configs: [
      job("otel-collector", scrape.collectorTelemetry),
      // What applications measure keeps its own labels; the exporter names the job they came from.
      job("otel-collector-exporter", scrape.collectorExporter, { honor_labels: true }),
      job("jaeger", scrape.jaeger),
      job("prometheus", scrape.prometheus),
    ],
  });
}

/** Command line of Prometheus, behind the entrypoint. */
export function prometheusArgs(settings: Settings, configFile: string, dataFolder: string): string[] {
  return [
    `--config.file=${configFile}`,
    `--storage.tsdb.path=${dataFolder}`,
    `--storage.tsdb.retention.time=${settings.prometheus.retention}d`,
    `--storage.tsdb.retention.size=${settings.prometheus.storage}MB`,
    "--log.format=json",
  ];
}
