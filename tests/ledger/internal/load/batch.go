package load

import (
	"time"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"tracing/ledger/internal/record"
)

// batch is one export in the making: the request, and the same spans as the ledger records them.
type batch struct {
	spans  []*tracepb.Span
	groups []record.Group
	// bytes is what the spans take.
	bytes int
	began time.Time
}

func (b *batch) add(g *Generator, t *trace, i int, now time.Time) {
	if len(b.spans) == 0 {
		b.began = time.Now() // now may be from before the export before this one had to wait
	}
	b.spans = append(b.spans, g.span(t, i, now))
	if last := len(b.groups) - 1; last < 0 || b.groups[last].Trace != t.id {
		b.groups = append(b.groups, record.Group{Trace: t.id, Operation: t.operation, Failed: t.failed})
	}
	last, bytes := &b.groups[len(b.groups)-1], g.template(t, i).bytes
	last.Spans = append(last.Spans, t.spans[i])
	last.Bytes += uint32(bytes)
	b.bytes += bytes
}

func (b *batch) request(g *Generator) *collectorpb.ExportTraceServiceRequest {
	return &collectorpb.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{{
		Resource:   g.resource,
		ScopeSpans: []*tracepb.ScopeSpans{{Spans: b.spans}},
	}}}
}
