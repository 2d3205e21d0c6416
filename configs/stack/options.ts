/**
 * Options of a stack, in code as in its stack file. Generated from schema.ts by `make render`.
 *
 * Options that are left out get their defaults. A preview validates all options and reports every error at once.
 */

/** All options of a stack. */
export interface StackOptions {
  /** Where the stack runs. Allowed: one of docker, kubernetes. */
  readonly platform: "docker" | "kubernetes";
  /**
   * Environment of the traces. Spans without `deployment.environment.name` get it as that attribute. Allowed: one of development, staging,
   * production.
   */
  readonly environment: "development" | "staging" | "production";
  /**
   * Minimum time that traces are kept, in days. Indices are deleted as a whole, up to two days later. Allowed: days from 1d to 365d, such
   * as 7d. Default: "7d".
   */
  readonly retention?: string;
  /**
   * Where images come from. `official`: the projects' registries. `local`: `make images` builds them on this machine. Allowed: one of
   * official, local. Default: "official".
   */
  readonly images?: "official" | "local";
  /**
   * Registry that mirrors all others. It replaces the host in each image's name. Allowed: the host of a registry, with a dot or a port in
   * it, and a path if any, such as mirror.example.com:5000/hub.
   */
  readonly imageRegistry?: string;
  /**
   * Single images from elsewhere, by name: elasticsearch, otel-collector, jaeger, jaeger-es-index-cleaner, prometheus,
   * elasticsearch-exporter, alertmanager, perses, haproxy, oauth2-proxy, busybox. `imageRegistry` does not apply to them.
   */
  readonly otherImages?: OtherImagesOptions;
  /**
   * Whether the checks of `--policy-pack policy` refuse production images without a digest. Allowed: one of required, optional. Default:
   * "required".
   */
  readonly imageDigests?: "required" | "optional";
  /** Where ports are published on the host (Docker). */
  readonly publish?: PublishOptions;
  /** Which traces are kept: docs/SAMPLING.md explains it. */
  readonly sampling?: SamplingOptions;
  /** Where and how the stack runs on Kubernetes. */
  readonly kubernetes?: KubernetesOptions;
  /** Elasticsearch, which stores the traces. */
  readonly elasticsearch?: ElasticsearchOptions;
  /** The OpenTelemetry Collector that applications send to: the gateways, if there are samplers. `queue` is then the samplers'. */
  readonly collector?: CollectorOptions;
  /** What a request and a span may contain. docs/LIMITS.md says what happens to the rest. */
  readonly limits?: LimitsOptions;
  /** What is masked in spans before they are counted or stored: docs/decisions/0039-redaction.md. */
  readonly redaction?: RedactionOptions;
  /** The second tier of the Collector, on Kubernetes. */
  readonly sampler?: SamplerOptions;
  /** Jaeger, which writes, searches and shows traces. */
  readonly jaeger?: JaegerOptions;
  /** Prometheus, which watches the stack and evaluates its alerts. */
  readonly prometheus?: PrometheusOptions;
  /** The job that deletes old indices. */
  readonly indexCleaner?: IndexCleanerOptions;
  /** Who is notified of alerts. */
  readonly alerts?: AlertsOptions;
  /** Who may send spans, and how much. */
  readonly ingest?: IngestOptions;
  /** A login by OpenID Connect in front of the screens, and who sees which: docs/decisions/0043-login.md. Default: none. */
  readonly login?: LoginOptions;
  /** The canary, which sends known traces and searches for them. */
  readonly canary?: CanaryOptions;
  /** Service level objectives of the stack, which ErrorBudgetBurn watches. */
  readonly objectives?: ObjectivesOptions;
  /** Where the dashboards are shown: docs/DASHBOARDS.md. */
  readonly dashboards?: DashboardsOptions;
  /**
   * What a single service needs beyond the other settings, by its name: elasticsearch, elasticsearch-setup, elasticsearch-snapshots,
   * elasticsearch-exporter, jaeger, jaeger-collector, otel-sampler, otel-collector, ingest, index-cleaner, service-graph, canary,
   * tls-proxy, alertmanager, prometheus, perses, login, login-gate.
   */
  readonly overrides?: OverridesOptions;
}

/**
 * Single images from elsewhere, by name: elasticsearch, otel-collector, jaeger, jaeger-es-index-cleaner, prometheus,
 * elasticsearch-exporter, alertmanager, perses, haproxy, oauth2-proxy, busybox. `imageRegistry` does not apply to them.
 */
export interface OtherImagesOptions {
  /**
   * Image to use instead, as a full reference. The version in its tag decides what the program's config contains. Allowed: an image whose
   * tag begins with the program's version, such as registry.example.com/jaeger:2.21.0-1.
   */
  readonly elasticsearch?: string;
  /**
   * Image to use instead, as a full reference. The version in its tag decides what the program's config contains. Allowed: an image whose
   * tag begins with the program's version, such as registry.example.com/jaeger:2.21.0-1.
   */
  readonly "otel-collector"?: string;
  /**
   * Image to use instead, as a full reference. The version in its tag decides what the program's config contains. Allowed: an image whose
   * tag begins with the program's version, such as registry.example.com/jaeger:2.21.0-1.
   */
  readonly jaeger?: string;
  /**
   * Image to use instead, as a full reference. The version in its tag decides what the program's config contains. Allowed: an image whose
   * tag begins with the program's version, such as registry.example.com/jaeger:2.21.0-1.
   */
  readonly "jaeger-es-index-cleaner"?: string;
  /**
   * Image to use instead, as a full reference. The version in its tag decides what the program's config contains. Allowed: an image whose
   * tag begins with the program's version, such as registry.example.com/jaeger:2.21.0-1.
   */
  readonly prometheus?: string;
  /**
   * Image to use instead, as a full reference. The version in its tag decides what the program's config contains. Allowed: an image whose
   * tag begins with the program's version, such as registry.example.com/jaeger:2.21.0-1.
   */
  readonly "elasticsearch-exporter"?: string;
  /**
   * Image to use instead, as a full reference. The version in its tag decides what the program's config contains. Allowed: an image whose
   * tag begins with the program's version, such as registry.example.com/jaeger:2.21.0-1.
   */
  readonly alertmanager?: string;
  /**
   * Image to use instead, as a full reference. The version in its tag decides what the program's config contains. Allowed: an image whose
   * tag begins with the program's version, such as registry.example.com/jaeger:2.21.0-1.
   */
  readonly perses?: string;
  /**
   * Image to use instead, as a full reference. The version in its tag decides what the program's config contains. Allowed: an image whose
   * tag begins with the program's version, such as registry.example.com/jaeger:2.21.0-1.
   */
  readonly haproxy?: string;
  /**
   * Image to use instead, as a full reference. The version in its tag decides what the program's config contains. Allowed: an image whose
   * tag begins with the program's version, such as registry.example.com/jaeger:2.21.0-1.
   */
  readonly "oauth2-proxy"?: string;
  /**
   * Image to use instead, as a full reference. The version in its tag decides what the program's config contains. Allowed: an image whose
   * tag begins with the program's version, such as registry.example.com/jaeger:2.21.0-1.
   */
  readonly busybox?: string;
}

