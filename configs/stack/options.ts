/**
 * Options of a stack, in code as in its stack file. Generated from schema.ts by `make render`.
 *
 * Options that are left out get their defaults. A preview validates all options and reports every error at once.
 */

/** All options of a stack. */
export interface StackOptions {
  /** What the stack runs on. Allowed: one of docker, kubernetes. */
  readonly platform: "docker" | "kubernetes";
  /**
   * The environment that the traces come from; every span gets it as `deployment.environment.name`, unless it brings one. Allowed: one of
   * development, staging, production.
   */
  readonly environment: "development" | "staging" | "production";
  /** How long traces are kept at least, in whole days. Allowed: days from 1d to 365d, such as 7d. Default: "7d". */
  readonly retention?: string;
  /**
   * Where images come from: the projects' own registries, or the engine, as `make images` built them. Allowed: one of official, local.
   * Default: "official".
   */
  readonly images?: "official" | "local";
  /**
   * A registry that mirrors all others: it takes the place of the host in each image's name. Allowed: the host of a registry, with a dot or
   * a port in it, and a path if any, such as mirror.example.com:5000/hub.
   */
  readonly imageRegistry?: string;
  /** Single images that come from elsewhere; no registry is put before them. */
  readonly otherImages?: OtherImagesOptions;
  /**
   * Whether the policy pack refuses images of production that are named by a tag alone. Allowed: one of required, optional. Default:
   * "required".
   */
  readonly imageDigests?: "required" | "optional";
  readonly publish?: PublishOptions;
  readonly sampling?: SamplingOptions;
  readonly kubernetes?: KubernetesOptions;
  readonly elasticsearch?: ElasticsearchOptions;
  readonly collector?: CollectorOptions;
  readonly limits?: LimitsOptions;
  readonly sampler?: SamplerOptions;
  readonly jaeger?: JaegerOptions;
  readonly prometheus?: PrometheusOptions;
  readonly indexCleaner?: IndexCleanerOptions;
  readonly alerts?: AlertsOptions;
  readonly canary?: CanaryOptions;
  readonly objectives?: ObjectivesOptions;
  readonly dashboards?: DashboardsOptions;
  readonly overrides?: OverridesOptions;
}

/** Single images that come from elsewhere; no registry is put before them. */
export interface OtherImagesOptions {
  /**
   * A whole reference in place of that image. Its tag's version decides what the program's config holds. Allowed: an image whose tag begins
   * with the program's version, such as registry.example.com/jaeger:2.21.0-1.
   */
  readonly elasticsearch?: string;
  /**
   * A whole reference in place of that image. Its tag's version decides what the program's config holds. Allowed: an image whose tag begins
   * with the program's version, such as registry.example.com/jaeger:2.21.0-1.
   */
  readonly "otel-collector"?: string;
  /**
   * A whole reference in place of that image. Its tag's version decides what the program's config holds. Allowed: an image whose tag begins
   * with the program's version, such as registry.example.com/jaeger:2.21.0-1.
   */
  readonly jaeger?: string;
  /**
   * A whole reference in place of that image. Its tag's version decides what the program's config holds. Allowed: an image whose tag begins
   * with the program's version, such as registry.example.com/jaeger:2.21.0-1.
   */
  readonly "jaeger-es-index-cleaner"?: string;
  /**
   * A whole reference in place of that image. Its tag's version decides what the program's config holds. Allowed: an image whose tag begins
   * with the program's version, such as registry.example.com/jaeger:2.21.0-1.
   */
  readonly prometheus?: string;
  /**
   * A whole reference in place of that image. Its tag's version decides what the program's config holds. Allowed: an image whose tag begins
   * with the program's version, such as registry.example.com/jaeger:2.21.0-1.
   */
  readonly "elasticsearch-exporter"?: string;
  /**
   * A whole reference in place of that image. Its tag's version decides what the program's config holds. Allowed: an image whose tag begins
   * with the program's version, such as registry.example.com/jaeger:2.21.0-1.
   */
  readonly alertmanager?: string;
  /**
   * A whole reference in place of that image. Its tag's version decides what the program's config holds. Allowed: an image whose tag begins
   * with the program's version, such as registry.example.com/jaeger:2.21.0-1.
   */
  readonly perses?: string;
  /**
   * A whole reference in place of that image. Its tag's version decides what the program's config holds. Allowed: an image whose tag begins
   * with the program's version, such as registry.example.com/jaeger:2.21.0-1.
   */
  readonly busybox?: string;
}

