/** What the catalogue says of a metric. */

/** Scrape jobs. `kubelet` is a job of the cluster's own Prometheus. */
export type Job =
  | "otel-collector"
  | "otel-collector-exporter"
  | "ingest"
  | "login"
  | "index-cleaner"
  | "jaeger"
  | "elasticsearch-exporter"
  | "prometheus"
  | "kubelet";

/** A metric as Prometheus has it. */
export interface Metric {
  /** Name in Prometheus; for a histogram without `_bucket`, `_count`, `_sum`. */
  readonly name: string;
  /** Jobs under which it is scraped: who emits it. */
  readonly jobs: readonly [Job, ...Job[]];
  readonly type: "counter" | "gauge" | "histogram";
  /** Unit, or what is counted. */
  readonly unit: string;
  /** Labels that selectors may name, besides job and instance. */
  readonly labels: readonly string[];
  /** When it first exists. A healthy stack lacks metrics that exist since a failure or a setting. */
  readonly since: "start" | "first span" | "first call" | "failure" | "setting";
  readonly meaning: string;
}

/** A metric without what a whole group has in common. */
export type Described = Omit<Metric, "jobs" | "type">;
