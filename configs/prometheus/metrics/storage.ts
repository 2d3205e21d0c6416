/** Metrics of Elasticsearch, of volumes, and of the stack's own scripts but for the canary. */
import { certificateGauge } from "../../elasticsearch/certificates";
import { setupGauges } from "../../elasticsearch/setup-metrics";
import { snapshotGauges } from "../../elasticsearch/snapshot-metrics";
import { cleanerGauges } from "../../jaeger/cleaner-metrics";
import { serviceGraphGauges } from "../../jaeger/service-graph-metrics";
import { gaugeMetric, type Gauge } from "../../reported-gauges";
import type { Described } from "./metric";

export const elasticsearchGauges = {
  elasticsearchStatus: {
    name: "elasticsearch_cluster_health_status",
    labels: ["color"],
    unit: "0 or 1",
    since: "start",
    meaning: "Whether the cluster's status has that color: 1 or 0.",
  },
  elasticsearchNodes: {
    name: "elasticsearch_cluster_health_number_of_nodes",
    labels: [],
    unit: "nodes",
    since: "start",
    meaning: "Nodes in the cluster.",
  },
  elasticsearchHeapUsed: {
    name: "elasticsearch_jvm_memory_used_bytes",
    labels: ["area", "name"],
    unit: "bytes",
    since: "start",
    meaning: "Java heap in use, including garbage.",
  },
  elasticsearchHeapMax: {
    name: "elasticsearch_jvm_memory_max_bytes",
    labels: ["area", "name"],
    unit: "bytes",
    since: "start",
    meaning: "Maximum Java heap.",
  },
  elasticsearchDiskFree: {
    name: "elasticsearch_filesystem_data_available_bytes",
    labels: ["name"],
    unit: "bytes",
    since: "start",
    meaning: "Free space on a node's disk.",
  },
  elasticsearchDiskSize: {
    name: "elasticsearch_filesystem_data_size_bytes",
    labels: ["name"],
    unit: "bytes",
    since: "start",
    meaning: "Size of a node's disk.",
  },
} as const satisfies Record<string, Described>;

export const kubeletGauges = {
  volumeFree: {
    name: "kubelet_volume_stats_available_bytes",
    labels: ["namespace", "persistentvolumeclaim"],
    unit: "bytes",
    since: "setting",
    meaning: "Free space of a volume, with the cluster's own Prometheus.",
  },
  volumeSize: {
    name: "kubelet_volume_stats_capacity_bytes",
    labels: ["namespace", "persistentvolumeclaim"],
    unit: "bytes",
    since: "setting",
    meaning: "Size of a volume, with the cluster's own Prometheus.",
  },
} as const satisfies Record<string, Described>;

const report = (gauge: Gauge, since: Described["since"], unit: string, meaning: string) =>
  ({ name: gaugeMetric(gauge), labels: [], unit, since, meaning }) as const;

export const cleanerReports = {
  cleanerLastSuccess: report(
    cleanerGauges.lastSuccess,
    "start",
    "seconds since 1970",
    "The last run of the index cleaner that did its work.",
  ),
  cleanerLastRun: report(cleanerGauges.lastRun, "start", "0 or 1", "Whether its last run did its work."),
  cleanerNextRun: report(cleanerGauges.nextRun, "start", "seconds since 1970", "When its next run is due."),
  cleanerOldestIndex: report(cleanerGauges.oldestIndex, "start", "seconds since 1970", "When the oldest index was created."),
  serviceGraphLastSuccess: report(
    serviceGraphGauges.lastSuccess,
    "start",
    "seconds since 1970",
    "When the service graph was last up to date in Elasticsearch.",
  ),
  setupInPlace: report(
    setupGauges.lastSuccess,
    "start",
    "seconds since 1970",
    "When templates, roles and users were last seen in Elasticsearch as they should be.",
  ),
  setupRepaired: report(
    setupGauges.lastRepair,
    "failure",
    "seconds since 1970",
    "When one of them was last missing or changed, and put right.",
  ),
  certificateExpiry: {
    name: gaugeMetric(certificateGauge),
    labels: ["certificate"],
    unit: "seconds since 1970",
    since: "setting",
    meaning: "When a certificate ends, by Secret and file. `kubernetes.tls` and `elasticsearch.tls` turn certificates on.",
  },
  snapshotLastSuccess: report(
    snapshotGauges.lastSuccess,
    "setting",
    "seconds since 1970",
    "When the newest whole snapshot was done. `elasticsearch.snapshots` turns snapshots on.",
  ),
  snapshotLastRun: report(snapshotGauges.lastRun, "setting", "0 or 1", "Whether the last run made a snapshot."),
} as const satisfies Record<string, Described>;
