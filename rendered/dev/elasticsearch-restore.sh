#!/bin/bash
# Lists the snapshots; with a name, or "latest", restores one. It deletes nothing that was stored.
set -u
patience=86400

# Sends a request as a user with a password: method, path, and the body as curl's --data-binary takes it, if any. Prints the answer, and on a line
# of its own its status. Waits for it for $patience seconds, or 30.
request() {
  local password=${2//\\/\\\\}
  curl --silent --show-error --max-time "${patience:-30}" --write-out '\n%{http_code}' --request "$3" \
    --config <(printf 'user = "%s:%s"\n' "$1" "${password//\"/\\\"}") ${5:+--header 'Content-Type: application/json' --data-binary "$5"} \
    "http://elasticsearch:9200/$4" 2>&1
}
ask() { request elastic "$(</etc/tracing/secrets/elasticsearch-password)" "$@"; }

fail() { echo "error: $1" >&2; exit 1; }

# Asks for something: what it is, then as `ask`. The body of the answer is in $body; any status but 200 ends it all.
want() {
  local answer
  answer=$(ask "${@:2}")
  [[ $answer == *$'\n'200 ]] || fail "$1: ${answer//$'\n'/ }"
  body=${answer%$'\n'*}
}

list() { want 'the list of snapshots' GET "_cat/snapshots/tracing?$1&s=start_epoch"; }

# Restores an index of the snapshot, under another name if one is given. The answer is in $answer.
bring() {
  local rename=
  [ -z "${2:-}" ] || rename=",\"rename_pattern\":\".+\",\"rename_replacement\":\"$2\""
  answer=$(ask POST "_snapshot/tracing/$snapshot/_restore?wait_for_completion=true" @- \
    <<<"{\"indices\":\"$1\",\"include_global_state\":false,\"include_aliases\":false$rename}")
}

# Whether all of an index was restored.
whole() {
  [[ $answer == *'"failed":0'*$'\n'200 ]] && return
  echo "error: $1: ${answer//$'\n'/ }" >&2
  incomplete=yes
  return 1
}

exists() {
  local answer
  answer=$(ask GET "$1?filter_path=*.aliases")
  case $answer in
    *$'\n'200) true ;;
    *$'\n'404) false ;;
    *) fail "$1: ${answer//$'\n'/ }" ;;
  esac
}

