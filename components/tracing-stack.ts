/** The whole stack of one environment. */
import * as pulumi from "@pulumi/pulumi";
import { ingestText, tokenProblems } from "../configs/ingest/senders";
import { deliverySecretProblems } from "../configs/alertmanager/delivery";
import { loginSecretProblems } from "../configs/login/secrets";
import { applicationEnvironment, losses, rateTable, samplingStrategy } from "../configs/sampling";
import { grafanaFiles } from "../configs/dashboards/files";
import type { ElasticsearchOptions, StackOptions } from "../configs/stack/options";
import { everyKey, SettingsError, settingsOf } from "../configs/stack/parse";
import { sizingTexts } from "../configs/stack/sizing";
import type { Settings } from "../configs/stack/schema";
import { topologyOf } from "../configs/topology";
import { version } from "../configs/version";
import { requireProvider } from "./args";
import { Canary } from "./canary/canary";
import { OtelCollector } from "./collector/collector";
import { plainTokens, type IngestTokens } from "./collector/ingest";
import { overrideProblems } from "./customise";
import { Elasticsearch, elasticsearchUrl } from "./elasticsearch/elasticsearch";
import { ExistingElasticsearch, externalOptions, type ExistingElasticsearchOptions } from "./elasticsearch/existing";
import { ElasticsearchExporter } from "./elasticsearch/exporter";
import { Jaeger } from "./jaeger/jaeger";
import { Login } from "./login/login";
import { DockerPlatform } from "./platform/docker/platform";
import { KubernetesPlatform } from "./platform/kubernetes/platform";
import type { Platform } from "./platform/platform";
import type { AlertSecrets } from "./prometheus/alertmanager";
import { Prometheus } from "./prometheus/prometheus";
import { workloadsOf } from "./workloads";

/** Arguments of a stack: the same settings as in its stack file, in the same units. */
export interface TracingStackArgs extends Omit<StackOptions, "elasticsearch"> {
  /** Name of the stack in labels, and on Docker in all names. Default: the name of the Pulumi stack. */
  readonly stack?: string;
  /** Stores the traces. */
  readonly elasticsearch?: Omit<ElasticsearchOptions, "external"> & {
    /** Use an Elasticsearch that already exists; the stack then runs none. */
    readonly external?: ExistingElasticsearchOptions;
  };
  /** Secrets of the receivers in `alerts`, by their names (Docker). */
  readonly alertSecrets?: AlertSecrets;
  /** Tokens of the senders in `ingest`, by their names (Docker). */
  readonly ingestTokens?: IngestTokens;
  /** The client's secret for `login` (Docker). */
  readonly loginClientSecret?: pulumi.Input<string>;
}

/** Facts about a running stack for operators. These are also the outputs of the Pulumi stack. */
export interface StackOutputs {
  /** Addresses of the UIs, and those that applications send to: on this host (Docker) or in the cluster. */
  readonly endpoints: Readonly<Record<"jaeger" | "elasticsearch" | "otlpGrpc" | "otlpHttp" | "sampling", string>> & {
    /** Where people log in, and find what their roles show them. Only with `login`. */
    readonly login?: string;
    /** Only if the stack runs its own Prometheus. */
    readonly prometheus?: string;
    /** Only if the stack delivers its alerts itself. */
    readonly alertmanager?: string;
    /** Only if the stack shows its dashboards itself. */
    readonly perses?: string;
  };
  /** How applications get access: the Docker network that their containers join, or the label of namespaces that may connect. */
  readonly ingestNetwork: string;
  /** Percentage of traces kept, by request. */
  readonly samplingRates: Readonly<Record<string, string>>;
  /** `span-ingest`: decided as spans arrive; `trace-complete`: when the trace is whole. */
  readonly samplingStrategy: string;
  /** Promises of the sampling config that `decide: app` or a cap breaks, one sentence each. */
  readonly samplingLosses: readonly string[];
  /** Needs of the expected load: spans, disk, shards, queue and CPU, one sentence each. */
  readonly sizing: Readonly<Record<string, string>>;
  /** How alerts are delivered, and to whom, as a phrase. */
  readonly alertDelivery: string;
  /** Who may send spans, in a sentence. */
  readonly ingest: string;
  /** Environment variables for an application that has access (`ingestNetwork`). */
  readonly applicationEnvironment: Readonly<Record<string, string>>;
  /** Minimum retention of traces, in days. */
  readonly retentionDays: number;
  /** Version of this project that deployed the stack. */
  readonly version: string;
}

/** Elasticsearch and its exporter, Jaeger and its index cleaner, the Collector, the canary, and Prometheus, on Docker or on Kubernetes. */
export class TracingStack extends pulumi.ComponentResource {
  /** Facts for users of the stack. */
  readonly outputs: StackOutputs;
  /** Stores, finds and shows traces. */
  readonly jaeger: Jaeger;
  /** Receives spans from applications. */
  readonly collector: OtelCollector;
  /** Metrics and alerts. */
  readonly prometheus: Prometheus;
  /** Password of the user `elastic` of the stack's own Elasticsearch; a secret. */
  readonly elasticsearchPassword: pulumi.Output<string> | undefined;

