/** The Collector's config file. */
import { goMemoryLimit, prometheusReader } from "./go-programs";
import type { Settings } from "./settings";
import { samplingStrategy, tailPolicies } from "./sampling";
import { paths, ports, type Topology } from "./topology";
import { toYaml } from "./yaml";

/** Shares of the memory limit at which the memory limiter starts to refuse, and at which it also forces garbage collection. */
const memoryShare = { softLimit: 0.6, hardLimit: 0.75 };

/**
 * Longest time, in seconds, that tail_sampling waits for a trace's spans before it gives an undecided trace up. Long enough for the
 * exporters of a request's services to flush (the SDKs' default is 5 s).
 */
const decisionWait = { "span-ingest": 10, "trace-complete": 10 } as const;

/** Undecided traces in memory, per MiB of the Collector's limit: a fifth of it, at about 10 KiB a trace. */
const tracesPerMebibyte = 20;

/** Decided trace ids that are remembered, per trace in memory, so that late spans share their trace's fate (about 32 B an id). */
const rememberedPerTrace = 10;

/** The environment of the Collector's process. The `TRACING_` ones only tell a person who looks at it what it was made for. */
export function collectorEnv(settings: Settings): Record<string, string> {
  return {
    ...goMemoryLimit(settings.collector.memory),
    TRACING_ENVIRONMENT: settings.environment,
    TRACING_SAMPLE_PERCENTAGE: String(settings.sampling.default),
  };
}

/** Text of `otel-config.yml`. */
export function collectorConfig(settings: Settings, topology: Topology): string {
  const { listen } = topology;
  const share = (part: number) => Math.floor(settings.collector.memory * part);
  const traces = settings.collector.memory * tracesPerMebibyte;
  const debug = settings.collector.debug === "off" ? [] : ["debug"];
  const strategy = samplingStrategy(settings.sampling);
  return toYaml({
    extensions: {
      health_check: {
        endpoint: `${listen.anywhere}:${ports.collector.health}`,
        path: "/healthz",
        response_body: { healthy: "OK", unhealthy: "unavailable" },
      },
      zpages: { endpoint: `${listen.collectorBackend}:${ports.collector.zpages}` },
      // Survives the end of the process. Not synced write by write: after a loss of power the newest spans may be missing.
      file_storage: {
        directory: paths.collectorQueue,
        create_directory: false,
        compaction: { on_rebound: true, directory: paths.collectorQueue },
      },
    },
    receivers: {
      otlp: {
        protocols: {
          grpc: { endpoint: `${listen.anywhere}:${ports.collector.otlpGrpc}` },
          http: { endpoint: `${listen.anywhere}:${ports.collector.otlpHttp}` },
        },
      },
      jaeger: {
        protocols: {
          grpc: { endpoint: `${listen.anywhere}:${ports.collector.jaegerGrpc}` },
          thrift_http: { endpoint: `${listen.anywhere}:${ports.collector.jaegerThriftHttp}` },
        },
      },
      prometheus: {
        config: {
          scrape_configs: [
            {
              job_name: "otel-collector-self",
              scrape_interval: "30s",
              static_configs: [{ targets: [topology.scrape.collectorTelemetry] }],
            },
          ],
        },
      },
    },
    processors: {
      memory_limiter: {
        check_interval: "500ms",
        limit_mib: share(memoryShare.hardLimit),
        spike_limit_mib: share(memoryShare.hardLimit) - share(memoryShare.softLimit),
      },
      attributes: {
        actions: [
          { key: "deployment.environment.name", value: settings.environment, action: "insert" },
          // Credentials that an instrumentation was told to record by mistake.
          {
            pattern: "(?i)^http[.](request|response)[.]header[.](authorization|proxy-authorization|cookie|set-cookie|x-api-key)$",
            action: "delete",
          },
        ],
      },
      tail_sampling: {
        sampling_strategy: strategy,
        decision_wait: `${decisionWait[strategy]}s`,
        num_traces: traces,
        block_on_overflow: true,
        decision_cache: { sampled_cache_size: traces * rememberedPerTrace, non_sampled_cache_size: traces * rememberedPerTrace },
        policies: tailPolicies(settings.sampling),
      },
    },
    connectors: {
      forward: {},
      // The exporter adds unit and type: traces_span_metrics_calls_total, traces_span_metrics_duration_seconds.
      span_metrics: {
        namespace: "traces.span.metrics",
        histogram: {
          unit: "s",
          explicit: { buckets: ["5ms", "10ms", "25ms", "50ms", "100ms", "250ms", "500ms", "1s", "2.5s", "5s", "10s"] },
        },
        aggregation_cardinality_limit: 2000,
        metrics_flush_interval: "15s",
        metrics_expiration: "15m",
      },
    },
    exporters: {
      otlp_grpc: {
        endpoint: topology.jaegerOtlp,
        tls: { insecure: true },
        // Jaeger answers when Elasticsearch has room. Giving up on an answer that comes late would send the spans a second time.
        timeout: "120s",
        // Behind tail_sampling nothing may fail: errors there are only logged. So a queue on disk that blocks when it is full, and no
        // end to retries. Sampling hands on one trace at a time; the queue's batches make them few writes again.
        sending_queue: {
          storage: "file_storage",
          sizer: "items",
          queue_size: settings.collector.queue,
          block_on_overflow: true,
          num_consumers: 4,
          batch: { flush_timeout: "200ms", min_size: 1000, max_size: 2000 },
        },
        retry_on_failure: { enabled: true, initial_interval: "1s", max_interval: "10s", max_elapsed_time: 0 },
      },
      prometheus: {
        endpoint: `${listen.collectorBackend}:${ports.collector.prometheusExporter}`,
        metric_expiration: "15m",
        resource_to_telemetry_conversion: { enabled: false },
      },
      ...(settings.collector.debug === "off" ? {} : { debug: { verbosity: settings.collector.debug } }),
    },
    service: {
      extensions: ["health_check", "zpages", "file_storage"],
      pipelines: {
        // Span metrics are taken before sampling: they count requests, not kept traces.
        "traces/received": {
          receivers: ["otlp", "jaeger"],
          processors: ["memory_limiter", "attributes"],
          exporters: ["span_metrics", "forward"],
        },
        "traces/kept": { receivers: ["forward"], processors: ["tail_sampling"], exporters: ["otlp_grpc", ...debug] },
        metrics: { receivers: ["otlp", "prometheus", "span_metrics"], processors: ["memory_limiter"], exporters: ["prometheus"] },
      },
      telemetry: {
        logs: { level: "info", encoding: "json" },
        metrics: { level: "normal", readers: [prometheusReader(listen.collectorBackend, ports.collector.telemetry)] },
      },
    },
  });
}
