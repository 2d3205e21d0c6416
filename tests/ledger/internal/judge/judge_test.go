package judge

import (
	"reflect"
	"testing"
	"time"

	"tracing/ledger/internal/record"
)

func traceID(n byte) record.TraceID { return record.TraceID{15: n} }

func span(trace, id byte) record.Span {
	return record.Span{Trace: traceID(trace), ID: record.SpanID{7: id}}
}

// export is one export of spans of one trace.
func export(outcome record.Outcome, trace byte, ids ...byte) record.Export {
	group := record.Group{Trace: traceID(trace)}
	for _, id := range ids {
		group.Spans = append(group.Spans, record.SpanID{7: id})
	}
	return record.Export{Groups: []record.Group{group}, Answer: record.Answer{Outcome: outcome}}
}

// sized is an export of so many bytes.
func sized(export record.Export, bytes uint32) record.Export {
	export.Groups[0].Bytes = bytes
	return export
}

// tried is an export that was sent so often.
func tried(export record.Export, attempts int) record.Export {
	export.Attempts = attempts
	return export
}

func kept(traces ...byte) map[record.TraceID]bool {
	set := map[record.TraceID]bool{}
	for _, n := range traces {
		set[traceID(n)] = true
	}
	return set
}

func TestDecide(t *testing.T) {
	const acknowledged, unacknowledged, uncertain, refused = record.Acknowledged, record.Unacknowledged, record.Uncertain, record.Refused
	two := []record.Export{export(acknowledged, 1, 1, 2), export(acknowledged, 2, 1, 2)}
	all := map[record.Span]int{span(1, 1): 1, span(1, 2): 1, span(2, 1): 1, span(2, 2): 1}
	first := map[record.Span]int{span(1, 1): 1, span(1, 2): 1}
	split := map[record.Span]int{span(1, 1): 1, span(1, 2): 1, span(2, 2): 1}
	large := []record.Export{sized(export(acknowledged, 1, 1, 2), 600), sized(export(acknowledged, 1, 3, 4), 500), export(acknowledged, 2, 1)}
	fourAcknowledged := Counts{Sent: 4, Acknowledged: 4}

	cases := []struct {
		name    string
		exports []record.Export
		stored  map[record.Span]int
		expect  Expectation
		want    Verdict
		ok      bool
	}{
		{
			name: "all stored", exports: two, stored: all, ok: true,
			want: Verdict{Counts: fourAcknowledged, Traces: 2, Stored: 4},
		},
		{
			name: "a whole trace lost", exports: two, stored: first,
			want: Verdict{Counts: fourAcknowledged, Traces: 2, Stored: 2, Lost: 2, Examples: Examples{
				Lost: []string{span(2, 1).String(), span(2, 2).String()}}},
		},
		{
			name: "one span lost splits its trace", exports: two, stored: split,
			want: Verdict{Counts: fourAcknowledged, Traces: 2, Stored: 3, Lost: 1, SplitTraces: 1, Examples: Examples{
				Lost: []string{span(2, 1).String()}, Split: []string{traceID(2).String()}}},
		},
		{
			name: "copies", exports: two[:1], stored: map[record.Span]int{span(1, 1): 3, span(1, 2): 1},
			want: Verdict{Counts: Counts{Sent: 2, Acknowledged: 2}, Traces: 1, Stored: 2, Duplicated: 2, Examples: Examples{
				Duplicated: []string{span(1, 1).String()}}},
		},
		{
			name: "copies do not make up for a loss", exports: two[:1], stored: map[record.Span]int{span(1, 1): 2},
			want: Verdict{Counts: Counts{Sent: 2, Acknowledged: 2}, Traces: 1, Stored: 1, Duplicated: 1, Lost: 1, SplitTraces: 1,
				Examples: Examples{Duplicated: []string{span(1, 1).String()}, Lost: []string{span(1, 2).String()},
					Split: []string{traceID(1).String()}}},
		},
		{
			name: "stored but never sent, in a known trace and in another", exports: two[:1],
			stored: map[record.Span]int{span(1, 1): 1, span(1, 2): 1, span(1, 9): 1, span(9, 1): 1},
			want: Verdict{Counts: Counts{Sent: 2, Acknowledged: 2}, Traces: 1, Stored: 4, Unexpected: 2, Examples: Examples{
				Unexpected: []string{span(1, 9).String(), span(9, 1).String()}}},
		},
		{
			name:    "unacknowledged and uncertain spans may be stored or not",
			exports: []record.Export{two[0], export(unacknowledged, 1, 3, 4), export(uncertain, 2, 1, 2)},
			stored:  map[record.Span]int{span(1, 1): 1, span(1, 2): 1, span(1, 3): 1, span(2, 1): 1}, ok: true,
			want: Verdict{Counts: Counts{Sent: 6, Acknowledged: 2, Unacknowledged: 2, Uncertain: 2}, Traces: 2, Stored: 4},
		},
		{
			name: "nothing acknowledged proves nothing", exports: []record.Export{export(unacknowledged, 1, 1)},
			want: Verdict{Counts: Counts{Sent: 1, Unacknowledged: 1}, Traces: 1},
		},
		{
			name: "excluded traces are sampled out", exports: two, stored: first, expect: Expectation{Kept: kept(1)}, ok: true,
			want: Verdict{Counts: fourAcknowledged, Traces: 2, Stored: 2, SampledOut: 1},
		},
		{
			name: "a kept trace is lost", exports: two, stored: first, expect: Expectation{Kept: kept(1, 2)},
			want: Verdict{Counts: fourAcknowledged, Traces: 2, Stored: 2, Lost: 2, Examples: Examples{
				Lost: []string{span(2, 1).String(), span(2, 2).String()}}},
		},
		{
			name: "an excluded trace is stored in part", exports: two, stored: split, expect: Expectation{Kept: kept(1)},
			want: Verdict{Counts: fourAcknowledged, Traces: 2, Stored: 3, SplitTraces: 1, OversampledTraces: 1, Examples: Examples{
				Oversampled: []string{traceID(2).String()}, Split: []string{traceID(2).String()}}},
		},
		{
			name: "sampling may drop any trace", exports: two, stored: first, expect: Expectation{Sampling: true}, ok: true,
			want: Verdict{Counts: fourAcknowledged, Traces: 2, Stored: 2, SampledOut: 1},
		},
		{
			name: "but not a part of it", exports: two, stored: split, expect: Expectation{Sampling: true},
			want: Verdict{Counts: fourAcknowledged, Traces: 2, Stored: 3, Lost: 1, SplitTraces: 1, Examples: Examples{
				Lost: []string{span(2, 1).String()}, Split: []string{traceID(2).String()}}},
		},
		{
			name: "nor one that must be kept", exports: two, stored: first, expect: Expectation{Kept: kept(2), Sampling: true},
			want: Verdict{Counts: fourAcknowledged, Traces: 2, Stored: 2, Lost: 2, Examples: Examples{
				Lost: []string{span(2, 1).String(), span(2, 2).String()}}},
		},
		{
			name: "sampling may keep more than must be kept", exports: two, stored: all, ok: true,
			expect: Expectation{Kept: kept(2), Sampling: true},
			want:   Verdict{Counts: fourAcknowledged, Traces: 2, Stored: 4},
		},
		{
			name:    "a trace in several exports is one trace",
			exports: []record.Export{export(acknowledged, 1, 1), export(acknowledged, 1, 2)}, stored: first, ok: true,
			want: Verdict{Counts: Counts{Sent: 2, Acknowledged: 2}, Traces: 1, Stored: 2},
		},
		{
			name:    "refused for good is not acknowledged",
			exports: []record.Export{two[0], export(refused, 2, 1, 2)}, stored: first, ok: true,
			want: Verdict{Counts: Counts{Sent: 4, Acknowledged: 2, Unacknowledged: 2, Refused: 2}, Traces: 2, Stored: 2},
		},
		{
			name: "what is missing of a trace that is too large is cut", exports: large, ok: true,
			stored: map[record.Span]int{span(1, 1): 1, span(2, 1): 1}, expect: Expectation{CutAbove: 1000},
			want: Verdict{Counts: Counts{Sent: 5, Acknowledged: 5}, Traces: 2, Stored: 2, Cut: 3, CutTraces: 1, Examples: Examples{
				Cut: []string{traceID(1).String()}}},
		},
		{
			name: "so it is where nothing of it is stored", exports: large, ok: true,
			stored: map[record.Span]int{span(2, 1): 1}, expect: Expectation{CutAbove: 1000},
			want: Verdict{Counts: Counts{Sent: 5, Acknowledged: 5}, Traces: 2, Stored: 1, Cut: 4, CutTraces: 1, Examples: Examples{
				Cut: []string{traceID(1).String()}}},
		},
		{
			name: "but not below that size", exports: large,
			stored: map[record.Span]int{span(1, 1): 1, span(1, 2): 1, span(1, 3): 1, span(2, 1): 1}, expect: Expectation{CutAbove: 1100},
			want: Verdict{Counts: Counts{Sent: 5, Acknowledged: 5}, Traces: 2, Stored: 4, Lost: 1, SplitTraces: 1, Examples: Examples{
				Lost: []string{span(1, 4).String()}, Split: []string{traceID(1).String()}}},
		},
		{
			name: "a large trace that sampling drops is sampled out", exports: large, ok: true,
			stored: map[record.Span]int{span(2, 1): 1}, expect: Expectation{Kept: kept(2), CutAbove: 1000},
			want: Verdict{Counts: Counts{Sent: 5, Acknowledged: 5}, Traces: 2, Stored: 1, SampledOut: 1},
		},
		{
			name:    "copies that the sender's own retries explain",
			exports: []record.Export{tried(export(acknowledged, 1, 1, 2), 2), export(acknowledged, 2, 1, 2)},
			stored:  map[record.Span]int{span(1, 1): 4, span(1, 2): 1, span(2, 1): 2, span(2, 2): 1},
			want: Verdict{Counts: fourAcknowledged, Traces: 2, Stored: 4, Duplicated: 4, Resent: 1, Examples: Examples{
				Duplicated: []string{span(1, 1).String(), span(2, 1).String()}}},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := Decide(c.exports, c.stored, c.expect)
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
			if got.OK() != c.ok {
				t.Errorf("OK is %v", got.OK())
			}
		})
	}
}

