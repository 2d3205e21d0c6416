/** Jaeger's config file. */
import { bulkBytes, hopMebibytes } from "../collector/bytes";
import { compact } from "../compact";
import { goMemoryLimit, latencyBounds, prometheusReader, withoutRequestMetrics } from "../go-programs";
import { imageOrigin, isOwnImage } from "../images";
import { oldestIndexHours } from "./index-cleaner";
import { hasMonitor, metricBackend, metricBackends, uiConfigFile } from "./pages";
import type { JaegerSettings } from "../stack/schema";
import { dotReplacement } from "../elasticsearch/templates";
import { passwordFile, userName, type ServiceUser } from "../elasticsearch/users";
import { files, paths, ports } from "../topology/ports";
import type { Addresses, ElasticsearchAddress, MetricsAddress } from "../topology/topology";
import { readTls, tierReceiverNames, tierReceivers } from "../tier-tls";
import { listensBy } from "../topology/tls";
import { can } from "../versions";
import { toYaml } from "../yaml";

/**
 * Buckets for storage latencies, in seconds. And what "detailed" would add is left out: metrics of each request, whose labels clients
 * choose.
 */
const metricViews = [
  {
    selector: { instrument_name: "jaeger_storage_*latency*" },
    stream: { aggregation: { explicit_bucket_histogram: { boundaries: latencyBounds } } },
  },
  ...withoutRequestMetrics,
];

/** The environment of Jaeger's process. */
export function jaegerEnv(settings: JaegerSettings): Record<string, string> {
  return goMemoryLimit(settings.jaeger.memory);
}

/**
 * How far back a trace can be looked up by its id, in hours: as long as the cleaner keeps an index. Jaeger's default of 72 h would not
 * find traces that are still stored.
 */
export const maxSpanAgeHours = (settings: JaegerSettings): number => Math.ceil(oldestIndexHours(settings) / 24) * 24;

/** The trace page in Jaeger images built on this machine, which lack Jaeger's own user interface. */
const tracePageFolder = "/usr/share/trace-page";

/** Role of a Jaeger instance: write spans (`collector`), answer queries and serve sampling strategies (`query`), or both. */
export type JaegerRole = "both" | "collector" | "query";

/** Maximum age of a connection from the Collector, so that load spreads over several instances of Jaeger. */
const connectionAge = "60s";

/** How long a Jaeger before 2.21 collects documents before it writes them, milliseconds. */
export const bulkFlush = 200;

/**
 * How Jaeger writes to Elasticsearch. From 2.21 on it answers the Collector when Elasticsearch has answered. After a temporary failure the
 * Collector sends the spans again, and ids made from the content prevent duplicates. A document that Elasticsearch can never accept is dropped,
 * and TraceDataLoss fires; with `fail` it would block the queue for ever (docs/decisions/0024-versions.md). Before 2.21, Jaeger collects
 * documents in memory and writes them later.
 */
const writing = (settings: JaegerSettings): object =>
  can(settings, "synchronousWrites")
    ? { write_mode: "sync", poison_pill_handling: "drop", bulk_processing: { max_bytes: bulkBytes } }
    : { bulk_processing: { workers: 3, max_bytes: bulkBytes, flush_interval: `${bulkFlush}ms` } };

/**
 * Elasticsearch as one of Jaeger's backends, each with its own user: the writer cannot read or delete, the reader cannot write.
 *
 * Attributes are fields of their span's document. `elasticsearch-setup` has put the templates in place, before anybody could log in.
 */
const backend = (settings: JaegerSettings, topology: ElasticsearchAddress, user: ServiceUser, more: object): object => ({
  elasticsearch: {
    server_urls: [topology.elasticsearchUrl],
    tls: topology.elasticsearchAuthority ? { ca_file: topology.elasticsearchAuthority, reload_interval: "1m" } : undefined,
    auth: {
      basic: {
        username: userName(settings, user),
        password_file: `${paths.secrets}/${passwordFile(settings, user)}`,
        reload_interval: "10s",
      },
    },
    create_mappings: false,
    tags_as_fields: { all: true, dot_replacement: dotReplacement },
    indices: settings.elasticsearch.indexPrefix === undefined ? undefined : { index_prefix: settings.elasticsearch.indexPrefix },
    ...more,
  },
});

/** Reached by `kubectl port-forward`, and not from the network. */
const loopback = "127.0.0.1";

/** Name of the UI's and the API's second server, with TLS. */
const queryTls = "jaeger_query/tls";

/** Whether Jaeger asks for a login itself. Behind that of the stack it does not. */
const asksLogin = ({ jaeger }: JaegerSettings): boolean => jaeger.ingress?.usersSecret !== undefined;