/** Where ports are published on the host (Docker). */
export interface PublishOptions {
  /**
   * Address of the host at which ports are published (Docker). Any address but loopback exposes the stack to the network. Allowed: an IPv4
   * address of this host. Default: "127.0.0.1".
   */
  readonly address?: string;
  /**
   * Number added to every default port, so that several stacks can run on one engine. Allowed: a number to add to each port from 0 to 9856.
   * Default: 0.
   */
  readonly offset?: number | string;
  /** Ports on the host, by name. The offset does not apply to them. */
  readonly ports?: PublishPortsOptions;
}

/** Ports on the host, by name. The offset does not apply to them. */
export interface PublishPortsOptions {
  /** Port on the host. Default: 9200 plus the offset. Allowed: a port from 1 to 65535. */
  readonly elasticsearch?: number | string;
  /** Port on the host. Default: 4317 plus the offset. Allowed: a port from 1 to 65535. */
  readonly "otlp-grpc"?: number | string;
  /** Port on the host. Default: 4318 plus the offset. Allowed: a port from 1 to 65535. */
  readonly "otlp-http"?: number | string;
  /** Port on the host. Default: 14250 plus the offset. Allowed: a port from 1 to 65535. */
  readonly "jaeger-grpc"?: number | string;
  /** Port on the host. Default: 14268 plus the offset. Allowed: a port from 1 to 65535. */
  readonly "jaeger-thrift-http"?: number | string;
  /** Port on the host. Default: 8889 plus the offset. Allowed: a port from 1 to 65535. */
  readonly "collector-metrics"?: number | string;
  /** Port on the host. Default: 13133 plus the offset. Allowed: a port from 1 to 65535. */
  readonly "collector-health"?: number | string;
  /** Port on the host. Default: 55679 plus the offset. Allowed: a port from 1 to 65535. */
  readonly "collector-zpages"?: number | string;
  /** Port on the host. Default: 16686 plus the offset. Allowed: a port from 1 to 65535. */
  readonly "jaeger-ui"?: number | string;
  /** Port on the host. Default: 14269 plus the offset. Allowed: a port from 1 to 65535. */
  readonly "jaeger-admin"?: number | string;
  /** Port on the host. Default: 5778 plus the offset. Allowed: a port from 1 to 65535. */
  readonly "jaeger-sampling"?: number | string;
  /** Port on the host. Default: 9091 plus the offset. Allowed: a port from 1 to 65535. */
  readonly prometheus?: number | string;
  /** Port on the host. Default: 9093 plus the offset. Allowed: a port from 1 to 65535. */
  readonly alertmanager?: number | string;
  /** Port on the host. Default: 3001 plus the offset. Allowed: a port from 1 to 65535. */
  readonly perses?: number | string;
  /** Port on the host. Default: 4180 plus the offset. Allowed: a port from 1 to 65535. */
  readonly login?: number | string;
}

/** Which traces are kept: docs/SAMPLING.md explains it. */
export interface SamplingOptions {
  /** Of traces that match no rule, keep this percentage. Allowed: a percentage from 0 to 100 with at most two decimals. Default: 100. */
  readonly default?: number | string;
  /**
   * Of traces with an error (the status ERROR on a SERVER, CONSUMER or root span), keep this percentage. It can only raise a trace's rate.
   * 0: traces with errors have no rate of their own. Allowed: a percentage from 0 to 100 with at most two decimals. Default: 100.
   */
  readonly errors?: number | string;
  readonly slow?: SamplingSlowOptions;
  /** Rules by request. The first match applies. Default: []. */
  readonly operations?: readonly SamplingOperationOptions[];
  /** Overrides for single services, first to last. Default: []. */
  readonly services?: readonly SamplingServiceOptions[];
  /**
   * Who decides: the Collector, which sees whole traces; or each application before it sends anything, which is cheaper but does not see
   * errors or slowness. Allowed: one of collector, app. Default: "collector".
   */
  readonly decide?: "collector" | "app";
  /**
   * Maximum number of spans per second. Above it, traces without errors are dropped as a whole, even those with a rate of 100 %. Each
   * instance that samples has an equal share. A cap makes the Collector wait for whole traces. Allowed: spans a second from 100 to
   * 10000000.
   */
  readonly cap?: number | string;
  readonly expected?: SamplingExpectedOptions;
}

export interface SamplingSlowOptions {
  /** A trace is slow if a SERVER span in it takes at least this long. Allowed: a duration from 1ms to 10m. */
  readonly threshold: string;
  /**
   * Of slow traces, keep this percentage. It can only raise a trace's rate. Allowed: a percentage from 0 to 100 with at most two decimals.
   * Default: 100.
   */
  readonly percent?: number | string;
}

export interface SamplingOperationOptions {
  /**
   * The request: method and path. Allowed: METHOD /path, such as POST /api/auth/login; * stands for one path segment, ** for any number.
   */
  readonly operation: string;
  /**
   * Of its traces, keep this percentage. At 0, thebot-tracing does not record the request, so its errors are not kept either. Allowed: a
   * percentage from 0 to 100 with at most two decimals.
   */
  readonly percent: number | string;
}

export interface SamplingServiceOptions {
  /**
   * `service.name` of SERVER spans. Traces without a SERVER span of this service do not match. Allowed: a service's name: letters, digits
   * and . _ : / -.
   */
  readonly service: string;
  /**
   * Of its traces that match no rule, keep this percentage. Default: that of all services. Allowed: a percentage from 0 to 100 with at most
   * two decimals.
   */
  readonly default?: number | string;
  /** Rules for requests to it. They come before the rules for all services. Default: []. */
  readonly operations?: readonly SamplingOperationOptions[];
}

