/** The service graph: which service calls which, for Jaeger's Dependencies page. */
import { reportFunction, requestFunctions } from "../elasticsearch/bash";
import { indexPattern } from "../elasticsearch/templates";
import { passwordFile, userName } from "../elasticsearch/users";
import { isNot, like, series } from "../prometheus/metrics";
import { scopedQuery } from "../prometheus/scope";
import { serviceGraphGauges } from "./service-graph-metrics";
import type { JaegerSettings } from "../stack/schema";
import { knowsPrometheus } from "../topology/kubernetes";
import type { Addresses, ElasticsearchAddress, MetricsAddress } from "../topology/topology";

/** Whether the stack writes the graph: it needs a Prometheus that counts the calls. */
export const hasServiceGraph = (settings: Pick<JaegerSettings, "jaeger" | "prometheus">): boolean =>
  settings.jaeger.dependencies && knowsPrometheus(settings);

/** Seconds between two updates. */
const updateEvery = 300;

/** Hours that are written again after a start: what was missed meanwhile, or lost with Elasticsearch. */
const hoursBack = 24;

/** Most pairs of services in a document: those with the most calls. */
const mostPairs = 1000;

/** In the query, the length of the time that is asked for. */
const span = "SPAN";

/** Exists as soon as the script runs. */
export const serviceGraphStarted = "/tmp/started";

/**
 * Calls by pair of services. `increase` knows nothing of what came before a series' first sample; a pair that is new in this time begins at 0, so
 * that sample counts too: a single call would be no increase at all. One that was there in the hour before, and that Prometheus did not see as this time
 * began, counts by what it has grown by, unless it began again: else all calls since the Collector's start would count.
 */
export function callsQuery(settings: Pick<JaegerSettings, "prometheus" | "kubernetes">): string {
  const all = series("graphCalls", { client: isNot(""), server: isNot(""), connection_type: like("|messaging_system") });
  const calls = scopedQuery(settings, all);
  const within = (name: string) => `${name}(${calls}[${span}])`;
  const none = `${within("last_over_time")} * 0`;
  const grown = `(${within("increase")} or ${none})`;
  const sample = within("min_over_time");
  const first = `((${sample} - last_over_time(${calls}[1h] offset ${span}) >= 0 or ${sample}) unless ${calls} offset ${span} or ${none})`;
  return `topk(${mostPairs}, round(sum by (client, server) (${grown} + ${first})) > 0)`;
}

/**
 * Text of `service-graph.sh`: every five minutes it writes the calls of this hour, and of the hour that has just ended, to Elasticsearch, as Jaeger reads
 * them: one document an hour, whose id is the hour. So it may run any number of times. It runs in a bash with curl and nothing but coreutils.
 *
 * A service's name is escaped in Prometheus' answer as Elasticsearch's document needs it: each quote has a backslash. The replaced parts have
 * quotes without a backslash, so they never match inside a name.
 */
export function serviceGraphScript(settings: JaegerSettings, topology: Addresses & ElasticsearchAddress & MetricsAddress): string {
  const { prometheus } = topology;
  if (!prometheus) throw new Error("the stack knows of no Prometheus that counts calls");
  const trust = prometheus.authority === undefined ? "" : ` --cacert ${prometheus.authority}`;
  const login = prometheus.token === undefined ? "" : ` --header @<(printf 'Authorization: Bearer %s' "$(<${prometheus.token})")`;
  const index = indexPattern(settings, "dependencies").replace("*", "");
  return `#!/bin/bash
# Writes which service calls which, hour by hour, to Elasticsearch. Prometheus counts the calls.
set -u

${requestFunctions(topology, userName(settings, "graph"), passwordFile(settings, "graph"))}

${reportFunction(topology, "service-graph", [[serviceGraphGauges.lastSuccess, '"$upToDate"']])}

# What is wrong, to the log; once, as it is tried again and again.
complain() {
  [ "$1" = "$complaint" ] || echo "$1" >&2
  complaint=$1
  return 1
}

query='${callsQuery(settings)}'
begin='{"status":"success","data":{"resultType":"vector","result":[' end=$']}}\\n200'

# Sets pairs to the calls in some seconds from a moment on, as JSON: {"parent":…,"child":…,"callCount":…},…
count() {
  local answer digit until=$(($1 + $2))
  answer=$(curl --silent --show-error --max-time 30${trust}${login} --write-out '\\n%{http_code}' --get \\
    --data-urlencode "time=$until" --data-urlencode "query=\${query//${span}/$2s}" '${prometheus.url}/api/v1/query' 2>&1)
  [[ $answer == "$begin"*"$end" ]] || complain "Prometheus: \${answer//$'\\n'/ }" || return
  pairs=\${answer#"$begin"}
  pairs=\${pairs%"$end"}
  pairs=\${pairs//'{"metric":{"client":'/'{"parent":'}
  pairs=\${pairs//',"server":'/',"child":'}
  pairs=\${pairs//"},\\"value\\":[$until,\\""/',"callCount":'}
  for digit in {0..9}; do pairs=\${pairs//"$digit\\"]}"/"$digit}"}; done
}

# Writes the hour that begins at a moment, as far as it has come.
write() {
  local pairs answer hour
  count "$1" "$2" || return
  [ -n "$pairs" ] || return 0
  hour=$(date -u -d "@$1" +%Y-%m-%dT%H:00:00Z)
  answer=$(ask PUT "${index}\${hour%T*}/_doc/$hour" @- <<<"{\\"timestamp\\":\\"$hour\\",\\"dependencies\\":[$pairs]}")
  [[ $answer == *$'\\n'20[01] ]] || complain "$hour: \${answer//$'\\n'/ }"
}

# Writes what is not written yet.
update() {
  local now=$(date +%s)
  for (( ; from + 3600 <= now; from += 3600)); do write "$from" 3600 || return; done
  # What is younger than a minute may have been looked at once.
  ((now - from < 60)) || write "$from" $((now - from)) || return
  upToDate=$now complaint=
}

trap 'exit 0' TERM INT
touch ${serviceGraphStarted}
upToDate= complaint=
from=$(($(date +%s) / 3600 * 3600 - ${hoursBack * 3600}))
while true; do
  # What failed is tried again sooner: at the start, Prometheus may not be there yet.
  update && pause=${updateEvery} || pause=30
  report
  sleep $pause &
  wait $!
done
`;
}
