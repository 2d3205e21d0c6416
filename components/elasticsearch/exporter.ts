/** The exporter of Elasticsearch's metrics: its health, heap and disk, for Prometheus. */
import type * as pulumi from "@pulumi/pulumi";
import { compact } from "../../configs/compact";
import { goMemoryLimit } from "../../configs/go-programs";
import type { ElasticsearchSettings } from "../../configs/stack/schema";
import { storageTopology } from "../../configs/topology";
import { userName } from "../../configs/elasticsearch/users";
import { ports } from "../../configs/topology/ports";
import type { ElasticsearchAddress } from "../../configs/topology/topology";
import { componentSettings, requireSamePlatform, type ComponentArgs } from "../args";
import { TracingComponent } from "../component";
import { elasticsearchAuthority, elasticsearchClient } from "./client";
import type { ElasticsearchConnection } from "./elasticsearch";
import { userPassword, type Passwords } from "./passwords";
import { defineWorkload, httpProbe, type Workload } from "../platform/workload";

/** Memory limit, MiB. It holds the answers of one scrape. */
const memory = 64;

/** The exporter's workload. It queries Elasticsearch when Prometheus scrapes it, and keeps no state. */
export function elasticsearchExporterWorkload(
  settings: ElasticsearchSettings,
  topology: ElasticsearchAddress,
  passwords: Passwords,
): Workload {
  const { http } = ports.elasticsearchExporter;
  const secret = userPassword(settings, passwords, "metrics");
  return defineWorkload({
    name: "elasticsearch-exporter",
    image: "elasticsearch-exporter",
    command: ["/bin/sh", "-c", startScript(userName(settings, "metrics"), secret.path)],
    args: compact([
      "exporter",
      `--web.listen-address=:${http}`,
      `--es.uri=${topology.elasticsearchUrl}`,
      topology.elasticsearchAuthority !== undefined && `--es.ca=${topology.elasticsearchAuthority}`,
      // The default is the node that answers.
      "--es.all",
      "--log.format=json",
      "--log.level=warn",
    ]),
    env: goMemoryLimit(memory),
    secrets: [secret],
    certificates: elasticsearchAuthority(settings),
    ports: [{ name: "http", port: http, exposure: "cluster" }],
    peers: [{ from: "prometheus", ports: ["http"] }],
    ...elasticsearchClient(settings),
    probe: httpProbe(http, "/healthz", 30),
    resources: { memory, cpu: 100 },
    stopGrace: 10,
  });
}

/** The exporter accepts the password only as a variable. The script reads it from the file, so no container configuration contains it. */
const startScript = (user: string, passwordFile: string): string => `ES_USERNAME=${user}
ES_PASSWORD=$(cat ${passwordFile}) || exit
export ES_USERNAME ES_PASSWORD
exec /bin/elasticsearch_exporter "$@"`;

/** Arguments of the exporter. */
export interface ElasticsearchExporterArgs extends ComponentArgs<"elasticsearch-exporter"> {
  /** The Elasticsearch to export metrics of. */
  readonly elasticsearch: ElasticsearchConnection;
}

/** Exports Elasticsearch's metrics to Prometheus. */
export class ElasticsearchExporter extends TracingComponent {
  constructor(name: string, args: ElasticsearchExporterArgs, opts?: pulumi.ComponentResourceOptions) {
    const { platform, elasticsearch, overrides } = args;
    super("ElasticsearchExporter", name, "elasticsearch-exporter", platform, opts);
    requireSamePlatform(this, platform, { elasticsearch });
    const known = { ...platform.settings, elasticsearch: elasticsearch.settings.elasticsearch };
    const settings = componentSettings(known, { overrides }, ["overrides"]);
    const workload = elasticsearchExporterWorkload(settings, storageTopology(settings), elasticsearch.passwords);
    this.run([workload], settings);
    this.registerOutputs({});
  }
}