  /**
   * @param name Name of the component. The names of all its resources start with it.
   * @param args Settings of the stack.
   * @param opts `provider`: the Docker engine or Kubernetes cluster to deploy to. Default: the default engine, or the cluster that
   *   `args.kubernetes` names.
   * @throws SettingsError that lists every error in the arguments, before any resource is created.
   */
  constructor(name: string, args: TracingStackArgs, opts?: pulumi.ComponentResourceOptions) {
    super("tracing:components:TracingStack", name, {}, opts);
    const settings = checked(args);
    requireProvider(this, opts, settings.platform);
    const { retention, sampling, limits, overrides, alerts, alertSecrets, elasticsearch: { external, ...storage } = {} } = args;
    const { indexPrefix, passwordVersion, snapshots } = storage;
    const { tags, ...jaegerOptions } = args.jaeger ?? {};
    const own = { parent: this };

    const platform = platformOf(name, args, own);
    const common = { platform, overrides };
    const elasticsearch = external
      ? new ExistingElasticsearch(
          `${name}-elasticsearch`,
          { ...common, tags, sampling, ingest: args.ingest, indexPrefix, passwordVersion, snapshots, ...external },
          own,
        )
      : new Elasticsearch(`${name}-elasticsearch`, { ...common, tags, sampling, ingest: args.ingest, ...storage }, own);
    const exporter = new ElasticsearchExporter(`${name}-elasticsearch-exporter`, { ...common, elasticsearch }, own);
    const { indexCleaner, sampler, redaction } = args;
    const jaeger = new Jaeger(
      `${name}-jaeger`,
      { ...common, retention, sampling, limits, elasticsearch, indexCleaner, login: args.login, ...jaegerOptions },
      own,
    );
    const collector = new OtelCollector(
      `${name}-otel-collector`,
      { ...common, jaeger, sampler, redaction, ingest: args.ingest, ingestTokens: args.ingestTokens, ...args.collector },
      own,
    );
    const canary = new Canary(`${name}-canary`, { ...common, collector, ...args.canary }, own);
    const login = settings.login && new Login(`${name}-login`, { ...common, jaeger, clientSecret: args.loginClientSecret }, own);
    const prometheus = new Prometheus(
      `${name}-prometheus`,
      {
        ...common,
        elasticsearch,
        exporter,
        jaeger,
        collector,
        canary,
        objectives: args.objectives,
        alerts,
        alertSecrets,
        dashboards: { perses: args.dashboards?.perses },
        ...args.prometheus,
      },
      own,
    );

    const { grafana } = settings.dashboards;
    if (grafana) platform.publishDashboards({ files: grafanaFiles(settings), ...grafana });

    this.jaeger = jaeger;
    this.collector = collector;
    this.prometheus = prometheus;
    this.elasticsearchPassword = elasticsearch instanceof Elasticsearch ? elasticsearch.password : undefined;
    this.outputs = {
      endpoints: {
        login: login?.url,
        jaeger: jaeger.url,
        prometheus: prometheus.url,
        alertmanager: prometheus.alertmanagerUrl,
        perses: prometheus.persesUrl,
        elasticsearch: elasticsearchUrl(settings),
        otlpGrpc: collector.otlpGrpc,
        otlpHttp: collector.otlpHttp,
        sampling: jaeger.samplingUrl,
      },
      ingestNetwork: collector.ingestNetwork,
      samplingRates: rateTable(settings.sampling),
      samplingStrategy: samplingStrategy(settings.sampling),
      samplingLosses: losses(settings.sampling),
      sizing: sizingTexts(settings),
      alertDelivery: prometheus.alertDelivery,
      ingest: ingestText(settings),
      applicationEnvironment: applicationEnvironment(settings, topologyOf(settings)),
      retentionDays: settings.retention,
      version,
    };
    this.registerOutputs({ ...this.outputs });
  }
}

/** Validates the arguments. Throws a SettingsError that lists every error. */
function checked({
  stack = pulumi.getStack(),
  alertSecrets = {},
  ingestTokens = {},
  loginClientSecret,
  ...args
}: TracingStackArgs): Settings {
  const { elasticsearch } = args;
  const external = elasticsearch?.external && externalOptions(elasticsearch.external);
  const settings = settingsOf(stack, { ...args, ...(external ? { elasticsearch: { ...elasticsearch, external } } : {}) }, everyKey);
  const problems = [
    ...overrideProblems(settings, workloadsOf(settings)),
    ...deliverySecretProblems(settings, Object.keys(alertSecrets)),
    ...tokenProblems(settings, plainTokens(ingestTokens)),
    ...loginSecretProblems(settings, loginClientSecret !== undefined),
  ];
  if (problems.length > 0) throw new SettingsError(stack, problems);
  return settings;
}

function platformOf(name: string, args: TracingStackArgs, opts: pulumi.ComponentResourceOptions): Platform {
  const { stack, environment, images, imageRegistry, otherImages, publish, kubernetes, prometheus } = args;
  const common = { stack, environment, images, imageRegistry, otherImages };
  if (args.platform === "docker") return new DockerPlatform(`${name}-docker`, { ...common, publish }, opts);
  const operator = prometheus?.mode === "operator" ? (prometheus.operator ?? {}) : undefined;
  return new KubernetesPlatform(`${name}-kubernetes`, { ...common, ...kubernetes, operator }, opts);
}
