#!/bin/bash
# Puts into Elasticsearch what Jaeger needs there, and looks every minute whether it is still in place.
set -u

# Sends a request as a user with a password: method, path, and the body as curl's --data-binary takes it, if any. Prints the answer, and on a line
# of its own its status. Waits for it for $patience seconds, or 30.
request() {
  local password=${2//\\/\\\\}
  curl --silent --show-error --max-time "${patience:-30}" --write-out '\n%{http_code}' --request "$3" \
    --config <(printf 'user = "%s:%s"\n' "$1" "${password//\"/\\\"}") ${5:+--header 'Content-Type: application/json' --data-binary "$5"} \
    "http://elasticsearch:9200/$4" 2>&1
}
ask() { request elastic "$(</etc/tracing/secrets/elasticsearch-password)" "$@"; }

# What is wrong, to the log; once, as it is tried again and again.
complain() {
  [ "$1" = "$complaint" ] || echo "$1" >&2
  complaint=$1
  return 1
}

# Whether an answer has a status; if not, what was asked for and the answer are wrong.
was() {
  [[ $2 == *$'\n'$1 ]] || complain "$3: ${2//$'\n'/ }"
}

put() { was 200 "$(ask PUT "$1" "@/etc/tracing/config/$2")" "$1"; }

user() { was 200 "$(ask PUT "_security/user/$1" @- <<<"{\"password\":\"$3\",\"roles\":[\"$2\"]}")" "user $1"; }

supported() {
  local answer=$(ask GET '?filter_path=version.number') number='"number" *: *"([0-9]+)\.([0-9]+)'
  if [[ ! $answer =~ $number ]]; then
    complain "Elasticsearch does not tell its version: ${answer//$'\n'/ }"
    return
  fi
  ((BASH_REMATCH[1] > 8 || (BASH_REMATCH[1] == 8 && BASH_REMATCH[2] >= 17))) && return
  complain "Elasticsearch is ${BASH_REMATCH[1]}.${BASH_REMATCH[2]}; allowed: 8.17 or newer, which the index templates need"
}

# What is there of what was put in place, in Elasticsearch's own words; fails where it does not say.
present() {
  local path answer
  for path in '_index_template/tracing-jaeger-span' '_index_template/tracing-jaeger-service' '_index_template/tracing-jaeger-dependencies' '_snapshot/tracing' '_security/role/tracing-writer' '_security/user/tracing-writer' '_security/role/tracing-reader' '_security/user/tracing-reader' '_security/role/tracing-cleaner' '_security/user/tracing-cleaner' '_security/role/tracing-metrics' '_security/user/tracing-metrics' '_security/role/tracing-graph' '_security/user/tracing-graph' '_security/role/tracing-snapshots' '_security/user/tracing-snapshots'; do
    answer=$(ask GET "$path")
    [[ $answer == *$'\n'200 || $answer == *$'\n'404 ]] || return
    echo "$answer"
  done
  for path in tracing-writer/elasticsearch-writer-password tracing-reader/elasticsearch-reader-password tracing-cleaner/elasticsearch-cleaner-password tracing-metrics/elasticsearch-metrics-password tracing-graph/elasticsearch-graph-password tracing-snapshots/elasticsearch-snapshots-password; do
    answer=$(request "${path%/*}" "$(</etc/tracing/secrets/${path#*/})" GET _security/_authenticate)
    [[ $answer == *$'\n'200 || $answer == *$'\n'401 ]] || return
    echo "${path%/*} ${answer##*$'\n'}"
  done
}

apply() {
  unfinished=
  supported &&
    put '_index_template/tracing-jaeger-span' template-span.json &&
    put '_index_template/tracing-jaeger-service' template-service.json &&
    put '_index_template/tracing-jaeger-dependencies' template-dependencies.json &&
    { put 'jaeger-span-*/_settings?expand_wildcards=open&allow_no_indices=true' open-indices.json || true; } &&
    put '_security/role/tracing-writer' role-writer.json &&
    put '_security/role/tracing-reader' role-reader.json &&
    put '_security/role/tracing-cleaner' role-cleaner.json &&
    put '_security/role/tracing-metrics' role-metrics.json &&
    put '_security/role/tracing-graph' role-graph.json &&
    put '_security/role/tracing-snapshots' role-snapshots.json &&
    { put '_snapshot/tracing' snapshot-repository.json && was 200 "$(ask POST _snapshot/tracing/_verify)" _snapshot/tracing/_verify || unfinished=yes; } &&
    user tracing-writer tracing-writer "$(</etc/tracing/secrets/elasticsearch-writer-password)" &&
    user tracing-reader tracing-reader "$(</etc/tracing/secrets/elasticsearch-reader-password)" &&
    user tracing-cleaner tracing-cleaner "$(</etc/tracing/secrets/elasticsearch-cleaner-password)" &&
    user tracing-metrics tracing-metrics "$(</etc/tracing/secrets/elasticsearch-metrics-password)" &&
    user tracing-graph tracing-graph "$(</etc/tracing/secrets/elasticsearch-graph-password)" &&
    user tracing-snapshots tracing-snapshots "$(</etc/tracing/secrets/elasticsearch-snapshots-password)"
}

gauge() {
  [ -z "$3" ] || printf ',{"name":"%s","unit":"%s","gauge":{"dataPoints":[{"asInt":"%s","timeUnixNano":"%s000000000"}]}}' "$@" "$(date +%s)"
}

# Tells the Collector how it goes.
report() {
  local gauges="$(gauge tracing.elasticsearch_setup.last_success.timestamp "s" "$inPlace")$(gauge tracing.elasticsearch_setup.last_repair.timestamp "s" "$repaired")"
  local service='{"attributes":[{"key":"service.name","value":{"stringValue":"elasticsearch-setup"}}]}'
  [ -z "$gauges" ] || curl --silent --output /dev/null --max-time 10 --header 'Content-Type: application/json' --data-binary \
    "{\"resourceMetrics\":[{\"resource\":$service,\"scopeMetrics\":[{\"metrics\":[${gauges#,}]}]}]}" \
    'http://otel-collector:4319/v1/metrics'
}

trap 'exit 0' TERM INT
# A container that starts again has to look again.
rm -f /tmp/done
# When everything was last seen in place, when something last had to be put right, what was there then, and whether something can wait.
inPlace= repaired= known= complaint= doubt= unfinished=
while true; do
  before=$(present) || before=
  pause=60
  if [ -n "$known" ] && [ "$before" = "$known" ] && [ -z "$unfinished" ]; then
    inPlace=$(date +%s) complaint= doubt=
  elif [ -n "$known" ] && [ -z "$doubt$unfinished" ]; then
    # It may be the work of the setup that takes this one's place: then this one is gone before it looks again.
    doubt=yes pause=30
  elif apply && now=$(present); then
    doubt=
    # What can wait is tried each minute; it is wrong meanwhile.
    [ -n "$unfinished" ] || inPlace=$(date +%s) complaint=
    if [ ! -e /tmp/done ]; then
      echo "everything is in place${unfinished:+ that Jaeger needs}"
      began=$(date +%s)
      touch /tmp/done
    elif [ -n "$before" ] && [ "$before" != "$now" ]; then
      repaired=$(date +%s)
      echo "something was missing or changed; everything is in place again" >&2
    fi
    known=$now
  fi
  report
  [ -e /tmp/done ] || pause=2
  sleep $pause &
  wait $!
done
