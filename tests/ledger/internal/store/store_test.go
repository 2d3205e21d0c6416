package store_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tracing/ledger/internal/fake"
	"tracing/ledger/internal/record"
	"tracing/ledger/internal/store"
)

func numbered(n int) (span record.Span) {
	binary.BigEndian.PutUint64(span.Trace[:], uint64(n)+1)
	span.ID[0] = 1
	return span
}

func elasticsearch(url string) *store.Elasticsearch {
	return &store.Elasticsearch{URL: url, Index: "jaeger-span-*", Service: "mine", Client: http.DefaultClient}
}

func TestReadPagesThroughOneService(t *testing.T) {
	stack := &fake.Stack{}
	for n := range 20_001 { // three pages
		stack.Plant("mine", numbered(n))
	}
	stack.Plant("mine", numbered(9_999)) // a copy far from its first
	stack.Plant("other", numbered(5))
	es := elasticsearch(stack.Elasticsearch(t))
	if count, err := es.Count(t.Context()); err != nil || count != 20_002 {
		t.Fatalf("count %d, %v", count, err)
	}
	stored, err := es.Read(t.Context())
	if err != nil || len(stored) != 20_001 || stored[numbered(9_999)] != 2 || stored[numbered(5)] != 1 {
		t.Errorf("%d spans, %v", len(stored), err)
	}
}

// An answer that is less than the whole must not pass for the whole.
func TestIncompleteAnswersAreErrors(t *testing.T) {
	for name, c := range map[string]struct {
		status  int
		body    string
		refused bool
	}{
		"failed shard":   {200, `{"_shards":{"total":5,"failed":1},"hits":{"hits":[]}}`, false},
		"timed out":      {200, `{"timed_out":true,"_scroll_id":"x"}`, false},
		"malformed id":   {200, `{"hits":{"hits":[{"_source":{"traceID":"nonsense","spanID":"1"}}]}}`, false},
		"not JSON":       {200, `<html>`, false},
		"unavailable":    {503, `{}`, false},
		"wrong password": {401, `{}`, true},
		"wrong query":    {400, `{}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				io.WriteString(w, c.body)
			}))
			defer server.Close()
			_, err := elasticsearch(server.URL).Read(t.Context())
			if err == nil || errors.Is(err, store.ErrRefused) != c.refused {
				t.Errorf("%v", err)
			}
		})
	}
}

// script is a source whose n-th count is the n-th number; the last one stays. A negative number is a failure.
type script struct {
	counts []int
	at     int
	fail   error
}

func (s *script) now() int { return s.counts[min(s.at, len(s.counts)-1)] }

func (s *script) Count(context.Context) (int, error) {
	s.at++
	if s.now() < 0 {
		return 0, s.fail
	}
	return s.now(), nil
}

func (s *script) Read(context.Context) (map[record.Span]int, error) {
	stored := map[record.Span]int{}
	for n := range s.now() {
		stored[numbered(n)] = 1
	}
	return stored, nil
}

func TestRest(t *testing.T) {
	const fast, long = time.Millisecond, time.Minute
	down := errors.New("down")
	refused := errors.Join(store.ErrRefused, down)
	for _, c := range []struct {
		name         string
		source       script
		wait, settle time.Duration
		required     int // 0: not known
		stored       int
		err          error
	}{
		{"until complete", script{counts: []int{0, 0, 3, 7, 10}}, long, long, 10, 10, nil},
		{"until nothing changes", script{counts: []int{0, 0, 3, 7}}, long, 30 * fast, 10, 7, nil},
		{"nothing stored yet is not rest", script{counts: append(make([]int, 60), 10)}, long, 20 * fast, 10, 10, nil},
		{"until the time is over", script{counts: []int{0}}, 30 * fast, 10 * fast, 10, 0, nil},
		{"of unknown number", script{counts: []int{5, 6}}, long, 30 * fast, 0, 6, nil},
		{"a failure in between is borne", script{counts: []int{5, -1, -1, 10}, fail: down}, long, long, 10, 10, nil},
		{"a failure to the end is not", script{counts: []int{5, -1}, fail: down}, 30 * fast, long, 10, 0, down},
		{"a refusal ends it at once", script{counts: []int{-1}, fail: refused}, long, long, 10, 0, store.ErrRefused},
	} {
		t.Run(c.name, func(t *testing.T) {
			watch := &store.Watch{Wait: c.wait, Settle: c.settle, Poll: fast, Required: c.required}
			if c.required > 0 {
				watch.Complete = func(stored map[record.Span]int) bool { return len(stored) >= c.required }
			}
			stored, _, err := watch.Rest(t.Context(), &c.source)
			if !errors.Is(err, c.err) || len(stored) != c.stored {
				t.Errorf("%d stored, %v", len(stored), err)
			}
		})
	}
}

func TestLateCopiesAreSeen(t *testing.T) {
	source := script{counts: append(repeat(10, 20), 11)}
	watch := &store.Watch{
		Wait: time.Minute, Settle: time.Minute, Linger: time.Second, Poll: time.Millisecond, Required: 10,
		Complete: func(stored map[record.Span]int) bool { return len(stored) >= 10 },
	}
	if stored, _, err := watch.Rest(t.Context(), &source); err != nil || len(stored) != 11 {
		t.Errorf("%d stored, %v", len(stored), err)
	}
}

func repeat(n, times int) (list []int) {
	for range times {
		list = append(list, n)
	}
	return list
}

func TestJaegerCountsSpans(t *testing.T) {
	const chunk = `{"result":{"resourceSpans":[{"scopeSpans":[{"spans":[{"spanId":"1"},{"spanId":"2"}]}]}]}}`
	for body, want := range map[string]int{
		chunk: 2,
		chunk + strings.ReplaceAll(chunk, `"1"`, `"3"`): 3, // a stream of two objects, with a span in both
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }))
		jaeger := &store.Jaeger{URL: server.URL, Client: http.DefaultClient}
		if got, err := jaeger.Spans(t.Context(), record.TraceID{}); err != nil || got != want {
			t.Errorf("%d spans, want %d; %v", got, want, err)
		}
		server.Close()
	}
}
