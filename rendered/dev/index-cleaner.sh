#!/bin/sh
# Deletes Jaeger's indices that are older than 7 days and reports how that went; with the argument "report" it only reports.
set -u

# Runs the cleaner, told the days that are kept; with "list" it only lists what there is, under any prefix.
cleaner() (
  ES_USERNAME=tracing-cleaner
  ES_PASSWORD=$(cat /etc/tracing/secrets/elasticsearch-cleaner-password) || exit
  export ES_USERNAME ES_PASSWORD
  [ "$1" != list ] || { set -- 36500; export INDEX_PREFIX='jaeger-*,*' TIMEOUT=20 TZ=UTC; }
  exec /go/bin/es-index-cleaner-linux "$1" http://elasticsearch:9200
)

# When the oldest index was made, in seconds; nothing where there is none. The cleaner logs each as {"Index":"…","CreationTime":"…",…}.
oldest() {
  found=$(cleaner list 2>&1) || { echo "$found" | tail -n 1 >&2; return 1; }
  list=$(echo "$found" | grep '"Queried indices"') || return
  all=$(echo "$list" | sed 's/{"Index":/\n&/g' | sed -n 's/^{"Index":"\([^"]*\)","CreationTime":"\([0-9-]*\)T\([0-9:]*\).*/\2 \3 \1/p')
  case $list in *'"Index":'*) [ -n "$all" ] || return ;; esac
  made=$(echo "$all" | grep -E 'jaeger-(span|service|dependencies|sampling)-' | sort | head -n 1)
  [ -z "$made" ] || date -u -d "${made% *}" +%s
}

# A host's address: Debian's static busybox resolves names in nslookup only.
address() {
  found=
  case $1 in *[!0-9.]*) found=$(nslookup "$1" 2>/dev/null | sed -n '/^Name:/,$ s/^Address[^:]*: *\([0-9][0-9.]*\).*/\1/p' | head -n 1) ;; esac
  echo "${found:-$1}"
}

gauge() {
  [ -n "$3" ] || return 0
  point=$(printf '{"name":"%s","unit":"%s","gauge":{"dataPoints":[{"asInt":"%s","timeUnixNano":"%s000000000"}]}}' "$1" "$2" "$3" "$now")
  gauges="${gauges:+$gauges,}$point"
}

number() { grep -xE '[0-9]+' "$1" 2>/dev/null; }

report() {
  now=$(date +%s)
  gauges=
  made=$(oldest) && made=${made:-$now} || echo "the oldest index is not known: Elasticsearch gave no list" >&2
  result=$(number /var/lib/index-cleaner/last-result)
  gauge tracing.index_cleaner.last_success.timestamp "s" "$1"
  gauge tracing.index_cleaner.last_run.success "" "${result:+$((result == 0))}"
  gauge tracing.index_cleaner.next_run.timestamp "s" $((now - (now - 10800) % 86400 + 86400))
  gauge tracing.index.oldest.creation.timestamp "s" "$made"
  service='{"attributes":[{"key":"service.name","value":{"stringValue":"index-cleaner"}}]}'
  body="{\"resourceMetrics\":[{\"resource\":$service,\"scopeMetrics\":[{\"metrics\":[$gauges]}]}]}"
  timeout 20 wget -q -O /dev/null --header 'Content-Type: application/json' --post-data "$body" \
    "http://$(address otel-collector):4319/v1/metrics"
}

if [ "${1:-}" = report ]; then
  report "$(number /var/lib/index-cleaner/last-success)"
  exit
fi
cleaner 8
code=$?
echo "$code" > /var/lib/index-cleaner/last-result
if [ "$code" -eq 0 ]; then success=$(date +%s); else success=$(number /var/lib/index-cleaner/last-success); fi
report "$success" || echo "the Collector took no report" >&2
if [ -n "$made" ]; then
  hours=$(((now - made) / 3600))
  echo "the oldest index is $hours hours old"
  [ "$hours" -lt 219 ] || echo "none should be older than 219 hours: is its prefix one that the cleaner knows?" >&2
fi
exit "$code"
