/** Addresses of a running stack, for people and for applications. */
import { ownAlertmanager } from "../../configs/alertmanager/delivery";
import { compact } from "../../configs/compact";
import { superuser } from "../../configs/elasticsearch/users";
import { screens, screenUrl, shownScreens } from "../../configs/login/screens";
import { hasPerses } from "../../configs/perses/runs";
import { applicationEnvironment, type ApplicationAddresses } from "../../configs/sampling";
import type { Settings } from "../../configs/stack/schema";
import { dockerTopology, networksOf, publishedUrl } from "../../configs/topology/docker";
import { applicationsLabel, collectorUrl, kubernetesTopology } from "../../configs/topology/kubernetes";
import { ports } from "../../configs/topology/ports";
import { table } from "../terminal/output";

/** The addresses on this host (Docker). */
export function addresses(settings: Settings): string {
  return table(
    compact([
      ...screenLines(settings),
      ["Elasticsearch", `${publishedUrl(settings, "elasticsearch")}  (user ${superuser}; make password prints the password)`],
      ["OTLP gRPC", publishedUrl(settings, "otlp-grpc")],
      ["OTLP HTTP", publishedUrl(settings, "otlp-http")],
    ]),
  );
}

/** The screens: where the login shows them, or at their own ports. */
function screenLines(settings: Settings): (readonly [string, string])[] {
  const { login } = settings;
  if (login) return shownScreens(login).map((name) => [screens[name].title, `${screenUrl(settings, name) ?? ""}  (asks for a login)`]);
  return compact([
    ["Jaeger", publishedUrl(settings, "jaeger-ui")],
    ["Prometheus", publishedUrl(settings, "prometheus")],
    ownAlertmanager(settings) && ["Alertmanager", publishedUrl(settings, "alertmanager")],
    hasPerses(settings) && ["Perses", publishedUrl(settings, "perses")],
  ]);
}

/** An application that sends traces. */
export interface Application {
  /** Its service name. Default: that of the example service. */
  readonly service?: string | undefined;
  /** Its OTEL_EXPORTER_OTLP_HEADERS. Default: a placeholder for a token, if the stack asks for one. */
  readonly headers?: string | undefined;
}

/** Environment of an application that sends traces to this stack (Docker). */
export function environmentLines(settings: Settings, application: Application = {}): string {
  const here = { collectorOtlpHttp: publishedUrl(settings, "otlp-http"), jaegerSampling: publishedUrl(settings, "jaeger-sampling") };
  const outside = variables(settings, here, application);
  const inside = variables(settings, dockerTopology(settings.stack), application);
  return [
    ...outside,
    `# in a container on the network ${networksOf(settings.stack).ingest}:`,
    ...inside.filter((line) => !outside.includes(line)),
  ].join("\n");
}

/**
 * The addresses of a stack on Kubernetes.
 *
 * @param here Where Jaeger and Prometheus can be reached from this machine, or why not.
 */
export function clusterAddresses(settings: Settings, here: { readonly jaeger: string; readonly prometheus: string }): string {
  const {
    jaeger: { ingress },
    login,
  } = settings;
  const publicAddress = login?.url ?? (ingress && `https://${ingress.host}`);
  const asks = login ? "  (without the login; people use " : "  (asks for a login; also ";
  const { otlpGrpc, otlpHttp } = ports.collector;
  return table([
    ["Jaeger", `${here.jaeger}${publicAddress === undefined ? "" : `${asks}${publicAddress})`}`],
    ["Prometheus", here.prometheus],
    ["OTLP gRPC", `${collectorUrl(settings, otlpGrpc)}  (in the cluster)`],
    ["OTLP HTTP", `${collectorUrl(settings, otlpHttp)}  (in the cluster)`],
  ]);
}

/** Requirements of an application in the cluster: a label on its namespace, and variables. */
export function clusterEnvironmentLines(settings: Settings, application: Application = {}): string {
  const [label, value] = Object.entries(applicationsLabel)[0] ?? [];
  return [
    `# in a pod of a namespace with the label ${label ?? ""}=${value ?? ""}:`,
    ...variables(settings, kubernetesTopology(settings), application),
  ].join("\n");
}

/** Variables as a shell reads them. */
function variables(settings: Settings, addresses: ApplicationAddresses, { service, headers }: Application): string[] {
  const environment = applicationEnvironment(settings, addresses, service);
  if (headers !== undefined) environment.OTEL_EXPORTER_OTLP_HEADERS = headers;
  return Object.entries(environment).map(
    ([name, value]) => `${name}=${/[^\w@%+=:,./-]/.test(value) ? `'${value.replace(/'/g, "'\\''")}'` : value}`,
  );
}