export interface PublishOptions {
  /**
   * The host's address that ports are published on (Docker). Any other than loopback opens the stack to the network. Allowed: an IPv4
   * address of this host. Default: "127.0.0.1".
   */
  readonly address?: string;
  /**
   * Added to the default number of every published port, so that several stacks run on one engine. Allowed: a number to add to each port
   * from 0 to 9856. Default: 0.
   */
  readonly offset?: number | string;
  /** Single ports by name, as they are to be on the host; the offset does not apply to them. */
  readonly ports?: PublishPortsOptions;
}

/** Single ports by name, as they are to be on the host; the offset does not apply to them. */
export interface PublishPortsOptions {
  /** Port on the host; 9200 plus the offset by default. Allowed: a port from 1 to 65535. */
  readonly elasticsearch?: number | string;
  /** Port on the host; 4317 plus the offset by default. Allowed: a port from 1 to 65535. */
  readonly "otlp-grpc"?: number | string;
  /** Port on the host; 4318 plus the offset by default. Allowed: a port from 1 to 65535. */
  readonly "otlp-http"?: number | string;
  /** Port on the host; 14250 plus the offset by default. Allowed: a port from 1 to 65535. */
  readonly "jaeger-grpc"?: number | string;
  /** Port on the host; 14268 plus the offset by default. Allowed: a port from 1 to 65535. */
  readonly "jaeger-thrift-http"?: number | string;
  /** Port on the host; 8889 plus the offset by default. Allowed: a port from 1 to 65535. */
  readonly "collector-metrics"?: number | string;
  /** Port on the host; 13133 plus the offset by default. Allowed: a port from 1 to 65535. */
  readonly "collector-health"?: number | string;
  /** Port on the host; 55679 plus the offset by default. Allowed: a port from 1 to 65535. */
  readonly "collector-zpages"?: number | string;
  /** Port on the host; 16686 plus the offset by default. Allowed: a port from 1 to 65535. */
  readonly "jaeger-ui"?: number | string;
  /** Port on the host; 14269 plus the offset by default. Allowed: a port from 1 to 65535. */
  readonly "jaeger-admin"?: number | string;
  /** Port on the host; 5778 plus the offset by default. Allowed: a port from 1 to 65535. */
  readonly "jaeger-sampling"?: number | string;
  /** Port on the host; 9091 plus the offset by default. Allowed: a port from 1 to 65535. */
  readonly prometheus?: number | string;
  /** Port on the host; 9093 plus the offset by default. Allowed: a port from 1 to 65535. */
  readonly alertmanager?: number | string;
  /** Port on the host; 3001 plus the offset by default. Allowed: a port from 1 to 65535. */
  readonly perses?: number | string;
}

export interface SamplingOptions {
  /** Percentage of traces kept when no rule matches. Allowed: a percentage from 0 to 100 with at most two decimals. Default: 100. */
  readonly default?: number | string;
  /**
   * Percentage of traces with an error that are kept. It can only raise a trace's rate; 0 turns it off. Allowed: a percentage from 0 to 100
   * with at most two decimals. Default: 100.
   */
  readonly errors?: number | string;
  readonly slow?: SamplingSlowOptions;
  /** Rules by request. The first match applies. Default: []. */
  readonly operations?: readonly SamplingOperationOptions[];
  /** Overrides for single services, first to last. Default: []. */
  readonly services?: readonly SamplingServiceOptions[];
  /**
   * Who decides: the Collector, which sees whole traces; or each application before it sends anything, which is cheaper but knows nothing
   * of errors or slowness. Allowed: one of collector, app. Default: "collector".
   */
  readonly decide?: "collector" | "app";
  /**
   * Maximum number of spans per second kept from traces without errors. Above it, whole traces are dropped, whatever their rate. Allowed:
   * spans a second from 100 to 10000000.
   */
  readonly cap?: number | string;
  readonly expected?: SamplingExpectedOptions;
}

export interface SamplingSlowOptions {
  /** A trace is slow when a SERVER span in it takes at least this long. Allowed: a duration from 1ms to 10m, such as 500ms or 2s. */
  readonly threshold: string;
  /**
   * Percentage of slow traces kept. It can only raise a trace's rate. Allowed: a percentage from 0 to 100 with at most two decimals.
   * Default: 100.
   */
  readonly percent?: number | string;
}

