/** Elasticsearch's health, heap and disk, as its exporter tells them. */
import { compact } from "../../compact";
import type { Alert } from "./alert";
import { elasticsearchDown } from "./causes";
import { indexCopies } from "../../elasticsearch/shards";
import { is, series } from "../metrics";
import { minOver, total } from "../promql";
import type { StackSettings } from "../../stack/schema";
import { ownElasticsearch } from "../../topology/kubernetes";
import { freeAt, type Watermark } from "../../elasticsearch/watermarks";

/** Share of its maximum that stays on the heap when garbage is gone, above which little is left to work with. At 95 % requests are refused. */
const highHeap = 0.85;

/** Free disk and disk size of each node, by name: a node that restarts has another address. */
export const free = "tracing:elasticsearch_free_bytes";
export const size = "tracing:elasticsearch_disk_bytes";
const available = series("elasticsearchDiskFree");
const byName = (value: string) => `min by (name) (${value})`;

export const nodes = series("elasticsearchNodes");
const exporters = series("up", {}, ["elasticsearch-exporter"]);
/** Whether the cluster has a colour: 1 or 0. */
export const status = (color: "red" | "yellow") => `max(${series("elasticsearchStatus", { color: is(color) })})`;
const heap = (which: "elasticsearchHeapUsed" | "elasticsearchHeapMax") => series(which, { area: is("heap") });
/** The heap in use as a share of what it may have, by node; the least of five minutes, as garbage comes and goes. */
export const heapShare = `${minOver(heap("elasticsearchHeapUsed"), "5m")} / ${heap("elasticsearchHeapMax")}`;

/** Recorded: whether Elasticsearch answers its exporter, 1 or 0. */
export const answers = "tracing:elasticsearch_answers";

/** Holds where Elasticsearch has answered its exporter for two minutes. */
export const elasticsearchAnswers = `${minOver(answers, "2m")} == 1`;

/** Recording rules. */
export const elasticsearchRecords = [
  { record: answers, expr: `${total(nodes)} > bool 0` },
  { record: free, expr: byName(available) },
  { record: size, expr: byName(series("elasticsearchDiskSize")) },
];

/** Free disk after some hours at the pace of a window. Only if half of the disk is used: a burst on an empty disk predicts nothing. */
const after = (hours: number, window: string) =>
  `${byName(`predict_linear(${available}[${window}], ${hours * 3600})`)} and ${free} < 0.5 * ${size}`;

/**
 * Free disk in a day, at the pace of the day before. The cleaner deletes once a day, so a shorter window predicts full disks that never come.
 * A stack in its first day has no day before, so it uses six hours.
 */
const tomorrow = `(2 * ${free} - ${free} offset 1d and ${free} < 0.5 * ${size} or (${after(24, "6h")} unless ${free} offset 1d))`;

/**
 * Seconds until indices take no more writes, by node, at the pace of the last day; in a stack's first day at that of six hours. Nothing where
 * the disk does not fill.
 */
export function secondsToFull(settings: Pick<StackSettings, "platform">): string {
  const aSecond = `((${free} offset 1d - ${free}) / 86400 or (${byName(`-deriv(${available}[6h])`)} unless ${free} offset 1d))`;
  return `(${free} - ${freeAt(settings, "flood_stage", size)}) / (${aSecond} > 0)`;
}

export function elasticsearchAlerts(settings: StackSettings): readonly Alert[] {
  const at = (watermark: Watermark) => freeAt(settings, watermark, size);
  const expected = settings.elasticsearch.nodes;
  const several = ownElasticsearch(settings) && expected > 1;
  const first = "`make status`, then `make logs SERVICE=elasticsearch`.";
  const room = "`make status`: how much do the indices take? Lower `tracing:retention` or the sampling rates, or enlarge the disk.";
  return compact([
    {
      name: "ElasticsearchDown",
      expr: `sum(${exporters}) > 0 and ${answers} == 0`,
      for: "2m",
      severity: "critical",
      summary: "Elasticsearch does not answer: nothing is stored or found",
      value: "Its exporter is running and gets no answer.",
      first,
    },
    several && {
      name: "ElasticsearchDown",
      expr: `min(${nodes}) < ${expected}`,
      for: "5m",
      severity: "warning",
      summary: "A node of Elasticsearch is missing; the others have its data",
      value: `{{ $value }} of ${expected} nodes are in the cluster.`,
      first,
    },
    {
      name: "ElasticsearchExporterDown",
      expr: `${total(exporters)} == 0`,
      for: "5m",
      severity: "warning",
      summary: "Elasticsearch's exporter does not answer: health, heap and disk are unknown",
      value: "{{ $value }} of 1 instances of elasticsearch-exporter answer.",
      first: "`make status`, then `make logs SERVICE=elasticsearch-exporter`.",
    },
    {
      name: "ElasticsearchRed",
      expr: `${status("red")} == 1`,
      for: "3m",
      severity: "critical",
      summary: "Elasticsearch is red: part of an index is missing, and traces that belong there are neither stored nor found",
      value: "Status red is {{ $value }}.",
      first,
      follows: [elasticsearchDown],
    },
    indexCopies(settings) > 0 && {
      name: "ElasticsearchYellow",
      expr: `${status("yellow")} == 1`,
      for: "30m",
      severity: "warning",
      summary: "Elasticsearch has been yellow for half an hour: some data is on one node only",
      value: "Status yellow is {{ $value }}.",
      first,
      follows: [elasticsearchDown],
    },
    {
      name: "ElasticsearchHeapHigh",
      expr: `${heapShare} > ${highHeap}`,
      for: "10m",
      severity: "warning",
      summary: `Elasticsearch's heap is more than ${highHeap * 100} % full even after garbage collection`,
      value: "{{ $value | humanizePercentage }} of the heap on {{ $labels.name }}.",
      first: "`make status`: how much is stored and searched? Raise `tracing:elasticsearch.memory` if the load is intended.",
    },
    {
      name: "ElasticsearchDiskLow",
      expr: `${free} < 1.5 * ${at("low")}`,
      for: "5m",
      severity: "warning",
      summary: "Elasticsearch's disk is nearly full: it is close to its low watermark",
      value: "{{ $value | humanize1024 }}B free on {{ $labels.name }}.",
      first: room,
    },
    {
      name: "ElasticsearchDiskLow",
      expr: `${free} < ${at("low")}`,
      for: "5m",
      severity: "critical",
      summary:
        "Elasticsearch's disk is below its low watermark: at the high one no new index can be created, at flood stage nothing is stored",
      value: "{{ $value | humanize1024 }}B free on {{ $labels.name }}.",
      first: room,
    },
    {
      name: "ElasticsearchDiskFilling",
      expr: `${tomorrow} < ${at("flood_stage")}`,
      for: "1h",
      severity: "warning",
      summary: "At this rate Elasticsearch's disk will be full within a day",
      value: "{{ $value | humanize1024 }}B will be free by then on {{ $labels.name }}.",
      first: room,
    },
    {
      name: "ElasticsearchDiskFilling",
      expr: `(${after(4, "1h")}) < ${at("flood_stage")}`,
      for: "15m",
      severity: "critical",
      summary: "At this rate Elasticsearch's disk will be full within four hours",
      value: "{{ $value | humanize1024 }}B will be free by then on {{ $labels.name }}.",
      first: room,
    },
  ]);
}
