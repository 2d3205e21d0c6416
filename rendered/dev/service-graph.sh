#!/bin/bash
# Writes which service calls which, hour by hour, to Elasticsearch. Prometheus counts the calls.
set -u

# Sends a request as a user with a password: method, path, and the body as curl's --data-binary takes it, if any. Prints the answer, and on a line
# of its own its status. Waits for it for $patience seconds, or 30.
request() {
  local password=${2//\\/\\\\}
  curl --silent --show-error --max-time "${patience:-30}" --write-out '\n%{http_code}' --request "$3" \
    --config <(printf 'user = "%s:%s"\n' "$1" "${password//\"/\\\"}") ${5:+--header 'Content-Type: application/json' --data-binary "$5"} \
    "http://elasticsearch:9200/$4" 2>&1
}
ask() { request tracing-graph "$(</etc/tracing/secrets/elasticsearch-graph-password)" "$@"; }

gauge() {
  [ -z "$3" ] || printf ',{"name":"%s","unit":"%s","gauge":{"dataPoints":[{"asInt":"%s","timeUnixNano":"%s000000000"}]}}' "$@" "$(date +%s)"
}

# Tells the Collector how it goes.
report() {
  local gauges="$(gauge tracing.service_graph.last_success.timestamp "s" "$upToDate")"
  local service='{"attributes":[{"key":"service.name","value":{"stringValue":"service-graph"}}]}'
  [ -z "$gauges" ] || curl --silent --output /dev/null --max-time 10 --header 'Content-Type: application/json' --data-binary \
    "{\"resourceMetrics\":[{\"resource\":$service,\"scopeMetrics\":[{\"metrics\":[${gauges#,}]}]}]}" \
    'http://otel-collector:4319/v1/metrics'
}

# What is wrong, to the log; once, as it is tried again and again.
complain() {
  [ "$1" = "$complaint" ] || echo "$1" >&2
  complaint=$1
  return 1
}

query='topk(1000, round(sum by (client, server) ((increase(traces_service_graph_request_total{job="otel-collector-exporter", client!="", server!="", connection_type=~"|messaging_system"}[SPAN]) or last_over_time(traces_service_graph_request_total{job="otel-collector-exporter", client!="", server!="", connection_type=~"|messaging_system"}[SPAN]) * 0) + ((min_over_time(traces_service_graph_request_total{job="otel-collector-exporter", client!="", server!="", connection_type=~"|messaging_system"}[SPAN]) - last_over_time(traces_service_graph_request_total{job="otel-collector-exporter", client!="", server!="", connection_type=~"|messaging_system"}[1h] offset SPAN) >= 0 or min_over_time(traces_service_graph_request_total{job="otel-collector-exporter", client!="", server!="", connection_type=~"|messaging_system"}[SPAN])) unless traces_service_graph_request_total{job="otel-collector-exporter", client!="", server!="", connection_type=~"|messaging_system"} offset SPAN or last_over_time(traces_service_graph_request_total{job="otel-collector-exporter", client!="", server!="", connection_type=~"|messaging_system"}[SPAN]) * 0))) > 0)'
begin='{"status":"success","data":{"resultType":"vector","result":[' end=$']}}\n200'

# Sets pairs to the calls in some seconds from a moment on, as JSON: {"parent":…,"child":…,"callCount":…},…
count() {
  local answer digit until=$(($1 + $2))
  answer=$(curl --silent --show-error --max-time 30 --write-out '\n%{http_code}' --get \
    --data-urlencode "time=$until" --data-urlencode "query=${query//SPAN/$2s}" 'http://prometheus.tracing-backend:9090/api/v1/query' 2>&1)
  [[ $answer == "$begin"*"$end" ]] || complain "Prometheus: ${answer//$'\n'/ }" || return
  pairs=${answer#"$begin"}
  pairs=${pairs%"$end"}
  pairs=${pairs//'{"metric":{"client":'/'{"parent":'}
  pairs=${pairs//',"server":'/',"child":'}
  pairs=${pairs//"},\"value\":[$until,\""/',"callCount":'}
  for digit in {0..9}; do pairs=${pairs//"$digit\"]}"/"$digit}"}; done
}

# Writes the hour that begins at a moment, as far as it has come.
write() {
  local pairs answer hour
  count "$1" "$2" || return
  [ -n "$pairs" ] || return 0
  hour=$(date -u -d "@$1" +%Y-%m-%dT%H:00:00Z)
  answer=$(ask PUT "jaeger-dependencies-${hour%T*}/_doc/$hour" @- <<<"{\"timestamp\":\"$hour\",\"dependencies\":[$pairs]}")
  [[ $answer == *$'\n'20[01] ]] || complain "$hour: ${answer//$'\n'/ }"
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
touch /tmp/started
upToDate= complaint=
from=$(($(date +%s) / 3600 * 3600 - 86400))
while true; do
  # What failed is tried again sooner: at the start, Prometheus may not be there yet.
  update && pause=300 || pause=30
  report
  sleep $pause &
  wait $!
done
