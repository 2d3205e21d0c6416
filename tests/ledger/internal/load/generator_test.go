package load

import (
	"encoding/binary"
	"hash/fnv"
	"math/bits"
	"slices"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"tracing/ledger/internal/record"
)

var login = Operation{"POST", "/api/auth/login"}

func shape(seed uint64) Shape {
	return Shape{Service: "test", SpansPerTrace: 3, Attributes: 11, Operations: []Operation{login}, Seed: seed}
}

func ids(seed uint64, traces int) (ids []record.TraceID) {
	g := NewGenerator(shape(seed))
	for range traces {
		ids = append(ids, g.next(time.Now()).id)
	}
	return ids
}

func TestIDsDeriveFromTheSeed(t *testing.T) {
	if !slices.Equal(ids(1, 100), ids(1, 100)) {
		t.Error("one seed, different ids")
	}
	if ids(1, 1)[0] == ids(2, 1)[0] {
		t.Error("different seeds, one id")
	}
	other := shape(1)
	other.ErrorPercent, other.Operations = 50, []Operation{login, {"GET", "/"}}
	if NewGenerator(other).next(time.Now()).id != ids(1, 1)[0] {
		t.Error("operations and errors change the ids")
	}
}

// Ids that differ like a counter's give samplers that hash them shares far from those configured.
func TestIDsAreNotCounterLike(t *testing.T) {
	const traces = 10_000
	flipped, low := 0, 0
	seen := map[record.TraceID]bool{}
	previous := record.TraceID{}
	for _, id := range ids(7, traces) {
		seen[id] = true
		for i := range id {
			flipped += bits.OnesCount8(id[i] ^ previous[i])
		}
		previous = id
		hash := fnv.New64a()
		hash.Write(id[:])
		if hash.Sum64()&0x3fff < 0x4000/10 { // a sampler's 10 %
			low++
		}
	}
	if len(seen) != traces {
		t.Errorf("%d of %d ids differ", len(seen), traces)
	}
	// Fixed seed, so these bounds (5 standard deviations) either hold always or never.
	if mean := float64(flipped) / traces; mean < 63.7 || mean > 64.3 {
		t.Errorf("two ids in a row differ in %.2f of 128 bits", mean)
	}
	if low < 850 || low > 1150 {
		t.Errorf("a sampler at 10 %% keeps %d of %d", low, traces)
	}
	g := NewGenerator(shape(7))
	last := uint64(0)
	for _, span := range g.next(time.Now()).spans {
		if id := binary.BigEndian.Uint64(span[:]); id-last < 1<<32 {
			t.Errorf("span ids follow each other: %x, %x", last, id)
		} else {
			last = id
		}
	}
}

func attributes(span *tracepb.Span) map[string]any {
	values := map[string]any{}
	for _, one := range span.Attributes {
		values[one.Key] = one.Value.GetStringValue()
		if number := one.Value.GetIntValue(); number != 0 {
			values[one.Key] = number
		}
	}
	return values
}

func TestSpansLookLikeDjangos(t *testing.T) {
	for _, c := range []struct {
		name     string
		oldNames bool
		failed   float64
		want     map[string]any
	}{
		{"new names", false, 0, map[string]any{"http.request.method": "POST", "url.path": "/api/auth/login/",
			"http.route": "api/auth/login/", "http.response.status_code": int64(200)}},
		{"old names, failed", true, 100, map[string]any{"http.method": "POST", "http.target": "/api/auth/login/",
			"http.route": "api/auth/login/", "http.status_code": int64(500)}},
	} {
		s := shape(1)
		s.OldNames, s.ErrorPercent = c.oldNames, c.failed
		g := NewGenerator(s)
		trace := g.next(time.Now())
		root, child := g.span(trace, 2, time.Now()), g.span(trace, 0, time.Now())
		if root.Name != "POST api/auth/login/" || root.Kind != tracepb.Span_SPAN_KIND_SERVER || root.ParentSpanId != nil {
			t.Errorf("%s: root %v", c.name, root)
		}
		if failed := root.Status.GetCode() == tracepb.Status_STATUS_CODE_ERROR; failed != (c.failed > 0) {
			t.Errorf("%s: status %v", c.name, root.Status)
		}
		got := attributes(root)
		for key, value := range c.want {
			if got[key] != value {
				t.Errorf("%s: %s is %v, want %v", c.name, key, got[key], value)
			}
		}
		if child.Kind != tracepb.Span_SPAN_KIND_CLIENT || child.Status != nil || !slices.Equal(child.ParentSpanId, root.SpanId) {
			t.Errorf("%s: child %v", c.name, child)
		}
		if len(got) != 11 || len(attributes(child)) != 11 {
			t.Errorf("%s: %d and %d attributes", c.name, len(got), len(attributes(child)))
		}
		if root.StartTimeUnixNano > child.StartTimeUnixNano || root.EndTimeUnixNano < root.StartTimeUnixNano {
			t.Errorf("%s: times do not nest", c.name)
		}
	}
}

func TestErrorPercent(t *testing.T) {
	s := shape(3)
	s.ErrorPercent = 20
	g, failed := NewGenerator(s), 0
	for range 10_000 {
		if g.next(time.Now()).failed {
			failed++
		}
	}
	if failed < 1800 || failed > 2200 {
		t.Errorf("%d of 10000 fail, want about 2000", failed)
	}
}

func TestOperations(t *testing.T) {
	for text, want := range map[string][3]string{
		"POST /api/auth/login":      {"POST api/auth/login/", "api/auth/login/", "/api/auth/login/"},
		"POST /api/auth/login/":     {"POST api/auth/login/", "api/auth/login/", "/api/auth/login/"},
		"GET /api/orders/<int:id>/": {"GET api/orders/<int:id>/", "api/orders/<int:id>/", "/api/orders/4711/"},
		"GET /":                     {"GET", "", "/"},
	} {
		operation, err := ParseOperation(text)
		if got := [3]string{operation.SpanName(), operation.Route(), operation.URLPath()}; err != nil || got != want {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "/api", "post /api", "POST api", "POST /api/*", "GET /a?b=c", "GET /a b"} {
		if _, err := ParseOperation(text); err == nil {
			t.Errorf("%q is taken for an operation", text)
		}
	}
}
