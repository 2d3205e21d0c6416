#!/bin/sh
# Writes generated/ from builder-config.yaml with the Collector's own builder. Run it after a change of that file and commit the result:
# an ordinary build then needs neither the builder nor a module that go.sum does not vouch for.
set -eu
cd "$(dirname "$0")"
version=$(sed -n 's/^  version: *//p' builder-config.yaml)

rm -f generated/*.go
go run "go.opentelemetry.io/collector/cmd/builder@v$version" --config builder-config.yaml --skip-compilation --skip-strict-versioning
# The images are for Linux.
rm generated/main_windows.go
gofmt -w generated
