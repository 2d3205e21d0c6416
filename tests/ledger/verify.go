package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"tracing/ledger/internal/judge"
	"tracing/ledger/internal/record"
	"tracing/ledger/internal/store"
)

// passwordVariable is read if there is no --password-file.
const passwordVariable = "ELASTIC_PASSWORD"

// verification is what the flags of verify mean, except for the ledger.
type verification struct {
	elasticsearch        store.Elasticsearch
	expect               judge.Expectation
	wait, settle, linger time.Duration
}

func verifyFlags(f *flags) func(trust *tls.Config) verification {
	v := verification{}
	base := urlFlag(f, "elasticsearch", "`URL` of Elasticsearch; required")
	password := passwordFlags(f, &v.elasticsearch.User)
	f.text(&v.elasticsearch.Index, "index", "jaeger-span-*", "`pattern` of the indices that hold spans")
	f.duration(&v.wait, "wait", 4*time.Minute, 0, "longest `time` to wait until everything expected is stored")
	f.duration(&v.settle, "settle", 90*time.Second, time.Millisecond,
		"stop waiting when something is stored and nothing changed for this `time`, where all that is expected is "+
			"not there or cannot be known; take more than the sampler's decision time, and than Jaeger's 10 to 23 s "+
			"before it repeats a failed write")
	f.duration(&v.linger, "linger", 2*time.Second, 0,
		"`time` to look on after everything is stored, for copies that come late")
	var kept string
	f.text(&kept, "kept", "", "`file` of the trace ids that sampling keeps, one per line; default: all are kept")
	var cut int
	f.whole(&cut, "cut-above", 0, 1, math.MaxInt,
		"`N` bytes of a trace, as sent, above which sampling gives it up: what is missing of it is cut, not lost; take less than "+
			"the sampler's maximum_trace_size_bytes, which counts resources and what was added on the way too")
	f.yesNo(&v.expect.Sampling, "allow-sampling", "traces outside --kept may be dropped, but only as a whole")
	return func(trust *tls.Config) verification {
		v.elasticsearch.URL, v.elasticsearch.Password = base(), password()
		v.expect.CutAbove = uint64(cut)
		v.elasticsearch.Client = httpClient(trust)
		if v.elasticsearch.Password == "" {
			v.elasticsearch.User = ""
		}
		if v.elasticsearch.Index == "" || strings.ContainsAny(v.elasticsearch.Index, "/ ") {
			f.fault("index", v.elasticsearch.Index, "a name or pattern without / and space")
		}
		if kept != "" {
			traces, err := readTraceIDs(kept)
			if err != nil {
				f.fault("kept", kept, "a file of trace ids: "+err.Error())
			}
			v.expect.Kept = traces
		}
		return v
	}
}

func passwordFlags(f *flags, user *string) func() string {
	var file string
	f.text(user, "user", "elastic", "`name` of a user who may read the indices")
	f.text(&file, "password-file", "",
		"`file` with the user's password; default: $"+passwordVariable+"; without either no user is named")
	return func() string {
		if file == "" {
			return os.Getenv(passwordVariable)
		}
		content, err := os.ReadFile(file)
		password := strings.TrimRight(string(content), "\r\n")
		if err != nil || password == "" {
			f.fault("password-file", file, "a readable file that is not empty")
		}
		return password
	}
}

func readTraceIDs(path string) (map[record.TraceID]bool, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	ids := map[record.TraceID]bool{}
	lines := bufio.NewScanner(file)
	for number := 1; lines.Scan(); number++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" {
			continue
		}
		id, err := record.ParseTraceID(text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		ids[id] = true
	}
	if len(ids) == 0 && lines.Err() == nil {
		return nil, errors.New("it has none")
	}
	return ids, lines.Err()
}

func ledgerFlag(f *flags) func() (string, *record.Ledger) {
	var path string
	f.text(&path, "ledger", "", "ledger `file` written by send; required")
	return func() (string, *record.Ledger) {
		ledger, err := record.Read(path)
		if err != nil {
			f.fault("ledger", path, "a ledger file: "+err.Error())
		}
		return path, ledger
	}
}

func verifyCommand(f *flags) func() action {
	trust, ledger, verification := trustFlags(f), ledgerFlag(f), verifyFlags(f)
	return func() action {
		path, facts := ledger()
		v := verification(trust())
		return func(ctx context.Context, out console) error { return v.verify(ctx, out, path, facts) }
	}
}

func runCommand(f *flags) func() action {
	trust, target, sending, verification := trustFlags(f), targetFlags(f), sendFlags(f), verifyFlags(f)
	return func() action {
		authorities := trust()
		s, v := sending(target(authorities)), verification(authorities)
		return func(ctx context.Context, out console) error {
			ledger, err := s.send(ctx, out)
			if err != nil {
				return err
			}
			return v.verify(ctx, out, s.out, ledger)
		}
	}
}

func (v verification) verify(ctx context.Context, out console, path string, ledger *record.Ledger) error {
	if err := v.checkKept(out, ledger); err != nil {
		return err
	}
	v.elasticsearch.Service = ledger.Service
	watch := &store.Watch{
		Wait: v.wait, Settle: v.settle, Linger: v.linger, Poll: 500 * time.Millisecond,
		Required: judge.Required(ledger.Exports, v.expect),
	}
	if !v.expect.Sampling {
		watch.Complete = func(stored map[record.Span]int) bool {
			return judge.Decide(ledger.Exports, stored, v.expect).Lost == 0
		}
	}
	began := time.Now()
	stop := out.follow(func() string {
		return fmt.Sprintf("%5.1f s: %d stored, %d required",
			time.Since(began).Seconds(), watch.Seen.Load(), watch.Required)
	})
	stored, changed, err := watch.Rest(ctx, &v.elasticsearch)
	stop()
	if err != nil {
		return unreachable{err}
	}
	result := verifyReport{run: summarise(path, ledger), Verdict: judge.Decide(ledger.Exports, stored, v.expect)}
	if result.Lost == 0 {
		seconds := changed.Sub(ledger.Started).Seconds()
		result.StoredSeconds = &seconds
	}
	out.say("acknowledged %d, refused %d, stored %d, lost %d, cut %d, duplicated %d (resent %d), unexpected %d; "+
		"traces: %d sampled out, %d split, %d oversampled",
		result.Acknowledged, result.Refused, result.Stored, result.Lost, result.Cut, result.Duplicated, result.Resent, result.Unexpected,
		result.SampledOut, result.SplitTraces, result.OversampledTraces)
	if result.Acknowledged == 0 {
		out.say("nothing was acknowledged, so nothing is proven")
	}
	if err := out.print(result); err != nil {
		return err
	}
	if !result.OK() {
		return errFault
	}
	return nil
}

// checkKept refuses a list that has nothing to do with the ledger: judged by it, losing everything would be right.
func (v verification) checkKept(out console, ledger *record.Ledger) error {
	if v.expect.Kept == nil {
		return nil
	}
	found := map[record.TraceID]bool{}
	for _, export := range ledger.Exports {
		for _, group := range export.Groups {
			if v.expect.Kept[group.Trace] {
				found[group.Trace] = true
			}
		}
	}
	if len(found) == 0 {
		fault := fmt.Sprintf("--kept: found %d trace ids, want some that the ledger has", len(v.expect.Kept))
		return &usageError{[]string{fault}}
	}
	if unsent := len(v.expect.Kept) - len(found); unsent > 0 {
		out.say("%d of %d trace ids in --kept were never sent", unsent, len(v.expect.Kept))
	}
	return nil
}
