package load

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"tracing/ledger/internal/record"
)

// Probe sends single traces, each whole in one export.
type Probe struct {
	generator *Generator
	exporter  Exporter
}

// NewProbe prepares one connection; see Target.Dial.
func NewProbe(shape Shape, target Target) (*Probe, error) {
	exporter, err := target.Dial()
	return &Probe{NewGenerator(shape), exporter}, err
}

// Close ends the connection.
func (p *Probe) Close() error { return p.exporter.Close() }

// Send returns once the trace is acknowledged. It tries for ten seconds; a partial success is an error.
func (p *Probe) Send(ctx context.Context) (record.TraceID, error) {
	now, export := time.Now(), &batch{}
	t := p.generator.next(now)
	for i := range t.spans {
		export.add(p.generator, t, i, now)
	}
	rejected, _, err := deliver(ctx, p.exporter, export.request(p.generator),
		patience{attempt: 5 * time.Second, total: 10 * time.Second}, rand.Float64, func(error) {})
	if err == nil && rejected > 0 {
		err = fmt.Errorf("%d spans rejected", rejected)
	}
	return t.id, err
}
