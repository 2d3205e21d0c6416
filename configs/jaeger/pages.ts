/** What Jaeger's pages are told: where the metrics of spans are, which pages the menu has, and links to other places. */
import { spanMetricsNamespace } from "../collector/connectors";
import type { JaegerSettings } from "../stack/schema";
import { hasServiceGraph } from "./service-graph";
import { files, paths } from "../topology/ports";
import { knowsPrometheus } from "../topology/kubernetes";
import type { MetricsAddress } from "../topology/topology";

/** Name of the metric backend in Jaeger's config. */
export const metricBackend = "prometheus";

/** Whether Jaeger has a Monitor tab. */
export const hasMonitor = (settings: Pick<JaegerSettings, "jaeger" | "prometheus">): boolean =>
  settings.jaeger.monitor && knowsPrometheus(settings);

/**
 * Jaeger's `metric_backends`, where it has any: the metrics that the Collector makes of spans, by the names that they have in Prometheus.
 *
 * Jaeger's queries name no job and sum over everything but service and operation. So each span counts once, as only the instances that sample make these
 * metrics; and no application can add to them, as the Collector renames metrics of theirs that are called so. Jaeger connects when it is asked for
 * something, not when it starts.
 */
export function metricBackends(settings: JaegerSettings, { prometheus }: MetricsAddress): object | undefined {
  if (!hasMonitor(settings) || !prometheus) return undefined;
  return {
    [metricBackend]: {
      prometheus: {
        endpoint: prometheus.url,
        // The page waits as long.
        connect_timeout: "5s",
        metric_namespace: spanMetricsNamespace.replaceAll(".", "_"),
        latency_unit: "s",
        // Prometheus adds unit and type to names.
        normalize_calls: true,
        normalize_duration: true,
        token_file_path: prometheus.token,
        tls: prometheus.authority === undefined ? undefined : { ca_file: prometheus.authority },
      },
    },
  };
}

/** Path of the UI's config. Jaeger reads it again when it changes. */
export const uiConfigFile = `${paths.live}/${files.ui}`;

/** Text of `jaeger-ui.json`. */
export const uiConfig = (settings: JaegerSettings): string =>
  `${JSON.stringify(
    {
      monitor: { menuEnabled: hasMonitor(settings) },
      dependencies: { menuEnabled: hasServiceGraph(settings) },
      linkPatterns: settings.jaeger.links,
    },
    undefined,
    2,
  )}\n`;
