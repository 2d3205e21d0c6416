/** Whether there is a copy of the traces that is not old, by what the snapshots' script reports. */
import type { Alert } from "./alert";
import { collectorDown, elasticsearchDown } from "./causes";
import { lastRunFailed, neverRan, overdue } from "./daily";
import { hasSnapshots } from "../../elasticsearch/users";
import type { StackSettings } from "../../stack/schema";

export function snapshotAlerts(settings: StackSettings): readonly Alert[] {
  if (!hasSnapshots(settings)) return [];
  return [
    {
      name: "ElasticsearchSnapshotFailed",
      expr: lastRunFailed("snapshotLastRun"),
      for: "15m",
      severity: "warning",
      summary: "The last snapshot of the traces failed",
      value: "The last run failed, or its snapshot is incomplete.",
      first: "`make logs SERVICE=elasticsearch-snapshots`: what does Elasticsearch answer?",
      follows: [elasticsearchDown],
    },
    {
      name: "ElasticsearchSnapshotOverdue",
      expr: neverRan(settings, "snapshotLastSuccess"),
      for: "15m",
      severity: "warning",
      summary: `The newest complete snapshot of the traces is more than ${overdue} hours old`,
      value: "It is {{ $value | humanizeDuration }} old (1s: none is known).",
      first: "`make restore` lists the snapshots; `make logs SERVICE=elasticsearch-snapshots` shows why there is none.",
      follows: [elasticsearchDown, collectorDown],
    },
  ];
}
