#!/bin/bash
# Starts Elasticsearch under the contract of the official image. Settings given as environment variables (cluster.name, ES_SETTING_...)
# are read by Elasticsearch itself, which takes this for its container distribution (see ES_DISTRIBUTION_TYPE in bin/elasticsearch-env).
set -euo pipefail

# Files are also the group's: the image may run as any user of group 0.
umask 0002

# Another command than the default, such as `bash` or `elasticsearch -E...`, replaces all of this.
if [[ "${1:-}" != eswrapper ]]; then
  exec "$@"
fi

# Reads ELASTIC_PASSWORD from ELASTIC_PASSWORD_FILE; refuses a file that others may read.
set +u
source bin/elasticsearch-env-from-file
set -u

if [[ -n "${ELASTIC_PASSWORD:-}" ]]; then
  # By standard input and without echo: a password among the arguments would show in every list of processes.
  printf '%s' "$ELASTIC_PASSWORD" | elasticsearch-keystore add --stdin --force bootstrap.password
  unset ELASTIC_PASSWORD
fi

exec elasticsearch