export interface SamplingOperationOptions {
  /**
   * The request: METHOD and path. Allowed: METHOD /path, such as POST /api/auth/login; * stands for one path segment, ** for any number.
   */
  readonly operation: string;
  /** Percentage of its traces kept. Allowed: a percentage from 0 to 100 with at most two decimals. */
  readonly percent: number | string;
}

export interface SamplingServiceOptions {
  /** The `service.name` that its spans carry. Allowed: a service's name: letters, digits and . _ : / -. */
  readonly service: string;
  /** Percentage of its traces kept when no rule matches. Allowed: a percentage from 0 to 100 with at most two decimals. */
  readonly default?: number | string;
  /** Rules for its requests. They come before the rules for all services. Default: []. */
  readonly operations?: readonly SamplingOperationOptions[];
}

export interface SamplingExpectedOptions {
  /**
   * New traces a second, at peak. A stack that is too small for it is refused. Default: 100, and only what a sampler has room for is held
   * against it. Allowed: traces a second from 1 to 1000000.
   */
  readonly tracesPerSecond?: number | string;
  /** Spans of a trace, on average. Allowed: a number of spans from 1 to 10000. Default: 10. */
  readonly spansPerTrace?: number | string;
  /**
   * Bytes of a span as it is sent by OTLP, uncompressed, on average: 500 for a few short attributes, 700 with SQL and stack traces.
   * Allowed: bytes from 100 to 100000. Default: 700.
   */
  readonly bytesPerSpan?: number | string;
  /** Percentage of traces with an error. Allowed: a percentage from 0 to 100 with at most two decimals. Default: 1. */
  readonly errors?: number | string;
  /**
   * The day's average load, in percent of the peak. 100 holds also where every hour is as busy as the busiest. Allowed: a percentage from 1
   * to 100. Default: 100.
   */
  readonly average?: number | string;
  /**
   * Time from the first to the last span of a trace that rates are promised for. The Collector waits 5 s longer. Allowed: a duration from
   * 1s to 10m, such as 500ms or 2s. Default: "5s".
   */
  readonly longestTrace?: string;
}

export interface KubernetesOptions {
  /** Namespace of the stack. Allowed: the name of a namespace. Default: "tracing". */
  readonly namespace?: string;
  /**
   * Identifies the cluster, whatever its kubeconfig says; another name means another cluster, and everything anew. Default: the stack's
   * name. Allowed: a name.
   */
  readonly cluster?: string;
  /** Kubeconfig. Left out: KUBECONFIG, or the user's own. Allowed: the path of a file. */
  readonly kubeconfig?: string;
  /** Context in it. Left out: the current one. Allowed: the name of a context. */
  readonly context?: string;
  /** Class of the volumes. Left out: the cluster's default. Allowed: the name of a StorageClass. */
  readonly storageClass?: string;
  /**
   * Whether volumes are kept or deleted when the stack is destroyed. `keep` also protects the namespace, Elasticsearch and the password.
   * Allowed: one of keep, delete. Default: "keep".
   */
  readonly volumes?: "keep" | "delete";
  /** Secrets in the stack's namespace to pull images with. Default: []. */
  readonly pullSecrets?: readonly string[];
  /**
   * Whether instances of a service are on different nodes. `required` needs as many nodes as instances; of a service whose number follows
   * load, they are evenly on all. Allowed: one of required, preferred, any. Default: "preferred".
   */
  readonly nodes?: "required" | "preferred" | "any";
  /** Whether instances are spread evenly over zones. Allowed: one of required, preferred, any. Default: "preferred". */
  readonly zones?: "required" | "preferred" | "any";
  /** DNS servers that network policies let pods reach. */
  readonly dns?: KubernetesDnsOptions;
}

/** DNS servers that network policies let pods reach. */
export interface KubernetesDnsOptions {
  /** Namespace of the cluster's DNS. Allowed: the name of a namespace. Default: "kube-system". */
  readonly namespace?: string;
  /**
   * Labels of its pods. Left out: `k8s-app: kube-dns` or `k8s-app: node-local-dns`, the cache that some clusters have on each node.
   * Allowed: texts by name, such as { release: monitoring }.
   */
  readonly labels?: Readonly<Record<string, string>>;
  /** Ports that its pods listen on, by UDP and TCP: the pods' own, which need not be the Service's. Default: [53]. */
  readonly ports?: readonly (number | string)[];
  /** Addresses that answer in place of these pods. The default is that of a cache on each node. Default: ["169.254.20.10"]. */
  readonly addresses?: readonly string[];
}

