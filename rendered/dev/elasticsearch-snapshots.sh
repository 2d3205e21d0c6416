#!/bin/bash
# Makes a snapshot of the stack's indices, deletes those older than 7 days, and reports; with the argument "report" it only reports.
set -u

# Sends a request as a user with a password: method, path, and the body as curl's --data-binary takes it, if any. Prints the answer, and on a line
# of its own its status. Waits for it for $patience seconds, or 30.
request() {
  local password=${2//\\/\\\\}
  curl --silent --show-error --max-time "${patience:-30}" --write-out '\n%{http_code}' --request "$3" \
    --config <(printf 'user = "%s:%s"\n' "$1" "${password//\"/\\\"}") ${5:+--header 'Content-Type: application/json' --data-binary "$5"} \
    "http://elasticsearch:9200/$4" 2>&1
}
ask() { request tracing-snapshots "$(</etc/tracing/secrets/elasticsearch-snapshots-password)" "$@"; }

# Whether an answer has status 200; if not, what was asked for and the answer are wrong.
good() {
  [[ $2 == *$'\n'200 ]] || { echo "$1: ${2//$'\n'/ }" >&2; return 1; }
}

# The snapshots, oldest first: name, state, when it began, when it ended, how many indices it holds.
list() {
  local answer line
  answer=$(ask GET '_cat/snapshots/tracing?h=id,status,start_epoch,end_epoch,indices&s=start_epoch')
  good 'the list of snapshots' "$answer" || return
  while read -r line; do [[ $line != tracing-* ]] || echo "$line"; done <<<"$answer"
}

# The newest that is whole and holds that many indices at least: its name and when it ended.
newest() {
  local name state began ended held found=
  while read -r name state began ended held; do
    [ "$state" != SUCCESS ] || [ "$held" -lt "$1" ] || found="$name $ended"
  done < <(list)
  echo "$found"
}

take() {
  local name=tracing-$(date -u +%Y.%m.%d-%H%M%S) answer
  good "$name" "$(ask PUT "_snapshot/tracing/$name" @- <<<'{"indices":"jaeger-span-*,jaeger-service-*,jaeger-dependencies-*,jaeger-sampling-*","ignore_unavailable":true,"include_global_state":false}')" || return
  # Elasticsearch makes it by itself; one that does not answer for a while is asked again, for ten minutes.
  SECONDS=0
  while ((SECONDS < 600)); do
    sleep 3
    answer=$(ask GET "_snapshot/tracing/$name?filter_path=error,snapshots.state,snapshots.reason,snapshots.failures.reason")
    case $answer in
      *'"state":"SUCCESS"'*) echo "$name is made"; return ;;
      *'"state":"IN_PROGRESS"'*) SECONDS=0 ;;
      *'"state":'* | *$'\n'40[134]) break ;;
    esac
  done
  echo "$name is not whole: ${answer//$'\n'/ }" >&2
  return 1
}

# Deletes what is old, but never the newest that is whole and holds anything.
forget() {
  local keep name state began ended held patience=3600
  read -r keep ended < <(newest 1)
  while read -r name state began ended held; do
    [ "$state" != IN_PROGRESS ] && [ "$name" != "$keep" ] && [ "$began" -lt $(($(date +%s) - 604800)) ] || continue
    good "$name" "$(ask DELETE "_snapshot/tracing/$name")" && echo "$name is deleted"
  done < <(list)
}

gauge() {
  [ -z "$3" ] || printf ',{"name":"%s","unit":"%s","gauge":{"dataPoints":[{"asInt":"%s","timeUnixNano":"%s000000000"}]}}' "$@" "$(date +%s)"
}

# Tells the Collector how it goes.
report() {
  local gauges="$(gauge tracing.elasticsearch_snapshots.last_success.timestamp "s" "$made")$(gauge tracing.elasticsearch_snapshots.last_run.success "" "${result:+$((result == 0))}")"
  local service='{"attributes":[{"key":"service.name","value":{"stringValue":"elasticsearch-snapshots"}}]}'
  [ -z "$gauges" ] || curl --silent --output /dev/null --max-time 10 --header 'Content-Type: application/json' --data-binary \
    "{\"resourceMetrics\":[{\"resource\":$service,\"scopeMetrics\":[{\"metrics\":[${gauges#,}]}]}]}" \
    'http://otel-collector:4319/v1/metrics'
}

tell() {
  read -r _ made < <(newest 0)
  read -r result 2>/dev/null </var/lib/elasticsearch-snapshots/last-result
  report
}

if [ "${1:-}" = report ]; then
  tell
  exit
fi
take
code=$?
echo "$code" >/var/lib/elasticsearch-snapshots/last-result
[ "$code" -ne 0 ] || forget
tell || echo "the Collector took no report" >&2
exit "$code"
