#!/bin/sh
# Sends a known trace every 15 s, and looks for it in Jaeger until it is there or 17 s are over.
set -u

began=$(date +%s)
sent=0 refused=0 found=0 fresh=0 missing=0 unanswered=0
latency= success= awaited= unheard=

# Hundredths of a second since the machine started: a clock that nobody sets.
clock() {
  read -r up _ </proc/uptime
  now=${up%.*}${up#*.}
}

# A host's address: Debian's static busybox resolves names in nslookup only.
address() {
  found=
  case $1 in *[!0-9.]*) found=$(nslookup "$1" 2>/dev/null | sed -n '/^Name:/,$ s/^Address[^:]*: *\([0-9][0-9.]*\).*/\1/p' | head -n 1) ;; esac
  echo "${found:-$1}"
}

# Sends JSON to the Collector; what it said otherwise is in $why.
post() {
  why=$(timeout 5 wget -q -O /dev/null --header 'Content-Type: application/json' --post-data "$2" "$1" 2>&1)
}

# Sends the trace $1 of the spans $2 and $3.
send() {
  # A name is looked up each time: on Kubernetes it may stand for another address by now.
  collector=$(address otel-collector)
  jaeger=$(address jaeger)
  epoch=$(date +%s)
  clock
  epochAt=$now
  if post "http://$collector:4318/v1/traces" "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"tracing-canary\"}}]},\"scopeSpans\":[{\"spans\":[{\"traceId\":\"$1\",\"spanId\":\"$2\",\"kind\":2,\"name\":\"canary\",\"startTimeUnixNano\":\"${epoch}000000000\",\"endTimeUnixNano\":\"${epoch}001000000\"},{\"traceId\":\"$1\",\"spanId\":\"$3\",\"kind\":1,\"parentSpanId\":\"$2\",\"name\":\"canary: child\",\"startTimeUnixNano\":\"${epoch}000000000\",\"endTimeUnixNano\":\"${epoch}001000000\"}]}]}]}"; then
    sent=$((sent + 1))
    awaited="$awaited $1:$2:$3:$epochAt:$((epochAt + 50))"
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
  answer=$(timeout 2 wget -q -O - "http://$jaeger:16686/api/v3/traces/$1" 2>&1)
  case $answer in
    *"spanId\":\"$2\""* | *"spanId\": \"$2\""*)
      case $answer in *"spanId\":\"$3\""* | *"spanId\": \"$3\""*) return 0 ;; esac ;;
    *'server returned error: HTTP/'* | '{'*) ;;
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
    [ "$age" -gt 600 ] || fresh=$((fresh + 1))
    digits=$((100 + age % 100))
    latency=$((age / 100)).${digits#1}
    success=$((epoch + (now - epochAt) / 100))
    return 0
  fi
  clock
  age=$((now - $4))
  if [ "$age" -ge 1700 ]; then
    missing=$((missing + 1))
    echo "trace $1 was acknowledged, and is not to be found after 17 s" >&2
    return 0
  fi
  if [ "$age" -lt 600 ]; then due=$((now + 50)); else due=$((now + 200)); fi
  [ "$due" -le $(($4 + 1700)) ] || due=$(($4 + 1700))
  return 1
}

counter() {
  metrics="$metrics,{\"name\":\"$1\",\"sum\":{\"aggregationTemporality\":2,\"isMonotonic\":true,\"dataPoints\":[{\"asInt\":\"$2\",\"startTimeUnixNano\":\"${began}000000000\",\"timeUnixNano\":\"${epoch}000000000\"}]}}"
}

gauge() {
  [ -z "$4" ] || metrics="$metrics,{\"name\":\"$1\",\"unit\":\"$2\",\"gauge\":{\"dataPoints\":[{\"$3\":$4,\"timeUnixNano\":\"${epoch}000000000\"}]}}"
}

report() {
  metrics=
  counter tracing.canary.sent "$sent"
  counter tracing.canary.refused "$refused"
  counter tracing.canary.found "$found"
  counter tracing.canary.fresh "$fresh"
  counter tracing.canary.missing "$missing"
  counter tracing.canary.unanswered "$unanswered"
  gauge tracing.canary.latency "s" asDouble "$latency"
  gauge tracing.canary.last_success.timestamp "s" asInt "$success"
  gauge tracing.canary.report.timestamp "s" asInt "$epoch"
  reports=$(address otel-collector)
  post "http://$reports:4319/v1/metrics" \
    "{\"resourceMetrics\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"canary\"}}]},\"scopeMetrics\":[{\"metrics\":[${metrics#,}]}]}]}" ||
    echo "the Collector took no report: $why" >&2
}

# The shell waits for its sleep, so that it ends at once when it is told to.
pause() {
  digits=$((100 + $1 % 100))
  sleep $(($1 / 100)).${digits#1} &
  wait $!
}

trap 'exit 0' TERM INT
clock
next=$now
while :; do
  clock
  if [ "$now" -ge "$next" ]; then
    next=$((now + 1500))
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
