/** Which components a stack has, and what each runs: plain data, before any resource exists. */
import type * as pulumi from "@pulumi/pulumi";
import { prometheusWorkload } from "./prometheus/prometheus";
import { cleanerWorkload } from "./jaeger/index-cleaner";
import { customised, overrideProblems } from "./customise";
import { collectorWorkloads } from "./collector/collector";
import { elasticsearchWorkload } from "./elasticsearch/elasticsearch";
import { elasticsearchExporterWorkload } from "./elasticsearch/exporter";
import { jaegerWorkloads } from "./jaeger/jaeger";
import { SettingsError } from "../configs/stack/parse";
import type { Settings } from "../configs/stack/schema";
import type { Topology } from "../configs/topology/topology";
import { ownElasticsearch } from "../configs/topology/kubernetes";
import type { Secret, Workload } from "./platform/workload";

/** The workloads by component, in the order in which they start. A component runs the ones of its kind, each under its own name. */
export type Parts = Readonly<Record<"elasticsearch" | "exporter" | "jaeger" | "collector" | "cleaner" | "prometheus", readonly Workload[]>>;

/** What the settings ask for; throws a SettingsError for overrides that would break it. `own` is the password of the stack's own Elasticsearch; that of another is in a Secret that stack config names. */
export function partsOf(settings: Settings, topology: Topology, own: pulumi.Output<string> | undefined): Parts {
  const password: Secret["content"] = own ?? { existing: settings.elasticsearch.external?.passwordSecret ?? "", key: "password" };
  const parts: Parts = {
    elasticsearch: ownElasticsearch(settings) ? [elasticsearchWorkload(settings, topology, password)] : [],
    exporter: [elasticsearchExporterWorkload(settings, topology, password)],
    jaeger: jaegerWorkloads(settings, topology, password),
    collector: collectorWorkloads(settings, topology),
    cleaner: [cleanerWorkload(settings, topology, password)],
    prometheus: settings.prometheus.mode === "own" ? [prometheusWorkload(settings, topology)] : [],
  };
  const problems = overrideProblems(settings, Object.values(parts).flat());
  if (problems.length > 0) throw new SettingsError(settings.stack, problems);
  const changed = Object.entries(parts).map(([part, workloads]) => [part, workloads.map((workload) => customised(settings, workload))]);
  return Object.fromEntries(changed) as Parts;
}