export interface SamplingExpectedOptions {
  /**
   * New traces per second, at peak. If you set it, a preview refuses a stack whose memory, disk, queue or processors are too small for it.
   * If you do not, the preview assumes 100, and checks only the memory of the Collectors that sample and the number of shards. Default:
   * 100. Allowed: traces a second from 1 to 1000000.
   */
  readonly tracesPerSecond?: number | string;
  /** Average number of spans per trace. Allowed: a number of spans from 1 to 10000. Default: 10. */
  readonly spansPerTrace?: number | string;
  /**
   * Average bytes of a span as sent over OTLP, uncompressed: 500 with a few short attributes, 700 with SQL and stack traces. Allowed: bytes
   * from 100 to 100000. Default: 700.
   */
  readonly bytesPerSpan?: number | string;
  /**
   * Expected share of traces with an error, in percent; for size estimates only. Allowed: a percentage from 0 to 100 with at most two
   * decimals. Default: 1.
   */
  readonly errors?: number | string;
  /**
   * Average load of a day as a percentage of the peak. 100 means that every hour is as busy as the busiest. Allowed: a percentage from 1 to
   * 100. Default: 100.
   */
  readonly average?: number | string;
  /**
   * Longest time from the first to the last span of a trace for which rates are guaranteed. The Collector waits at most this long plus 5 s
   * before it decides. Allowed: a duration from 1s to 10m. Default: "5s".
   */
  readonly longestTrace?: string;
}

/** Where and how the stack runs on Kubernetes. */
export interface KubernetesOptions {
  /** Namespace of the stack. Allowed: the name of a namespace. Default: "tracing". */
  readonly namespace?: string;
  /**
   * Identity of the cluster, independent of its kubeconfig. Changing it recreates every resource. Default: the stack's name. Allowed: a
   * name.
   */
  readonly cluster?: string;
  /** Path of the kubeconfig. Default: KUBECONFIG, or the user's kubeconfig. Allowed: the path of a file. */
  readonly kubeconfig?: string;
  /** Context in the kubeconfig. Default: the current context. Allowed: the name of a context. */
  readonly context?: string;
  /** Class of the volumes. Default: the cluster's default class. Allowed: the name of a StorageClass. */
  readonly storageClass?: string;
  /**
   * Whether volumes are kept or deleted when the stack is destroyed. `keep` also protects the namespace, Elasticsearch and the password.
   * Allowed: one of keep, delete. Default: "keep".
   */
  readonly volumes?: "keep" | "delete";
  /** Secrets in the stack's namespace for pulling images. Default: []. */
  readonly pullSecrets?: readonly string[];
  /**
   * Whether instances of a service run on different nodes. `required` needs as many nodes as instances. Autoscaled services are spread
   * evenly instead. Allowed: one of required, preferred, any. Default: "preferred".
   */
  readonly nodes?: "required" | "preferred" | "any";
  /** Whether instances are spread evenly over zones. Allowed: one of required, preferred, any. Default: "preferred". */
  readonly zones?: "required" | "preferred" | "any";
  /** DNS servers that network policies let pods reach. */
  readonly dns?: KubernetesDnsOptions;
  /** TLS between the tiers that spans pass. */
  readonly tls?: KubernetesTlsOptions;
}

/** DNS servers that network policies let pods reach. */
export interface KubernetesDnsOptions {
  /** Namespace of the cluster's DNS pods. Allowed: the name of a namespace. Default: "kube-system". */
  readonly namespace?: string;
  /**
   * Labels of the DNS pods. Default: `k8s-app: kube-dns`, or `k8s-app: node-local-dns` for the cache that some clusters run on each node.
   * Allowed: texts by name, such as { release: monitoring }.
   */
  readonly labels?: Readonly<Record<string, string>>;
  /** Ports of the DNS pods, for UDP and TCP. They may differ from the ports of the Service. Default: [53]. */
  readonly ports?: readonly (number | string)[];
  /** Addresses that also answer DNS. The default is the usual address of a cache on each node. Default: ["169.254.20.10"]. */
  readonly addresses?: readonly string[];
}

/** TLS between the tiers that spans pass. */
export interface KubernetesTlsOptions {
  /**
   * TLS from gateways to samplers and to Jaeger, with certificates on both sides, and to what is read: Jaeger's UI and API, the Collector's
   * metrics of spans, and the APIs of the stack's own Prometheus and Alertmanager. `accept`: servers take it beside plain text. `both`:
   * clients use it, too. `on`: servers take nothing else. Change it by one step at a time. Default: off; the policy pack wants it written
   * in production. Allowed: one of off, accept, both, on.
   */
  readonly mode?: "off" | "accept" | "both" | "on";
  /**
   * Where the certificates come from. `external`: from existing Secrets, `<service>-tier-tls`, with tls.crt, tls.key and ca.crt. Allowed:
   * one of cert-manager, external. Default: "cert-manager".
   */
  readonly certificates?: "cert-manager" | "external";
  /**
   * The cert-manager issuer. Whoever has a certificate of it may send spans to samplers and Jaeger. Default: a CA created for the stack.
   */
  readonly issuer?: KubernetesTlsIssuerOptions;
}

/** The cert-manager issuer. Whoever has a certificate of it may send spans to samplers and Jaeger. Default: a CA created for the stack. */
export interface KubernetesTlsIssuerOptions {
  /** Name of the issuer. Allowed: the name of a cert-manager issuer. */
  readonly name: string;
  /** Kind of the issuer. Allowed: one of Issuer, ClusterIssuer. Default: "ClusterIssuer". */
  readonly kind?: "Issuer" | "ClusterIssuer";
}

/** Elasticsearch, which stores the traces. */
export interface ElasticsearchOptions {
  /** Memory limit. Half of it is the Java heap. Allowed: a size from 1Gi to 64Gi. Default: "1Gi". */
  readonly memory?: string;
  /** Allowed: cores from 50m to 64, such as 500m or 2. Default: "1". */
  readonly cpu?: number | string;
  /**
   * Number of nodes: 1, or at least 3, so that a majority survives the loss of one. With several nodes, each index has a copy on a second
   * node. Allowed: a number of nodes from 1 to 9. Default: 1.
   */
  readonly nodes?: number | string;
  /** Disk of each node. Not used on Docker, whose volumes have no limit. Allowed: a size from 4Gi to 16384Gi. Default: "10Gi". */
  readonly storage?: string;
  /**
   * TLS for HTTP and between nodes; several nodes need it. `cert-manager`: with certificates from cert-manager. `external`: with those in
   * an existing Secret. Allowed: one of off, cert-manager, external. Default: "off".
   */
  readonly tls?: "off" | "cert-manager" | "external";
  /** The cert-manager issuer. Default: a CA created for the stack. */
  readonly issuer?: KubernetesTlsIssuerOptions;
  /**
   * Secret with tls.crt, tls.key and ca.crt. cert-manager writes it; with `tls: external` it must exist. Allowed: the name of a Secret.
   * Default: "elasticsearch-tls".
   */
  readonly certificateSecret?: string;
  /**
   * Whether several nodes may form a new cluster. Set it for the first start only. It has no effect on an existing cluster. Allowed: true
   * or false. Default: "false".
   */
  readonly bootstrap?: boolean;
  /**
   * Prefix of the names of the stack's indices, users and templates, so that stacks can share an Elasticsearch. After a change, older
   * traces are neither found nor deleted. Allowed: lower-case letters, digits and dashes, 30 at most, a letter first, without the word
   * jaeger.
   */
  readonly indexPrefix?: string;
  /**
   * Raise it by 1 to give every Elasticsearch user a new password. The services' old passwords remain valid for an hour. Change nothing
   * else in the same update, and never lower it. Allowed: a version from 1 to 999. Default: 1.
   */
  readonly passwordVersion?: number | string;
  /** An existing Elasticsearch to use. The stack then runs none. */
  readonly external?: ElasticsearchExternalOptions;
  readonly snapshots?: ElasticsearchSnapshotsOptions;
}

