/** The Collector's config file. */
import { compact } from "../compact";
import { metricProcessors } from "./application-metrics";
import { batchBytes, hopMebibytes, queueBytes, queueFileBytes, requestBytes } from "./bytes";
import { serviceGraph, spanMetrics } from "./connectors";
import { goMemoryLimit, prometheusReader, withoutRequestMetrics } from "../go-programs";
import { hygieneProcessors } from "./hygiene";
import { redactionProcessors } from "./redaction";
import { hasIngest } from "../ingest/senders";
import { canaryService } from "../sampling";
import type { CollectorSettings } from "../stack/schema";
import { samplingProcessors } from "./tail-sampling";
import { clientTls, readTls, tierReceiverNames, tierReceivers } from "../tier-tls";
import { listensBy } from "../topology/tls";
import { paths, ports } from "../topology/ports";
import type { Addresses, NextHops, ServiceName } from "../topology/topology";
import { toYaml } from "../yaml";

/** The label that says how a request was answered, by instrument. */
const answerLabels = {
  "http.server.request.duration": "http.response.status_code",
  "rpc.server.call.duration": "rpc.response.status_code",
} as const;

/** Shares of the memory limit at which the memory limiter starts to refuse, and at which it also forces garbage collection. */
const memoryShare = { softLimit: 0.6, hardLimit: 0.75 };

/**
 * What an instance does. `single` receives, samples and hands on to Jaeger. In two tiers, a `gateway` receives and hands each trace to the
 * `sampler` that its id picks, so that the spans of a trace meet.
 */
export type CollectorRole = "single" | "gateway" | "sampler";

/** How long a client's connection to a gateway lasts: a new one may go to another gateway, also to one that was added since. */
const connectionAge = { max_connection_age: "60s", max_connection_age_grace: "30s" };

/**
 * How a gateway notices that a sampler is gone without a word, as with its node: what it sends is not confirmed for `timeout`, or, where it only
 * waits, a ping is not answered. gRPC asks no more often than every ten seconds, and a server that is not told to bear that ends the connection.
 */
const aliveness = { client: { time: "10s", timeout: "3s" }, server: { min_time: "5s" } };

/** How long a kept trace waits for others in the queue's batches, milliseconds. */
export const queueFlush = 25;

/** How long OpenTelemetry's SDKs wait for an answer, by default. */
const clientPatience = "10s";

/** The memory limit of an instance, MiB. */
export const collectorMemory = (settings: CollectorSettings, role: CollectorRole): number =>
  role === "sampler" ? settings.sampler.memory : settings.collector.memory;

/** The environment of the Collector's process. The `TRACING_` ones only tell a person who looks at it what it was made for. */
export function collectorEnv(settings: CollectorSettings, role: CollectorRole = "single"): Record<string, string> {
  return {
    ...goMemoryLimit(collectorMemory(settings, role)),
    TRACING_ENVIRONMENT: settings.environment,
    // Not where nothing is sampled: an edit of the rates leaves gateways alone.
    ...(role === "gateway"
      ? {}
      : { TRACING_SAMPLE_PERCENTAGE: String(settings.sampling.decide === "app" ? 100 : settings.sampling.default) }),
  };
}

