// Package load makes spans of a chosen shape and sends them over OTLP at a chosen rate.
package load

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"tracing/ledger/internal/record"
)

// Shape is what the spans look like.
type Shape struct {
	// Service is the resource's service.name; all spans of the run carry it, and no others should.
	Service string
	// SpansPerTrace is at least 1: a SERVER root and CLIENT children of it.
	SpansPerTrace int
	// Attributes is the number of attributes per span, at least MinAttributes.
	Attributes int
	// Operations is what traces are for, one at random each; not empty.
	Operations []Operation
	// OldNames gives http.method, http.target and http.status_code instead of http.request.method, url.path and
	// http.response.status_code.
	OldNames bool
	// ErrorPercent, 0 to 100, is the traces whose root span has status ERROR.
	ErrorPercent float64
	// Seed is what ids and choices derive from; the same shape and seed give the same ones.
	Seed uint64
}

// MinAttributes is what a SERVER span needs for sampling rules to recognise it.
const MinAttributes = 4

// variants is how many different values the attributes that only add weight take.
const variants = 64

// Generator makes the traces of one run. Not safe for concurrent use.
type Generator struct {
	shape Shape
	// Ids have a stream of their own: rates and operations do not change them.
	ids      *rand.ChaCha8
	choices  *rand.Rand
	resource *resourcepb.Resource
	children [][]*commonpb.KeyValue
	roots    map[rootKind][][]*commonpb.KeyValue
}

type rootKind struct {
	operation uint8
	failed    bool
}

// trace is a trace under way.
type trace struct {
	id        record.TraceID
	spans     []record.SpanID
	operation uint8
	failed    bool
	began     time.Time
}

// NewGenerator prepares what spans share. Attribute lists are shared between spans: they are only read.
func NewGenerator(shape Shape) *Generator {
	g := &Generator{
		shape:    shape,
		ids:      stream(shape.Seed, "ids"),
		choices:  rand.New(stream(shape.Seed, "choices")),
		resource: &resourcepb.Resource{Attributes: []*commonpb.KeyValue{text("service.name", shape.Service)}},
		roots:    map[rootKind][][]*commonpb.KeyValue{},
	}
	g.children = g.weighted(
		text("db.system.name", "postgresql"),
		text("db.operation.name", "SELECT"),
		text("server.address", "database"),
		number("server.port", 5432),
	)
	for i, operation := range shape.Operations {
		for _, failed := range []bool{false, true} {
			g.roots[rootKind{uint8(i), failed}] = g.weighted(rootAttributes(operation, failed, shape.OldNames)...)
		}
	}
	return g
}

// stream is uniformly random, so that samplers that hash the trace id keep the share they are told to. Counter-like
// ids made such a sampler keep none at 50 %.
func stream(seed uint64, purpose string) *rand.ChaCha8 {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	copy(key[8:], purpose)
	return rand.NewChaCha8(key)
}

func rootAttributes(operation Operation, failed, oldNames bool) []*commonpb.KeyValue {
	method, path, status := "http.request.method", "url.path", "http.response.status_code"
	if oldNames {
		method, path, status = "http.method", "http.target", "http.status_code"
	}
	code := int64(200)
	if failed {
		code = 500
	}
	return []*commonpb.KeyValue{
		text(method, operation.Method),
		text(path, operation.URLPath()),
		text("http.route", operation.Route()),
		number(status, code),
	}
}

// weighted fills attributes up to the number wanted, in several variants.
func (g *Generator) weighted(base ...*commonpb.KeyValue) [][]*commonpb.KeyValue {
	lists := make([][]*commonpb.KeyValue, variants)
	for i := range lists {
		list := append(make([]*commonpb.KeyValue, 0, g.shape.Attributes), base...)
		for len(list) < g.shape.Attributes {
			key := fmt.Sprintf("ledger.attribute.%d", len(list)-len(base)+1)
			list = append(list, text(key, fmt.Sprintf("%016x", g.choices.Uint64())))
		}
		lists[i] = list
	}
	return lists
}

func text(key, value string) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: value}}}
}

func number(key string, value int64) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: value}}}
}

// next begins a trace.
func (g *Generator) next(now time.Time) *trace {
	t := &trace{
		spans:     make([]record.SpanID, g.shape.SpansPerTrace),
		operation: uint8(g.choices.IntN(len(g.shape.Operations))),
		failed:    g.choices.Float64()*100 < g.shape.ErrorPercent,
		began:     now.Add(-10 * time.Millisecond),
	}
	fill(g.ids, t.id[:])
	for i := range t.spans {
		fill(g.ids, t.spans[i][:])
	}
	return t
}

func fill(from *rand.ChaCha8, id []byte) {
	for i := 0; i < len(id); i += 8 {
		binary.BigEndian.PutUint64(id[i:], from.Uint64())
	}
}

// span makes the trace's span i as of now. The root is the last one, because a request's span ends, and is exported,
// after what it called.
func (g *Generator) span(t *trace, i int, now time.Time) *tracepb.Span {
	root, variant := len(t.spans)-1, t.spans[i][0]%variants
	span := &tracepb.Span{
		TraceId:         t.id[:],
		SpanId:          t.spans[i][:],
		Flags:           uint32(tracepb.SpanFlags_SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK) | 1, // sampled
		EndTimeUnixNano: uint64(now.UnixNano()),
	}
	if i == root {
		operation := g.shape.Operations[t.operation]
		span.Name = operation.SpanName()
		span.Kind = tracepb.Span_SPAN_KIND_SERVER
		span.StartTimeUnixNano = uint64(t.began.UnixNano())
		span.Attributes = g.roots[rootKind{t.operation, t.failed}][variant]
		if t.failed {
			span.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: "made to fail"}
		}
		return span
	}
	span.ParentSpanId = t.spans[root][:]
	span.Name = "SELECT"
	span.Kind = tracepb.Span_SPAN_KIND_CLIENT
	span.StartTimeUnixNano = uint64(now.Add(-5 * time.Millisecond).UnixNano())
	span.Attributes = g.children[variant]
	return span
}
