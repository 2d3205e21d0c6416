/** The index cleaner: deletes the indices that are older than the retention, once a day. */
import type * as pulumi from "@pulumi/pulumi";
import { images } from "../../configs/images";
import { cleanerScript } from "../../configs/jaeger/index-cleaner";
import type { Settings } from "../../configs/stack/schema";
import { files, paths } from "../../configs/topology/ports";
import type { Topology } from "../../configs/topology/topology";
import { ownElasticsearch } from "../../configs/topology/kubernetes";
import { WorkloadComponent, type ComponentArgs } from "../component";
import { elasticsearchAuthority, elasticsearchOutside, elasticsearchPassword } from "../elasticsearch/elasticsearch";
import type { Secret, Workload } from "../platform/workload";

/** What the index cleaner runs as. */
export function cleanerWorkload(settings: Settings, topology: Topology, password: Secret["content"]): Workload {
  const script = `${paths.config}/${files.cleaner}`;
  return {
    name: "index-cleaner",
    kind: "cron",
    image: "jaeger-es-index-cleaner",
    command: ["/bin/sh", script],
    args: [],
    env: {},
    files: [{ path: script, content: cleanerScript(settings, topology), onChange: "restart" }],
    secrets: [elasticsearchPassword(password)],
    certificates: elasticsearchAuthority(settings),
    data: [{ path: paths.cleanerState, size: 1 }],
    scratch: [],
    ports: [],
    peers: [],
    outside: elasticsearchOutside(settings),
    resources: { memory: 64, cpu: 200 },
    scale: { replicas: 1 },
    placement: { spread: false },
    user: images["jaeger-es-index-cleaner"].user,
    readOnlyRoot: true,
    startsAfter: ownElasticsearch(settings) ? ["elasticsearch"] : [],
    stopGrace: 10,
    schedule: { hour: settings.indexCleaner.hour, report: ["/bin/sh", script, "report"] },
  };
}

/** The index cleaner of one environment. */
export class IndexCleaner extends WorkloadComponent {
  constructor(name: string, args: ComponentArgs, opts?: pulumi.ComponentResourceOptions) {
    super("IndexCleaner", name, args, opts);
  }
}
