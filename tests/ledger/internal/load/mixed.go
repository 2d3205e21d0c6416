package load

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// mixed makes templates as applications' spans look: most take a few hundred bytes, some much more. Texts are made of words,
// so they compress like texts.
type mixed struct {
	shape Shape
	// content has a stream of its own: the same seed gives the same texts, whatever else is chosen.
	content *rand.Rand
	kinds   []kind
}

// palette is how many children of different content there are; a divisor of 65536, so that each is taken equally often.
const palette = 4096

// kind is children of one look, by how many of the palette they are. Sizes are of the text that varies, from the least to the most, as many
// within each doubling: so small ones are frequent and the largest is certain.
type kind struct {
	count       int
	least, most int
	look        func(m mixed, size int) template
}

// kindsOf is the children of a profile.
var kindsOf = map[Profile][]kind{
	Mixed: {
		{2440, 60, 160, mixed.lookup},
		{1024, 60, 8 << 10, mixed.query},
		{336, 40, 400, mixed.call},
		{128, 1, 32, mixed.publication},
		{160, 500, 20 << 10, mixed.failure},
		{8, 16 << 10, 1000 << 10, mixed.document},
	},
	Typical: {
		{1638, 60, 160, mixed.lookup},
		{1638, 60, 2 << 10, mixed.query},
		{410, 40, 400, mixed.call},
		{410, 500, 4 << 10, mixed.exceptional},
	},
}

func (m mixed) children() []*template {
	list := make([]*template, 0, palette)
	for _, kind := range m.kinds {
		for i := range kind.count {
			share := float64(i) / float64(kind.count-1)
			size := float64(kind.least) * math.Pow(float64(kind.most)/float64(kind.least), share)
			list = append(list, measured(kind.look(m, int(math.Round(size)))))
		}
	}
	return list
}

func (m mixed) roots(operation Operation, failed bool) []*template {
	list := make([]*template, variants)
	for i := range list {
		look := requestTemplate(operation, failed)
		look.attributes = append(rootAttributes(operation, failed, m.shape.OldNames),
			text("correlation_id", fmt.Sprintf("%016x%016x", m.content.Uint64(), m.content.Uint64())),
			text("url.query", "page="+fmt.Sprint(m.content.IntN(1000))+"&search="+m.words(12)),
			text("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64) "+m.words(80)),
			text("client.address", fmt.Sprintf("10.%d.%d.%d", m.content.IntN(256), m.content.IntN(256), m.content.IntN(256))),
			number("enduser.id", m.content.Int64N(1_000_000)),
		)
		if failed {
			look.events = []event{m.exception(4 << 10)}
		}
		list[i] = measured(look)
	}
	return list
}

// lookup is a key in a cache.
func (m mixed) lookup(size int) template {
	return template{name: "GET", kind: tracepb.Span_SPAN_KIND_CLIENT, length: time.Millisecond, attributes: []*commonpb.KeyValue{
		text("db.system.name", "redis"),
		text("db.query.text", "GET "+m.words(size)),
		number("server.port", 6379),
	}}
}

func (m mixed) query(size int) template {
	return template{name: "SELECT orders", kind: tracepb.Span_SPAN_KIND_CLIENT, length: 5 * time.Millisecond, attributes: []*commonpb.KeyValue{
		text("db.system.name", "postgresql"),
		text("db.namespace", "shop"),
		text("db.query.text", "SELECT "+m.words(size)+" FROM orders WHERE id = %s"),
		text("server.address", "database"),
		number("server.port", 5432),
		number("db.response.returned_rows", m.content.Int64N(1000)),
	}}
}

