/**
 * Where things are: names, ports, paths and addresses. Plain data that is known before any resource exists, so that the text of a
 * config file never depends on what an engine answers.
 */

/**
 * Service names; on both platforms also the DNS names that the services call each other by. `otel-sampler` is the second tier of the
 * Collector, `ingest` the proxy in front of it on Docker, `login-gate` that in front of the login, `tls-proxy` the container in pods of Prometheus
 * and Alertmanager that speaks TLS for them, `jaeger-collector` the writing half of Jaeger where that is apart: `jaeger` is then what people and
 * applications ask.
 *
 * In the order in which they start. They stop in the opposite one, so that each can still hand on what it holds.
 */
export const serviceNames = [
  "elasticsearch",
  "elasticsearch-setup",
  "elasticsearch-snapshots",
  "elasticsearch-exporter",
  "jaeger",
  "jaeger-collector",
  "otel-sampler",
  "otel-collector",
  "ingest",
  "index-cleaner",
  "service-graph",
  "canary",
  "tls-proxy",
  "alertmanager",
  "prometheus",
  "perses",
  "login",
  "login-gate",
] as const;

/** The name of a service. */
export type ServiceName = (typeof serviceNames)[number];

/** The service that an address is of: `jaeger` of `jaeger-pods:14269` and of `jaeger-0.jaeger-pods:14269`; undefined for the host itself. */
export function serviceOf(address: string): ServiceName | undefined {
  const host = (address.split(":")[0] ?? "").replace(/^.*\./, "").replace(/-pods$/, "");
  return serviceNames.find((name) => name === host);
}

/** Targets of one Prometheus job. */
export interface ScrapeJob {
  /** The job; rules name it. */
  readonly name: string;
  /** `host:port` each; one instance. */
  readonly instances?: readonly string[];
  /** `host:port` each, one port for all; the name resolves to all instances there are. */
  readonly names?: readonly string[];
  /**
   * Others named what is measured. Their `job` and `instance` become `exported_job` and `exported_instance`, and names that only Prometheus may
   * give get the prefix `exported_`: no series of theirs is one that a rule selects.
   */
  readonly foreign?: boolean;
  /** Ports of the targets that Prometheus may connect to, where there are others besides the one that it scrapes. */
  readonly openPorts?: readonly number[];
  /** Whether the targets are scraped by TLS. The certificate of each names its service. */
  readonly tls?: boolean;
  /** A second tier under the same job: `host:port` each, and series that go to another job instead, by a pattern of their names. */
  readonly secondTier?: { readonly instances: readonly string[]; readonly apart?: { readonly series: string; readonly job: string } };
}

/** Addresses that follow from the platform alone. */
export interface Addresses {
  /** Addresses that servers bind to. */
  readonly listen: {
    /** Reachable by whoever can reach the container or pod. */
    readonly anywhere: string;
    /** Reachable by the stack's own services and the published ports only, not by applications on the ingest network. */
    readonly collectorBackend: string;
    /** The same for Jaeger. */
    readonly jaegerBackend: string;
    /** The same for the proxy in front of the Collector. */
    readonly ingestBackend: string;
  };
  /** The Collector's receivers, as the proxy in front of it reaches them. */
  readonly collectorUpstream: {
    readonly host: string;
    /** What the receivers bind to behind the proxy. */
    readonly listen: string;
    readonly ports: Readonly<Record<"otlpGrpc" | "otlpHttp" | "jaegerGrpc" | "jaegerThriftHttp", number>>;
    /** A DNS server that knows `host`, where its address may change: `host:port`. */
    readonly resolver?: string;
  };
  /** The two programs of the login, as they reach each other. */
  readonly loginUpstream: {
    /** Host of oauth2-proxy. */
    readonly sessions: string;
    /** Host of the proxy that knows the roles, and what it binds to for that. */
    readonly roles: string;
    readonly listenRoles: string;
    /** A DNS server that knows the screens' names, where their addresses may change: `host:port`. */
    readonly resolver?: string;
  };
  /** The proxy, as the stack's own services send through it over HTTP. */
  readonly ingestOtlpHttp: string;
  /** The Collector's OTLP/HTTP receiver for applications. */
  readonly collectorOtlpHttp: string;
  /** The Collector's receiver for metrics of the stack's own scripts. */
  readonly collectorReports: string;
  /** Jaeger's UI and HTTP API. */
  readonly jaegerQuery: string;
  /** File with the authority that signed its certificate, if it is reached by TLS. */
  readonly jaegerAuthority?: string;
  /** Jaeger's remote sampling, which SDKs poll for rates. */
  readonly jaegerSampling: string;
  /** The metrics of a Collector about itself, as that Collector reaches them. */
  readonly collectorSelf: string;
  /**
   * How Elasticsearch is given its password: it takes a file of mode 0400 or 0600 only, which Kubernetes cannot give to a user that is
   * not root.
   */
  readonly elasticsearchPasswordBy: "file" | "variable";
}

/** How clients reach Elasticsearch. */
export interface ElasticsearchAddress {
  readonly elasticsearchUrl: string;
  /** File with the authority that signed Elasticsearch's certificate, where it speaks TLS and its authority is not a public one. */
  readonly elasticsearchAuthority?: string;
}

/** How Jaeger's pages reach the metrics. */
export interface MetricsAddress {
  /** The Prometheus that has the stack's metrics; undefined if its address is not known. */
  readonly prometheus?: {
    /** Its address, without a path. */
    readonly url: string;
    /** File with a bearer token, where it asks for one. */
    readonly token?: string;
    /** File with the authority that signed its certificate, where it speaks TLS and its authority is not a public one. */
    readonly authority?: string;
  };
}

/** Addresses to which the Collector exports spans. */
export interface NextHops {
  /** Jaeger's OTLP receiver. */
  readonly jaegerOtlp: string;
  /** A name that resolves to all ready samplers, where they are a separate tier. */
  readonly samplers?: { readonly hostname: string; readonly port: number };
  /** Whether both are sent to by TLS, at these ports. */
  readonly tls?: boolean;
}

/** All addresses of a stack, and what Prometheus scrapes of it. */
export interface Topology extends Addresses, ElasticsearchAddress, MetricsAddress, NextHops {
  readonly scrape: readonly ScrapeJob[];
}
