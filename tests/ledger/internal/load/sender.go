package load

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"tracing/ledger/internal/record"
)

// Plan is how much is sent, and how fast. One of Traces and Duration is not zero.
type Plan struct {
	Traces   int
	Duration time.Duration
	// Rate is spans per second; 0 = as fast as exports are acknowledged.
	Rate float64
	// TraceDuration is from the first to the last span of a trace, in steps of SpansPerTrace / Rate; 0 = together.
	// It needs a Rate: without one the number of open traces has no bound.
	TraceDuration time.Duration
	// Batch is spans per export at most. At a low rate exports are smaller: none waits longer than 200 ms to be full.
	Batch int
	// BatchBytes is bytes per export at most; a span that is larger by itself leaves alone. 0: no bound.
	BatchBytes int
	// Connections is how many exports are under way at once, each on a connection of its own.
	Connections int
	// RetryFor is how long an export is tried; Timeout bounds one attempt.
	RetryFor, Timeout time.Duration
}

// longestFill is how long a span waits for its export to be full.
const longestFill = 200 * time.Millisecond

// Log is where exports are recorded: before they leave, and when they are answered.
type Log interface {
	Sent([]record.Group) (number uint32, err error)
	Answered(number uint32, answer record.Answer) error
}

// Progress may be read while a run is under way. Sent, Acknowledged, Unacknowledged and Uncertain count spans.
type Progress struct {
	Sent, Acknowledged, Unacknowledged, Uncertain, Retries atomic.Int64
	// LastRefusal is the text of the latest one.
	LastRefusal atomic.Pointer[string]
}

// ErrNoReceiver is an export that failed for good before any was accepted.
var ErrNoReceiver = errors.New("no export was accepted")

// Send sends until the plan is fulfilled or ctx ends, and returns when each export has its answer in the log. It gives
// up if the log cannot be written, and with ErrNoReceiver. Later failures are outcomes in the log, not errors.
func Send(ctx context.Context, generator *Generator, plan Plan, target Target, log Log, progress *Progress) error {
	exporters := make([]Exporter, plan.Connections)
	for i := range exporters {
		exporter, err := target.Dial()
		if err != nil {
			return fmt.Errorf("%s: %w", target.Endpoint, err)
		}
		defer exporter.Close()
		exporters[i] = exporter
	}
	interrupted := ctx
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	s := &sender{generator, plan, log, progress, make(chan *batch), giveUp}

	var workers sync.WaitGroup
	for _, exporter := range exporters {
		workers.Go(func() {
			for b := range s.full {
				s.export(ctx, exporter, b)
			}
		})
	}
	s.produce(ctx)
	close(s.full)
	workers.Wait()
	if interrupted.Err() != nil {
		return nil
	}
	return context.Cause(ctx)
}

type sender struct {
	generator *Generator
	plan      Plan
	log       Log
	progress  *Progress
	full      chan *batch
	giveUp    context.CancelCauseFunc
}

// produce works in slots of one trace's worth of spans: slot k begins trace k and carries on those begun before, each
// by the span whose turn it is. Once no more traces begin, the slots that follow finish the open ones.
func (s *sender) produce(ctx context.Context) {
	lags := s.plan.lags(s.generator.shape.SpansPerTrace)
	longest := lags[len(lags)-1]
	open := make([]*trace, longest+1)
	end := math.MaxInt - longest
	if s.plan.Traces > 0 {
		end = s.plan.Traces
	}
	pace, filling := pacer{rate: s.plan.Rate}, &batch{}
	flush := func() {
		if len(filling.spans) == 0 {
			return
		}
		select {
		case s.full <- filling:
		case <-ctx.Done():
		}
		filling = &batch{}
	}
	defer flush()

	started := time.Now()
	for slot := 0; slot < end+longest && ctx.Err() == nil; slot++ {
		now := time.Now()
		wait := pace.wait(now, len(lags))
		if wait > 0 && now.Add(wait).Sub(filling.began) > longestFill {
			flush()
		}
		if wait > time.Millisecond { // finer sleeps are not exact; the pacer makes up for them
			sleep(ctx, wait-time.Since(now))
		}
		now = time.Now()
		if s.plan.Duration > 0 && now.Sub(started) >= s.plan.Duration {
			end = min(end, slot)
		}
		if slot < end {
			open[slot%len(open)] = s.generator.next(now)
		}
		for i, lag := range lags {
			if begun := slot - lag; begun >= 0 && begun < end {
				trace := open[begun%len(open)]
				if s.plan.BatchBytes > 0 && filling.bytes+s.generator.template(trace, i).bytes > s.plan.BatchBytes {
					flush()
				}
				filling.add(s.generator, trace, i, now)
				if len(filling.spans) >= s.plan.Batch {
					flush()
				}
			}
		}
	}
}

// lags says for each span of a trace how many slots after the first it is sent.
func (p Plan) lags(spansPerTrace int) []int {
	lags := make([]int, spansPerTrace)
	if p.TraceDuration == 0 || spansPerTrace == 1 {
		return lags
	}
	slots := p.TraceDuration.Seconds() * p.Rate / float64(spansPerTrace)
	for i := range lags {
		lags[i] = int(math.Round(slots * float64(i) / float64(spansPerTrace-1)))
	}
	return lags
}

// export sends one batch and records it before and after.
func (s *sender) export(ctx context.Context, to Exporter, b *batch) {
	if ctx.Err() != nil {
		return
	}
	number, err := s.log.Sent(b.groups)
	if err != nil {
		s.giveUp(err) // what is not recorded must not leave
		return
	}
	spans := int64(len(b.spans))
	s.progress.Sent.Add(spans)
	started := time.Now()
	rejected, attempts, err := deliver(ctx, to, b.request(s.generator),
		patience{attempt: s.plan.Timeout, total: s.plan.RetryFor}, rand.Float64,
		func(refusal error) {
			s.progress.Retries.Add(1)
			s.note(refusal)
		})
	answer := record.Answer{Attempts: attempts, Latency: time.Since(started), At: time.Now().UnixNano()}
	switch {
	case err != nil:
		answer.Outcome = record.Unacknowledged
		if refusal := (*Refusal)(nil); errors.As(err, &refusal) && !refusal.Retry && ctx.Err() == nil {
			answer.Outcome = record.Refused
		}
		s.progress.Unacknowledged.Add(spans)
		s.note(err)
		if s.progress.Acknowledged.Load()+s.progress.Uncertain.Load() == 0 {
			s.giveUp(fmt.Errorf("%w: %w", ErrNoReceiver, err))
		}
	case rejected > 0:
		answer.Outcome = record.Uncertain
		s.progress.Uncertain.Add(spans)
		s.note(fmt.Errorf("partial success: %d of %d spans rejected", rejected, spans))
	default:
		answer.Outcome = record.Acknowledged
		s.progress.Acknowledged.Add(spans)
	}
	if err := s.log.Answered(number, answer); err != nil {
		s.giveUp(err)
	}
}

func (s *sender) note(refusal error) {
	text := refusal.Error()
	s.progress.LastRefusal.Store(&text)
}
