package load

import (
	"fmt"
	"math/rand/v2"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// MinAttributes is what a SERVER span needs for sampling rules to recognise it.
const MinAttributes = 4

// variants is how many different values the attributes that only add weight take.
const variants = 64

// uniform makes templates of one size: a request that waits for queries.
type uniform struct {
	shape   Shape
	choices *rand.Rand
}

func (u uniform) children() []*template {
	return u.weighted(template{name: "SELECT", kind: tracepb.Span_SPAN_KIND_CLIENT, length: 5 * time.Millisecond},
		text("db.system.name", "postgresql"),
		text("db.operation.name", "SELECT"),
		text("server.address", "database"),
		number("server.port", 5432),
	)
}

func (u uniform) roots(operation Operation, failed bool) []*template {
	return u.weighted(requestTemplate(operation, failed), rootAttributes(operation, failed, u.shape.OldNames)...)
}

// weighted fills attributes up to the number wanted, in several variants.
func (u uniform) weighted(look template, base ...*commonpb.KeyValue) []*template {
	list := make([]*template, variants)
	for i := range list {
		look.attributes = append(make([]*commonpb.KeyValue, 0, u.shape.Attributes), base...)
		for len(look.attributes) < u.shape.Attributes {
			key := fmt.Sprintf("ledger.attribute.%d", len(look.attributes)-len(base)+1)
			look.attributes = append(look.attributes, text(key, fmt.Sprintf("%016x", u.choices.Uint64())))
		}
		list[i] = measured(look)
	}
	return list
}

// requestTemplate is the root of a trace, without its attributes.
func requestTemplate(operation Operation, failed bool) template {
	look := template{name: operation.SpanName(), kind: tracepb.Span_SPAN_KIND_SERVER}
	if failed {
		look.status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: "made to fail"}
	}
	return look
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
