/** The daily snapshot of the stack's indices. */
import { snapshotScript } from "../../configs/elasticsearch/snapshots";
import { hasSnapshots } from "../../configs/elasticsearch/users";
import type { ElasticsearchSettings } from "../../configs/stack/schema";
import { files, paths, ports } from "../../configs/topology/ports";
import type { Addresses, ElasticsearchAddress } from "../../configs/topology/topology";
import { elasticsearchAuthority, elasticsearchClient } from "./client";
import { userPassword, type Passwords } from "./passwords";
import { elasticsearchScript, scriptPath } from "./script";
import { defineWorkload, type Workload } from "../platform/workload";

/** The first snapshot copies all there is, which may take hours; after that a day's indices. */
const longestRun = 12 * 3600;

/** The workload that makes snapshots, where the stack has any. */
export function snapshotWorkloads(
  settings: ElasticsearchSettings,
  topology: Addresses & ElasticsearchAddress,
  passwords: Passwords,
): Workload[] {
  if (!hasSnapshots(settings)) return [];
  const { connects, ...client } = elasticsearchClient(settings);
  const script = scriptPath(files.snapshots);
  return [
    defineWorkload({
      name: "elasticsearch-snapshots",
      kind: "cron",
      ...elasticsearchScript(files.snapshots),
      files: [{ path: script, content: snapshotScript(settings, topology), onChange: "restart" }],
      secrets: [userPassword(settings, passwords, "snapshots")],
      certificates: elasticsearchAuthority(settings),
      data: [{ path: paths.snapshotState, size: 1 }],
      // A here-document is a file there.
      scratch: [{ path: "/tmp", size: 1 }],
      ...client,
      connects: [...connects, { to: "otel-collector", ports: [ports.collector.reports] }],
      resources: { memory: 64, cpu: 100 },
      schedule: { hour: settings.elasticsearch.snapshots.hour, longest: longestRun, report: ["/bin/bash", script, "report"] },
    }),
  ];
}