/** An existing Elasticsearch to use. The stack then runs none. */
export interface ElasticsearchExternalOptions {
  /** Address of that Elasticsearch. Allowed: an http or https address with its port, such as https://es.example.com:9200. */
  readonly url: string;
  /**
   * User that the setup logs in as. It needs the right to manage index templates, and to manage security unless `createUsers` is false.
   * Allowed: a user's name. Default: "elastic".
   */
  readonly user?: string;
  /** Secret in the stack's namespace whose key `password` is the password of that user. Allowed: the name of a Secret. */
  readonly passwordSecret: string;
  /**
   * Whether the setup creates a user for each service. If false, all services log in as `user`. Allowed: true or false. Default: "true".
   */
  readonly createUsers?: boolean;
  /** Secret whose key `ca.crt` is the CA to trust for an https address. Default: public CAs. Allowed: the name of a Secret. */
  readonly authoritySecret?: string;
}

export interface ElasticsearchSnapshotsOptions {
  /**
   * Where a copy of the indices is stored each day. `volume`: a volume of the stack, which protects from mistakes, but not from the loss of
   * the disk or the cluster. `s3`, `gcs`, `azure`: a bucket or container. Allowed: one of off, volume, s3, gcs, azure. Default: "off".
   */
  readonly store?: "off" | "volume" | "s3" | "gcs" | "azure";
  /** Name of the bucket (s3, gcs) or the container (azure). Allowed: a bucket's or container's name. */
  readonly bucket?: string;
  /**
   * Path in the bucket, not used by another repository. Default: `<stack>/tracing`, or `<stack>/tracing-<indexPrefix>`. Allowed: a path,
   * such as traces/prod.
   */
  readonly path?: string;
  /** Address of an S3-compatible object store. Default: that of AWS. Allowed: an address, such as https://s3.example.com. */
  readonly endpoint?: string;
  /**
   * Secret in the stack's namespace with the keys `access_key` and `secret_key` (s3), `credentials_file` (gcs), or `account` and `key`
   * (azure). Required for a bucket, except with `elasticsearch.external`: that Elasticsearch has them in its own keystore. Allowed: the
   * name of a Secret.
   */
  readonly credentialsSecret?: string;
  /** Size of the volume. Not used on Docker, whose volumes have no limit. Allowed: a size from 1Gi to 16384Gi. Default: "20Gi". */
  readonly storage?: string;
  /**
   * Class of the volume. With several nodes it must support ReadWriteMany. Default: `kubernetes.storageClass`. Allowed: the name of a
   * StorageClass.
   */
  readonly storageClass?: string;
  /**
   * Hour of the day, UTC, of the daily snapshot. Set it after `indexCleaner.hour`: an index cannot be deleted while it is copied. Allowed:
   * an hour of the day, UTC, from 0 to 23. Default: 5.
   */
  readonly hour?: number | string;
  /**
   * How long snapshots are kept, in days. The newest complete snapshot is always kept. Allowed: days from 1d to 365d, such as 7d. Default:
   * "7d".
   */
  readonly retention?: string;
}

/** The OpenTelemetry Collector that applications send to: the gateways, if there are samplers. `queue` is then the samplers'. */
export interface CollectorOptions {
  /** Memory limit. Allowed: a size from 128Mi to 32Gi. Default: "256Mi". */
  readonly memory?: string;
  /** Allowed: cores from 50m to 64, such as 500m or 2. Default: "500m". */
  readonly cpu?: number | string;
  /**
   * Disk for spans that wait for Jaeger, on each instance that samples. Spans may use a quarter of it. When that is full, the Collector
   * blocks: exports time out or are refused, and SDKs retry for a while. On Kubernetes, enlarge existing volumes before you raise it.
   * Allowed: a size from 256Mi to 1024Gi. Default: "391Mi".
   */
  readonly queue?: string;
  /** How much the debug exporter logs about each batch of kept spans. Allowed: one of off, basic, detailed. Default: "off". */
  readonly debug?: "off" | "basic" | "detailed";
  /** Number of instances. More than one requires `sampler.replicas`. Allowed: a number of instances from 1 to 64. Default: 1. */
  readonly replicas?: number | string;
  /**
   * Maximum number of instances that the autoscaler may create. Needs a metrics server in the cluster. Default: no autoscaling. Allowed: a
   * number of instances from 1 to 64.
   */
  readonly maxReplicas?: number | string;
}

/** What a request and a span may contain. docs/LIMITS.md says what happens to the rest. */
export interface LimitsOptions {
  /**
   * Largest request that the Collector accepts, uncompressed. Larger requests are refused permanently. Needs 32 times as much memory.
   * Allowed: a size from 1Mi to 16Mi. Default: "4Mi".
   */
  readonly request?: string;
  /**
   * Maximum number of attributes of a span, resource, scope or event. The rest is removed, and the span is marked. Allowed: a number of
   * attributes from 32 to 1000. Default: 128.
   */
  readonly attributes?: number | string;
  /**
   * Maximum number of events of a span. The last ones are kept, and the span says how many were removed. Allowed: a number of events from
   * 16 to 500. Default: 128.
   */
  readonly events?: number | string;
  /**
   * Maximum number of links of a span. A span with more is dropped, because the Collector cannot cut links. Allowed: a number of links from
   * 128 to 2000. Default: 1000.
   */
  readonly links?: number | string;
  /**
   * Maximum bytes of an attribute's key, and of the name of a service, scope, span or event. Longer keys are removed, longer names cut.
   * Allowed: a number of bytes from 64 to 1024. Default: 256.
   */
  readonly keyBytes?: number | string;
  /**
   * Maximum bytes of the text of a value. Longer text is cut, and the span is marked. Allowed: a number of bytes from 1024 to 1048576.
   * Default: 32766.
   */
  readonly valueBytes?: number | string;
  /**
   * How far in the future a span may start, if its host's clock is fast. In the past the limit is `tracing:retention`. Spans outside these
   * limits are dropped. Allowed: a duration from 1s to 1440m. Default: "60m".
   */
  readonly clockSkew?: string;
}