/** Text of `otel-config.yml`. */
export function collectorConfig(settings: CollectorSettings, topology: Addresses & NextHops, role: CollectorRole = "single"): string {
  const { listen } = topology;
  const [receives, samples] = [role !== "sampler", role !== "gateway"];
  const door = receives ? { ...hygieneProcessors(settings), ...redactionProcessors(settings) } : {};
  const sampling = samples ? samplingProcessors(settings) : {};
  const debug = settings.collector.debug === "off" ? [] : ["debug"];
  const measures = {
    ...(samples ? { span_metrics: spanMetrics } : {}),
    ...(samples && settings.jaeger.dependencies ? { service_graph: serviceGraph(collectorMemory(settings, role)) } : {}),
  };
  return toYaml({
    extensions: {
      health_check: {
        endpoint: `${listen.anywhere}:${ports.collector.health}`,
        path: "/healthz",
        response_body: { healthy: "OK", unhealthy: "unavailable" },
      },
      zpages: { endpoint: `${listen.collectorBackend}:${ports.collector.zpages}` },
      // Survives the end of the process. Not synced write by write: after a loss of power the newest spans may be missing.
      file_storage: samples
        ? {
            directory: paths.collectorQueue,
            create_directory: false,
            max_size: queueFileBytes(settings),
            // Sets a damaged file aside where opening it panics at once; of the damage tried, none was of that kind (docs/decisions/0023-chaos.md).
            recreate: true,
            compaction: { on_rebound: true, directory: paths.collectorQueue, cleanup_on_start: true },
          }
        : undefined,
    },
    receivers: receivers(settings, topology, role),
    processors: {
      memory_limiter: memoryLimiter(collectorMemory(settings, role)),
      ...door,
      ...(receives ? { attributes: attributes(settings), ...metricProcessors } : {}),
      "filter/canary": samples ? withoutCanary : undefined,
      ...sampling,
    },
    connectors: samples ? { forward: {}, ...measures } : undefined,
    exporters: {
      ...(samples ? { otlp_grpc: toJaeger(settings, topology) } : { load_balancing: toSamplers(topology) }),
      ...prometheusExporters(settings, topology, "prometheus", "prometheusExporter"),
      ...(receives ? prometheusExporters(settings, topology, "prometheus/reports", "reportsExporter") : {}),
      debug: samples && settings.collector.debug !== "off" ? { verbosity: settings.collector.debug } : undefined,
    },
    service: {
      extensions: compact(["health_check", "zpages", samples && "file_storage"]),
      pipelines: {
        // Span metrics are taken before sampling: they count requests, not kept traces. And where no error can follow, which would make
        // the client send, and them count, a second time.
        "traces/received": {
          receivers: receives ? ["otlp", "jaeger"] : tierReceiverNames(settings),
          processors: compact(["memory_limiter", ...Object.keys(door), receives && "attributes"]),
          exporters: samples ? [...Object.keys(measures), "forward"] : ["load_balancing"],
        },
        "traces/kept": samples
          ? { receivers: ["forward"], processors: Object.keys(sampling), exporters: ["otlp_grpc", ...debug] }
          : undefined,
        metrics: {
          receivers: ["prometheus", ...Object.keys(measures)],
          processors: compact(["memory_limiter", samples && "filter/canary"]),
          exporters: pageExporters(settings, "prometheus"),
        },
        ...(receives
          ? {
              "metrics/applications": {
                receivers: ["otlp"],
                processors: ["memory_limiter", ...Object.keys(metricProcessors)],
                exporters: pageExporters(settings, "prometheus"),
              },
              "metrics/reports": {
                receivers: ["otlp/reports"],
                processors: ["memory_limiter"],
                exporters: pageExporters(settings, "prometheus/reports"),
              },
            }
          : {}),
      },
      telemetry: {
        logs: { level: "info", encoding: "json" },
        // Views need the level "detailed", and what it adds about requests has labels that clients choose.
        metrics: {
          level: "detailed",
          readers: [prometheusReader(listen.collectorBackend, ports.collector.telemetry)],
          views: requestViews,
        },
      },
    },
  });
}

/** Names of the exporters that make a page for Prometheus: by plain text, by TLS, or both, as an exporter has one port. */
const pageExporters = (settings: CollectorSettings, name: "prometheus" | "prometheus/reports"): string[] =>
  compact([listensBy(settings, "plain") && name, listensBy(settings, "tls") && tlsExporter[name]]);

const tlsExporter = { prometheus: "prometheus/tls", "prometheus/reports": "prometheus/reports-tls" } as const;

/** Pages for Prometheus. The names that a resource gives stay off them, but for `job` and `instance`. */
function prometheusExporters(
  settings: CollectorSettings,
  { listen }: Addresses & NextHops,
  name: keyof typeof tlsExporter,
  port: "prometheusExporter" | "reportsExporter",
): Record<string, object> {
  const page = { metric_expiration: "15m", resource_to_telemetry_conversion: { enabled: false } };
  const at = (number: number) => ({ endpoint: `${listen.collectorBackend}:${number}`, ...page });
  const byTls = { ...at(ports.collector[`${port}Tls`]), tls: readTls };
  return Object.fromEntries(
    pageExporters(settings, name).map((exporter) => [exporter, exporter === name ? at(ports.collector[port]) : byTls]),
  );
}

/** What the Collector counts of requests: how they were answered. No receiver's own counter knows of those that are refused before they are read. */
const requestViews = [
  ...Object.entries(answerLabels).map(([instrument, label]) => ({
    selector: { instrument_name: instrument },
    stream: { attribute_keys: { included: [label] }, aggregation: { explicit_bucket_histogram: { boundaries: [] } } },
  })),
  ...withoutRequestMetrics,
];

