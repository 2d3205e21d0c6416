package load

import (
	"slices"
	"testing"
	"time"
	"unicode/utf8"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"tracing/ledger/internal/record"
)

func mixedShape(seed uint64) Shape {
	s := shape(seed)
	s.Profile, s.SpansPerTrace, s.ErrorPercent = Mixed, 10, 5
	return s
}

// spans makes so many traces as of one moment.
func spans(shape Shape, traces int) (all []*tracepb.Span) {
	g := NewGenerator(shape)
	now := time.Unix(1_700_000_000, 0)
	for range traces {
		t := g.next(now)
		for i := range t.spans {
			all = append(all, g.span(t, i, now))
		}
	}
	return all
}

func TestMixedSpansDeriveFromTheSeed(t *testing.T) {
	equal := func(a, b []*tracepb.Span) bool {
		return slices.EqualFunc(a, b, func(x, y *tracepb.Span) bool { return proto.Equal(x, y) })
	}
	if !equal(spans(mixedShape(1), 100), spans(mixedShape(1), 100)) {
		t.Error("one seed, different spans")
	}
	if equal(spans(mixedShape(1), 100), spans(mixedShape(2), 100)) {
		t.Error("different seeds, the same spans")
	}
}

func TestTypicalSpansHaveAnEventOnEveryTenthChild(t *testing.T) {
	s := mixedShape(1)
	s.Profile, s.ErrorPercent = Typical, 0
	children, events := 0, 0
	for _, span := range spans(s, 5000) {
		if size := proto.Size(span); size > 8<<10 {
			t.Errorf("%d bytes, want at most 8 KiB", size)
		}
		if span.ParentSpanId != nil {
			children++
			events += len(span.Events)
		}
	}
	if share := float64(events) / float64(children); share < 0.095 || share > 0.105 {
		t.Errorf("%.3f events a child, want 0.1", share)
	}
}

func TestMixedSpansAreOfAllSizes(t *testing.T) {
	var sizes []int
	total := 0
	for _, span := range spans(mixedShape(1), 10_000) {
		sizes = append(sizes, proto.Size(span))
		total += sizes[len(sizes)-1]
	}
	slices.Sort(sizes)
	if least, most := sizes[0], sizes[len(sizes)-1]; least < 150 || least > 250 || most < 1_000_000 || most > 1_100_000 {
		t.Errorf("%d to %d bytes, want 200 to 1 MB", least, most)
	}
	if median, mean := sizes[len(sizes)/2], total/len(sizes); median > 500 || mean < 1200 || mean > 3000 {
		t.Errorf("half below %d bytes, %d on average: want most spans small, and the mean far above them", median, mean)
	}
}

func TestMixedSpansHoldWhatApplicationsSend(t *testing.T) {
	events, links, failed, texts := 0, 0, 0, 0
	kinds := map[tracepb.Span_SpanKind]int{}
	for _, span := range spans(mixedShape(1), 1000) {
		kinds[span.Kind]++
		events += len(span.Events)
		links += len(span.Links)
		if span.Status.GetCode() == tracepb.Status_STATUS_CODE_ERROR {
			failed++
			if event := span.Events[len(span.Events)-1]; event.Name != "exception" || event.TimeUnixNano != span.EndTimeUnixNano {
				t.Fatalf("an error without its exception: %v", span)
			}
		}
		all := slices.Clone(span.Attributes)
		for _, event := range span.Events {
			all = append(all, event.Attributes...)
		}
		for _, one := range all {
			if !utf8.ValidString(one.Value.GetStringValue()) {
				t.Fatalf("%s is no UTF-8", one.Key)
			}
			texts++
		}
	}
	if events == 0 || links == 0 || failed == 0 || texts == 0 || len(kinds) != 4 {
		t.Errorf("%d events, %d links, %d errors, kinds %v", events, links, failed, kinds)
	}
	if kinds[tracepb.Span_SPAN_KIND_SERVER] != 1000 {
		t.Errorf("%d roots of 1000 traces", kinds[tracepb.Span_SPAN_KIND_SERVER])
	}
}

// What is asked of a trace is its root: an error below it must not change what sampling keeps.
func TestOnlyRootsDecideWhetherATraceFailed(t *testing.T) {
	s := mixedShape(1)
	s.ErrorPercent = 0
	for _, span := range spans(s, 1000) {
		isRequest := span.Kind == tracepb.Span_SPAN_KIND_SERVER || span.Kind == tracepb.Span_SPAN_KIND_CONSUMER || span.ParentSpanId == nil
		if isRequest && span.Status != nil {
			t.Fatalf("a request failed: %v", span)
		}
	}
}

func TestSizesAreKnownBeforehand(t *testing.T) {
	for _, s := range []Shape{shape(1), mixedShape(1)} {
		s.ErrorPercent = 50
		g, now := NewGenerator(s), time.Now()
		for range 500 {
			trace := g.next(now)
			for i := range trace.spans {
				if got, want := g.template(trace, i).bytes, proto.Size(g.span(trace, i, now))+framing; got != want {
					t.Fatalf("profile %q, span %d: %d bytes foreseen, %d made", s.Profile, i, got, want)
				}
			}
		}
	}
}

// A text that is no UTF-8 would be refused by the sender itself.
func TestEveryTemplateCanBeSent(t *testing.T) {
	g := NewGenerator(mixedShape(1))
	all := slices.Clone(g.children)
	for _, roots := range g.roots {
		all = append(all, roots...)
	}
	for _, look := range all {
		if _, err := proto.Marshal(look.span(record.Span{}, record.SpanID{1}, 1, 2)); err != nil {
			t.Fatalf("%s: %v", look.name, err)
		}
	}
}

func TestClocks(t *testing.T) {
	const skew = time.Hour
	now := time.Unix(1_700_000_000, 0)
	right := clocks{}
	if right.read(3, now) != uint64(now.UnixNano()) {
		t.Error("a clock that is right is off")
	}
	off := func(c *clocks, host byte, after time.Duration) time.Duration {
		at := now.Add(after)
		return time.Duration(int64(c.read(host, at)) - at.UnixNano())
	}
	first, second := &clocks{skew: skew, seed: 1}, &clocks{skew: skew, seed: 1}
	seen := map[time.Duration]bool{}
	var least, most time.Duration
	for host := range byte(hosts) {
		for turn := range 20 {
			after := time.Duration(turn) * jumpEvery
			error := off(first, host, after)
			if error != off(second, host, after) {
				t.Fatal("one seed, different clocks")
			}
			if error != off(first, host, after+jumpEvery-1) {
				t.Fatal("a clock jumps before its time")
			}
			seen[error] = true
			least, most = min(least, error), max(most, error)
		}
	}
	if len(seen) != hosts*20 {
		t.Errorf("%d different errors of %d", len(seen), hosts*20)
	}
	if least < -skew || least > -skew/2 || most > skew || most < skew/2 {
		t.Errorf("clocks are off by %v to %v, want up to %v either way", least, most, skew)
	}
}

func TestASpanMayEndBeforeItBegan(t *testing.T) {
	s := shape(1)
	s.ClockSkew = time.Minute
	g, now := NewGenerator(s), time.Unix(1_700_000_000, 0)
	backwards := 0
	for range 50 {
		trace := g.next(now)
		if span := g.span(trace, 2, now.Add(jumpEvery)); span.EndTimeUnixNano < span.StartTimeUnixNano {
			backwards++
		}
	}
	if backwards == 0 {
		t.Error("no clock ever jumps backwards")
	}
}
