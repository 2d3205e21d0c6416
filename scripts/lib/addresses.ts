/** Where a running stack is, for people and for applications. */
import { elasticsearchUser, networks, ports, publishedUrl } from "../../configs/topology";
import type { Settings } from "../../configs/settings";
import { table } from "./say";

/** The addresses on this host. */
export function addresses(settings: Settings): string {
  return table([
    ["Jaeger", publishedUrl(settings, "jaeger-ui")],
    ["Prometheus", publishedUrl(settings, "prometheus")],
    ["Elasticsearch", `${publishedUrl(settings, "elasticsearch")}  (user ${elasticsearchUser}; make password prints the password)`],
    ["OTLP gRPC", publishedUrl(settings, "otlp-grpc")],
    ["OTLP HTTP", publishedUrl(settings, "otlp-http")],
  ]);
}

/** What an application needs in its environment to send its traces here. */
export function applicationEnvironment(settings: Settings): string {
  return [
    `OTEL_EXPORTER_OTLP_ENDPOINT=${publishedUrl(settings, "otlp-http")}`,
    "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
    "OTEL_SERVICE_NAME=thebot-platform",
    "OTEL_TRACES_SAMPLER=always_on",
    `# in a container on the network ${networks.ingest}:`,
    `OTEL_EXPORTER_OTLP_ENDPOINT=http://otel-collector:${ports.collector.otlpHttp}`,
  ].join("\n");
}
