#!/bin/sh
# Deletes Jaeger's indices that are older than 7 days.
set -eu
ES_USERNAME=elastic
ES_PASSWORD=$(cat /etc/tracing/secrets/elasticsearch-password)
export ES_USERNAME ES_PASSWORD
exec /go/bin/es-index-cleaner-linux 8 http://elasticsearch:9200
