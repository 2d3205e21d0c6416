# The commands of the project. `make` alone lists them.
#
#   ENV=dev       the stack                              WAY=pulumi|compose      force a way
#   SERVICE=name  one service (logs, open)               IMAGES=official|local   force where images come from
#   FOLLOW=1      go on as lines come (logs)             RUNG=name               one rung (test)
#   YES=1         do not ask (destroy, chaos)            SET= TRAFFIC=           what-ifs (sampling)
#   SNAPSHOT=name one snapshot, or latest (restore)      SENDER=name TOKEN=1     a sender's token (open)
#   DIFF=1        the whole diff (preview)               ROWS=name               one fault (chaos), one attack (attacks)
#   LISTEN=address:port  take the messages of a webhook too, and time them (alerts-drill)
#   PROMETHEUS_URL=https://…  the cluster's Prometheus, where the stack has none of its own (status, alerts-drill)
#
# What is under "A running stack" works on Docker and on Kubernetes, bench apart; there with kubectl, as tracing:kubernetes says.

ENV ?= dev
export ENV WAY IMAGES LISTEN SERVICE SENDER TOKEN SNAPSHOT PROMETHEUS_URL FOLLOW YES DIFF RUNG ROWS SET TRAFFIC

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
modules := node_modules/.package-lock.json
tsx := node_modules/.bin/tsx

##@ A stack
up: $(modules) ## start a stack: engine, images, services, one trace through it
	@$(tsx) cli/main.ts up
down: $(modules) ## stop it; data and secrets stay
	@$(tsx) cli/main.ts down
destroy: $(modules) ## delete it with all its data
	@$(tsx) cli/main.ts destroy
preview: $(modules) ## show what `make up` would change (DIFF=1: all of it)
	@$(tsx) cli/main.ts preview

sampling: $(modules) ## rates in the stack file, even if not deployed yet, and what they would keep (SET= and TRAFFIC= for what-ifs)
	@$(tsx) cli/main.ts sampling

##@ A running stack
status: $(modules) ## what is wrong and what to do, alerts, services, spans and storage on one screen
	@$(tsx) cli/main.ts status
logs: $(modules) ## show the logs of the services (SERVICE=, FOLLOW=1)
	@$(tsx) cli/main.ts logs
open: $(modules) ## Jaeger in the browser, addresses, the environment of an application (SERVICE=, SENDER=, TOKEN=1); on Kubernetes until Ctrl-C
	@$(tsx) cli/main.ts open
password: $(modules) ## print Elasticsearch's password
	@$(tsx) cli/main.ts password
smoke: $(modules) ## send a trace and find it again
	@$(tsx) cli/main.ts smoke
snapshot: $(modules) ## copy the traces to the snapshot repository now
	@$(tsx) cli/main.ts snapshot
restore: $(modules) ## list the snapshots (SNAPSHOT=name or latest: restore one)
	@$(tsx) cli/main.ts restore

alerts-drill: $(modules) ## provoke alerts of the running stack, and time them (an hour; loses spans; ARGS=JaegerDown: one alone)
	@$(tsx) cli/main.ts drill $(ARGS)
bench: $(modules) ## memory and throughput of the running stack, as a table
	@$(tsx) cli/main.ts bench

bench-compare: $(modules) ## the stack beside Jaeger with its defaults: CPU and disk of a span, searches (ARGS=--help)
	@$(tsx) cli/main.ts bench-compare $(ARGS)
bench-sampling: $(modules) ## memory that undecided traces take, measured on the Collector itself
	@$(tsx) cli/main.ts bench-sampling
bench-redaction: $(modules) ## spans/s and CPU of a span with and without redaction, measured on the Collector itself (ARGS=--help)
	@$(tsx) cli/main.ts bench-redaction $(ARGS)

##@ The Django package
demo: $(modules) ## the example project against the running stack: its traces
	@$(tsx) cli/main.ts django demo
django-bench: $(modules) ## what tracing adds to a request's processor time, beside OpenTelemetry's own (ARGS=--help)
	@$(tsx) cli/main.ts django compare $(ARGS)
django-overhead: $(modules) ## what tracing costs a request behind a web server, as ratios (ARGS=--help)
	@$(tsx) cli/main.ts django overhead $(ARGS)

##@ Files and images
render: $(modules) ## write rendered/$(ENV)/ anew: compose file and config files
	@$(tsx) cli/main.ts render --stack "$$ENV"
api: $(modules) ## write the pages of the components' API to docs/api/
	@node_modules/.bin/typedoc
images: $(modules) ## build the images on this machine
	@$(tsx) cli/main.ts images

sbom: $(modules) ## what is inside the packages and the images, as CycloneDX files in sbom/
	@$(tsx) cli/main.ts sbom
digests: $(modules) ## write the digests of the official images into configs/images.ts
	@$(tsx) cli/main.ts digests
scan: $(modules) ## known vulnerabilities of what sbom/ lists; fails on severe ones without an exception
	@$(tsx) cli/main.ts scan

##@ Tests
test: $(modules) ## what every change passes: lint to end to end, an hour on two cores (RUNG= for single suites)
	@$(tsx) tests/run.ts
test-all: $(modules) ## everything: crashes under load, alerts, Kubernetes; hours
	@$(tsx) tests/run.ts --all
chaos: $(modules) ## break each part of a stack of its own under load, and judge what is lost; an hour (ROWS= for single faults)
	@$(tsx) tests/chaos/main.ts
attacks: $(modules) ## hostile clients against every port of a stack of its own; half an hour (ROWS= for single attacks)
	@$(tsx) tests/attacks/main.ts
bench-neighbours: $(modules) ## a sender at twenty times its limits, and what its neighbour notices (ARGS=--help)
	@$(tsx) tests/attacks/neighbours.ts $(ARGS)
lint: $(modules) ## lint, types, shell programs, and the format of Go files
	@$(tsx) tests/run.ts lint types shell golint

##@ This machine
requirements: $(modules) ## what it lacks for `make up`, `make images` and `make test`
	@$(tsx) cli/main.ts requirements --check run images test
engine: $(modules) ## a container engine, installed and started if there is none
	@$(tsx) cli/main.ts engine start
engine-stop: $(modules) ## stop the engine that `make engine` started
	@$(tsx) cli/main.ts engine stop
cluster: $(modules) ## a Kubernetes node for tests, from Go modules and Debian's packages
	@$(tsx) tests/cluster/main.ts start
cluster-stop: $(modules) ## end that node, and delete all that it made
	@$(tsx) tests/cluster/main.ts stop

# npm writes this file last. What it prints is no output of a command.
$(modules): package-lock.json
	@command -v npm >/dev/null || { echo "error: Node.js $$(cat .nvmrc) or newer with npm is needed: https://nodejs.org" >&2; exit 1; }
	@echo "==> Node modules" >&2
	@node cli/node-version.js
	@npm ci --no-audit --no-fund --loglevel=error >&2
	@touch $@

help:
	@awk 'BEGIN { FS = ":.*## " } /^##@/ { printf "\n%s\n", substr($$0, 5) } /^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '\nENV=%s is the stack; the head of the Makefile lists all variables.\n' "$$ENV"

.PHONY: up down destroy preview sampling status logs open password smoke snapshot restore alerts-drill bench bench-compare bench-sampling bench-redaction render api images test test-all chaos attacks bench-neighbours lint requirements engine engine-stop cluster cluster-stop demo django-bench django-overhead sbom scan digests help