export interface ElasticsearchOptions {
  /** Memory limit, MiB. Half of it is the Java heap. Allowed: a size from 1Gi to 64Gi, such as 512Mi or 2Gi. Default: "1Gi". */
  readonly memory?: string;
  /** Allowed: cores from 50m to 64, such as 500m or 2. Default: "1". */
  readonly cpu?: number | string;
  /**
   * Nodes: 1, or 3 and more, so that a majority outlives the loss of one. Each index then has a copy on a second node. Allowed: a number of
   * nodes from 1 to 9. Default: 1.
   */
  readonly nodes?: number | string;
  /**
   * Disk of each node, MiB. Docker's volumes have no limit and ignore it. Allowed: a size from 4Gi to 16384Gi, such as 512Mi or 2Gi.
   * Default: "10Gi".
   */
  readonly storage?: string;
  /**
   * TLS for HTTP and between nodes: off, with certificates from cert-manager, or with those of a Secret that exists. Allowed: one of off,
   * cert-manager, external. Default: "off".
   */
  readonly tls?: "off" | "cert-manager" | "external";
  /** The cert-manager issuer. Default: a CA created for the stack. */
  readonly issuer?: ElasticsearchIssuerOptions;
  /**
   * Secret with tls.crt, tls.key and ca.crt. cert-manager writes it; with `tls: external` it must exist. Allowed: the name of a Secret.
   * Default: "elasticsearch-tls".
   */
  readonly certificateSecret?: string;
  /**
   * Whether several nodes may form a new cluster. Set it for the first start only; it has no effect on an existing cluster. Allowed: true
   * or false. Default: "false".
   */
  readonly bootstrap?: boolean;
  /**
   * What the names of the stack's indices, users and templates begin with, so that stacks can share an Elasticsearch. Changed later, what
   * was stored before is out of sight. Allowed: lower-case letters, digits and dashes, 30 at most, a letter first, without the word jaeger.
   */
  readonly indexPrefix?: string;
  /**
   * Raise it by 1 to give every user of Elasticsearch a new password; those of the services still work for another hour. Change nothing
   * else with it, and never lower it. Allowed: a version from 1 to 999. Default: 1.
   */
  readonly passwordVersion?: number | string;
  /** An Elasticsearch that already exists. The stack then runs none. */
  readonly external?: ElasticsearchExternalOptions;
  readonly snapshots?: ElasticsearchSnapshotsOptions;
}

/** The cert-manager issuer. Default: a CA created for the stack. */
export interface ElasticsearchIssuerOptions {
  /** Its name. Allowed: the name of a cert-manager issuer. */
  readonly name: string;
  /** Kind of the issuer. Allowed: one of Issuer, ClusterIssuer. Default: "ClusterIssuer". */
  readonly kind?: "Issuer" | "ClusterIssuer";
}

/** An Elasticsearch that already exists. The stack then runs none. */
export interface ElasticsearchExternalOptions {
  /** Its address. Allowed: an http or https address with its port, such as https://es.example.com:9200. */
  readonly url: string;
  /**
   * User that the setup logs in as. It must be allowed to manage index templates, and security unless `createUsers` is false. Allowed: a
   * user's name. Default: "elastic".
   */
  readonly user?: string;
  /** Secret in the stack's namespace; its key `password` is the password of that user. Allowed: the name of a Secret. */
  readonly passwordSecret: string;
  /** Whether the setup creates a user for each service. If not, all services log in as `user`. Allowed: true or false. Default: "true". */
  readonly createUsers?: boolean;
  /** Secret whose key `ca.crt` is the authority to trust; for an https address. Left out: a public one. Allowed: the name of a Secret. */
  readonly authoritySecret?: string;
}

