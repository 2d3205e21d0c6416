#!/bin/sh
# Made from the stack's config; edit Pulumi.<stack>.yaml instead.
# Makes the Secrets that the manifests refer to, each with a new random value, where they are missing. Apply namespace.yaml before.
set -eu
secret() {
  if kubectl --namespace "$1" get secret "$2" >/dev/null 2>&1; then
    echo "secret $2 is there"
  else
    # By standard input: an argument would show in every list of processes.
    LC_ALL=C tr -dc 'A-Za-z0-9' </dev/urandom | head -c "$4" |
      kubectl --namespace "$1" create secret generic "$2" --from-file="$3"=/dev/stdin
  fi
}
secret tracing elasticsearch-writer-password password 32
secret tracing elasticsearch-reader-password password 32
secret tracing elasticsearch-cleaner-password password 32
secret tracing elasticsearch-metrics-password password 32
secret tracing elasticsearch-graph-password password 32
secret tracing elasticsearch-snapshots-password password 32
secret tracing ingest-sender-tracing-stack password 32
secret tracing elasticsearch-password password 32
