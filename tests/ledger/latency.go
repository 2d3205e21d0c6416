package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"tracing/ledger/internal/judge"
	"tracing/ledger/internal/load"
	"tracing/ledger/internal/record"
	"tracing/ledger/internal/store"
)

// latencyReport is the result of latency.
type latencyReport struct {
	Service string `json:"service"`
	Count   int    `json:"count"`
	Found   int    `json:"found"`
	// Missing lists traces that were not whole in time: lost, slow, or dropped by sampling.
	Missing []string `json:"missing"`
	// Latency is from the start of an export until all its spans were read back.
	Latency judge.Quantiles `json:"latencySeconds"`
}

// latencyCommand measures what a person waits for who has just seen a request fail and looks it up. The number
// includes, each once: the export, the sampler's decision time, the Collector's batches and queue, Jaeger's bulk
// writer (200 ms by default), Elasticsearch's refresh interval (1 s by default; what is written is not found before
// it), Jaeger's own query, and at most one --poll. Traces follow each other at random distances up to --pause, so that
// they do not fall into step with the refresh.
func latencyCommand(f *flags) func() action {
	var count int
	var within, poll, pause time.Duration
	trust, target, shape := trustFlags(f), targetFlags(f), shapeFlags(f)
	base := urlFlag(f, "jaeger", "`URL` of Jaeger's query service and UI; required")
	f.whole(&count, "count", 20, 1, 100_000, "`N` traces to measure, one after another")
	f.duration(&within, "within", time.Minute, time.Millisecond, "`time` after which a trace counts as missing")
	f.duration(&poll, "poll", 50*time.Millisecond, time.Millisecond, "`time` between two looks: the resolution")
	f.duration(&pause, "pause", time.Second, 0, "longest random `time` between two traces")
	return func() action {
		authorities := trust()
		to, shape := target(authorities), shape(newRunID())
		jaeger := &store.Jaeger{URL: base(), Client: httpClient(authorities)}
		return func(ctx context.Context, out console) error {
			probe, err := load.NewProbe(shape, to)
			if err != nil {
				return unreachable{err}
			}
			defer probe.Close()
			report := latencyReport{Service: shape.Service, Count: count, Missing: []string{}}
			var latencies []time.Duration
			var measured atomic.Int64
			stop := out.follow(func() string { return fmt.Sprintf("%d of %d traces measured", measured.Load(), count) })
			defer stop()
			for range count {
				trace, latency, err := measure(ctx, probe, jaeger, shape.SpansPerTrace, within, poll)
				if err != nil {
					return unreachable{err}
				}
				if latency == 0 {
					report.Missing = append(report.Missing, trace.String())
				} else {
					latencies = append(latencies, latency)
				}
				measured.Add(1)
				time.Sleep(time.Duration(rand.Float64() * float64(pause)))
			}
			report.Found, report.Latency = len(latencies), judge.QuantilesOf(latencies)
			if err := out.print(report); err != nil {
				return err
			}
			if len(report.Missing) > 0 {
				return errFault
			}
			return nil
		}
	}
}

// measure sends one trace and reads it back; latency is 0 if it is not whole in time.
func measure(
	ctx context.Context, probe *load.Probe, jaeger *store.Jaeger, spans int, within, poll time.Duration,
) (trace record.TraceID, latency time.Duration, err error) {
	started := time.Now()
	if trace, err = probe.Send(ctx); err != nil {
		return trace, 0, err
	}
	for time.Since(started) < within {
		found, err := jaeger.Spans(ctx, trace)
		if err != nil {
			return trace, 0, err
		}
		if found >= spans {
			return trace, time.Since(started), nil
		}
		time.Sleep(poll)
	}
	return trace, 0, nil
}
