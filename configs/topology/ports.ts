/** Ports, and the paths and names of files inside containers. */

/** Every port that a program of the stack listens on, by program. The only home of port numbers. */
export const ports = {
  elasticsearch: {
    http: 9200,
    /** Between the nodes of a cluster. */
    transport: 9300,
  },
  /** Elasticsearch's health, heap and disk as metrics. */
  elasticsearchExporter: { http: 9114 },
  collector: {
    otlpGrpc: 4317,
    otlpHttp: 4318,
    /** Samplers only: spans of gateways, with TLS. */
    otlpGrpcTls: 4320,
    /** Old Jaeger clients, gRPC. */
    jaegerGrpc: 14250,
    /** Old Jaeger clients, Thrift over HTTP. */
    jaegerThriftHttp: 14268,
    /** The Collector's metrics about itself. */
    telemetry: 8888,
    /** The Prometheus exporter: span metrics and the applications' own OTLP metrics. */
    prometheusExporter: 8889,
    /** The same with TLS. */
    prometheusExporterTls: 8891,
    /** OTLP/HTTP for metrics of the stack's own scripts. Closed to applications, so that none can report in their name. */
    reports: 4319,
    /** The Prometheus exporter of these reports, apart from what applications measure. */
    reportsExporter: 8890,
    reportsExporterTls: 8892,
    health: 13133,
    zpages: 55679,
  },
  /** The Collector's receivers behind a proxy that is in the same pod. */
  collectorBehindProxy: { otlpGrpc: 24317, otlpHttp: 24318, jaegerGrpc: 24250, jaegerThriftHttp: 24268 },
  /** The proxy in front of the Collector. Applications send to it at the Collector's ports. */
  ingest: { health: 8404, metrics: 8405 },
  /** The login in front of the screens. */
  login: {
    /** What people open. */
    http: 4180,
    /** oauth2-proxy, which knows who somebody is. */
    sessions: 4181,
    /** What knows the roles. For oauth2-proxy only. */
    roles: 4182,
    health: 8406,
    metrics: 8407,
  },
  jaeger: {
    /** UI and HTTP API. */
    query: 16686,
    /** UI and HTTP API with TLS. */
    queryTls: 16687,
    queryGrpc: 16685,
    /** Metrics. Jaeger v1 called this the admin port; v2 has none, so its metrics reader listens there. */
    admin: 14269,
    samplingHttp: 5778,
    samplingGrpc: 5779,
    otlpGrpc: 4317,
    otlpHttp: 4318,
    /** Spans of the Collector, with TLS. */
    otlpGrpcTls: 4320,
    jaegerGrpc: 14250,
    jaegerThriftHttp: 14268,
    health: 13133,
  },
  prometheus: {
    /** UI and HTTP API. */
    http: 9090,
    /** UI and HTTP API with TLS. */
    httpTls: 9490,
  },
  alertmanager: { http: 9093, httpTls: 9493 },
  perses: { http: 8080 },
} as const;

/**
 * Ports that a platform publishes on the host (Docker), by the name under which `tracing:publish.ports` can move each, with the
 * port it has on the host unless moved.
 */
export const publishedPorts = {
  elasticsearch: ports.elasticsearch.http,
  "otlp-grpc": ports.collector.otlpGrpc,
  "otlp-http": ports.collector.otlpHttp,
  "jaeger-grpc": ports.collector.jaegerGrpc,
  "jaeger-thrift-http": ports.collector.jaegerThriftHttp,
  "collector-metrics": ports.collector.prometheusExporter,
  "collector-health": ports.collector.health,
  "collector-zpages": ports.collector.zpages,
  "jaeger-ui": ports.jaeger.query,
  "jaeger-admin": ports.jaeger.admin,
  "jaeger-sampling": ports.jaeger.samplingHttp,
  /** 9091, so that it can stand beside a Prometheus of the host's own. */
  prometheus: 9091,
  alertmanager: ports.alertmanager.http,
  /** 3001, so that it can stand beside a Grafana, and 8080 of the host is left to others. */
  perses: 3001,
  login: ports.login.http,
} as const;

/** The name of a published port. */
export type PublishedPort = keyof typeof publishedPorts;