export interface ElasticsearchSnapshotsOptions {
  /**
   * Where a copy of the indices is put each day. `volume`: a volume of the stack, which protects from mistakes and not from the loss of the
   * disk or the cluster. `s3`, `gcs`, `azure`: a bucket or container. Allowed: one of off, volume, s3, gcs, azure. Default: "off".
   */
  readonly store?: "off" | "volume" | "s3" | "gcs" | "azure";
  /** The bucket (s3, gcs) or the container (azure). Allowed: a bucket's or container's name. */
  readonly bucket?: string;
  /**
   * Path in the bucket. No other repository may be there. Default: the stack's name, and what its users' names begin with. Allowed: a path,
   * such as traces/prod.
   */
  readonly path?: string;
  /** Address of an object store that speaks S3. Default: AWS's. Allowed: an address, such as https://s3.example.com. */
  readonly endpoint?: string;
  /**
   * Secret in the stack's namespace with the keys `access_key` and `secret_key` (s3), `credentials_file` (gcs), or `account` and `key`
   * (azure). Needed for a bucket, unless the Elasticsearch is one that exists: its own keystore holds them. Allowed: the name of a Secret.
   */
  readonly credentialsSecret?: string;
  /**
   * Size of the volume, MiB. Docker's volumes have no limit and ignore it. Allowed: a size from 1Gi to 16384Gi, such as 512Mi or 2Gi.
   * Default: "20Gi".
   */
  readonly storage?: string;
  /**
   * Class of the volume. Of several nodes all must be able to write to it (ReadWriteMany). Default: `kubernetes.storageClass`. Allowed: the
   * name of a StorageClass.
   */
  readonly storageClass?: string;
  /**
   * Hour of the day, UTC, at which the copy is made: after the index cleaner's, which can delete no index that is being copied. Allowed: an
   * hour of the day, UTC, from 0 to 23. Default: 5.
   */
  readonly hour?: number | string;
  /**
   * How long snapshots are kept, in days. The newest is kept longer, if it is the last good one. Allowed: days from 1d to 365d, such as 7d.
   * Default: "7d".
   */
  readonly retention?: string;
}

export interface CollectorOptions {
  /** Memory limit, MiB. Allowed: a size from 128Mi to 32Gi, such as 512Mi or 2Gi. Default: "256Mi". */
  readonly memory?: string;
  /** Allowed: cores from 50m to 64, such as 500m or 2. Default: "500m". */
  readonly cpu?: number | string;
  /**
   * Disk for spans queued while Jaeger is down, MiB, on each instance that samples. Spans may take a quarter of it. When that is full,
   * receivers refuse and clients retry. Allowed: a size from 256Mi to 1024Gi, such as 512Mi or 2Gi. Default: "391Mi".
   */
  readonly queue?: string;
  /** The debug exporter: what is logged of each kept batch of spans. Allowed: one of off, basic, detailed. Default: "off". */
  readonly debug?: "off" | "basic" | "detailed";
  /** Instances; more than one needs samplers. Allowed: a number of instances from 1 to 64. Default: 1. */
  readonly replicas?: number | string;
  /**
   * Maximum number of instances that the autoscaler may create. Default: no autoscaling. Needs a metrics server in the cluster. Allowed: a
   * number of instances from 1 to 64.
   */
  readonly maxReplicas?: number | string;
}

export interface LimitsOptions {
  /**
   * The largest request that the Collector takes, uncompressed, MiB. A larger one is refused for good. Needs 32 times as much memory.
   * Allowed: a size from 1Mi to 16Mi, such as 512Mi or 2Gi. Default: "4Mi".
   */
  readonly request?: string;
  /**
   * Most attributes of a span, a resource, a scope or an event. The rest is left out, and the span says so. Allowed: a number of attributes
   * from 32 to 1000. Default: 128.
   */
  readonly attributes?: number | string;
  /** Most events of a span: the last ones. It says how many were left out. Allowed: a number of events from 16 to 500. Default: 128. */
  readonly events?: number | string;
  /**
   * Most links of a span. One with more is dropped: the Collector cannot cut them. Allowed: a number of links from 128 to 2000. Default:
   * 1000.
   */
  readonly links?: number | string;
  /**
   * Longest key of an attribute, and longest name of a service, scope, span or event. Longer keys are left out, names cut. Allowed: a
   * number of bytes from 64 to 1024. Default: 256.
   */
  readonly keyBytes?: number | string;
  /** Longest text of a value. It is cut there, and the span says so. Allowed: a number of bytes from 1024 to 1048576. Default: 32766. */
  readonly valueBytes?: number | string;
  /**
   * How far a span's start may lie in the future, by a clock that is fast; in the past it is `tracing:retention`. Others are dropped.
   * Allowed: a duration from 1s to 1440m, such as 500ms or 2s. Default: "60m".
   */
  readonly clockSkew?: string;
}

