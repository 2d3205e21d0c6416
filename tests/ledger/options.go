package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"tracing/ledger/internal/load"
)

// Each group below defines flags and returns a function that, after parsing, checks them and gives their meaning.

func trustFlags(f *flags) func() *tls.Config {
	var file string
	f.text(&file, "ca-file", "", "PEM `file` of the authorities to trust; default: the system's")
	return func() *tls.Config {
		config := &tls.Config{MinVersion: tls.VersionTLS12}
		if file == "" {
			return config
		}
		pem, err := os.ReadFile(file)
		config.RootCAs = x509.NewCertPool()
		if err != nil || !config.RootCAs.AppendCertsFromPEM(pem) {
			f.fault("ca-file", file, "a readable PEM file with a certificate")
		}
		return config
	}
}

func httpClient(trust *tls.Config) *http.Client {
	return &http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: trust}}
}

func targetFlags(f *flags) func(trust *tls.Config) load.Target {
	var endpoint, protocol, tokenFile string
	var insecure bool
	f.text(&endpoint, "endpoint", "", "OTLP receiver, `host:port`; required")
	f.choice(&protocol, "protocol", []string{"grpc", "http"}, "OTLP over `grpc|http`; http is protobuf to /v1/traces")
	f.text(&tokenFile, "token-file", "", "`file` with a bearer token, read anew for each export; default: no token")
	f.yesNo(&insecure, "insecure", "no TLS; default: true for a loopback address, else false")
	return func(trust *tls.Config) load.Target {
		host, port, err := net.SplitHostPort(endpoint)
		if number, bad := strconv.Atoi(port); err != nil || bad != nil || host == "" || number < 1 || number > 65535 {
			f.fault("endpoint", endpoint, "host:port")
		}
		if !f.given("insecure") {
			insecure = isLoopback(host)
		}
		if insecure {
			trust = nil
		}
		if _, err := os.Stat(tokenFile); tokenFile != "" && err != nil {
			f.fault("token-file", tokenFile, "a readable file")
		}
		return load.Target{Endpoint: endpoint, HTTP: protocol == "http", TLS: trust, TokenFile: tokenFile}
	}
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

// urlFlag is a base URL without a trailing slash. User and password in it are refused: others can read the command
// line.
func urlFlag(f *flags, name, usage string) func() string {
	var text string
	f.text(&text, name, "", usage)
	return func() string {
		parsed, err := url.Parse(text)
		if err == nil && parsed.User != nil {
			f.fault(name, parsed.Redacted(), "a URL without user and password")
		} else if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
			f.fault(name, text, "http://host:port or https://host:port")
		}
		return strings.TrimRight(text, "/")
	}
}

func shapeFlags(f *flags) func(runID string) load.Shape {
	var shape load.Shape
	var semconv string
	var seed int
	f.text(&shape.Service, "service", "",
		"service.name of all spans, a `name` no other run uses; default: ledger-<run id>")
	f.whole(&shape.SpansPerTrace, "spans-per-trace", 10, 1, 50_000, "`N` spans in each trace: a SERVER root and its children")
	var profile string
	f.choice(&profile, "profile", []string{"uniform", "typical", "mixed"},
		"`uniform|typical|mixed`: requests and queries of one size; lookups, SQL, calls, and an exception on every tenth span; or links and whole documents too, 200 B to 1 MB")
	f.whole(&shape.Attributes, "attributes", 11, load.MinAttributes, 128, "`N` attributes on each span; uniform only")
	f.Func("operation", "`\"METHOD /path\"` that root spans are for, named like Django does; repeatable, each trace "+
		"takes one at random (default \"POST /api/auth/login\")",
		func(text string) error {
			operation, err := load.ParseOperation(text)
			shape.Operations = append(shape.Operations, operation)
			return err
		})
	f.choice(&semconv, "semconv", []string{"new", "old"},
		"`new|old`: http.request.method and url.path, or http.method and http.target")
	f.decimal(&shape.ErrorPercent, "error-percent", 0, 0, 100, "`percent` of traces whose root span has status ERROR")
	f.duration(&shape.ClockSkew, "clock-skew", 0, 0,
		"`time` that the clocks of the spans' hosts are off at most, either way; each jumps every 10s; 0: they are right")
	f.whole(&seed, "seed", 0, 0, math.MaxInt, "`N` that all ids derive from; 0: a new one, which the ledger keeps")
	return func(runID string) load.Shape {
		if shape.Service == "" {
			shape.Service = "ledger-" + runID
		}
		if len(shape.Service) > 200 {
			f.fault("service", shape.Service, "at most 200 characters: Elasticsearch does not index longer ones")
		}
		if len(shape.Operations) == 0 {
			shape.Operations = []load.Operation{{Method: "POST", Path: "/api/auth/login"}}
		}
		if len(shape.Operations) > 255 {
			f.fault("operation", len(shape.Operations), "at most 255 operations")
		}
		if profile != "uniform" {
			shape.Profile = load.Profile(profile)
		}
		if shape.Profile != load.Uniform && f.given("attributes") {
			f.fault("attributes", shape.Attributes, "none with --profile "+profile+", whose spans have their own")
		}
		for seed == 0 {
			seed = rand.Int()
		}
		shape.OldNames, shape.Seed = semconv == "old", uint64(seed)
		return shape
	}
}

func planFlags(f *flags) func(spansPerTrace int) load.Plan {
	var plan load.Plan
	var spans int
	f.whole(&plan.Traces, "traces", 0, 1, 100_000_000, "how much to send: `N` traces")
	f.whole(&spans, "spans", 0, 1, 1_000_000_000, "how much to send: `N` spans, rounded up to whole traces")
	f.duration(&plan.Duration, "duration", 0, time.Millisecond, "how much to send: traces begun within this `time`")
	f.decimal(&plan.Rate, "rate", 0, 0, 10_000_000, "`N` spans per second; 0: as fast as acknowledged")
	f.duration(&plan.TraceDuration, "trace-duration", 0, 0,
		"`time` from the first to the last span of a trace, which is the root; needs --rate; 0: all together")
	f.whole(&plan.Batch, "batch", 512, 1, 4096, "`N` spans per export at most")
	f.whole(&plan.BatchBytes, "batch-bytes", 3<<20, 1<<10, 1<<30,
		"`N` bytes per export at most, as receivers allow 4 MiB as a rule; a larger span leaves alone")
	f.whole(&plan.Connections, "connections", 4, 1, 1024, "`N` exports under way at once, each on its own connection")
	f.duration(&plan.RetryFor, "retry-for", time.Minute, 0,
		"`time` that an export is tried while it is refused for the moment; then it is unacknowledged")
	f.duration(&plan.Timeout, "timeout", 10*time.Second, time.Millisecond, "`time` that one attempt may take")
	return func(spansPerTrace int) load.Plan {
		amounts := 0
		for _, name := range []string{"traces", "spans", "duration"} {
			if f.given(name) {
				amounts++
			}
		}
		if amounts != 1 {
			f.faults = append(f.faults, fmt.Sprintf("found %d of --traces, --spans and --duration, want one", amounts))
		}
		if plan.TraceDuration > 0 && plan.Rate == 0 {
			f.fault("rate", plan.Rate, "more than 0 with --trace-duration")
		}
		if spans > 0 {
			plan.Traces = (spans + spansPerTrace - 1) / spansPerTrace
		}
		return plan
	}
}
