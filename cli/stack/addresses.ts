/** Where a running stack is, for people and for applications. */
import { ownAlertmanager } from "../../configs/alertmanager/delivery";
import { applicationEnvironment } from "../../configs/sampling";
import { dockerTopology, networksOf, publishedUrl } from "../../configs/topology/docker";
import { superuser } from "../../configs/elasticsearch/users";
import type { Settings } from "../../configs/stack/schema";
import { table } from "../terminal/output";

/** The addresses on this host. */
export function addresses(settings: Settings): string {
  return table([
    ["Jaeger", publishedUrl(settings, "jaeger-ui")],
    ["Prometheus", publishedUrl(settings, "prometheus")],
    ...(ownAlertmanager(settings) ? [["Alertmanager", publishedUrl(settings, "alertmanager")]] : []),
    ["Elasticsearch", `${publishedUrl(settings, "elasticsearch")}  (user ${superuser}; make password prints the password)`],
    ["OTLP gRPC", publishedUrl(settings, "otlp-grpc")],
    ["OTLP HTTP", publishedUrl(settings, "otlp-http")],
  ]);
}

/** What an application needs in its environment to send its traces here. */
export function environmentLines(settings: Settings): string {
  const here = { collectorOtlpHttp: publishedUrl(settings, "otlp-http"), jaegerSampling: publishedUrl(settings, "jaeger-sampling") };
  const lines = (environment: Readonly<Record<string, string>>) =>
    Object.entries(environment).map(([name, value]) => `${name}=${/["{]/.test(value) ? `'${value}'` : value}`);
  const outside = lines(applicationEnvironment(settings, here));
  const inside = lines(applicationEnvironment(settings, dockerTopology(settings.stack)));
  return [
    ...outside,
    `# in a container on the network ${networksOf(settings.stack).ingest}:`,
    ...inside.filter((line) => !outside.includes(line)),
  ].join("\n");
}
