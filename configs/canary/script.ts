/** The canary's script. */
import type { Gauge } from "../reported-gauges";
import { canaryService } from "../sampling";
import type { Addresses } from "../topology/topology";
import { busyboxClient, curlClient } from "./clients";
import { canaryCounters, canaryGauges } from "./metrics";
import type { CanaryTimes } from "./times";

/** Names of the two spans of a canary's trace, root and child. */
const canarySpans = ["canary", "canary: child"] as const;

/** Seconds between two looks for a trace: until it should be searchable, and from then on. */
const looks = { early: 0.5, late: 2 } as const;

const hundredths = (seconds: number): number => Math.round(seconds * 100);

/** Whether the script must verify a certificate, which a busybox cannot. */
export const needsCurl = ({ jaegerQuery, collectorOtlpHttp }: Pick<Addresses, "jaegerQuery" | "collectorOtlpHttp">): boolean =>
  [jaegerQuery, collectorOtlpHttp].some((url) => url.startsWith("https:"));

/**
 * Text of `canary.sh`: sends a known trace at each interval, looks for it in Jaeger until it is there or its deadline is over, and reports what became of
 * it. Traces are awaited side by side: each is an entry in a list, `id:root:child:sent:due`, times in hundredths of a second.
 *
 * It runs in a busybox, official or Debian's, or, where Jaeger or the proxy has TLS, in a bash with curl. What can be done by the shell alone is: each program that it
 * starts takes about a thousandth of a second of a processor.
 *
 * @param interval Seconds between two traces.
 * @param tokenFile File with the token that it sends. Default: none.
 * @param proxyAuthority File with the authority of the proxy's certificate, if it takes TLS.
 */