/** What is masked in spans before they are counted or stored: docs/decisions/0039-redaction.md. */
export interface RedactionOptions {
  /**
   * Whether headers with credentials are masked: authorization, cookie, set-cookie, API keys and tokens, under the attribute names of
   * current and old conventions and in text. Allowed: true or false. Default: "true".
   */
  readonly headers?: boolean;
  /**
   * Whether passwords, tokens and keys are masked: by the attribute's key, and in URLs, SQL, JSON and other text. Allowed: true or false.
   * Default: "true".
   */
  readonly credentials?: boolean;
  /** Whether e-mail addresses are masked. Allowed: true or false. Default: "true". */
  readonly emails?: boolean;
  /**
   * Whether card numbers are masked: 14 to 19 digits in text that begin as an issuer's do and pass Luhn's check. Allowed: true or false.
   * Default: "true".
   */
  readonly cards?: boolean;
  /**
   * National identifiers that are masked, by kind. Their form is checked, not their check digits. Allowed: a list of at most 6. Default:
   * [].
   */
  readonly nationalIdentifiers?: readonly ("us-ssn" | "uk-nino" | "es-dni" | "it-codice-fiscale" | "fr-nir" | "br-cpf")[];
  /** Keys of attributes that are left as they are, whatever they hold. Allowed: a list of at most 100. Default: []. */
  readonly allow?: readonly string[];
  /** What is masked besides. */
  readonly deny?: RedactionDenyOptions;
}

/** What is masked besides. */
export interface RedactionDenyOptions {
  /** Keys of further attributes whose values are masked. Allowed: a list of at most 100. Default: []. */
  readonly keys?: readonly string[];
  /**
   * Further text that is masked. One that begins with a literal costs least: docs/decisions/0039-redaction.md. Allowed: a list of at most
   * 20. Default: [].
   */
  readonly patterns?: readonly string[];
}

/** The second tier of the Collector, on Kubernetes. */
export interface SamplerOptions {
  /**
   * Number of instances of the second tier, which samples. All spans of a trace go to the same instance. 0: the Collector samples. Allowed:
   * a number of instances from 0 to 64. Default: 0.
   */
  readonly replicas?: number | string;
  /** Memory limit. Allowed: a size from 128Mi to 32Gi. Default: "512Mi". */
  readonly memory?: string;
  /** Allowed: cores from 50m to 64, such as 500m or 2. Default: "500m". */
  readonly cpu?: number | string;
}

/** Jaeger, which writes, searches and shows traces. */
export interface JaegerOptions {
  /** Memory limit. Allowed: a size from 128Mi to 32Gi. Default: "512Mi". */
  readonly memory?: string;
  /** Allowed: cores from 50m to 64, such as 500m or 2. Default: "500m". */
  readonly cpu?: number | string;
  /** Instances that answer queries and serve sampling strategies. Allowed: a number of instances from 1 to 64. Default: 1. */
  readonly replicas?: number | string;
  /**
   * Instances of `jaeger-collector`, a separate service that writes. 0: the instances that answer queries also write. Allowed: a number of
   * instances from 0 to 64. Default: 0.
   */
  readonly collectors?: number | string;
  /**
   * Tags that can always be searched. Other tags can be searched until a day's spans have a thousand different keys. Default:
   * ["correlation_id","http.method","http.request.method","http.response.status_code","http.route","http.status_code","url.path"].
   */
  readonly tags?: readonly string[];
  /**
   * Whether Jaeger's Monitor tab shows rates, errors and durations of requests. Jaeger queries them from Prometheus. Allowed: true or
   * false. Default: "true".
   */
  readonly monitor?: boolean;
  /**
   * Whether Jaeger's Dependencies page shows which service calls which. The Collector counts the calls, and `service-graph` copies the
   * counts from Prometheus to Elasticsearch. Allowed: true or false. Default: "true".
   */
  readonly dependencies?: boolean;
  /**
   * Links from Jaeger's pages to other sites. Placeholders stand for attributes of the span and its ancestors, or `traceID`, `traceName`,
   * `startTime`, `endTime`, `duration` of the trace; times are in microseconds. A link is shown only if all its placeholders have values.
   * Default: [].
   */
  readonly links?: readonly JaegerLinkOptions[];
  /**
   * An ingress for the UI, with a login: that of `tracing:login`, for all screens, or Jaeger's own. Default: the UI is reachable by
   * port-forward only.
   */
  readonly ingress?: JaegerIngressOptions;
}

export interface JaegerLinkOptions {
  /**
   * Where the link is shown: at the trace, or at an attribute of a process, of a span (`tags`) or of an event (`logs`). Allowed: one of
   * traces, process, tags, logs.
   */
  readonly type: "traces" | "process" | "tags" | "logs";
  /** Attribute whose value becomes the link. Not for `type: traces`. Allowed: an attribute's name. */
  readonly key?: string;
  /**
   * Address of the link. Values are percent-encoded. Allowed: an http or https address whose host is fixed, without a dollar sign (%24),
   * with placeholders such as #{traceID} or #{startTime | add -60000000}; functions: add N, pad_start N C, epoch_micros_to_date_iso.
   */
  readonly url: string;
  /**
   * Text of the link. Allowed: 1 to 100 characters without a dollar sign, with placeholders such as #{traceID} or #{startTime | add
   * -60000000}; functions: add N, pad_start N C, epoch_micros_to_date_iso.
   */
  readonly text: string;
}

/**
 * An ingress for the UI, with a login: that of `tracing:login`, for all screens, or Jaeger's own. Default: the UI is reachable by
 * port-forward only.
 */
export interface JaegerIngressOptions {
  /** Host name of the UI. Allowed: a host name. */
  readonly host: string;
  /** Class of the ingress, which selects its controller. Allowed: the name of an IngressClass. */
  readonly className: string;
  /** Namespace of the ingress controller. Network policies admit only this namespace. Allowed: the name of a namespace. */
  readonly namespace: string;
  /** Secret with the certificate for that host. Allowed: the name of a Secret. */
  readonly tlsSecret: string;
  /**
   * How the ingress controller connects to Jaeger. `https`: by TLS, with the annotations of ingress-nginx; it needs `kubernetes.tls.mode`,
   * and is refused with `tracing:login`. With `http`, Jaeger keeps its port for plain text open to the controller. Allowed: one of http,
   * https. Default: "http".
   */
  readonly backend?: "http" | "https";
  /**
   * Secret whose key `htpasswd` lists the users who may log in, with bcrypt hashes. Jaeger asks for the login. Required without
   * `tracing:login`. Allowed: the name of a Secret.
   */
  readonly usersSecret?: string;
}

