/** The service and its port behind each published port: what a port-forward leads to. */
import { ports, type PublishedPort } from "../../configs/topology/ports";
import type { ServiceName } from "../../configs/topology/topology";

const collector = (port: number) => ({ service: "otel-collector", port }) as const;
const jaeger = (port: number) => ({ service: "jaeger", port }) as const;

/** By the name under which `tracing:publish.ports` has it. tests/unit/cli/running.test.ts compares them with the workloads. */
export const endpoints: Readonly<Record<PublishedPort, { readonly service: ServiceName; readonly port: number }>> = {
  elasticsearch: { service: "elasticsearch", port: ports.elasticsearch.http },
  "otlp-grpc": collector(ports.collector.otlpGrpc),
  "otlp-http": collector(ports.collector.otlpHttp),
  "jaeger-grpc": collector(ports.collector.jaegerGrpc),
  "jaeger-thrift-http": collector(ports.collector.jaegerThriftHttp),
  "collector-metrics": collector(ports.collector.prometheusExporter),
  "collector-health": collector(ports.collector.health),
  "collector-zpages": collector(ports.collector.zpages),
  "jaeger-ui": jaeger(ports.jaeger.query),
  "jaeger-admin": jaeger(ports.jaeger.admin),
  "jaeger-sampling": jaeger(ports.jaeger.samplingHttp),
  alertmanager: { service: "alertmanager", port: ports.alertmanager.http },
  perses: { service: "perses", port: ports.perses.http },
  login: { service: "login", port: ports.login.http },
  prometheus: { service: "prometheus", port: ports.prometheus.http },
};
