// Package judge compares what was sent with what is stored. It is pure: no clock, no network.
package judge

import (
	"bytes"
	"cmp"
	"slices"

	"tracing/ledger/internal/record"
)

// Expectation says which traces have to be stored. The zero value: all of them.
type Expectation struct {
	// Kept, if not nil, is the traces that sampling keeps; all others are to be dropped.
	Kept map[record.TraceID]bool
	// Sampling allows a trace outside Kept to be dropped or kept, but only as a whole.
	Sampling bool
	// CutAbove, if not 0, is the size in bytes above which sampling gives a trace up, as a whole or from some span on.
	CutAbove uint64
}

func (e Expectation) requires(trace record.TraceID) bool {
	if e.Kept == nil {
		return !e.Sampling
	}
	return e.Kept[trace]
}

func (e Expectation) cuts(bytes uint64) bool { return e.CutAbove > 0 && bytes > e.CutAbove }

func (e Expectation) forbids(trace record.TraceID) bool {
	return e.Kept != nil && !e.Sampling && !e.Kept[trace]
}

// Counts is what the ledger alone says. Numbers are of spans.
type Counts struct {
	Sent           int `json:"sent"`
	Acknowledged   int `json:"acknowledged"`
	Unacknowledged int `json:"unacknowledged"`
	// Refused is those of Unacknowledged that the receiver will never take.
	Refused   int `json:"refused"`
	Uncertain int `json:"uncertain"`
}

// Count adds up by outcome.
func Count(exports []record.Export) (counts Counts) {
	for _, export := range exports {
		spans := 0
		for _, group := range export.Groups {
			spans += len(group.Spans)
		}
		counts.Sent += spans
		switch export.Outcome {
		case record.Acknowledged:
			counts.Acknowledged += spans
		case record.Uncertain:
			counts.Uncertain += spans
		case record.Refused:
			counts.Refused += spans
			counts.Unacknowledged += spans
		default:
			counts.Unacknowledged += spans
		}
	}
	return counts
}

// Verdict counts spans, where it does not say traces.
type Verdict struct {
	Counts
	// Stored is the distinct (trace id, span id) in storage.
	Stored int `json:"stored"`
	// Duplicated is the copies beyond the first of each stored span.
	Duplicated int `json:"duplicated"`
	// Resent is those of Duplicated that the sender's own retries explain: each try after the first may have been stored.
	Resent int `json:"resent"`
	// Lost is acknowledged, expected, and not stored.
	Lost int `json:"lost"`
	// Cut is acknowledged, expected but for the size of its trace, and not stored.
	Cut int `json:"cut"`
	// CutTraces is the traces that these spans belong to.
	CutTraces int `json:"cutTraces"`
	// Unexpected is stored under the run's service and never sent.
	Unexpected int `json:"unexpected"`
	// SampledOut is the traces that were allowed to be dropped and of which nothing is stored.
	SampledOut int `json:"sampledOut"`
	// OversampledTraces is the traces that sampling should have dropped and of which something is stored.
	OversampledTraces int `json:"oversampledTraces"`
	// SplitTraces is the traces of which some acknowledged spans are stored and some are not.
	SplitTraces int `json:"splitTraces"`
	// Traces is the traces of which anything was sent.
	Traces int `json:"traces"`
	// Examples names at most five of each fault.
	Examples Examples `json:"examples"`
}

// Examples are spans as "trace id/span id", traces as ids; empty lists are left out.
type Examples struct {
	Lost        []string `json:"lost,omitempty"`
	Duplicated  []string `json:"duplicated,omitempty"`
	Unexpected  []string `json:"unexpected,omitempty"`
	Oversampled []string `json:"oversampledTraces,omitempty"`
	Split       []string `json:"splitTraces,omitempty"`
	Cut         []string `json:"cutTraces,omitempty"`
}

const examples = 5

// OK is the verdict in one word. A run of which nothing was acknowledged proves nothing, so it is not OK.
func (v Verdict) OK() bool {
	return v.Acknowledged > 0 && v.Lost == 0 && v.Duplicated == 0 && v.Unexpected == 0 && v.OversampledTraces == 0
}

