package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestAllUsageFaultsAtOnce(t *testing.T) {
	code, _, log := ledger(t, "run --traces many --foo --rate -1 extra --endpoint nowhere --insecure=maybe --operation GET/",
		"--protocol udp --batch 0 --trace-duration 3 --elasticsearch http://elastic:secret@es:9200 --kept /does/not/exist",
		"--index a/b --password-file /does/not/exist --ca-file /does/not/exist")
	if code != exitUsage || strings.Contains(log, "secret") {
		t.Errorf("exit %d", code)
	}
	for _, want := range []string{
		`"many" for flag --traces: want a whole number from 1 to`, "--foo", `found "extra"`, `"-1" for flag --rate: want a number from 0`,
		`--endpoint: found "nowhere", want host:port`, `"maybe" for --insecure: want true or false`, `"GET/" for flag --operation: want "METHOD /path"`,
		`"udp" for flag --protocol: want grpc or http`, `"0" for flag --batch: want a whole number from 1 to 4096`,
		`"3" for flag --trace-duration: want a duration such as`, "--elasticsearch: found", "--kept: found", "--index: found",
		"--password-file: found", "--ca-file: found",
	} {
		if !strings.Contains(log, want) {
			t.Errorf("no word of %s in\n%s", want, log)
		}
	}
	for _, c := range []struct{ args, want string }{
		{"send --endpoint a:1", "found 0 of --traces, --spans and --duration"},
		{"send --endpoint a:1 --traces 1 --spans 1", "found 2 of --traces, --spans and --duration"},
		{"send --endpoint a:1 --traces 1 --trace-duration 1s", `--rate: found "0", want more than 0`},
		{"send --endpoint a:1 --traces 1 --profile mixed --attributes 20", `--attributes: found "20", want none with --profile mixed`},
		{"send --endpoint a:1 --traces 1 --profile odd", `"odd" for flag --profile: want uniform or typical or mixed`},
		{"verify --elasticsearch http://a:1 --cut-above 0 --ledger " + put(t, "x"), `"0" for flag --cut-above: want a whole number from 1 to`},
		{"send --endpoint a:1 --traces 1 --out " + put(t, "x"), "want a new file"},
		{"verify --elasticsearch http://a:1 --ledger " + put(t, "x"), "not a ledger file"},
		{"sned", `found command "sned"`},
		{"", "ledger COMMAND --help"},
	} {
		if code, _, log := ledger(t, c.args); code != exitUsage || !strings.Contains(log, c.want) {
			t.Errorf("%q: exit %d\n%s", c.args, code, log)
		}
	}
}

func TestHelp(t *testing.T) {
	for command := range commands {
		var out bytes.Buffer
		if code := execute(t.Context(), []string{command, "--help"}, console{&out, &out}); code != exitOK || out.Len() < 50 {
			t.Errorf("%s: exit %d\n%s", command, code, out.String())
		}
	}
}

func TestLoopbackNeedsNoTLS(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "127.3.2.1": true, "::1": true, "10.0.0.1": false, "otel-collector": false,
	} {
		if isLoopback(host) != want {
			t.Errorf("%s is not %v", host, want)
		}
	}
}