export interface SamplerOptions {
  /**
   * Instances of the second tier, which samples. All spans of a trace go to the same instance. 0: the Collector samples. Allowed: a number
   * of instances from 0 to 64. Default: 0.
   */
  readonly replicas?: number | string;
  /** Memory limit, MiB. Allowed: a size from 128Mi to 32Gi, such as 512Mi or 2Gi. Default: "512Mi". */
  readonly memory?: string;
  /** Allowed: cores from 50m to 64, such as 500m or 2. Default: "500m". */
  readonly cpu?: number | string;
}

export interface JaegerOptions {
  /** Memory limit, MiB. Allowed: a size from 128Mi to 32Gi, such as 512Mi or 2Gi. Default: "512Mi". */
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
   * Tags that can always be searched. All others can be, too, until the spans of a day have brought a thousand different keys. Default:
   * ["correlation_id","http.method","http.request.method","http.response.status_code","http.route","http.status_code","url.path"].
   */
  readonly tags?: readonly string[];
  /**
   * Whether the Monitor tab shows rates, errors and durations of requests. Jaeger then asks Prometheus for them. Allowed: true or false.
   * Default: "true".
   */
  readonly monitor?: boolean;
  /**
   * Whether the Dependencies page shows which service calls which. The Collector then counts calls between services, and `service-graph`
   * writes what Prometheus has of them to Elasticsearch. Allowed: true or false. Default: "true".
   */
  readonly dependencies?: boolean;
  /**
   * Links from Jaeger's pages to other places. Placeholders take attributes of the span and its ancestors, or `traceID`, `traceName`,
   * `startTime`, `endTime`, `duration` of the trace; times are in microseconds. A link without a value for each of them is not shown.
   * Default: [].
   */
  readonly links?: readonly JaegerLinkOptions[];
  /** An ingress for the UI, with a login. Default: the UI is reachable by port-forward only. */
  readonly ingress?: JaegerIngressOptions;
}

export interface JaegerLinkOptions {
  /**
   * Where the link is shown: at the trace, or at an attribute of a process, of a span (`tags`) or of an event (`logs`). Allowed: one of
   * traces, process, tags, logs.
   */
  readonly type: "traces" | "process" | "tags" | "logs";
  /** The attribute whose value becomes the link. Not for `type: traces`. Allowed: an attribute's name. */
  readonly key?: string;
  /**
   * Address of the link. Values are put in percent-encoded. Allowed: an http or https address whose host is fixed, without a dollar sign
   * (%24), with placeholders such as #{traceID} or #{startTime | add -60000000}; functions: add N, pad_start N C, epoch_micros_to_date_iso.
   */
  readonly url: string;
  /**
   * What the link is called. Allowed: 1 to 100 characters without a dollar sign, with placeholders such as #{traceID} or #{startTime | add
   * -60000000}; functions: add N, pad_start N C, epoch_micros_to_date_iso.
   */
  readonly text: string;
}

/** An ingress for the UI, with a login. Default: the UI is reachable by port-forward only. */
export interface JaegerIngressOptions {
  /** Name under which the UI is reached. Allowed: a host name. */
  readonly host: string;
  /** Class of the ingress, which says what controller serves it. Allowed: the name of an IngressClass. */
  readonly className: string;
  /** Namespace of the ingress controller; it alone is let through. Allowed: the name of a namespace. */
  readonly namespace: string;
  /** Secret with the certificate of that host. Allowed: the name of a Secret. */
  readonly tlsSecret: string;
  /** Secret whose key `htpasswd` lists who may log in, with bcrypt hashes; Jaeger asks for it. Allowed: the name of a Secret. */
  readonly usersSecret: string;
}

export interface PrometheusOptions {
  /**
   * `own`: the stack runs a Prometheus. `operator`: ServiceMonitors and a PrometheusRule for the cluster's Prometheus operator. Allowed:
   * one of own, operator. Default: "own".
   */
  readonly mode?: "own" | "operator";
  readonly operator?: PrometheusOperatorOptions;
  /** Memory limit, MiB. Allowed: a size from 128Mi to 32Gi, such as 512Mi or 2Gi. Default: "256Mi". */
  readonly memory?: string;
  /** Allowed: cores from 50m to 64, such as 500m or 2. Default: "500m". */
  readonly cpu?: number | string;
  /** How long metrics are kept, in days. Rules look back 26 hours. Allowed: days from 2d to 365d, such as 7d. Default: "15d". */
  readonly retention?: string;
  /**
   * Maximum disk for metrics, MiB. The oldest are deleted first. Allowed: a size from 256Mi to 1024Gi, such as 512Mi or 2Gi. Default:
   * "2Gi".
   */
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
   * Where Jaeger's pages ask that Prometheus for metrics. If it ends in `.<namespace>.svc`, the network policy admits only that namespace,
   * and its port must be that of the pods. Default: Jaeger asks nobody, and has neither a Monitor tab nor a Dependencies page. Allowed: an
   * http or https address with its port, such as http://prometheus-operated.monitoring.svc:9090.
   */
  readonly address?: string;
  /** Secret in the stack's namespace whose key `token` is a bearer token for that address. Allowed: the name of a Secret. */
  readonly tokenSecret?: string;
  /** Secret whose key `ca.crt` is the authority to trust; for an https address. Left out: a public one. Allowed: the name of a Secret. */
  readonly authoritySecret?: string;
}

