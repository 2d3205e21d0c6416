/** Functions that the scripts about Elasticsearch share: how they ask Elasticsearch, and how they report to the Collector. For a bash with curl. */
import type { Gauge } from "../reported-gauges";
import { paths } from "../topology/ports";
import type { Addresses, ElasticsearchAddress, ServiceName } from "../topology/topology";

/** A secret's file, as a word of bash. */
export const secretWord = (file: string): string => `"$(<${paths.secrets}/${file})"`;

/**
 * `request` and `ask`, which is the same as one user. Passwords reach curl by a file descriptor, so they are in no command line.
 *
 * @param user Name of that user.
 * @param passwordFile File with its password; read each time, as a Secret may change.
 */
export function requestFunctions(topology: ElasticsearchAddress, user: string, passwordFile: string): string {
  const trust = topology.elasticsearchAuthority === undefined ? "" : ` --cacert ${topology.elasticsearchAuthority}`;
  return `# Sends a request as a user with a password: method, path, and the body as curl's --data-binary takes it, if any. Prints the answer, and on a line
# of its own its status. Waits for it for $patience seconds, or 30.
request() {
  local password=\${2//\\\\/\\\\\\\\}
  curl --silent --show-error --max-time "\${patience:-30}"${trust} --write-out '\\n%{http_code}' --request "$3" \\
    --config <(printf 'user = "%s:%s"\\n' "$1" "\${password//\\"/\\\\\\"}") \${5:+--header 'Content-Type: application/json' --data-binary "$5"} \\
    "${topology.elasticsearchUrl}/$4" 2>&1
}
ask() { request ${user} ${secretWord(passwordFile)} "$@"; }`;
}

/**
 * `report`, which tells the Collector the gauges' values; those that are empty are left out. One that is not there yet is told the next time.
 *
 * @param gauges Each with the word of bash that is its value.
 * @param more Functions that print further gauges, each behind a comma.
 */
export function reportFunction(
  { collectorReports }: Addresses,
  service: ServiceName,
  gauges: readonly (readonly [Gauge, string])[],
  more: readonly string[] = [],
): string {
  const each = [...gauges.map(([{ name, unit }, value]) => `$(gauge ${name} "${unit}" ${value})`), ...more.map((name) => `$(${name})`)];
  return `gauge() {
  [ -z "$3" ] || printf ',{"name":"%s","unit":"%s","gauge":{"dataPoints":[{"asInt":"%s","timeUnixNano":"%s000000000"}]}}' "$@" "$(date +%s)"
}

# Tells the Collector how it goes.
report() {
  local gauges="${each.join("")}"
  local service='{"attributes":[{"key":"service.name","value":{"stringValue":"${service}"}}]}'
  [ -z "$gauges" ] || curl --silent --output /dev/null --max-time 10 --header 'Content-Type: application/json' --data-binary \\
    "{\\"resourceMetrics\\":[{\\"resource\\":$service,\\"scopeMetrics\\":[{\\"metrics\\":[\${gauges#,}]}]}]}" \\
    '${collectorReports}/v1/metrics'
}`;
}