// call is a request to another service.
func (m mixed) call(size int) template {
	return template{name: "POST", kind: tracepb.Span_SPAN_KIND_CLIENT, length: 40 * time.Millisecond, attributes: []*commonpb.KeyValue{
		text("http.request.method", "POST"),
		text("url.full", "https://payments.example/v1/"+m.words(size)),
		text("server.address", "payments.example"),
		number("http.response.status_code", 201),
		{Key: "http.request.header.accept", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{
			ArrayValue: &commonpb.ArrayValue{Values: []*commonpb.AnyValue{text("", "text/html").Value, text("", "*/*").Value}},
		}}},
	}}
}

// publication is messages that were handed on together, each with the request that it comes from.
func (m mixed) publication(links int) template {
	look := template{name: "publish orders", kind: tracepb.Span_SPAN_KIND_PRODUCER, length: 2 * time.Millisecond, attributes: []*commonpb.KeyValue{
		text("messaging.system", "rabbitmq"),
		text("messaging.destination.name", "orders"),
		number("messaging.batch.message_count", int64(links)),
	}}
	for range links {
		link := &tracepb.Span_Link{TraceId: make([]byte, 16), SpanId: make([]byte, 8), Attributes: []*commonpb.KeyValue{
			text("messaging.message.id", fmt.Sprintf("%016x", m.content.Uint64())),
		}}
		for _, id := range [][]byte{link.TraceId, link.SpanId} {
			for i := range id {
				id[i] = byte(1 + m.content.IntN(255))
			}
		}
		look.links = append(look.links, link)
	}
	return look
}

// failure is work within the process that raised an exception. It is no request: what sampling asks of a trace is its root.
func (m mixed) failure(size int) template {
	return template{
		name: "orders.tasks.settle", kind: tracepb.Span_SPAN_KIND_INTERNAL, length: 10 * time.Millisecond,
		attributes: []*commonpb.KeyValue{text("code.function.name", "orders.tasks.settle"), number("code.line.number", 87)},
		events:     []event{{"attempt", []*commonpb.KeyValue{number("attempt", 1)}}, m.exception(size)},
		status:     &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: "OperationalError: " + m.words(60)},
	}
}

// exceptional is a query that raised an exception.
func (m mixed) exceptional(size int) template {
	look := m.query(200)
	look.events = []event{m.exception(size)}
	return look
}

// document is what somebody put whole into an attribute.
func (m mixed) document(size int) template {
	return template{name: "render", kind: tracepb.Span_SPAN_KIND_INTERNAL, length: 20 * time.Millisecond, attributes: []*commonpb.KeyValue{
		text("template.name", "orders/list.html"),
		text("debug.body", m.words(size)),
	}}
}

func (m mixed) exception(size int) event {
	var trace strings.Builder
	trace.WriteString("Traceback (most recent call last):\n")
	for trace.Len() < size {
		fmt.Fprintf(&trace, "  File \"/srv/app/%s.py\", line %d, in %s\n    %s\n",
			m.words(20), m.content.IntN(900), m.words(12), m.words(40))
	}
	return event{"exception", []*commonpb.KeyValue{
		text("exception.type", "django.db.utils.OperationalError"),
		text("exception.message", m.words(90)),
		text("exception.stacktrace", upTo(trace.String(), size)),
	}}
}

// vocabulary is what texts are made of. Some letters take two or three bytes.
var vocabulary = strings.Fields(`order customer invoice payment shipped pending total amount currency created updated deleted name address street
	city country Zürich Kraków 東京 parent child count price discount voucher session token request response handler view model field
	null true false where join left group having limit offset inner outer lateral returning conflict cascade`)

// words is a text of about so many bytes.
func (m mixed) words(bytes int) string {
	var all strings.Builder
	for all.Len() < bytes {
		all.WriteString(vocabulary[m.content.IntN(len(vocabulary))])
		all.WriteByte("_.,-/"[m.content.IntN(5)])
	}
	return upTo(all.String(), bytes)
}

// upTo cuts a text after so many bytes at most, and after a whole letter.
func upTo(text string, bytes int) string { return strings.ToValidUTF8(text[:bytes], "") }
