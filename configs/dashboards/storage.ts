/** Elasticsearch: health, disk, age of its indices, and the services that maintain it. */
import { compact } from "../compact";
import { indexCopies } from "../elasticsearch/shards";
import { hasSnapshots } from "../elasticsearch/users";
import { freeAt } from "../elasticsearch/watermarks";
import { oldestIndexHours } from "../jaeger/index-cleaner";
import { lastRunResult, latestReport, overdue } from "../prometheus/alerts/daily";
import { answers, free, heapShare, nodes, secondsToFull, size, status } from "../prometheus/alerts/elasticsearch";
import type { MetricName } from "../prometheus/metrics";
import type { StackSettings } from "../stack/schema";
import type { Dashboard, Section } from "./dashboard";

const seconds = (hours: number) => hours * 3600;

/** Seconds since the latest time that a gauge reported. */
const age = (gauge: MetricName) => `time() - ${latestReport(gauge)}`;

/** Seconds until it; negative once it is over. */
const until = (gauge: MetricName) => `${latestReport(gauge)} - time()`;

const health = (settings: StackSettings): Section => ({
  title: "Health",
  panels: [
    {
      title: "Elasticsearch",
      description:
        "All is OK; otherwise spans are not stored or not found, or some have no second copy: `make logs SERVICE=elasticsearch`.",
      unit: "state",
      kind: "status",
      queries: [
        { expr: `max(${answers})`, legend: "answers" },
        { expr: `1 - ${status("red")}`, legend: "no index is red" },
        ...(indexCopies(settings) > 0 ? [{ expr: `1 - ${status("yellow")}`, legend: "no copy is missing" }] : []),
      ],
    },
    {
      title: "Nodes",
      description: "As many as `tracing:elasticsearch.nodes` says; while one is missing, the others have its data.",
      unit: "count",
      kind: "stat",
      queries: [{ expr: `min(${nodes})`, legend: "in the cluster" }],
    },
    {
      title: "Heap in use",
      description: "Below 85 % after garbage collection; longer above it, raise `tracing:elasticsearch.memory`.",
      unit: "percent",
      kind: "time series",
      queries: [{ expr: `100 * ${heapShare}`, legend: "{{name}}" }],
      limit: { value: 85, bad: "above" },
    },
  ],
});

const disk = (settings: StackSettings): Section => ({
  title: "Disk",
  panels: [
    {
      title: "Disk free",
      description: "More than a quarter; with less, lower `tracing:retention` or the sampling rates, or enlarge the disk.",
      unit: "percent",
      kind: "stat",
      queries: [{ expr: `100 * min(${free} / ${size})`, legend: "of the fullest node's disk" }],
      limit: { value: 25, bad: "below" },
    },
    {
      title: "Time to full",
      description: "Days, or nothing while the disk does not fill; less than a day needs the same steps as little free disk.",
      unit: "seconds",
      kind: "stat",
      queries: [{ expr: `min(${secondsToFull(settings)})`, legend: "until nothing is stored" }],
      limit: { value: seconds(24), bad: "below" },
      empty: "does not fill",
    },
    {
      title: "Free disk and watermarks",
      description:
        "Free disk falls through the day and rises when the cleaner deletes, far above the marks: at `high` no new index can be created, at `last` nothing is stored.",
      unit: "bytes",
      kind: "time series",
      queries: [
        { expr: free, legend: "{{name}}" },
        { expr: `max(${watermark(settings, "high")})`, legend: "high" },
        { expr: `max(${watermark(settings, "flood_stage")})`, legend: "last" },
      ],
    },
  ],
});

/** A watermark as a series: on Docker it is a number. */
const watermark = (settings: StackSettings, which: Parameters<typeof freeAt>[1]) => `${freeAt(settings, which, size)} + 0 * ${size}`;

const upkeep = (settings: StackSettings): Section => ({
  title: "Old traces, copies and setup",
  panels: compact([
    {
      title: "Age of the oldest index",
      description: `At most ${oldestIndexHours(settings)} hours, as traces are kept for ${settings.retention} days; older means that the index cleaner fails.`,
      unit: "seconds",
      kind: "stat",
      queries: [{ expr: age("cleanerOldestIndex"), legend: "old" }],
      limit: { value: seconds(oldestIndexHours(settings)), bad: "above" },
    },
    {
      title: "Last cleaning",
      description: `Less than ${overdue} hours ago; later than that, \`make logs SERVICE=index-cleaner\` shows what Elasticsearch answers.`,
      unit: "seconds",
      kind: "stat",
      queries: [{ expr: age("cleanerLastSuccess"), legend: "ago" }],
      limit: { value: seconds(overdue), bad: "above" },
      empty: "none yet",
    },
    {
      title: "Next cleaning",
      description: "Within a day; a time in the past means that the run is late or is retried.",
      unit: "seconds",
      kind: "stat",
      queries: [{ expr: until("cleanerNextRun"), legend: "from now" }],
      limit: { value: 0, bad: "below" },
    },
    {
      title: "Setup last in place",
      description:
        "Minutes ago; templates, roles and users are checked each minute, and after 15 minutes `make logs SERVICE=elasticsearch-setup` shows what is wrong.",
      unit: "seconds",
      kind: "stat",
      queries: [{ expr: age("setupInPlace"), legend: "ago" }],
      limit: { value: 900, bad: "above" },
    },
    {
      title: "Last runs",
      description: "All are OK; a failed run is retried, and its log shows what Elasticsearch answered.",
      unit: "state",
      kind: "status",
      queries: [
        { expr: lastRunResult("cleanerLastRun"), legend: "index cleaner" },
        ...(hasSnapshots(settings) ? [{ expr: lastRunResult("snapshotLastRun"), legend: "snapshots" }] : []),
      ],
      empty: "no run yet",
    },
    hasSnapshots(settings) && {
      title: "Newest snapshot",
      description: `Less than ${overdue} hours old; \`make restore\` lists the snapshots, and \`make logs SERVICE=elasticsearch-snapshots\` shows why there is none.`,
      unit: "seconds",
      kind: "stat",
      queries: [{ expr: age("snapshotLastSuccess"), legend: "old" }],
      limit: { value: seconds(overdue), bad: "above" },
      empty: "no snapshot yet",
    },
  ]),
});

/** Stored data, and how long the disk lasts. */
export const storage = (settings: StackSettings): Dashboard => ({
  name: "storage",
  title: "Tracing: storage",
  description: "Elasticsearch's health and disk, the age of the oldest index, the index cleaner, snapshots and the setup.",
  sections: [health(settings), disk(settings), upkeep(settings)],
});
