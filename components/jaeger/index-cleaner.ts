/** The index cleaner: deletes the indices that are older than the retention, once a day. */
import type * as pulumi from "@pulumi/pulumi";
import { cleanerScript } from "../../configs/jaeger/index-cleaner";
import type { IndexCleanerOptions, StackOptions } from "../../configs/stack/options";
import type { CleanerSettings, Settings } from "../../configs/stack/schema";
import { storageTopology } from "../../configs/topology";
import { files, paths, ports } from "../../configs/topology/ports";
import type { Addresses, ElasticsearchAddress } from "../../configs/topology/topology";
import { componentSettings, requireSamePlatform, type ComponentArgs } from "../args";
import { TracingComponent } from "../component";
import { elasticsearchAuthority, elasticsearchClient } from "../elasticsearch/client";
import type { ElasticsearchConnection } from "../elasticsearch/elasticsearch";
import { userPassword, type Passwords } from "../elasticsearch/passwords";
import { defineWorkload, type Workload } from "../platform/workload";

/** The index cleaner's workload. */
export function cleanerWorkload(settings: CleanerSettings, topology: Addresses & ElasticsearchAddress, passwords: Passwords): Workload {
  const { connects, ...client } = elasticsearchClient(settings);
  const script = `${paths.config}/${files.cleaner}`;
  return defineWorkload({
    name: "index-cleaner",
    kind: "cron",
    image: "jaeger-es-index-cleaner",
    command: ["/bin/sh", script],
    files: [{ path: script, content: cleanerScript(settings, topology), onChange: "restart" }],
    secrets: [userPassword(settings, passwords, "cleaner")],
    certificates: elasticsearchAuthority(settings),
    data: [{ path: paths.cleanerState, size: 1 }],
    ...client,
    connects: [...connects, { to: "otel-collector", ports: [ports.collector.reports] }],
    resources: { memory: 64, cpu: 200 },
    stopGrace: 10,
    schedule: { hour: settings.indexCleaner.hour, longest: 1800, report: ["/bin/sh", script, "report"] },
  });
}

/** Arguments of the index cleaner. */
export interface IndexCleanerArgs extends IndexCleanerOptions, Pick<StackOptions, "retention">, ComponentArgs<"index-cleaner"> {
  /** The Elasticsearch that holds the indices. */
  readonly elasticsearch: ElasticsearchConnection;
}

/** The index cleaner, which deletes indices older than the retention. Jaeger creates one. */
export class IndexCleaner extends TracingComponent {
  /** @internal */
  readonly settings: CleanerSettings & Pick<Settings, "overrides">;

  /** @throws SettingsError that lists every error in the arguments. */
  constructor(name: string, args: IndexCleanerArgs, opts?: pulumi.ComponentResourceOptions) {
    const { platform, elasticsearch, overrides, retention, ...indexCleaner } = args;
    super("IndexCleaner", name, "index-cleaner", platform, opts);
    requireSamePlatform(this, platform, { elasticsearch });
    const known = { ...platform.settings, elasticsearch: elasticsearch.settings.elasticsearch };
    const options = { retention, indexCleaner, overrides };
    this.settings = componentSettings(known, options, ["retention", "indexCleaner", "overrides"]);
    const workload = cleanerWorkload(this.settings, storageTopology(this.settings), elasticsearch.passwords);
    this.run([workload], this.settings);
    this.registerOutputs({ retentionDays: this.settings.retention });
  }
}
