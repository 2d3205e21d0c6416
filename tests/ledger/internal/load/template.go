package load

import (
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"tracing/ledger/internal/record"
)

// template is what spans of one look have in common. Spans share its lists, which are only read.
type template struct {
	name       string
	kind       tracepb.Span_SpanKind
	length     time.Duration
	attributes []*commonpb.KeyValue
	events     []event
	links      []*tracepb.Span_Link
	status     *tracepb.Status
	// bytes is what such a span takes in an export: ids and times take the same in all of them.
	bytes int
}

// event happens when its span ends.
type event struct {
	name       string
	attributes []*commonpb.KeyValue
}

// framing is the tag and the length in front of a span in its list, at most.
const framing = 1 + 4

// measured fills in bytes.
func measured(t template) *template {
	parent := record.SpanID{1}
	if t.kind == tracepb.Span_SPAN_KIND_SERVER {
		parent = record.SpanID{}
	}
	t.bytes = proto.Size(t.span(record.Span{Trace: record.TraceID{1}, ID: record.SpanID{1}}, parent, 1, 1)) + framing
	return &t
}

// span makes a span; times are nanoseconds since 1970, and a span without a parent is a root.
func (t *template) span(id record.Span, parent record.SpanID, start, end uint64) *tracepb.Span {
	span := &tracepb.Span{
		TraceId:           id.Trace[:],
		SpanId:            id.ID[:],
		Flags:             uint32(tracepb.SpanFlags_SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK) | 1, // sampled
		Name:              t.name,
		Kind:              t.kind,
		StartTimeUnixNano: start,
		EndTimeUnixNano:   end,
		Attributes:        t.attributes,
		Links:             t.links,
		Status:            t.status,
	}
	if parent != (record.SpanID{}) {
		span.ParentSpanId = parent[:]
	}
	for _, one := range t.events {
		span.Events = append(span.Events, &tracepb.Span_Event{TimeUnixNano: end, Name: one.name, Attributes: one.attributes})
	}
	return span
}

func text(key, value string) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: value}}}
}

func number(key string, value int64) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: value}}}
}
