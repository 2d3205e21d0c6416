package store

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"tracing/ledger/internal/record"
)

// Source is a store that can be asked repeatedly.
type Source interface {
	Count(ctx context.Context) (int, error)
	Read(ctx context.Context) (map[record.Span]int, error)
}

// Watch waits until storage has come to rest.
type Watch struct {
	// Wait is the longest time to wait, Settle how long nothing has to change to end it sooner. Settle counts only
	// once something is stored: a sampler may hold everything back for its decision time.
	Wait, Settle time.Duration
	// Linger is how much longer to look after everything is stored, for copies that come late.
	Linger time.Duration
	// Poll is the time between two counts.
	Poll time.Duration
	// Required is how many spans have to be stored at least; below it Complete is not asked.
	Required int
	// Complete says whether everything expected is stored; nil if that cannot be known.
	Complete func(stored map[record.Span]int) bool
	// Seen is the latest count, for a progress line.
	Seen atomic.Int64
}

// Rest returns what is stored and when that was first seen to be all (to within Poll). Failures of the source are
// borne until Wait is over, except for ErrRefused: storage may be restarting, and that may be what is tested.
func (w *Watch) Rest(ctx context.Context, source Source) (stored map[record.Span]int, changed time.Time, err error) {
	began := time.Now()
	changed = began
	last, read, complete := 0, -1, false
	for {
		count, err := source.Count(ctx)
		late := time.Since(began) >= w.Wait
		if err == nil {
			if count != last {
				last, changed = count, time.Now()
				w.Seen.Store(int64(count))
			}
			quiet := time.Since(changed)
			done := late || count > 0 && quiet >= w.Settle
			if count != read && (done || w.Complete != nil && count >= w.Required) {
				if stored, err = source.Read(ctx); err == nil {
					read = copies(stored)
					complete = w.Complete != nil && w.Complete(stored)
				}
			}
			if err == nil && (done || complete && quiet >= w.Linger) {
				return stored, changed, nil
			}
		}
		if err != nil && (late || errors.Is(err, ErrRefused)) {
			return nil, changed, err
		}
		select {
		case <-ctx.Done():
			return nil, changed, ctx.Err()
		case <-time.After(w.Poll):
		}
	}
}

func copies(stored map[record.Span]int) (total int) {
	for _, n := range stored {
		total += n
	}
	return total
}