export function canaryScript(
  interval: number,
  { decided, searchable, deadline }: CanaryTimes,
  topology: Addresses,
  tokenFile?: string,
  proxyAuthority?: string,
): string {
  const client = needsCurl(topology) ? curlClient(topology, tokenFile, proxyAuthority) : busyboxClient(topology, tokenFile);
  const attribute = `{"key":"service.name","value":{"stringValue":"NAME"}}`;
  const resource = (name: string) => `{"attributes":[${attribute.replace("NAME", name)}]}`;
  const span = (name: string, id: string, more: string) =>
    `{"traceId":"$1","spanId":"${id}",${more}"name":"${name}","startTimeUnixNano":"\${epoch}000000000","endTimeUnixNano":"\${epoch}001000000"}`;
  const spans = [span(canarySpans[0], "$2", `"kind":2,`), span(canarySpans[1], "$3", `"kind":1,"parentSpanId":"$2",`)].join(",");
  const trace = `{"resourceSpans":[{"resource":${resource(canaryService)},"scopeSpans":[{"spans":[${spans}]}]}]}`;
  const counters = Object.entries(canaryCounters).map(([key, { name }]) => `  counter ${name} "$${key}"`);
  const gauge = ({ name, unit }: Gauge, kind: "asInt" | "asDouble", value: string) => `  gauge ${name} "${unit}" ${kind} "${value}"`;
  return `#!/bin/${client.shell}
# Sends a known trace every ${interval} s, and looks for it in Jaeger until it is there or ${deadline} s are over.
set -u

began=$(date +%s)
sent=0 refused=0 found=0 fresh=0 missing=0 unanswered=0
latency= success= awaited= unheard=

# Hundredths of a second since the machine started: a clock that nobody sets.
clock() {
  read -r up _ </proc/uptime
  now=\${up%.*}\${up#*.}
}

${client.functions}# Sends the trace $1 of the spans $2 and $3.
send() {
${client.lookUp.trace}  epoch=$(date +%s)
  clock
  epochAt=$now
  if ${tokenFile === undefined ? `post ${client.url.traces}` : "submit"} ${JSON.stringify(trace)}; then
    sent=$((sent + 1))
    awaited="$awaited $1:$2:$3:$epochAt:$((epochAt + ${hundredths(decided + looks.early)}))"
  else
    refused=$((refused + 1))
    echo "the Collector took no trace: $why" >&2
  fi
}

# A trace id that nobody has had, and two span ids of the same digits.
probe() {
  unheard=
  IFS=- read -r a b c d e </proc/sys/kernel/random/uuid
  send "$a$b$c$d$e" "$c$d$a" "$e$b"
}

# Whether Jaeger shows the trace $1 with both of its spans, $2 and $3. An answer that it has none is an answer.
look() {
  answer=$(${client.ask})
  case $answer in
    *"spanId\\":\\"$2\\""* | *"spanId\\": \\"$2\\""*)
      case $answer in *"spanId\\":\\"$3\\""* | *"spanId\\": \\"$3\\""*) return 0 ;; esac ;;
    ${client.answered} | '{'*) ;;
    *)
      # Once for each trace that is sent: while nobody answers, there are many more looks.
      [ -n "$unheard" ] || unanswered=$((unanswered + 1))
      unheard=1
      ;;
  esac
  return 1
}

# Looks for the trace $1 of the spans $2 and $3, sent at $4. It is done with where it is found or missing; else $due is when to look again.
await() {
  if look "$1" "$2" "$3"; then
    clock
    age=$((now - $4))
    found=$((found + 1))
    [ "$age" -gt ${hundredths(searchable)} ] || fresh=$((fresh + 1))
    digits=$((100 + age % 100))
    latency=$((age / 100)).\${digits#1}
    success=$((epoch + (now - epochAt) / 100))
    return 0
  fi
  clock
  age=$((now - $4))
  if [ "$age" -ge ${hundredths(deadline)} ]; then
    missing=$((missing + 1))
    echo "trace $1 was acknowledged, and is not to be found after ${deadline} s" >&2
    return 0
  fi
  if [ "$age" -lt ${hundredths(searchable)} ]; then due=$((now + ${hundredths(looks.early)})); else due=$((now + ${hundredths(looks.late)})); fi
  [ "$due" -le $(($4 + ${hundredths(deadline)})) ] || due=$(($4 + ${hundredths(deadline)}))
  return 1
}

counter() {
  metrics="$metrics,{\\"name\\":\\"$1\\",\\"sum\\":{\\"aggregationTemporality\\":2,\\"isMonotonic\\":true,\\"dataPoints\\":[{\\"asInt\\":\\"$2\\",\\"startTimeUnixNano\\":\\"\${began}000000000\\",\\"timeUnixNano\\":\\"\${epoch}000000000\\"}]}}"
}

gauge() {
  [ -z "$4" ] || metrics="$metrics,{\\"name\\":\\"$1\\",\\"unit\\":\\"$2\\",\\"gauge\\":{\\"dataPoints\\":[{\\"$3\\":$4,\\"timeUnixNano\\":\\"\${epoch}000000000\\"}]}}"
}

report() {
  metrics=
${counters.join("\n")}
${gauge(canaryGauges.latency, "asDouble", "$latency")}
${gauge(canaryGauges.lastSuccess, "asInt", "$success")}
${gauge(canaryGauges.reported, "asInt", "$epoch")}
${client.lookUp.report}  post ${client.url.reports} \\
    "{\\"resourceMetrics\\":[{\\"resource\\":${JSON.stringify(resource("canary")).slice(1, -1)},\\"scopeMetrics\\":[{\\"metrics\\":[\${metrics#,}]}]}]}" ||
    echo "the Collector took no report: $why" >&2
}

# The shell waits for its sleep, so that it ends at once when it is told to.
pause() {
  digits=$((100 + $1 % 100))
  sleep $(($1 / 100)).\${digits#1} &
  wait $!
}

trap 'exit 0' TERM INT
clock
next=$now
while :; do
  clock
  if [ "$now" -ge "$next" ]; then
    next=$((now + ${hundredths(interval)}))
    probe
    report
  fi
  wake=$next left=
  for one in $awaited; do
    IFS=:
    set -- $one
    unset IFS
    due=$5
    clock
    [ "$now" -lt "$due" ] || ! await "$1" "$2" "$3" "$4" || continue
    [ "$due" -ge "$wake" ] || wake=$due
    left="$left $1:$2:$3:$4:$due"
  done
  awaited=$left
  clock
  [ "$now" -ge "$wake" ] || pause $((wake - now))
done
`;
}
