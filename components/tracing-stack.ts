/** The whole stack of one environment. */
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { applicationEnvironment, losses, rateTable, samplingStrategy } from "../configs/sampling";
import type { Settings } from "../configs/stack/schema";
import { dockerTopology, networksOf, publishedUrl } from "../configs/topology/docker";
import { ports, type PublishedPort } from "../configs/topology/ports";
import type { Topology } from "../configs/topology/topology";
import { applicationsLabel, elasticsearchHasTls, kubernetesTopology, ownElasticsearch, serviceUrl } from "../configs/topology/kubernetes";
import { Collector } from "./collector/collector";
import type { ComponentArgs } from "./component";
import { Elasticsearch } from "./elasticsearch/elasticsearch";
import { ElasticsearchExporter } from "./elasticsearch/exporter";
import { IndexCleaner } from "./jaeger/index-cleaner";
import { Jaeger } from "./jaeger/jaeger";
import { partsOf } from "./parts";
import { DockerPlatform } from "./platform/docker/platform";
import { KubernetesPlatform } from "./platform/kubernetes/platform";
import type { Platform } from "./platform/platform";
import type { Workload } from "./platform/workload";
import { Prometheus } from "./prometheus/prometheus";

/** What an operator needs of a running stack; also the outputs of the Pulumi stack. */
export interface StackOutputs {
  /** Addresses of the UIs and of what applications send to: on this host, or within the cluster. */
  readonly endpoints: Readonly<Record<"jaeger" | "elasticsearch" | "otlpGrpc" | "otlpHttp" | "sampling", string>> & {
    /** Where the stack has a Prometheus of its own. */
    readonly prometheus?: string;
  };
  /** Where applications are to reach `otel-collector`: the network that their containers join, or which namespaces are let through. */
  readonly ingestNetwork: string;
  /** Percent of traces kept, by request. */
  readonly samplingRates: Readonly<Record<string, string>>;
  /** `span-ingest`: decided as spans arrive; `trace-complete`: when the trace is whole. */
  readonly samplingStrategy: string;
  /** Promises of the sampling config that its way of deciding cannot keep, a sentence each. */
  readonly samplingLosses: readonly string[];
  /** What an application gets in its environment, in a container or pod where `ingestNetwork` says. */
  readonly applicationEnvironment: Readonly<Record<string, string>>;
  /** Days that traces are kept at least. */
  readonly retentionDays: number;
}

/** Elasticsearch and its exporter, Collector, Jaeger, index cleaner and Prometheus, on the platform that the settings name. */
export class TracingStack extends pulumi.ComponentResource {
  readonly outputs: StackOutputs;
  /** Password of the user of the stack's own Elasticsearch; a secret. */
  readonly elasticsearchPassword: pulumi.Output<string> | undefined;

  constructor(name: string, settings: Settings, opts?: pulumi.ComponentResourceOptions) {
    super("tracing:components:TracingStack", name, {}, opts);
    const topology = settings.platform === "docker" ? dockerTopology(settings.stack) : kubernetesTopology(settings);
    const password = this.password(name, settings);
    const parts = partsOf(settings, topology, password);
    const platform = this.platform(name, settings, topology, Object.values(parts).flat());
    const run = (Component: ComponentClass, workloads: readonly Workload[]) =>
      workloads.forEach((workload) => new Component(`${name}-${workload.name}`, { platform, workload }, { parent: this }));
    run(Elasticsearch, parts.elasticsearch);
    run(ElasticsearchExporter, parts.exporter);
    run(Jaeger, parts.jaeger);
    run(Collector, parts.collector);
    run(IndexCleaner, parts.cleaner);
    run(Prometheus, parts.prometheus);
    this.elasticsearchPassword = password;
    this.outputs = stackOutputs(settings, topology);
    this.registerOutputs({ ...this.outputs });
  }

  /** The password of the stack's own Elasticsearch. */
  private password(name: string, settings: Settings): pulumi.Output<string> | undefined {
    if (!ownElasticsearch(settings)) return undefined;
    const protect = settings.platform === "kubernetes" && settings.kubernetes.volumes === "keep";
    // Letters and digits only: it goes through shells, URLs and config files unquoted.
    return new random.RandomPassword(`${name}-elasticsearch-password`, { length: 32, special: false }, { parent: this, protect }).result;
  }

  private platform(name: string, settings: Settings, { scrape: jobs }: Topology, workloads: readonly Workload[]): Platform {
    return settings.platform === "docker"
      ? new DockerPlatform(`${name}-docker`, { settings, workloads }, { parent: this })
      : new KubernetesPlatform(`${name}-kubernetes`, { settings, workloads, jobs }, { parent: this });
  }
}

type ComponentClass = new (name: string, args: ComponentArgs, opts?: pulumi.ComponentResourceOptions) => pulumi.ComponentResource;

function stackOutputs(settings: Settings, topology: Topology): StackOutputs {
  return {
    ...(settings.platform === "docker" ? dockerAddresses(settings) : kubernetesAddresses(settings)),
    samplingRates: rateTable(settings.sampling),
    samplingStrategy: samplingStrategy(settings.sampling),
    samplingLosses: losses(settings.sampling),
    applicationEnvironment: applicationEnvironment(settings, topology),
    retentionDays: settings.retention,
  };
}

type Addresses = Pick<StackOutputs, "endpoints" | "ingestNetwork">;

function dockerAddresses(settings: Settings): Addresses {
  const at = (port: PublishedPort) => publishedUrl(settings, port);
  return {
    endpoints: {
      jaeger: at("jaeger-ui"),
      prometheus: at("prometheus"),
      elasticsearch: at("elasticsearch"),
      otlpGrpc: at("otlp-grpc"),
      otlpHttp: at("otlp-http"),
      sampling: at("jaeger-sampling"),
    },
    ingestNetwork: networksOf(settings.stack).ingest,
  };
}

function kubernetesAddresses(settings: Settings): Addresses {
  const { ingress } = settings.jaeger;
  const [label, value] = Object.entries(applicationsLabel)[0] ?? [];
  return {
    endpoints: {
      jaeger: ingress ? `https://${ingress.host}` : serviceUrl(settings, "jaeger", ports.jaeger.query),
      ...(settings.prometheus.mode === "own" ? { prometheus: serviceUrl(settings, "prometheus", ports.prometheus.http) } : {}),
      elasticsearch:
        settings.elasticsearch.external?.url ??
        serviceUrl(settings, "elasticsearch", ports.elasticsearch.http, elasticsearchHasTls(settings) ? "https" : "http"),
      otlpGrpc: serviceUrl(settings, "otel-collector", ports.collector.otlpGrpc),
      otlpHttp: serviceUrl(settings, "otel-collector", ports.collector.otlpHttp),
      sampling: serviceUrl(settings, "jaeger", ports.jaeger.samplingHttp),
    },
    ingestNetwork: `namespaces labelled ${label ?? ""}=${value ?? ""}`,
  };
}