/** Prometheus, which watches the stack and evaluates its alerts. */
export interface PrometheusOptions {
  /**
   * `own`: the stack runs a Prometheus. `operator`: ServiceMonitors and a PrometheusRule for the cluster's Prometheus operator. Allowed:
   * one of own, operator. Default: "own".
   */
  readonly mode?: "own" | "operator";
  readonly operator?: PrometheusOperatorOptions;
  /** Memory limit. Allowed: a size from 128Mi to 32Gi. Default: "256Mi". */
  readonly memory?: string;
  /** Allowed: cores from 50m to 64, such as 500m or 2. Default: "500m". */
  readonly cpu?: number | string;
  /** How long metrics are kept, in days. Rules look back 26 hours. Allowed: days from 2d to 365d, such as 7d. Default: "15d". */
  readonly retention?: string;
  /** Maximum disk for metrics. The oldest metrics are deleted first. Allowed: a size from 256Mi to 1024Gi. Default: "2Gi". */
  readonly storage?: string;
}

export interface PrometheusOperatorOptions {
  /**
   * Namespace of the operator's Prometheus. Network policies admit only this namespace. Allowed: the name of a namespace. Default:
   * "monitoring".
   */
  readonly namespace?: string;
  /** Labels by which that Prometheus selects monitors and rules. Allowed: texts by name, such as { release: monitoring }. Default: {}. */
  readonly labels?: Readonly<Record<string, string>>;
  /**
   * Address at which Jaeger queries that Prometheus. If it ends in `.<namespace>.svc`, the network policy admits only that namespace, and
   * its port must be that of the pods. Default: none; Jaeger then has neither a Monitor tab nor a Dependencies page. Allowed: an http or
   * https address with its port, such as http://prometheus-operated.monitoring.svc:9090.
   */
  readonly address?: string;
  /** Secret in the stack's namespace whose key `token` is a bearer token for that address. Allowed: the name of a Secret. */
  readonly tokenSecret?: string;
  /** Secret whose key `ca.crt` is the CA to trust for an https address. Default: public CAs. Allowed: the name of a Secret. */
  readonly authoritySecret?: string;
}

/** The job that deletes old indices. */
export interface IndexCleanerOptions {
  /** Hour of the day, UTC, at which old indices are deleted. Allowed: an hour of the day, UTC, from 0 to 23. Default: 3. */
  readonly hour?: number | string;
}

/** Who is notified of alerts. */
export interface AlertsOptions {
  /**
   * Who delivers alerts. `own`: the stack's Alertmanager. `cluster`: the Alertmanager of the operator's Prometheus. `off`: nobody; they are
   * only on Prometheus' page. Default: `cluster` with `prometheus.mode: operator`, otherwise `off` in development and `own` elsewhere.
   * Allowed: one of own, cluster, off.
   */
  readonly delivery?: "own" | "cluster" | "off";
  /** Receivers of alerts. Refused unless `delivery` is `own`; in development set that too. Default: []. */
  readonly receivers?: readonly AlertsReceiverOptions[];
  /**
   * Secret in the stack's namespace with a key for each receiver (Kubernetes). On Docker, set each secret with `pulumi config set --secret
   * --path tracing:alertSecrets.<name>`; see Setup and integration for the passphrase. Allowed: the name of a Secret.
   */
  readonly receiversSecret?: string;
  /**
   * Address of docs/runbooks/alerts.md that your users can reach, such as
   * https://git.example.com/tracing/blob/main/docs/runbooks/alerts.md. The annotation `runbook_url` of each alert starts with it. Default:
   * the path in this repository. Allowed: an http or https address without a fragment.
   */
  readonly runbooks?: string;
}

export interface AlertsReceiverOptions {
  /**
   * Name of the receiver. Its secret has the same name (the key in `receiversSecret`, or `tracing:alertSecrets.<name>`) and contains: for
   * `webhook` and `slack` the URL, for `pagerduty` the routing key, for `email` the password of `user`. Allowed: lower-case letters, digits
   * and dashes, 40 at most.
   */
  readonly name: string;
  /** How the receiver is notified. Allowed: one of webhook, slack, email, pagerduty. */
  readonly kind: "webhook" | "slack" | "email" | "pagerduty";
  /**
   * Which alerts to send: `critical` only critical, `warning` only warnings, `all` both. `watchdog`: only the alert Watchdog, for a dead
   * man's switch (`kind: webhook`). Allowed: one of critical, warning, all, watchdog. Default: "all".
   */
  readonly severity?: "critical" | "warning" | "all" | "watchdog";
  /**
   * Port in the webhook's URL, which the network policy opens (Kubernetes). It does not change the URL. Only for `kind: webhook`. Default:
   * 443. Allowed: a port from 1 to 65535.
   */
  readonly port?: number | string;
  /** Slack channel. Only for `kind: slack`. Default: the channel of the webhook. Allowed: a channel, such as #alerts. */
  readonly channel?: string;
  /** Recipient of the mail. Required for `kind: email`, refused for others. Allowed: an address, such as oncall@example.com. */
  readonly to?: string;
  /** Sender of the mail. Required for `kind: email`, refused for others. Allowed: an address, such as tracing@example.com. */
  readonly from?: string;
  /**
   * Mail server to send through; TLS is required. Required for `kind: email`, refused for others. Allowed: a host and a port, such as
   * smtp.example.com:587.
   */
  readonly smarthost?: string;
  /** User to log in to the mail server as. Only for `kind: email`. Default: no login, and no secret. Allowed: a user's name. */
  readonly user?: string;
}

/** Who may send spans, and how much. */
export interface IngestOptions {
  /**
   * Whether senders need a credential. `off`: no proxy. `report`: a proxy counts requests by sender and refuses nobody. `require`: it
   * refuses requests without a valid token, and those above the sender's limits. Default: `off` in development and `report` elsewhere. Set
   * `require` for a new stack; `report` lets those who send already go on. Allowed: one of off, report, require.
   */
  readonly mode?: "off" | "report" | "require";
  /** Who may send. `require` needs at least one. Default: []. */
  readonly senders?: readonly IngestSenderOptions[];
  /**
   * Connections that each instance accepts from one address at a time in mode `require`. More are closed at once. Raise it if many senders
   * share an address, for example behind a NAT; the proxy's memory grows by 256 KiB for each above 512, with `ingest.tls` by 512 KiB.
   * Allowed: a number of connections from 10 to 5000. Default: 512.
   */
  readonly connectionsPerAddress?: number | string;
  /**
   * Secret in the stack's namespace with a key for each sender (Kubernetes), whose value is the sender's tokens, one per line. On Docker,
   * set them with `pulumi config set --secret --path 'tracing:ingestTokens.<name>[0]'`; see Setup and integration for the backend and the
   * passphrase. A sender with `certificates` needs no key in it. Allowed: the name of a Secret.
   */
  readonly tokensSecret?: string;
  /** TLS from applications to the proxy: docs/decisions/0042-tls-from-applications.md. */
  readonly tls?: IngestTlsOptions;
}

