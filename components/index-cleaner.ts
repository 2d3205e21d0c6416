/** The index cleaner: deletes the indices that are older than the retention, once a day. */
import type * as pulumi from "@pulumi/pulumi";
import { images } from "../configs/images";
import { cleanerScript } from "../configs/index-cleaner";
import type { Settings } from "../configs/settings";
import { files, paths, type Topology } from "../configs/topology";
import { WorkloadComponent, type ComponentArgs } from "./component";
import { elasticsearchPassword } from "./elasticsearch";
import type { Workload } from "./platform/workload";

/** What the index cleaner runs as. */
export function cleanerWorkload(settings: Settings, topology: Topology, password: pulumi.Output<string>): Workload {
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
    data: [{ path: paths.cleanerState, size: 1 }],
    scratch: [],
    ports: [],
    peers: [],
    resources: { memory: 64 },
    scale: { replicas: 1 },
    placement: { spread: false },
    user: images["jaeger-es-index-cleaner"].user,
    readOnlyRoot: true,
    startsAfter: ["elasticsearch"],
    stopGrace: 10,
    schedule: { hour: settings.indexCleaner.hour },
  };
}

/** The index cleaner of one environment. */
export class IndexCleaner extends WorkloadComponent {
  constructor(name: string, args: ComponentArgs, opts?: pulumi.ComponentResourceOptions) {
    super("IndexCleaner", name, args, opts);
  }
}
