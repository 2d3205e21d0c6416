package load

import (
	"encoding/binary"
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
	// SpansPerTrace is at least 1: a SERVER root and children of it.
	SpansPerTrace int
	// Profile is what children are: by default queries of one size.
	Profile Profile
	// Attributes is the number of attributes per span, at least MinAttributes; mixed spans have their own.
	Attributes int
	// Operations is what traces are for, one at random each; not empty.
	Operations []Operation
	// OldNames gives http.method, http.target and http.status_code instead of http.request.method, url.path and
	// http.response.status_code.
	OldNames bool
	// ErrorPercent, 0 to 100, is the traces whose root span has status ERROR.
	ErrorPercent float64
	// ClockSkew is how far the clocks of the spans' hosts are off at most, either way; they jump now and then. 0: they are right.
	ClockSkew time.Duration
	// Seed is what ids, choices and contents derive from; the same shape and seed give the same ones.
	Seed uint64
}

// Profile is a choice of children.
type Profile string

const (
	// Uniform children are queries of one size.
	Uniform Profile = ""
	// Typical children are what a service mostly sends: lookups, SQL, calls; one in ten has an event, an exception with its stack trace.
	Typical Profile = "typical"
	// Mixed children are of many kinds, of 200 bytes to 1 MB.
	Mixed Profile = "mixed"
)

// Generator makes the traces of one run. Not safe for concurrent use.
type Generator struct {
	shape Shape
	// Ids have a stream of their own: rates and operations do not change them.
	ids      *rand.ChaCha8
	choices  *rand.Rand
	clocks   clocks
	resource *resourcepb.Resource
	children []*template
	roots    map[rootKind][]*template
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

// profile makes the templates of a run.
type profile interface {
	children() []*template
	roots(operation Operation, failed bool) []*template
}

// NewGenerator prepares what spans share.
func NewGenerator(shape Shape) *Generator {
	g := &Generator{
		shape:    shape,
		ids:      stream(shape.Seed, "ids"),
		choices:  rand.New(stream(shape.Seed, "choices")),
		clocks:   clocks{skew: shape.ClockSkew, seed: shape.Seed},
		resource: &resourcepb.Resource{Attributes: []*commonpb.KeyValue{text("service.name", shape.Service)}},
		roots:    map[rootKind][]*template{},
	}
	var looks profile = uniform{shape, g.choices}
	if kinds := kindsOf[shape.Profile]; kinds != nil {
		looks = mixed{shape, rand.New(stream(shape.Seed, "content")), kinds}
	}
	g.children = looks.children()
	for i, operation := range shape.Operations {
		for _, failed := range []bool{false, true} {
			g.roots[rootKind{uint8(i), failed}] = looks.roots(operation, failed)
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

// template says how the trace's span i looks, which its id decides. The root is the last one, because a request's span ends, and is
// exported, after what it called.
func (g *Generator) template(t *trace, i int) *template {
	list := g.children
	if i == len(t.spans)-1 {
		list = g.roots[rootKind{t.operation, t.failed}]
	}
	return list[int(binary.BigEndian.Uint16(t.spans[i][:]))%len(list)]
}

// span makes the trace's span i as of now.
func (g *Generator) span(t *trace, i int, now time.Time) *tracepb.Span {
	look, root := g.template(t, i), len(t.spans)-1
	start, parent := now.Add(-look.length), t.spans[root]
	if i == root {
		start, parent = t.began, record.SpanID{}
	}
	host := t.spans[i][2]
	id := record.Span{Trace: t.id, ID: t.spans[i]}
	return look.span(id, parent, g.clocks.read(host, start), g.clocks.read(host, now))
}