/** The servers of the UI and the API: one for plain text and, with TLS, a second one, as a server has one port. */
function queryServers(settings: JaegerSettings, { jaegerBackend }: Addresses["listen"]): object {
  const { ingress } = settings.jaeger;
  const plain = listensBy(settings, "plain") || (ingress?.backend === "http" && !settings.login) ? jaegerBackend : loopback;
  const auth = asksLogin(settings) ? { authenticator: "basicauth/users" } : undefined;
  const shared = {
    storage: { traces: "reader", metrics: hasMonitor(settings) ? metricBackend : undefined },
    // Its traces about itself would go to port 4317 of its own host, where on Docker nobody listens: a warning every few seconds.
    enable_tracing: false,
    ui: {
      config_file: uiConfigFile,
      assets_path: isOwnImage("jaeger", imageOrigin(settings)) ? tracePageFolder : undefined,
    },
  };
  return {
    jaeger_query: {
      ...shared,
      http: { endpoint: `${plain}:${ports.jaeger.query}`, auth },
      grpc: { endpoint: `${plain}:${ports.jaeger.queryGrpc}` },
    },
    [queryTls]: listensBy(settings, "tls")
      ? {
          ...shared,
          http: { endpoint: `${jaegerBackend}:${ports.jaeger.queryTls}`, auth, tls: readTls },
          // Nobody calls the API by gRPC, and it cannot be left out.
          grpc: { endpoint: `${loopback}:0` },
        }
      : undefined,
  };
}

/** Text of `jaeger-config.yml`. */
export function jaegerConfig(
  settings: JaegerSettings,
  topology: Addresses & ElasticsearchAddress & MetricsAddress,
  role: JaegerRole = "both",
): string {
  const { listen } = topology;
  const [writes, answers] = [role !== "query", role !== "collector"];
  const asks = asksLogin(settings);
  const instances = role === "collector" ? settings.jaeger.collectors : settings.jaeger.replicas;
  const grpc = {
    max_recv_msg_size_mib: hopMebibytes(settings),
    keepalive: instances > 1 ? { server_parameters: { max_connection_age: connectionAge } } : undefined,
  };
  const at = (port: number) => ({ endpoint: `${listen.jaegerBackend}:${port}` });
  const plain = listensBy(settings, "plain");
  return toYaml({
    extensions: {
      "basicauth/users": answers && asks ? { htpasswd: { file: `${paths.users}/${files.users}` } } : undefined,
      healthcheckv2: { use_v2: true, http: { endpoint: `${listen.anywhere}:${ports.jaeger.health}` } },
      jaeger_storage: {
        backends: {
          writer: writes ? backend(settings, topology, "writer", writing(settings)) : undefined,
          reader: answers ? backend(settings, topology, "reader", { max_span_age: `${maxSpanAgeHours(settings)}h` }) : undefined,
        },
        metric_backends: answers ? metricBackends(settings, topology) : undefined,
      },
      ...(answers
        ? {
            ...queryServers(settings, listen),
            remote_sampling: {
              // Without an interval the file is read once and an edit is never served; without a probability a gap in it means 0.1 %.
              file: { path: `${paths.live}/${files.strategies}`, reload_interval: "10s", default_sampling_probability: 1 },
              http: { endpoint: `${listen.anywhere}:${ports.jaeger.samplingHttp}` },
              grpc: { endpoint: `${listen.anywhere}:${ports.jaeger.samplingGrpc}` },
            },
          }
        : {}),
    },
    receivers: writes
      ? {
          ...tierReceivers(settings, listen.jaegerBackend, ports.jaeger, grpc, { http: at(ports.jaeger.otlpHttp) }),
          jaeger: plain ? { protocols: { grpc: at(ports.jaeger.jaegerGrpc), thrift_http: at(ports.jaeger.jaegerThriftHttp) } } : undefined,
        }
      : { nop: {} },
    exporters: writes ? { jaeger_storage_exporter: { trace_storage: "writer" } } : { nop: {} },
    service: {
      extensions: compact([
        "healthcheckv2",
        "jaeger_storage",
        answers && asks && "basicauth/users",
        answers && "jaeger_query",
        answers && listensBy(settings, "tls") && queryTls,
        answers && "remote_sampling",
      ]),
      // No batch processor, and no queue in the exporter: each acknowledges before it has written. The Collector sends batches already, and has a queue.
      pipelines: {
        traces: writes
          ? {
              receivers: compact([...tierReceiverNames(settings), plain && "jaeger"]),
              processors: [],
              exporters: ["jaeger_storage_exporter"],
            }
          : { receivers: ["nop"], exporters: ["nop"] },
      },
      telemetry: {
        resource: { "service.name": "jaeger" },
        logs: { level: "info", encoding: "json" },
        // Views need the level "detailed". Without them storage latencies fall between 0 and 5 s, which says nothing.
        metrics: { level: "detailed", readers: [prometheusReader(listen.jaegerBackend, ports.jaeger.admin)], views: metricViews },
      },
    },
  });
}