/** The names of all published ports. */
export const publishedPortNames = Object.keys(publishedPorts) as readonly PublishedPort[];

/** Folders inside a container. Config, live config and secrets are separate volumes or ConfigMaps. */
export const paths = {
  /** Config files; a change restarts the service. */
  config: "/etc/tracing/config",
  /** Config files that the program reloads by itself. */
  live: "/etc/tracing/live",
  /** Secrets, one per file, readable by the service's user only. */
  secrets: "/etc/tracing/secrets",
  elasticsearchData: "/usr/share/elasticsearch/data",
  /** The only folder outside of its data that Elasticsearch may write to. */
  elasticsearchSnapshots: "/usr/share/elasticsearch/snapshots",
  snapshotState: "/var/lib/elasticsearch-snapshots",
  /** Elasticsearch reads certificates below its config folder only. */
  elasticsearchCertificates: "/usr/share/elasticsearch/config/certificates",
  /** The authority that clients of Elasticsearch trust. */
  authority: "/etc/tracing/authority",
  /** The certificate of a tier that spans pass, and the authority that its neighbours' certificates are of. */
  certificates: "/etc/tracing/certificates",
  /** A folder for each Secret whose certificates are watched: they expire. */
  watchedCertificates: "/etc/tracing/watched-certificates",
  /** Bearer token and authority for a Prometheus outside of the stack. */
  prometheusToken: "/etc/tracing/prometheus-token",
  prometheusAuthority: "/etc/tracing/prometheus-authority",
  /** Users of Jaeger's UI. */
  users: "/etc/tracing/users",
  collectorQueue: "/var/lib/otelcol",
  /** The proxy's certificate; for its clients, the authority that signed it. */
  ingestCertificate: "/etc/tracing/ingest-certificate",
  /** The authority of applications' client certificates. */
  ingestClientAuthority: "/etc/tracing/ingest-client-authority",
  /** On memory: the proxy's hashed tokens, and its sockets. */
  ingestRun: "/run/ingest",
  cleanerState: "/var/lib/index-cleaner",
  prometheusData: "/prometheus",
  alertmanagerData: "/alertmanager",
  persesData: "/perses",
  /** Perses finds its database in lower case only. */
  persesDatabase: "/var/lib/perses",
} as const;

/** The folder with the authority of a server of the stack, in its clients. */
export const authorityFolder = (service: string): string => `/etc/tracing/${service}-authority`;

/** Names of the files, as the brief has them. */
export const files = {
  collector: "otel-config.yml",
  jaeger: "jaeger-config.yml",
  strategies: "jaeger-sampling-strategies.json",
  ui: "jaeger-ui.json",
  prometheus: "prometheus-tracing.yml",
  rules: "tracing_rules.yml",
  alertmanager: "alertmanager.yml",
  perses: "perses.yml",
  cleaner: "index-cleaner.sh",
  canary: "canary.sh",
  ingest: "ingest.sh",
  ingestConfig: "haproxy.cfg",
  ingestSenders: "senders.map",
  tlsProxy: "tls-proxy.sh",
  tlsProxyConfig: "haproxy.cfg",
  login: "oauth2-proxy.cfg",
  loginAuthority: "issuer-ca.crt",
  loginGate: "haproxy.cfg",
  elasticsearchSetup: "elasticsearch-setup.sh",
  snapshots: "elasticsearch-snapshots.sh",
  restore: "elasticsearch-restore.sh",
  serviceGraph: "service-graph.sh",
  /** That of the user that the setup logs in as. */
  elasticsearchPassword: "elasticsearch-password",
  /** Certificates, as cert-manager names them in its Secrets. */
  certificate: "tls.crt",
  certificateKey: "tls.key",
  authority: "ca.crt",
  users: "htpasswd",
  token: "token",
} as const;

/** Files in the state folder of a `cron`. */
export const cronState = {
  /** Unix time at which the last good run began. */
  lastSuccess: "last-success",
  /** Exit code of the last run. */
  lastResult: "last-result",
} as const;

/** Names of the labels by which scripts and people find what an engine holds of a stack. */
export const stackLabels = { stack: "tracing.stack", role: "tracing.role", service: "tracing.service" } as const;
