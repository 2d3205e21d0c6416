/** The whole stack of one environment. */
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { rateTable, samplingStrategy } from "../configs/sampling";
import type { Settings } from "../configs/settings";
import { dockerTopology, networks, publishedUrl, type PublishedPort } from "../configs/topology";
import { Collector, collectorWorkload } from "./collector";
import { Elasticsearch, elasticsearchWorkload } from "./elasticsearch";
import { IndexCleaner, cleanerWorkload } from "./index-cleaner";
import { Jaeger, jaegerWorkload } from "./jaeger";
import { DockerPlatform } from "./platform/docker";
import { Prometheus, prometheusWorkload } from "./prometheus";

/** What an operator needs of a running stack; also the outputs of the Pulumi stack. */
export interface StackOutputs {
  /** Addresses of the UIs and of what applications send to, on this host. */
  readonly endpoints: Readonly<Record<"jaeger" | "prometheus" | "elasticsearch" | "otlpGrpc" | "otlpHttp" | "sampling", string>>;
  /** The network that application containers join to reach `otel-collector`. */
  readonly ingestNetwork: string;
  /** Percent of traces kept, by request. */
  readonly samplingRates: Readonly<Record<string, string>>;
  /** `span-ingest`: decided as spans arrive; `trace-complete`: when the trace is whole. */
  readonly samplingStrategy: string;
  /** Days that traces are kept at least. */
  readonly retentionDays: number;
}

/** Elasticsearch, Collector, Jaeger, index cleaner and Prometheus, on the platform that the settings name. */
export class TracingStack extends pulumi.ComponentResource {
  readonly outputs: StackOutputs;
  /** Password of Elasticsearch's user; a secret. */
  readonly elasticsearchPassword: pulumi.Output<string>;

  constructor(name: string, settings: Settings, opts?: pulumi.ComponentResourceOptions) {
    super("tracing:components:TracingStack", name, {}, opts);
    if (settings.platform !== "docker") {
      throw new pulumi.ResourceError(`tracing:platform: found "${settings.platform}"; this version deploys to docker only`, this);
    }
    // Letters and digits only: it goes through shells, URLs and config files unquoted.
    const { result: password } = new random.RandomPassword(
      `${name}-elasticsearch-password`,
      { length: 32, special: false },
      { parent: this },
    );
    this.elasticsearchPassword = password;
    const topology = dockerTopology();
    const workloads = {
      elasticsearch: elasticsearchWorkload(settings, password),
      jaeger: jaegerWorkload(settings, topology, password),
      collector: collectorWorkload(settings, topology),
      cleaner: cleanerWorkload(settings, topology, password),
      prometheus: prometheusWorkload(settings, topology),
    };
    const platform = new DockerPlatform(`${name}-docker`, { settings, workloads: Object.values(workloads) }, { parent: this });
    const parent = { parent: this };
    new Elasticsearch(`${name}-elasticsearch`, { platform, workload: workloads.elasticsearch }, parent);
    new Jaeger(`${name}-jaeger`, { platform, workload: workloads.jaeger }, parent);
    new Collector(`${name}-otel-collector`, { platform, workload: workloads.collector }, parent);
    new IndexCleaner(`${name}-index-cleaner`, { platform, workload: workloads.cleaner }, parent);
    new Prometheus(`${name}-prometheus`, { platform, workload: workloads.prometheus }, parent);
    this.outputs = stackOutputs(settings);
    this.registerOutputs({ ...this.outputs });
  }
}

function stackOutputs(settings: Settings): StackOutputs {
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
    ingestNetwork: networks.ingest,
    samplingRates: rateTable(settings.sampling),
    samplingStrategy: samplingStrategy(settings.sampling),
    retentionDays: settings.retention,
  };
}
