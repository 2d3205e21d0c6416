package fake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Elasticsearch starts the few calls of its API that the ledger makes, and returns the URL. A document counts once the
// index was refreshed.
func (s *Stack) Elasticsearch(t testing.TB) string {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{index}/_refresh", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.visible = len(s.stored)
		reply(w, map[string]any{})
	})
	mux.HandleFunc("POST /{index}/_count", func(w http.ResponseWriter, r *http.Request) {
		reply(w, map[string]any{"count": len(s.search(read(r).service())), "_shards": map[string]int{"total": 1}})
	})
	mux.HandleFunc("POST /{index}/_search", func(w http.ResponseWriter, r *http.Request) {
		body := read(r)
		s.page(w, scroll{Service: body.service(), Size: body.Size})
	})
	mux.HandleFunc("POST /_search/scroll", func(w http.ResponseWriter, r *http.Request) {
		var next scroll
		json.Unmarshal([]byte(read(r).ScrollID), &next)
		s.page(w, next)
	})
	mux.HandleFunc("DELETE /_search/scroll", func(w http.ResponseWriter, _ *http.Request) { reply(w, map[string]any{}) })

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if s.Password != "" && (user != "elastic" || password != s.Password) {
			http.Error(w, "missing authentication credentials", http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// search returns the visible documents of a service.
func (s *Stack) search(service string) (found []document) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.stored[:s.visible] {
		if one.service == service {
			found = append(found, one)
		}
	}
	return found
}

// scroll is the state of a search, and its own id.
type scroll struct {
	Service    string
	Size, From int
}

func (s *Stack) page(w http.ResponseWriter, at scroll) {
	found := s.search(at.Service)
	end := min(at.From+at.Size, len(found))
	hits := []any{}
	for _, one := range found[min(at.From, end):end] {
		hits = append(hits, map[string]any{"_source": map[string]string{
			"traceID": one.span.Trace.String(), "spanID": one.span.ID.String(),
		}})
	}
	at.From = end
	id, _ := json.Marshal(at)
	reply(w, map[string]any{"_scroll_id": string(id), "hits": map[string]any{"hits": hits}})
}

type request struct {
	Query struct {
		Term map[string]string `json:"term"`
	} `json:"query"`
	Size     int    `json:"size"`
	ScrollID string `json:"scroll_id"`
}

func (r request) service() string { return r.Query.Term["process.serviceName"] }

func read(r *http.Request) (body request) {
	json.NewDecoder(r.Body).Decode(&body)
	return body
}

func reply(w http.ResponseWriter, body any) { json.NewEncoder(w).Encode(body) }

// Jaeger starts GET /api/v3/traces/{id} and returns the URL. Like Jaeger, it sees what Elasticsearch has refreshed.
func (s *Stack) Jaeger(t testing.TB) string {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v3/traces/{id}", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.visible = len(s.stored)
		var spans []string
		for _, one := range s.stored {
			if one.span.Trace.String() == r.PathValue("id") {
				spans = append(spans, fmt.Sprintf(`{"spanId":%q}`, one.span.ID))
			}
		}
		if len(spans) == 0 {
			http.NotFound(w, r)
			return
		}
		fmt.Fprintf(w, `{"result":{"resourceSpans":[{"scopeSpans":[{"spans":[%s]}]}]}}`, strings.Join(spans, ","))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}