export interface IndexCleanerOptions {
  /** Hour of the day, UTC, at which old indices are deleted. Allowed: an hour of the day, UTC, from 0 to 23. Default: 3. */
  readonly hour?: number | string;
}

export interface AlertsOptions {
  /**
   * Who delivers alerts. `own`: an Alertmanager of the stack. `cluster`: the Alertmanager of the operator's Prometheus. `off`: nobody; they
   * stand on Prometheus' page. Default: `cluster` with `prometheus.mode: operator`, else `off` in development and `own` elsewhere. Allowed:
   * one of own, cluster, off.
   */
  readonly delivery?: "own" | "cluster" | "off";
  /** Who is told. Default: []. */
  readonly receivers?: readonly AlertsReceiverOptions[];
  /**
   * Secret in the stack's namespace with the receivers' secrets, by their names (Kubernetes). On Docker they are stack config: `pulumi
   * config set --secret --path tracing:alertSecrets.<name>`. Allowed: the name of a Secret.
   */
  readonly receiversSecret?: string;
  /**
   * Address of docs/runbooks/alerts.md as your people reach it, such as https://git.example.com/tracing/blob/main/docs/runbooks/alerts.md.
   * The annotation `runbook_url` of each alert begins with it. Default: the path in this repository. Allowed: an http or https address
   * without a fragment.
   */
  readonly runbooks?: string;
}

export interface AlertsReceiverOptions {
  /**
   * Its name. Its secret has the same name: a webhook's address, Slack's webhook address, PagerDuty's routing key, or the password of
   * `user`. Allowed: lower-case letters, digits and dashes, 40 at most.
   */
  readonly name: string;
  /** How it is told. Allowed: one of webhook, slack, email, pagerduty. */
  readonly kind: "webhook" | "slack" | "email" | "pagerduty";
  /**
   * Severity of the alerts that it gets. `watchdog`: none but the one that always fires, for a dead man's switch; webhooks only. Allowed:
   * one of critical, warning, all, watchdog. Default: "all".
   */
  readonly severity?: "critical" | "warning" | "all" | "watchdog";
  /** Port of a webhook's address, which the network policy opens (Kubernetes). Default: 443. Allowed: a port from 1 to 65535. */
  readonly port?: number | string;
  /** Slack channel. Default: that of the webhook. Allowed: a channel, such as #alerts. */
  readonly channel?: string;
  /** Recipient of mail. Allowed: an address, such as oncall@example.com. */
  readonly to?: string;
  /** Sender of mail. Allowed: an address, such as tracing@example.com. */
  readonly from?: string;
  /** Server that takes the mail. TLS is required. Allowed: a host and a port, such as smtp.example.com:587. */
  readonly smarthost?: string;
  /** User to log in to that server as. Left out: no login, and no secret. Allowed: a user's name. */
  readonly user?: string;
}

export interface CanaryOptions {
  /**
   * Whether a service sends known traces and looks for them in Jaeger. Default: true, unless `jaeger.ingress` puts a login before Jaeger:
   * the canary has none. Allowed: true or false.
   */
  readonly enabled?: boolean;
  /** Time between two of its traces, in seconds. Allowed: a duration from 5s to 1m, such as 15s. Default: "15s". */
  readonly interval?: string;
}