func TestExamplesAreFew(t *testing.T) {
	verdict := Decide([]record.Export{export(record.Acknowledged, 1, 1, 2, 3, 4, 5, 6, 7)}, nil, Expectation{})
	if verdict.Lost != 7 || len(verdict.Examples.Lost) != examples {
		t.Errorf("%d lost, %d named", verdict.Lost, len(verdict.Examples.Lost))
	}
}

func TestRequired(t *testing.T) {
	exports := []record.Export{
		sized(export(record.Acknowledged, 1, 1, 2), 60), export(record.Acknowledged, 2, 1), sized(export(record.Uncertain, 1, 3), 60),
	}
	for _, c := range []struct {
		name   string
		expect Expectation
		want   int
	}{
		{"all", Expectation{}, 3},
		{"kept", Expectation{Kept: kept(1)}, 2},
		{"sampling", Expectation{Sampling: true}, 0},
		{"kept and sampling", Expectation{Kept: kept(2), Sampling: true}, 1},
		{"but for those that are too large", Expectation{CutAbove: 100}, 1},
	} {
		if got := Required(exports, c.expect); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestQuantilesAreMeasuredValues(t *testing.T) {
	var durations []time.Duration
	for n := 100; n > 0; n-- {
		durations = append(durations, time.Duration(n)*time.Second)
	}
	got := QuantilesOf(durations)
	if *got.P50 != 50 || *got.P95 != 95 || *got.Max != 100 {
		t.Errorf("p50 %v, p95 %v, max %v", *got.P50, *got.P95, *got.Max)
	}
	if none := QuantilesOf(nil); none.P50 != nil || none.Max != nil {
		t.Error("figures without measurements")
	}
}