export interface IngestSenderOptions {
  /**
   * Name of the sender: the value of the label `sender` in metrics. Its tokens have the same name (the key in `tokensSecret`, or
   * `tracing:ingestTokens.<name>`). Allowed: lower-case letters, digits and dashes, 40 at most.
   */
  readonly name: string;
  /** Limits of the sender. In mode `require`, requests above them are refused with an answer that makes clients retry. */
  readonly limits?: IngestSenderLimitsOptions;
  /**
   * Common names of client certificates that are the sender's, in place of a token or beside one. To revoke a certificate, take its name
   * out. Needs `ingest.tls.clientAuthoritySecret`. Default: [].
   */
  readonly certificates?: readonly string[];
  /**
   * Whether mode `require` accepts the sender's requests that are compressed with Zstandard. One of them can make the Collector allocate
   * 128 MiB by HTTP, and 512 MiB by gRPC: allow it only where you trust the sender and the Collector has that memory. SDKs use gzip or
   * nothing. Allowed: true or false. Default: false.
   */
  readonly zstandard?: boolean;
  /** Day, UTC, from which mode `require` refuses the sender. Default: it does not expire. Allowed: a date, such as 2027-01-31. */
  readonly expires?: string;
}

/** Limits of the sender. In mode `require`, requests above them are refused with an answer that makes clients retry. */
export interface IngestSenderLimitsOptions {
  /**
   * Requests per second that each instance accepts from the sender, averaged over ten seconds. Allowed: a number of requests from 1 to
   * 100000. Default: 200.
   */
  readonly requestsPerSecond?: number | string;
  /**
   * Bytes per second, as they are on the wire, that each instance accepts from the sender, averaged over ten seconds. Allowed: a size from
   * 1Mi to 256Mi. Default: "20Mi".
   */
  readonly bytesPerSecond?: string;
}

/** TLS from applications to the proxy: docs/decisions/0042-tls-from-applications.md. */
export interface IngestTlsOptions {
  /**
   * TLS from applications to the proxy, at the same ports (Kubernetes). `both`: beside plain text. `on`: nothing else. Needs `ingest.mode`
   * report or require. Allowed: one of off, both, on. Default: "off".
   */
  readonly mode?: "off" | "both" | "on";
  /**
   * Where the proxy's certificate comes from. `external`: from the existing Secret `otel-collector-ingest-tls` with tls.crt, tls.key and,
   * unless clients trust its authority anyway, ca.crt. It must name `otel-collector.<namespace>.svc`. Allowed: one of cert-manager,
   * external. Default: "cert-manager".
   */
  readonly certificates?: "cert-manager" | "external";
  /** The cert-manager issuer. Default: a CA created for the stack. */
  readonly issuer?: KubernetesTlsIssuerOptions;
  /**
   * Further DNS names of the certificate, such as that of a load balancer. Those of the Service `otel-collector` are always in it. Default:
   * [].
   */
  readonly names?: readonly string[];
  /**
   * Secret in the stack's namespace whose ca.crt signs client certificates. With it, a sender may show one of its `certificates` in place
   * of a token. Default: clients are not asked for certificates. Allowed: the name of a Secret.
   */
  readonly clientAuthoritySecret?: string;
}

/** A login by OpenID Connect in front of the screens, and who sees which: docs/decisions/0043-login.md. Default: none. */
export interface LoginOptions {
  /**
   * Issuer of the OpenID Connect provider, whose `/.well-known/openid-configuration` the login reads. Allowed: an address, such as
   * https://id.example.com/realms/company.
   */
  readonly issuer: string;
  /** Id of the client at the provider. Allowed: a client's id. */
  readonly clientId: string;
  /**
   * Secret in the stack's namespace whose key `client-secret` is the client's secret, without a newline (Kubernetes). On Docker, set it
   * with `pulumi config set --secret tracing:loginClientSecret`. Allowed: the name of a Secret.
   */
  readonly clientSecret?: string;
  /**
   * Address at which people open the screens. Register `<url>/oauth2/callback` at the provider. Something in front of the stack must end
   * TLS: the ingress on Kubernetes, a reverse proxy on Docker. Allowed: an https address without a path, such as
   * https://tracing.example.com; http for localhost only.
   */
  readonly url: string;
  /**
   * Scopes to ask for. Some providers need `groups` for groups, or `offline_access` for refresh tokens. Default:
   * ["openid","email","profile"].
   */
  readonly scopes?: readonly string[];
  /** Claim of the ID token with the user's groups. Allowed: a claim's name. Default: "groups". */
  readonly groupsClaim?: string;
  /** Domains whose e-mail addresses may log in. Default: all that the provider lets in. Default: []. */
  readonly emailDomains?: readonly string[];
  /** Who sees what. A screen without a role is shown to nobody. */
  readonly roles: LoginRolesOptions;
  /**
   * How long a session lasts without use. It ends before if the provider refuses to renew it. Allowed: a duration from 10m to 168h, such as
   * 8h. Default: "8h".
   */
  readonly session?: string;
  /**
   * How often the provider is asked to renew a session. Someone who was locked out there may go on for that long. Allowed: a duration from
   * 1m to 24h, such as 8h. Default: "5m".
   */
  readonly refresh?: string;
  /** Raise it by 1 to end all sessions at once. Allowed: a version from 1 to 999. Default: 1. */
  readonly sessionVersion?: number | string;
  /** Certificates of the CA to trust for the issuer, in addition to public CAs. Allowed: certificates in PEM. */
  readonly authority?: string;
  /** Number of instances. Allowed: a number of instances from 1 to 10. Default: 1. */
  readonly replicas?: number | string;
  /**
   * Whether the screens also stay published at their own ports, without the login (Docker). Whoever reaches these ports sees everything.
   * Allowed: true or false. Default: "false".
   */
  readonly direct?: boolean;
}