# The number of an index' documents, in $count.
count() {
  want "$1" GET "$1/_count?filter_path=count"
  count=${body//[^0-9]/}
}

# An index that is not there; fails where it has come to be there meanwhile.
anew() {
  ! exists "$1" || return
  bring "$1"
  [[ $answer != *'same name already exists'* ]] || return
  whole "$1" || return 0
  count "$1"
  echo "$1: restored, $count documents"
}

# Puts the documents of an index into another, those with sequence numbers from $3 to below $4: unless they are there, by their id. Fails where that is
# more than fits in memory or in one answer, or one is refused. Counts them in $handled.
page() {
  local page line id answer total start='^\{"hits":\{"total":\{"value":([0-9]+)'
  page=$(ask POST "$1/_search?size=10000&track_total_hits=true&allow_partial_search_results=false&filter_path=hits.total.value,hits.hits._id,hits.hits._source" @- \
    <<<"{\"query\":{\"range\":{\"_seq_no\":{\"gte\":$3,\"lt\":$4}}}}" | head -c 4000000)
  [[ $page == *$'\n'200 && $page =~ $start ]] || return
  total=${BASH_REMATCH[1]}
  [ "$total" -gt 0 ] || return 0
  [ "$total" -le 10000 ] || return
  page=${page%$'\n'*}
  page=${page#*'"hits":['} page=${page%']}}'}
  # A text in JSON has no plain quotation mark, so this stands between documents only.
  page=${page//'}},{"_id":"'/$'}}\n{"_id":"'}
  answer=$(
    printf '%s\n' "$page" | while IFS= read -r line; do
      id=${line#'{"_id":"'} line=${line#*'"_source":'}
      printf '{"create":{"_id":"%s"}}\n%s\n' "${id%%\"*}" "${line%\}}"
    done | ask POST "$2/_bulk?filter_path=items.*.status" @-
  )
  [[ $answer == *$'\n'200 ]] || return
  # 201: put. 409: it was there.
  answer=${answer//'"status":201'/} answer=${answer//'"status":409'/}
  [[ $answer != *'"status":'* ]] || return
  handled=$((handled + total))
}

# The same for any number of them. Counts in $left those that could not be put; gives up at a hundred.
pages() {
  local middle
  page "$@" && return
  if (($4 - $3 > 1)); then
    middle=$((($3 + $4) / 2))
    pages "$1" "$2" "$3" "$middle"
    pages "$1" "$2" "$middle" "$4"
  else
    # Elasticsearch may be busy.
    sleep 1
    page "$@" && return
    left=$((left + 1))
    [ "$left" -lt 100 ] || fail "$2: Elasticsearch takes no documents; all of the snapshot's are in $1"
  fi
}

# The documents of an index that is there: the snapshot's is restored beside it, and what is missing is put into it.
into() {
  local copy="tracing-restored-$snapshot-$1" before last from all handled=0 left=0 told=$SECONDS
  count "$1"
  before=$count
  ! exists "$copy" || want "$copy" DELETE "$copy"
  bring "$1" "$copy"
  whole "$1" || return 0
  count "$copy"
  all=$count
  want "$copy" POST "$copy/_search?size=1&allow_partial_search_results=false&filter_path=hits.hits.sort" @- \
    <<<'{"sort":[{"_seq_no":"desc"}],"_source":false}'
  last=${body//[^0-9]/}
  for ((from = 0; from <= ${last:--1}; from += 1000)); do
    pages "$copy" "$1" "$from" $((from + 1000))
    ((SECONDS - told < 10)) || { echo "$1: $handled of $all"; told=$SECONDS; }
  done
  want "$1" POST "$1/_refresh"
  count "$1"
  echo "$1: $before documents before, $count now"
  if [ "$handled" -lt "$all" ]; then
    incomplete=yes
    echo "error: $1: $((all - handled)) could not be put there; all of the snapshot's are in $copy" >&2
  else
    want "$copy" DELETE "$copy"
  fi
}

snapshot=${1:-}
if [ -z "$snapshot" ]; then
  list 'v&h=id,status,start_time,end_time,duration,indices,failed_shards'
  echo "$body"
  exit
fi
if [ "$snapshot" = latest ]; then
  # One that holds nothing, as of a stack that was just made, is none to restore.
  list 'h=id,status,indices'
  snapshot=
  while read -r name state held; do
    [[ $state != SUCCESS || $name != tracing-* || $held == 0 ]] || snapshot=$name
  done <<<"$body"
  [ -n "$snapshot" ] || fail 'there is no whole snapshot that holds an index'
fi
[[ $snapshot =~ ^[a-z0-9][a-z0-9._-]*$ ]] || fail "snapshot: found \"$snapshot\"; allowed: a name from the list, or latest"
want "$snapshot" GET "_snapshot/tracing/$snapshot?filter_path=snapshots.indices,snapshots.state"
[[ $body != *'"state":"IN_PROGRESS"'* ]] || fail "$snapshot is not done yet"
# Goes with the container, as /tmp does.
mkdir /tmp/restoring 2>/dev/null || fail 'another restore is under way here'
trap 'rmdir /tmp/restoring' EXIT
echo "restoring $snapshot"
name='"([^"]*jaeger-[^"]*)"(.*)' restored=0 incomplete=
while [[ $body =~ $name ]]; do
  index=${BASH_REMATCH[1]} rest=${BASH_REMATCH[2]}
  anew "$index" || into "$index"
  body=$rest restored=$((restored + 1))
done
[ "$restored" -gt 0 ] || fail "$snapshot holds no index"
[ -z "$incomplete" ]
