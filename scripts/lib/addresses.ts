/** Where a running stack is, for people and for applications. */
import { networks, ports } from "../../configs/topology";
import type { Settings } from "../../configs/settings";
import { table } from "./say";
import { url } from "./stack";

/** The addresses on this host. */
export function addresses(settings: Settings): string {
  return table([
    ["Jaeger", url(settings, "jaeger-ui")],
    ["Prometheus", url(settings, "prometheus")],
    ["Elasticsearch", `${url(settings, "elasticsearch")}  (user elastic; make password prints the password)`],
    ["OTLP gRPC", url(settings, "otlp-grpc")],
    ["OTLP HTTP", url(settings, "otlp-http")],
  ]);
}

/** What an application needs in its environment to send its traces here. */
export function applicationEnvironment(settings: Settings): string {
  return [
    `OTEL_EXPORTER_OTLP_ENDPOINT=${url(settings, "otlp-http")}`,
    "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
    "OTEL_SERVICE_NAME=thebot-platform",
    "OTEL_TRACES_SAMPLER=always_on",
    `# in a container on the network ${networks.ingest}:`,
    `OTEL_EXPORTER_OTLP_ENDPOINT=http://otel-collector:${ports.collector.otlpHttp}`,
  ].join("\n");
}