/** Who sees what. A screen without a role is shown to nobody. */
export interface LoginRolesOptions {
  /** Who sees traces, in Jaeger. */
  readonly traces?: LoginRolesTracesOptions;
  /** Who sees metrics and alerts, in Prometheus. */
  readonly metrics?: LoginRolesTracesOptions;
  /** Who sees dashboards, in Perses. They may query Prometheus through its data source, also what no dashboard shows. */
  readonly dashboards?: LoginRolesTracesOptions;
  /** Who sees alerts and silences, in Alertmanager. */
  readonly alerts?: LoginRolesTracesOptions;
  /** Who may also create, change and end silences. They need the role `alerts`, too. */
  readonly silences?: LoginRolesTracesOptions;
}

/** Who sees traces, in Jaeger. */
export interface LoginRolesTracesOptions {
  /** Groups that have the role. Default: []. */
  readonly groups?: readonly string[];
  /** E-mail addresses of people who have the role. Default: []. */
  readonly emails?: readonly string[];
  /** Whether everybody who may log in has the role. Allowed: true or false. Default: "false". */
  readonly everyone?: boolean;
}

/** The canary, which sends known traces and searches for them. */
export interface CanaryOptions {
  /**
   * Whether a canary sends known traces and searches for them in Jaeger. Default: true, unless `jaeger.ingress` is set: the canary cannot
   * log in. Allowed: true or false.
   */
  readonly enabled?: boolean;
  /** Time between two traces of the canary. Allowed: a duration from 5s to 1m, such as 15s. Default: "15s". */
  readonly interval?: string;
}

/** Service level objectives of the stack, which ErrorBudgetBurn watches. */
export interface ObjectivesOptions {
  /**
   * Target: percentage of the spans to be kept, and of the canary's traces, that are stored. Allowed: a percentage from 90 to 99.99 with at
   * most two decimals. Default: 99.9.
   */
  readonly completeness?: string;
  /**
   * Target: percentage of the canary's traces that are found in time: decision wait, Elasticsearch's refresh and one second together.
   * Allowed: a percentage from 90 to 99.99 with at most two decimals. Default: 95.
   */
  readonly freshness?: string;
  /**
   * Target: percentage of Jaeger's reads, and of the canary's queries, that succeed. Allowed: a percentage from 90 to 99.99 with at most
   * two decimals. Default: 99.
   */
  readonly queries?: string;
}

/** Where the dashboards are shown: docs/DASHBOARDS.md. */
export interface DashboardsOptions {
  /** ConfigMaps with the dashboards, one each, for the cluster's Grafana. Default: none; rendered/ has files to import. */
  readonly grafana?: DashboardsGrafanaOptions;
  /**
   * Whether the stack runs Perses, which shows the dashboards to everybody who can reach its port. Default: true in development on Docker,
   * otherwise false. Allowed: true or false.
   */
  readonly perses?: boolean;
}

/** ConfigMaps with the dashboards, one each, for the cluster's Grafana. Default: none; rendered/ has files to import. */
export interface DashboardsGrafanaOptions {
  /**
   * Label, with the value 1, by which the sidecar of the cluster's Grafana finds dashboards. Allowed: a label's name, such as
   * grafana_dashboard. Default: "grafana_dashboard".
   */
  readonly label?: string;
  /**
   * Existing namespace for the ConfigMaps. Default: the stack's namespace; the sidecar must then look in all namespaces. Allowed: the name
   * of a namespace.
   */
  readonly namespace?: string;
}

/**
 * What a single service needs beyond the other settings, by its name: elasticsearch, elasticsearch-setup, elasticsearch-snapshots,
 * elasticsearch-exporter, jaeger, jaeger-collector, otel-sampler, otel-collector, ingest, index-cleaner, service-graph, canary, tls-proxy,
 * alertmanager, prometheus, perses, login, login-gate.
 */
export interface OverridesOptions {
  readonly elasticsearch?: OverrideOptions;
  readonly "elasticsearch-setup"?: OverrideOptions;
  readonly "elasticsearch-snapshots"?: OverrideOptions;
  readonly "elasticsearch-exporter"?: OverrideOptions;
  readonly jaeger?: OverrideOptions;
  readonly "jaeger-collector"?: OverrideOptions;
  readonly "otel-sampler"?: OverrideOptions;
  readonly "otel-collector"?: OverrideOptions;
  readonly ingest?: OverrideOptions;
  readonly "index-cleaner"?: OverrideOptions;
  readonly "service-graph"?: OverrideOptions;
  readonly canary?: OverrideOptions;
  readonly "tls-proxy"?: OverrideOptions;
  readonly alertmanager?: OverrideOptions;
  readonly prometheus?: OverrideOptions;
  readonly perses?: OverrideOptions;
  readonly login?: OverrideOptions;
  readonly "login-gate"?: OverrideOptions;
}

export interface OverrideOptions {
  /** Labels that a node must have to run its pods. Allowed: texts by label, such as { team: observability }. */
  readonly nodeSelector?: Readonly<Record<string, string>>;
  /** Node taints that its pods tolerate. */
  readonly tolerations?: readonly object[];
  /**
   * Affinity of its pods, merged with that of `kubernetes.nodes`. Allowed: an affinity as Kubernetes has it, such as { nodeAffinity: … }.
   */
  readonly affinity?: object;
  /** Priority class of its pods. Allowed: the name of a PriorityClass. */
  readonly priorityClass?: string;
  /** Annotations of its pods. Allowed: texts by annotation, such as { example.com/owner: platform }. */
  readonly annotations?: Readonly<Record<string, string>>;
  /**
   * Labels of its pods, or of its container on Docker. Labels that the stack sets cannot be changed. Allowed: texts by label, such as {
   * team: observability }.
   */
  readonly labels?: Readonly<Record<string, string>>;
  /**
   * Environment variables of its program. Variables that the stack sets cannot be changed. Never use it for secrets: many tools show
   * environments. Allowed: texts by variable, such as { HTTPS_PROXY: http://proxy:3128 }.
   */
  readonly env?: Readonly<Record<string, string>>;
  /** Folders with files from ConfigMaps and Secrets in the stack's namespace. */
  readonly volumes?: readonly OverrideVolumeOptions[];
  /**
   * Merged into the program's config file: maps are merged, lists and values replaced, null removes a key. In a list, `...` stands for the
   * stack's own items. Values that the stack's guarantees rest on cannot be changed. Allowed: settings of the program, as its own reference
   * has them.
   */
  readonly config?: object;
}

export interface OverrideVolumeOptions {
  /** Name of the volume. Allowed: a name: lower-case letters, digits and dashes. */
  readonly name: string;
  /** Folder at which it is mounted, read-only. Allowed: an absolute path. */
  readonly path: string;
  /** ConfigMap with the files. Allowed: the name of a ConfigMap. */
  readonly configMap?: string;
  /** Secret with the files, instead of a ConfigMap. Allowed: the name of a Secret. */
  readonly secret?: string;
}