// Required counts the acknowledged spans that have to be stored whatever sampling decides.
func Required(exports []record.Export, expect Expectation) (spans int) {
	size := map[record.TraceID]uint64{}
	if expect.CutAbove > 0 {
		for _, export := range exports {
			for _, group := range export.Groups {
				size[group.Trace] += uint64(group.Bytes)
			}
		}
	}
	for _, export := range exports {
		for _, group := range export.Groups {
			if export.Outcome == record.Acknowledged && expect.requires(group.Trace) && !expect.cuts(size[group.Trace]) {
				spans += len(group.Spans)
			}
		}
	}
	return spans
}

// Decide judges; stored holds the number of copies of each stored span.
func Decide(exports []record.Export, stored map[record.Span]int, expect Expectation) Verdict {
	verdict := Verdict{Counts: Count(exports), Stored: len(stored)}
	sent := make(map[record.Span]bool, len(stored))
	retries := map[record.Span]int{}
	traces := map[record.TraceID]*trace{}
	var order []*trace
	for _, export := range exports {
		for _, group := range export.Groups {
			t := traces[group.Trace]
			if t == nil {
				t = &trace{id: group.Trace}
				traces[group.Trace] = t
				order = append(order, t)
			}
			t.bytes += uint64(group.Bytes)
			for _, id := range group.Spans {
				span := record.Span{Trace: group.Trace, ID: id}
				sent[span] = true
				if export.Attempts > 1 {
					retries[span] = export.Attempts - 1
				}
				t.see(id, export.Outcome == record.Acknowledged, stored[span] > 0)
			}
		}
	}
	verdict.Traces = len(order)
	for _, t := range order {
		verdict.judge(t, expect)
	}
	verdict.compare(stored, sent, retries)
	return verdict
}

// trace is what is known of one trace.
type trace struct {
	id                   record.TraceID
	acknowledged, stored int
	bytes                uint64
	// missing is acknowledged and not stored.
	missing []record.SpanID
}

func (t *trace) see(id record.SpanID, acknowledged, stored bool) {
	if acknowledged {
		t.acknowledged++
	}
	if stored {
		t.stored++
	} else if acknowledged {
		t.missing = append(t.missing, id)
	}
}

func (v *Verdict) judge(t *trace, expect Expectation) {
	missing, cut := len(t.missing), expect.cuts(t.bytes)
	if missing > 0 && missing < t.acknowledged && !cut {
		v.SplitTraces++
		note(&v.Examples.Split, t.id.String)
	}
	switch {
	case expect.forbids(t.id) && t.stored > 0:
		v.OversampledTraces++
		note(&v.Examples.Oversampled, t.id.String)
	case cut && missing > 0 && (expect.requires(t.id) || t.stored > 0):
		v.Cut += missing
		v.CutTraces++
		note(&v.Examples.Cut, t.id.String)
	case expect.requires(t.id) || t.stored > 0:
		v.Lost += len(t.missing)
		for _, id := range t.missing {
			note(&v.Examples.Lost, record.Span{Trace: t.id, ID: id}.String)
		}
	case t.acknowledged > 0:
		v.SampledOut++
	}
}

// compare looks for what is stored and should not be. Spans are visited in the order of their ids, so that two
// judgements of the same facts name the same examples.
func (v *Verdict) compare(stored map[record.Span]int, sent map[record.Span]bool, retries map[record.Span]int) {
	var faults []record.Span
	for span, copies := range stored {
		if copies > 1 || !sent[span] {
			faults = append(faults, span)
		}
	}
	slices.SortFunc(faults, func(a, b record.Span) int {
		return cmp.Or(bytes.Compare(a.Trace[:], b.Trace[:]), bytes.Compare(a.ID[:], b.ID[:]))
	})
	for _, span := range faults {
		if extra := stored[span] - 1; extra > 0 {
			v.Duplicated += extra
			v.Resent += min(extra, retries[span])
			note(&v.Examples.Duplicated, span.String)
		}
		if !sent[span] {
			v.Unexpected++
			note(&v.Examples.Unexpected, span.String)
		}
	}
}

func note(list *[]string, text func() string) {
	if len(*list) < examples {
		*list = append(*list, text())
	}
}
