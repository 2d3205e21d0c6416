package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"tracing/ledger/internal/fake"
	"tracing/ledger/internal/record"
)

// result is what a command prints, as others read it.
type result struct {
	Service                                       string
	Sent, Acknowledged, Unacknowledged, Uncertain int
	Stored, Duplicated, Lost, Unexpected          int
	SampledOut, SplitTraces, OversampledTraces    int
	Retries, Traces, Refused, Cut, CutTraces      int
	SendSeconds, StoredSeconds, AchievedRate      *float64
	ExportLatencySeconds, LatencySeconds          struct{ P50, P95, Max *float64 }
	Count, Found                                  int
	SenderEnded                                   bool
	Examples                                      struct{ Lost, Duplicated, Unexpected []string }
}

// ledger runs the program; words are split at spaces.
func ledger(t *testing.T, args ...string) (code int, got result, progress string) {
	t.Helper()
	var words []string
	for _, arg := range args {
		words = append(words, strings.Fields(arg)...)
	}
	var results, log bytes.Buffer
	code = execute(t.Context(), words, console{&results, &log})
	if results.Len() > 0 && words[0] != "traces" && words[0] != "exports" {
		if err := json.Unmarshal(results.Bytes(), &got); err != nil {
			t.Fatalf("%v in %s", err, results.String())
		}
	}
	return code, got, log.String()
}

// settings for a stack that needs no time.
const quick = "--settle 200ms --linger 0s --wait 20s"

func file(t *testing.T, name string) string { return filepath.Join(t.TempDir(), name) }

