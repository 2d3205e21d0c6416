/** The index cleaner's script. */
import { cleanerGauges } from "./cleaner-metrics";
import type { CleanerSettings } from "../stack/schema";
import { indexKinds } from "../elasticsearch/templates";
import { addressFunction } from "../busybox";
import { passwordFile, userName } from "../elasticsearch/users";
import { cronState, paths } from "../topology/ports";
import type { Addresses, ElasticsearchAddress } from "../topology/topology";
import { ownElasticsearch, portOf } from "../topology/kubernetes";

/** Path of the cleaner in its image, official or our own. */
const program = "/go/bin/es-index-cleaner-linux";

/** Pattern of these, under any prefix. */
export const jaegerIndices = indexKinds.map((kind) => `*jaeger-${kind}-*`).join(",");

/** A prefix with which the cleaner asks for Jaeger's indices under any prefix and under none: it adds `-jaeger-*`. */
export const anyPrefix = "jaeger-*,*";

/** More days than any index is old: with this argument the cleaner lists the indices and deletes none. */
const forever = 36_500;

/**
 * The cleaner's argument for a retention in days. An index contains the spans of a day and is deleted as a whole, by the time of its creation.
 * With the argument N, the cleaner before Jaeger 2.20 keeps N calendar days, today included; from 2.20 on, indices of the last N × 24 h. The
 * newest spans of an index can be a day younger than the index, so the argument is one day more.
 */
export const cleanerDays = (retention: number): number => retention + 1;

/**
 * Age in hours that no index reaches while the cleaner works. From Jaeger 2.20 on, an index created just after a run is too young for the run N
 * days later, and is deleted a day after that; before 2.20, sooner. Three more hours are for retries.
 */
export const oldestIndexHours = ({ retention }: Pick<CleanerSettings, "retention">): number => (cleanerDays(retention) + 1) * 24 + 3;

/**
 * Text of `index-cleaner.sh`: deletes the indices that are older than the retention and reports how that went; with the argument `report`
 * it only reports. It runs in a busybox, official or Debian's.
 *
 * The cleaner takes its password from its environment only; the script reads it from a file, so that it stands neither in the container's
 * configuration nor in a command line. A run with a wrong prefix deletes nothing and ends well, so the report tells the age of the oldest
 * index under any prefix. It is the cleaner that is asked for it, told to delete nothing: it logs what it found, and checks
 * Elasticsearch's certificate, which no tool of busybox does.
 */
export function cleanerScript(settings: CleanerSettings, topology: Addresses & ElasticsearchAddress): string {
  const collector = new URL(topology.collectorReports);
  const password = `${paths.secrets}/${passwordFile(settings, "cleaner")}`;
  const state = (name: keyof typeof cronState) => `${paths.cleanerState}/${cronState[name]}`;
  const gauge = (name: keyof typeof cleanerGauges, value: string) =>
    `gauge ${cleanerGauges[name].name} "${cleanerGauges[name].unit}" ${value}`;
  const hour = settings.indexCleaner.hour * 3600;
  const authority = topology.elasticsearchAuthority;
  const trust = authority === undefined ? "" : `\n  export ES_TLS_ENABLED=true ES_TLS_CA=${authority}`;
  const { indexPrefix } = settings.elasticsearch;
  // In an Elasticsearch of others, what has another prefix is others'.
  const listed = ownElasticsearch(settings) ? `INDEX_PREFIX='${anyPrefix}' ` : "";
  const prefix = indexPrefix === undefined ? "" : ` INDEX_PREFIX=${indexPrefix}`;
  return `#!/bin/sh
# Deletes Jaeger's indices that are older than ${settings.retention} days and reports how that went; with the argument "report" it only reports.
set -u

# Runs the cleaner, told the days that are kept; with "list" it only lists what there is, under any prefix.
cleaner() (
  ES_USERNAME=${userName(settings, "cleaner")}
  ES_PASSWORD=$(cat ${password}) || exit
  export ES_USERNAME ES_PASSWORD${prefix}${trust}
  [ "$1" != list ] || { set -- ${forever}; export ${listed}TIMEOUT=20 TZ=UTC; }
  exec ${program} "$1" ${topology.elasticsearchUrl}
)

# When the oldest index was made, in seconds; nothing where there is none. The cleaner logs each as {"Index":"…","CreationTime":"…",…}.
oldest() {
  found=$(cleaner list 2>&1) || { echo "$found" | tail -n 1 >&2; return 1; }
  list=$(echo "$found" | grep '"Queried indices"') || return
  all=$(echo "$list" | sed 's/{"Index":/\\n&/g' | sed -n 's/^{"Index":"\\([^"]*\\)","CreationTime":"\\([0-9-]*\\)T\\([0-9:]*\\).*/\\2 \\3 \\1/p')
  case $list in *'"Index":'*) [ -n "$all" ] || return ;; esac
  made=$(echo "$all" | grep -E 'jaeger-(${indexKinds.join("|")})-' | sort | head -n 1)
  [ -z "$made" ] || date -u -d "\${made% *}" +%s
}

${addressFunction}

gauge() {
  [ -n "$3" ] || return 0
  point=$(printf '{"name":"%s","unit":"%s","gauge":{"dataPoints":[{"asInt":"%s","timeUnixNano":"%s000000000"}]}}' "$1" "$2" "$3" "$now")
  gauges="\${gauges:+$gauges,}$point"
}

number() { grep -xE '[0-9]+' "$1" 2>/dev/null; }

report() {
  now=$(date +%s)
  gauges=
  made=$(oldest) && made=\${made:-$now} || echo "the oldest index is not known: Elasticsearch gave no list" >&2
  result=$(number ${state("lastResult")})
  ${gauge("lastSuccess", '"$1"')}
  ${gauge("lastRun", `"\${result:+$((result == 0))}"`)}
  ${gauge("nextRun", `$((now - (now - ${hour}) % 86400 + 86400))`)}
  ${gauge("oldestIndex", '"$made"')}
  service='{"attributes":[{"key":"service.name","value":{"stringValue":"index-cleaner"}}]}'
  body="{\\"resourceMetrics\\":[{\\"resource\\":$service,\\"scopeMetrics\\":[{\\"metrics\\":[$gauges]}]}]}"
  timeout 20 wget -q -O /dev/null --header 'Content-Type: application/json' --post-data "$body" \\
    "http://$(address ${collector.hostname}):${portOf(topology.collectorReports)}/v1/metrics"
}

if [ "\${1:-}" = report ]; then
  report "$(number ${state("lastSuccess")})"
  exit
fi
cleaner ${cleanerDays(settings.retention)}
code=$?
echo "$code" > ${state("lastResult")}
if [ "$code" -eq 0 ]; then success=$(date +%s); else success=$(number ${state("lastSuccess")}); fi
report "$success" || echo "the Collector took no report" >&2
if [ -n "$made" ]; then
  hours=$(((now - made) / 3600))
  echo "the oldest index is $hours hours old"
  [ "$hours" -lt ${oldestIndexHours(settings)} ] || echo "none should be older than ${oldestIndexHours(settings)} hours: is its prefix one that the cleaner knows?" >&2
fi
exit "$code"
`;
}
