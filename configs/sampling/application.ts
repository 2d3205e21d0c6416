/** What an application gets in its environment: where to send spans, and who decides on them. */
import { mebibyte, requestBytes } from "../collector/bytes";
import { exporterHeadersFor, hasIngest, needsToken } from "../ingest/senders";
import { takesTls } from "../ingest/tls";
import type { Settings } from "../stack/schema";
import { files } from "../topology/ports";
import type { SamplingModel } from "./model";

/** Where an application finds the stack, as base URLs. They differ between this host, a container and a pod. */
export interface ApplicationAddresses {
  /** The Collector's OTLP receiver over HTTP. */
  readonly collectorOtlpHttp: string;
  /** Jaeger's remote sampling over HTTP. */
  readonly jaegerSampling: string;
}

/** The service that the stack was made for. */
export const applicationService = "thebot-platform";

/** How often an SDK asks for its rates, in milliseconds: an edit reaches it this much later than Jaeger serves it, at most. */
const pollingInterval = 30_000;

/** The largest request that the package thebot-tracing sends unless told otherwise, bytes. */
const packageRequest = 4 * mebibyte;

/**
 * The environment of an application, under the names of the OpenTelemetry specification where it has one. `TRACING_` variables are read by
 * the package thebot-tracing.
 *
 * @param service Its service name, which overrides may be for.
 */
export function applicationEnvironment(
  settings: Settings,
  addresses: ApplicationAddresses,
  service: string = applicationService,
): Record<string, string> {
  const { environment, sampling } = settings;
  const own = serviceModel(sampling, service);
  return {
    OTEL_EXPORTER_OTLP_ENDPOINT: addresses.collectorOtlpHttp,
    // Never a token: outputs and terminals show it.
    ...(showsToken(settings, service)
      ? { OTEL_EXPORTER_OTLP_HEADERS: exporterHeadersFor(senderOf(settings, service) ?? "a sender in tracing:ingest") }
      : {}),
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf",
    ...tlsVariables(settings, service),
    OTEL_RESOURCE_ATTRIBUTES: `deployment.environment.name=${environment}`,
    OTEL_SERVICE_NAME: service,
    ...(sampling.decide === "collector"
      ? { OTEL_TRACES_SAMPLER: "always_on" }
      : {
          OTEL_TRACES_SAMPLER: "parentbased_jaeger_remote",
          OTEL_TRACES_SAMPLER_ARG:
            `endpoint=${addresses.jaegerSampling},pollingIntervalMs=${pollingInterval},` + `initialSamplingRate=${own.default / 100}`,
          TRACING_SAMPLE_PERCENTAGE: String(own.default),
        }),
    TRACING_SAMPLING_RULES: JSON.stringify(own),
    ...(requestBytes(settings) === packageRequest ? {} : { TRACING_MAX_REQUEST_BYTES: String(requestBytes(settings)) }),
  };
}

/** The sender that an application is: that of its name, or the only one; undefined if somebody has to choose. */
export function senderOf({ ingest: { senders } }: Pick<Settings, "ingest">, service: string): string | undefined {
  const sender = senders.find(({ name }) => name === service) ?? (senders.length === 1 ? senders[0] : undefined);
  return sender?.name;
}

/** Whether an application has to show a token: it has no certificate. */
const showsToken = (settings: Settings, service: string): boolean =>
  hasIngest(settings) && settings.ingest.senders.every((sender) => sender.name !== service || needsToken(sender));

/** Where an application mounts what it needs for TLS: its own Secret, or the ConfigMap of a bundle. */
export const applicationCertificates = "/etc/tracing-ingest";

/** Files for TLS, by the specification's names: the authority of the proxy, and the application's certificate where it has one. */
function tlsVariables({ ingest }: Settings, service: string): Record<string, string> {
  if (!takesTls({ ingest })) return {};
  const at = (file: string) => `${applicationCertificates}/${file}`;
  const own = ingest.senders.some(({ name, certificates }) => name === service && certificates.length > 0);
  return {
    OTEL_EXPORTER_OTLP_CERTIFICATE: at(files.authority),
    ...(own
      ? {
          OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: at(files.certificate),
          OTEL_EXPORTER_OTLP_CLIENT_KEY: at(files.certificateKey),
        }
      : {}),
  };
}

/** The model as one service sees it: the rules that hold for it, first match wins. Percent is 0–100. */
export interface ServiceModel {
  readonly default: number;
  readonly errors: number;
  readonly operations: readonly { readonly operation: string; readonly percent: number }[];
}

export function serviceModel(model: SamplingModel, service: string): ServiceModel {
  const own = model.services.find((override) => override.service === service);
  return {
    default: own?.default ?? model.default,
    errors: model.errors,
    operations: [...(own?.operations ?? []), ...model.operations].map(({ operation, percent }) => ({ operation: operation.text, percent })),
  };
}