func put(t *testing.T, content string) string {
	path := file(t, "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRunWithoutFaults(t *testing.T) {
	for _, protocol := range []string{"grpc", "http"} {
		stack := &fake.Stack{Password: "secret"}
		endpoint := stack.GRPC(t)
		if protocol == "http" {
			endpoint = stack.HTTP(t)
		}
		code, got, log := ledger(t, "run --spans 5000 --endpoint", endpoint, "--protocol", protocol, "--out", file(t, "out"),
			"--elasticsearch", stack.Elasticsearch(t), "--password-file", put(t, "secret\n"), quick)
		if code != exitOK || got.Sent != 5000 || got.Acknowledged != 5000 || got.Stored != 5000 || got.Traces != 500 {
			t.Errorf("%s: exit %d, %+v\n%s", protocol, code, got, log)
		}
		if !got.SenderEnded || *got.SendSeconds <= 0 || *got.AchievedRate <= 0 || *got.ExportLatencySeconds.P95 <= 0 ||
			*got.StoredSeconds < *got.SendSeconds {
			t.Errorf("%s: figures %+v", protocol, got)
		}
	}
}

// The ledger has to find precisely what the stack loses, doubles and makes up.
func TestRunFindsPreciselyTheFaults(t *testing.T) {
	var lost, doubled string
	planted := record.Span{Trace: record.TraceID{1}, ID: record.SpanID{2}}
	stack := &fake.Stack{Copies: func(n int, span record.Span) int {
		switch n {
		case 1234:
			lost = span.String()
			return 0
		case 2345:
			doubled = span.String()
			return 3
		}
		return 1
	}}
	stack.Plant("mine", planted)
	stack.Plant("another", planted)
	code, got, log := ledger(t, "run --traces 500 --service mine --endpoint", stack.GRPC(t), "--out", file(t, "out"),
		"--elasticsearch", stack.Elasticsearch(t), quick)
	if code != exitFault || got.Lost != 1 || got.Duplicated != 2 || got.Unexpected != 1 || got.SplitTraces != 1 || got.Stored != 5000 {
		t.Fatalf("exit %d, %+v\n%s", code, got, log)
	}
	examples := got.Examples
	if examples.Lost[0] != lost || examples.Duplicated[0] != doubled || examples.Unexpected[0] != planted.String() {
		t.Errorf("%+v; lost %s, doubled %s", examples, lost, doubled)
	}
	if got.StoredSeconds != nil {
		t.Error("a time until all is stored, with one lost")
	}
}

func TestRunWithRefusals(t *testing.T) {
	stack := &fake.Stack{Answer: func(n int) fake.Answer {
		switch n {
		case 1: // the answer that a client times out on: stored and sent again
			return fake.Answer{Code: codes.Unavailable, StoreAnyway: true}
		case 3:
			return fake.Answer{Rejected: 5}
		case 5:
			return fake.Answer{Code: codes.InvalidArgument}
		}
		return fake.Answer{}
	}}
	code, got, log := ledger(t, "run --spans 1000 --batch 100 --connections 1 --endpoint", stack.GRPC(t),
		"--out", file(t, "out"), "--elasticsearch", stack.Elasticsearch(t), quick)
	if code != exitFault || got.Acknowledged != 800 || got.Uncertain != 100 || got.Unacknowledged != 100 ||
		got.Lost != 0 || got.Duplicated != 100 || got.Unexpected != 0 || got.Retries != 1 {
		t.Errorf("exit %d, %+v\n%s", code, got, log)
	}
}

// A sampler that gives up what is too large: the first trace keeps what came before, and the ledger does not call the rest lost.
func TestTracesThatSamplingGivesUp(t *testing.T) {
	stack := &fake.Stack{Copies: func(n int, _ record.Span) int {
		if n >= 3000 {
			return 0
		}
		return 1
	}}
	path, es := file(t, "out"), stack.Elasticsearch(t)
	code, sent, log := ledger(t, "send --traces 1 --spans-per-trace 5000 --profile mixed --connections 1 --endpoint", stack.GRPC(t), "--out", path)
	if code != exitOK || sent.Acknowledged != 5000 {
		t.Fatalf("exit %d, %+v\n%s", code, sent, log)
	}
	for _, c := range []struct {
		flag            string
		code, lost, cut int
	}{
		{"", exitFault, 2000, 0},
		{"--cut-above 1000000", exitOK, 0, 2000},
		{"--cut-above 1000000000", exitFault, 2000, 0},
	} {
		code, got, log := ledger(t, "verify --ledger", path, "--elasticsearch", es, quick, c.flag)
		if code != c.code || got.Lost != c.lost || got.Cut != c.cut || got.CutTraces != min(1, c.cut) {
			t.Errorf("%q: exit %d, %+v\n%s", c.flag, code, got, log)
		}
	}
}

func TestSampling(t *testing.T) {
	dropped := func(span record.Span) bool { return span.Trace[15]%2 == 0 }
	stack := &fake.Stack{Copies: func(_ int, span record.Span) int {
		if dropped(span) {
			return 0
		}
		return 1
	}}
	path, es := file(t, "out"), stack.Elasticsearch(t)
	code, sent, log := ledger(t, "send --traces 200 --error-percent 30 --endpoint", stack.GRPC(t), "--out", path)
	if code != exitOK || sent.Acknowledged != 2000 {
		t.Fatalf("exit %d, %+v\n%s", code, sent, log)
	}

	var listed bytes.Buffer
	if code := execute(t.Context(), []string{"traces", "--ledger", path}, console{&listed, os.Stderr}); code != exitOK {
		t.Fatalf("traces: exit %d", code)
	}
	var kept, all []string
	failed := 0
	for line := range strings.Lines(listed.String()) {
		columns := strings.Split(strings.TrimSpace(line), "\t")
		id, err := record.ParseTraceID(columns[0])
		if err != nil || columns[2] != "POST /api/auth/login" {
			t.Fatalf("%q: %v", line, err)
		}
		if columns[1] == "error" {
			failed++
		}
		if all = append(all, columns[0]); !dropped(record.Span{Trace: id}) {
			kept = append(kept, columns[0])
		}
	}
	if len(all) != 200 || failed < 30 || failed > 90 {
		t.Errorf("%d traces, %d failed", len(all), failed)
	}

	verify := func(args ...string) (int, result) {
		code, got, _ := ledger(t, append([]string{"verify --ledger", path, "--elasticsearch", es, quick}, args...)...)
		return code, got
	}
	gone := len(all) - len(kept)
	for _, c := range []struct {
		name                          string
		args                          []string
		code, lost, sampled, oversize int
	}{
		{"all kept", nil, exitFault, 10 * gone, 0, 0},
		{"sampling allowed", []string{"--allow-sampling"}, exitOK, 0, gone, 0},
		{"as predicted", []string{"--kept", put(t, strings.Join(kept, "\n"))}, exitOK, 0, gone, 0},
		{"one too many", []string{"--kept", put(t, strings.Join(kept[1:], "\n"))}, exitFault, 0, gone, 1},
		{"all predicted", []string{"--allow-sampling --kept", put(t, strings.Join(all, "\n"))}, exitFault, 10 * gone, 0, 0},
	} {
		code, got := verify(c.args...)
		if code != c.code || got.Lost != c.lost || got.SampledOut != c.sampled || got.OversampledTraces != c.oversize {
			t.Errorf("%s: exit %d, %+v", c.name, code, got)
		}
	}
	for name, list := range map[string]string{"other traces": strings.Repeat("a", 32), "none": "\n", "no ids": "trace"} {
		if code, _ := verify("--kept", put(t, list)); code != exitUsage {
			t.Errorf("a list of %s: exit %d", name, code)
		}
	}
}

func TestExports(t *testing.T) {
	stack, path := &fake.Stack{}, file(t, "exports")
	before := time.Now().UnixMilli()
	if code, _, log := ledger(t, "send --traces 3 --spans-per-trace 2 --batch 2 --connections 1 --endpoint", stack.GRPC(t), "--out", path); code != exitOK {
		t.Fatalf("exit %d:\n%s", code, log)
	}
	var listed bytes.Buffer
	if code := execute(t.Context(), []string{"exports", "--ledger", path}, console{&listed, os.Stderr}); code != exitOK {
		t.Fatalf("exports: exit %d", code)
	}
	lines := strings.Split(strings.TrimSpace(listed.String()), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines, want 3:\n%s", len(lines), listed.String())
	}
	for _, line := range lines {
		var began int64
		var latency float64
		var rest string
		if _, err := fmt.Sscanf(line, "%d\t%f\t1\t%s\t2", &began, &latency, &rest); err != nil || rest != "acknowledged" {
			t.Errorf("%q: %v", line, err)
		}
		if began < before || began > time.Now().UnixMilli() || latency <= 0 {
			t.Errorf("%q: began %d, before %d", line, began, before)
		}
	}
}

func TestCannotReach(t *testing.T) {
	stack := &fake.Stack{Password: "secret"}
	path := file(t, "out")
	if code, got, log := ledger(t, "send --traces 5 --retry-for 100ms --endpoint 127.0.0.1:1 --out", file(t, "none")); code != exitUnreachable ||
		got.Acknowledged != 0 || !strings.Contains(log, "127.0.0.1:1") {
		t.Errorf("no receiver: exit %d, %+v\n%s", code, got, log)
	}
	if code, _, log := ledger(t, "send --traces 5 --endpoint", stack.GRPC(t), "--out", path); code != exitOK {
		t.Fatalf("exit %d\n%s", code, log)
	}
	if code, _, _ := ledger(t, "verify --wait 100ms --elasticsearch http://127.0.0.1:1 --ledger", path); code != exitUnreachable {
		t.Errorf("no Elasticsearch: exit %d", code)
	}
	started := time.Now()
	code, _, log := ledger(t, "verify --elasticsearch", stack.Elasticsearch(t), "--ledger", path, "--password-file", put(t, "wrong"))
	if code != exitUnreachable || time.Since(started) > 30*time.Second || strings.Contains(log, "wrong") {
		t.Errorf("wrong password: exit %d after %v\n%s", code, time.Since(started), log)
	}
	if code, _, _ := ledger(t, "latency --jaeger http://127.0.0.1:1 --endpoint", stack.GRPC(t)); code != exitUnreachable {
		t.Errorf("no Jaeger: exit %d", code)
	}
}

func TestTLS(t *testing.T) {
	stack := &fake.Stack{}
	endpoint, authority := stack.HTTPS(t)
	send := "send --traces 5 --protocol http --retry-for 100ms --insecure=false --endpoint " + endpoint
	if code, got, log := ledger(t, send, "--out", file(t, "out"), "--ca-file", put(t, string(authority))); code != exitOK ||
		got.Acknowledged != 50 {
		t.Errorf("exit %d, %+v\n%s", code, got, log)
	}
	if code, _, log := ledger(t, send, "--out", file(t, "out")); code != exitUnreachable || !strings.Contains(log, "certificate") {
		t.Errorf("an unknown authority: exit %d\n%s", code, log)
	}
}

func TestInterrupted(t *testing.T) {
	stack := &fake.Stack{}
	path := file(t, "out")
	if code, _, log := ledger(t, "send --traces 5 --endpoint", stack.GRPC(t), "--out", path); code != exitOK {
		t.Fatalf("exit %d\n%s", code, log)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	var out bytes.Buffer
	code := execute(ctx, []string{"verify", "--ledger", path, "--elasticsearch", "http://127.0.0.1:1"}, console{&out, &out})
	if code != exitFault {
		t.Errorf("exit %d\n%s", code, out.String())
	}
}

func TestLatency(t *testing.T) {
	stack := &fake.Stack{}
	code, got, log := ledger(t, "latency --count 3 --pause 0s --poll 1ms --endpoint", stack.GRPC(t), "--jaeger", stack.Jaeger(t))
	if code != exitOK || got.Count != 3 || got.Found != 3 || *got.LatencySeconds.Max <= 0 {
		t.Errorf("exit %d, %+v\n%s", code, got, log)
	}
	lossy := &fake.Stack{Copies: func(n int, _ record.Span) int { return min(n, 1) }}
	code, got, _ = ledger(t, "latency --count 2 --pause 0s --poll 1ms --within 200ms --endpoint", lossy.GRPC(t), "--jaeger", lossy.Jaeger(t))
	if code != exitFault || got.Found != 1 {
		t.Errorf("a trace that is not whole: exit %d, %+v", code, got)
	}
}
