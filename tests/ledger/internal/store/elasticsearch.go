// Package store reads what the tracing stack has stored: spans from Elasticsearch, traces through Jaeger.
package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"tracing/ledger/internal/record"
)

// Elasticsearch reads the span documents of one service, as Jaeger's span index template maps them.
type Elasticsearch struct {
	// URL is http or https, without a trailing slash.
	URL string
	// User and Password go into HTTP basic authentication; none with an empty User.
	User, Password string
	// Index is a name or pattern, such as "jaeger-span-*".
	Index string
	// Service is the value of process.serviceName.
	Service string
	Client  *http.Client
}

// pageSize is what Elasticsearch allows at most (index.max_result_window).
const pageSize = 10_000

// ErrRefused is an answer that asking again will not change: a wrong password or a malformed request.
var ErrRefused = errors.New("refused")

// absentIsEmpty: before the first span there is no index, and that means no spans. A shard that cannot answer is an
// error, never a smaller result.
const absentIsEmpty = "ignore_unavailable=true&allow_no_indices=true"

// Count makes what is written visible to searches and counts the documents, copies of a span included.
func (e *Elasticsearch) Count(ctx context.Context) (int, error) {
	path := "/" + url.PathEscape(e.Index)
	if err := e.call(ctx, http.MethodPost, path+"/_refresh?"+absentIsEmpty, nil, nil); err != nil {
		return 0, err
	}
	var result struct {
		Count  int    `json:"count"`
		Shards shards `json:"_shards"`
	}
	err := e.call(ctx, http.MethodPost, path+"/_count?"+absentIsEmpty, map[string]any{"query": e.query()}, &result)
	if err != nil {
		return 0, err
	}
	return result.Count, result.Shards.check()
}

// Read returns the number of copies of each stored span. It scrolls, so pages are of one point in time; paging by a
// sort key would skip copies of one span that straddle two pages.
func (e *Elasticsearch) Read(ctx context.Context) (map[record.Span]int, error) {
	var result page
	err := e.call(ctx, http.MethodPost,
		"/"+url.PathEscape(e.Index)+"/_search?scroll=2m&allow_partial_search_results=false&"+fields+"&"+absentIsEmpty,
		map[string]any{
			"size": pageSize, "query": e.query(), "sort": []string{"_doc"}, "_source": []string{"traceID", "spanID"},
		}, &result)
	stored := map[record.Span]int{}
	for {
		if err == nil {
			err = result.collect(stored)
		}
		if err != nil {
			return nil, err
		}
		if len(result.Hits.Hits) == 0 {
			e.release(ctx, result.ScrollID)
			return stored, nil
		}
		scroll := map[string]any{"scroll": "2m", "scroll_id": result.ScrollID}
		result = page{}
		err = e.call(ctx, http.MethodPost, "/_search/scroll?"+fields, scroll, &result)
	}
}

// release frees a scroll early. It would free itself in time, so a failure does not matter.
func (e *Elasticsearch) release(ctx context.Context, scrollID string) {
	_ = e.call(ctx, http.MethodDelete, "/_search/scroll", map[string]any{"scroll_id": scrollID}, nil)
}

// fields leaves out of an answer what is not read.
const fields = "filter_path=_scroll_id,timed_out,_shards,hits.hits._source"

func (e *Elasticsearch) query() map[string]any {
	return map[string]any{"term": map[string]any{"process.serviceName": e.Service}}
}

type page struct {
	ScrollID string `json:"_scroll_id"`
	TimedOut bool   `json:"timed_out"`
	Shards   shards `json:"_shards"`
	Hits     struct {
		Hits []struct {
			Source struct {
				TraceID string `json:"traceID"`
				SpanID  string `json:"spanID"`
			} `json:"_source"`
		} `json:"hits"`
	} `json:"hits"`
}

func (p *page) collect(into map[record.Span]int) error {
	if p.TimedOut {
		return errors.New("Elasticsearch: the search timed out")
	}
	if err := p.Shards.check(); err != nil {
		return err
	}
	for _, hit := range p.Hits.Hits {
		trace, err := record.ParseTraceID(hit.Source.TraceID)
		if err != nil {
			return fmt.Errorf("stored trace %w", err)
		}
		id, err := record.ParseSpanID(hit.Source.SpanID)
		if err != nil {
			return fmt.Errorf("stored span %w", err)
		}
		into[record.Span{Trace: trace, ID: id}]++
	}
	return nil
}

type shards struct {
	Total  int `json:"total"`
	Failed int `json:"failed"`
}

func (s shards) check() error {
	if s.Failed > 0 {
		return fmt.Errorf("Elasticsearch: %d of %d shards failed", s.Failed, s.Total)
	}
	return nil
}

func (e *Elasticsearch) call(ctx context.Context, method, path string, body, result any) error {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, e.URL+path, content)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	if e.User != "" {
		request.SetBasicAuth(e.User, e.Password)
	}
	response, err := e.Client.Do(request)
	if err != nil {
		return fmt.Errorf("Elasticsearch: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 300))
		err := fmt.Errorf("Elasticsearch: HTTP %s: %s", response.Status, strings.TrimSpace(string(text)))
		switch response.StatusCode {
		case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
			return fmt.Errorf("%w: %w", ErrRefused, err)
		}
		return err
	}
	if result == nil {
		return nil
	}
	if err := json.NewDecoder(response.Body).Decode(result); err != nil {
		return fmt.Errorf("Elasticsearch: %s %s: %w", method, path, err)
	}
	return nil
}
