package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"tracing/ledger/internal/record"
)

// Jaeger reads traces through the query service's HTTP API v3.
type Jaeger struct {
	// URL is of the UI, without a trailing slash; it includes a base path, if there is one.
	URL    string
	Client *http.Client
}

// Spans counts the distinct spans of a trace that can be read back; 0 if the trace is not found.
func (j *Jaeger) Spans(ctx context.Context, trace record.TraceID) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, j.URL+"/api/v3/traces/"+trace.String(), nil)
	if err != nil {
		return 0, err
	}
	response, err := j.Client.Do(request)
	if err != nil {
		return 0, fmt.Errorf("Jaeger: %w", err)
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
		return countSpans(response.Body)
	case http.StatusNotFound:
		return 0, nil
	default:
		return 0, fmt.Errorf("Jaeger: HTTP %s", response.Status)
	}
}

// countSpans takes one JSON object or several in a row: the API is defined as a stream.
func countSpans(body io.Reader) (int, error) {
	ids := map[string]bool{}
	for decoder := json.NewDecoder(body); ; {
		var chunk struct {
			Result struct {
				ResourceSpans []struct {
					ScopeSpans []struct {
						Spans []struct {
							SpanID string `json:"spanId"`
						} `json:"spans"`
					} `json:"scopeSpans"`
				} `json:"resourceSpans"`
			} `json:"result"`
		}
		err := decoder.Decode(&chunk)
		if errors.Is(err, io.EOF) {
			return len(ids), nil
		}
		if err != nil {
			return 0, fmt.Errorf("Jaeger: %w", err)
		}
		for _, resource := range chunk.Result.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				for _, span := range scope.Spans {
					ids[span.SpanID] = true
				}
			}
		}
	}
}