export interface ObjectivesOptions {
  /**
   * Percentage of the spans that are to be kept, and of the canary's traces, that are stored. Allowed: a percentage from 90 to 99.99 with
   * at most two decimals. Default: 99.9.
   */
  readonly completeness?: string;
  /**
   * Percentage of the canary's traces that can be found in time: the decision wait, Elasticsearch's refresh and a second. Allowed: a
   * percentage from 90 to 99.99 with at most two decimals. Default: 95.
   */
  readonly freshness?: string;
  /**
   * Percentage of Jaeger's reads, and of the canary's questions, that are answered without an error. Allowed: a percentage from 90 to 99.99
   * with at most two decimals. Default: 99.
   */
  readonly queries?: string;
}

export interface DashboardsOptions {
  /** ConfigMaps with the dashboards, one each, for the Grafana of the cluster. Default: none; files to import are in rendered/. */
  readonly grafana?: DashboardsGrafanaOptions;
  /**
   * Whether the stack runs a Perses that shows the dashboards, to all who reach its port. Default: true in development on docker, else
   * false. Allowed: true or false.
   */
  readonly perses?: boolean;
}

/** ConfigMaps with the dashboards, one each, for the Grafana of the cluster. Default: none; files to import are in rendered/. */
export interface DashboardsGrafanaOptions {
  /**
   * Label, with the value 1, by which the sidecar of the cluster's Grafana finds dashboards. Allowed: a label's name, such as
   * grafana_dashboard. Default: "grafana_dashboard".
   */
  readonly label?: string;
  /**
   * Namespace of the ConfigMaps, which must exist. Default: the stack's; then the sidecar must look in all namespaces. Allowed: the name of
   * a namespace.
   */
  readonly namespace?: string;
}

export interface OverridesOptions {
  readonly elasticsearch?: OverrideOptions;
  readonly "elasticsearch-setup"?: OverrideOptions;
  readonly "elasticsearch-snapshots"?: OverrideOptions;
  readonly "elasticsearch-exporter"?: OverrideOptions;
  readonly "otel-collector"?: OverrideOptions;
  readonly "otel-sampler"?: OverrideOptions;
  readonly jaeger?: OverrideOptions;
  readonly "jaeger-collector"?: OverrideOptions;
  readonly "index-cleaner"?: OverrideOptions;
  readonly "service-graph"?: OverrideOptions;
  readonly prometheus?: OverrideOptions;
  readonly alertmanager?: OverrideOptions;
  readonly perses?: OverrideOptions;
  readonly canary?: OverrideOptions;
}

export interface OverrideOptions {
  /** Labels that a node must have to run its pods. Allowed: texts by label, such as { team: observability }. */
  readonly nodeSelector?: Readonly<Record<string, string>>;
  /** Taints of nodes that its pods bear. */
  readonly tolerations?: readonly object[];
  /**
   * Affinity of its pods, merged with what `kubernetes.nodes` makes of it. Allowed: an affinity as Kubernetes has it, such as {
   * nodeAffinity: … }.
   */
  readonly affinity?: object;
  /** Priority class of its pods. Allowed: the name of a PriorityClass. */
  readonly priorityClass?: string;
  /** Annotations of its pods. Allowed: texts by annotation, such as { example.com/owner: platform }. */
  readonly annotations?: Readonly<Record<string, string>>;
  /**
   * Labels of its pods, or of its container on Docker. Those that the stack sets stay. Allowed: texts by label, such as { team:
   * observability }.
   */
  readonly labels?: Readonly<Record<string, string>>;
  /**
   * Environment variables of its program. Those that the stack sets stay. Never a secret: environments are shown by every inspecting tool.
   * Allowed: texts by variable, such as { HTTPS_PROXY: http://proxy:3128 }.
   */
  readonly env?: Readonly<Record<string, string>>;
  /** Folders of files from ConfigMaps and Secrets of the stack's namespace. */
  readonly volumes?: readonly OverrideVolumeOptions[];
  /**
   * Merged into the program's config file: groups are merged, lists and values replaced, null takes a key out. In a list `...` stands for
   * what the stack has there. What the stack's promises rest on cannot be changed. Allowed: settings of the program, as its own reference
   * has them.
   */
  readonly config?: object;
}

export interface OverrideVolumeOptions {
  /** Name of the volume. Allowed: a name: lower-case letters, digits and dashes. */
  readonly name: string;
  /** Folder that it is mounted at, read-only. Allowed: an absolute path. */
  readonly path: string;
  /** The ConfigMap that it shows. Allowed: the name of a ConfigMap. */
  readonly configMap?: string;
  /** The Secret that it shows, in place of a ConfigMap. Allowed: the name of a Secret. */
  readonly secret?: string;
}