/** What weighs more than a request may is refused before it is read: by HTTP with status 400, by gRPC with RESOURCE_EXHAUSTED. Neither is tried again. */
function receivers(settings: CollectorSettings, topology: Addresses & NextHops, role: CollectorRole): object {
  const { listen, collectorSelf, collectorUpstream } = topology;
  const behindProxy = role !== "sampler" && hasIngest(settings);
  const { host, own } = behindProxy
    ? { host: collectorUpstream.listen, own: collectorUpstream.ports }
    : { host: listen.anywhere, own: ports.collector };
  const at = (port: number) => ({ endpoint: `${host}:${port}` });
  const http = { max_request_body_size: requestBytes(settings) };
  const receives = role !== "sampler";
  const grpc = { max_recv_msg_size_mib: receives ? settings.limits.request : hopMebibytes(settings) };
  const keepalive = {
    single: undefined,
    // A proxy ends connections itself.
    gateway: behindProxy ? undefined : { server_parameters: connectionAge },
    sampler: { enforcement_policy: aliveness.server },
  }[role];
  const otlp = receives
    ? { otlp: { protocols: { grpc: { ...at(own.otlpGrpc), ...grpc, keepalive }, http: { ...at(own.otlpHttp), ...http } } } }
    : tierReceivers(settings, listen.anywhere, ports.collector, { ...grpc, keepalive });
  return {
    ...otlp,
    jaeger: receives
      ? {
          protocols: {
            grpc: { ...at(own.jaegerGrpc), ...grpc },
            thrift_http: { ...at(own.jaegerThriftHttp), ...http },
          },
        }
      : undefined,
    "otlp/reports": receives ? { protocols: { http: { endpoint: `${listen.collectorBackend}:${ports.collector.reports}` } } } : undefined,
    prometheus: {
      config: {
        scrape_configs: [
          {
            job_name: `otel-${role === "sampler" ? "sampler" : "collector"}-self`,
            scrape_interval: "30s",
            static_configs: [{ targets: [collectorSelf] }],
          },
        ],
      },
    },
  };
}

function memoryLimiter(memory: number): object {
  const share = (part: number) => Math.floor(memory * part);
  return {
    check_interval: "500ms",
    limit_mib: share(memoryShare.hardLimit),
    spike_limit_mib: share(memoryShare.hardLimit) - share(memoryShare.softLimit),
  };
}

const attributes = (settings: CollectorSettings): object => ({
  actions: [{ key: "deployment.environment.name", value: settings.environment, action: "insert" }],
});

/**
 * Metrics of spans are about applications, so those of the canary are left out: behind the connector, as a filter before it would copy every batch of
 * spans for it.
 */
const withoutCanary = {
  error_mode: "silent",
  metrics: { datapoint: [`datapoint.attributes["service.name"] == "${canaryService}"`] },
};

const withoutTls = { insecure: true };

function toJaeger(settings: CollectorSettings, topology: Addresses & NextHops): object {
  const batch = batchBytes(settings);
  return {
    endpoint: topology.jaegerOtlp,
    tls: topology.tls ? clientTls() : withoutTls,
    // Jaeger answers when Elasticsearch has room. Giving up on an answer that comes late would send the spans a second time.
    timeout: "120s",
    // Behind tail_sampling nothing may fail: errors there are only logged. So a queue on disk that blocks when it is full, and no
    // end to retries. Sampling hands on one trace at a time; the queue's batches make them few writes again. At low load a trace
    // waits for the timeout: 200 ms, the default, would be twice the brief's whole time to Jaeger.
    sending_queue: {
      storage: "file_storage",
      sizer: "bytes",
      queue_size: queueBytes(settings),
      block_on_overflow: true,
      num_consumers: 4,
      batch: { sizer: "bytes", flush_timeout: `${queueFlush}ms`, min_size: batch.min, max_size: batch.max },
    },
    retry_on_failure: { enabled: true, initial_interval: "1s", max_interval: "10s", max_elapsed_time: 0 },
  };
}

/**
 * By trace id to the samplers that are ready. No queue: a client is answered when the samplers have its spans, so a gateway holds nothing
 * that anybody believes to be safe. A sampler that does not answer is tried again, with its own spans alone, for as long as it takes to start anew.
 * Then the client is told to try again, within the ten seconds that clients wait; its spans go to whom their ids pick among those that are ready by then.
 */
function toSamplers({ samplers, tls }: Addresses & NextHops): object {
  if (!samplers) throw new Error("a gateway needs samplers to hand its spans to");
  return {
    routing_key: "traceID",
    resolver: { dns: { hostname: samplers.hostname, port: String(samplers.port), interval: "5s", timeout: "2s" } },
    protocol: {
      otlp: {
        // Samplers are called by their addresses, which no certificate names.
        tls: tls ? clientTls("otel-sampler" satisfies ServiceName) : withoutTls,
        timeout: "5s",
        keepalive: aliveness.client,
        sending_queue: { enabled: false },
        retry_on_failure: { enabled: true, initial_interval: "500ms", max_interval: "1s", max_elapsed_time: "4s" },
      },
    },
    // For all samplers of a batch, one after the other; without it, and with "0s", five seconds, which one that is silent takes from the others.
    timeout: clientPatience,
    // It would send the whole batch again, also to samplers that have taken their part: they would store and count it twice.
    retry_on_failure: { enabled: false },
  };
}
