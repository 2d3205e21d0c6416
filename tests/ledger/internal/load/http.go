package load

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	statuspb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
)

type httpExporter struct {
	url    string
	client *http.Client
	target Target
}

func dialHTTP(target Target) Exporter {
	scheme := "http"
	if target.TLS != nil {
		scheme = "https"
	}
	// One connection of its own per exporter, like gRPC.
	transport := &http.Transport{TLSClientConfig: target.TLS, MaxConnsPerHost: 1}
	return &httpExporter{scheme + "://" + target.Endpoint + "/v1/traces", &http.Client{Transport: transport}, target}
}

func (e *httpExporter) Close() error {
	e.client.CloseIdleConnections()
	return nil
}

func (e *httpExporter) Export(
	ctx context.Context, request *collectorpb.ExportTraceServiceRequest,
) (rejected int64, err error) {
	body, err := proto.Marshal(request)
	if err != nil {
		return 0, err
	}
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	post.Header.Set("Content-Type", "application/x-protobuf")
	authorization, err := e.target.authorization()
	if err != nil {
		return 0, err
	}
	if authorization != "" {
		post.Header.Set("Authorization", authorization)
	}
	response, err := e.client.Do(post)
	if err != nil {
		return 0, &Refusal{Retry: true, Err: err}
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, &Refusal{Retry: true, Err: err}
	}
	if response.StatusCode != http.StatusOK {
		return 0, refusedByHTTP(response, answer)
	}
	var result collectorpb.ExportTraceServiceResponse
	if err := proto.Unmarshal(answer, &result); err != nil {
		return 0, &Refusal{Err: fmt.Errorf("not an OTLP answer: %w", err)}
	}
	return result.GetPartialSuccess().GetRejectedSpans(), nil
}

func refusedByHTTP(response *http.Response, answer []byte) *Refusal {
	refusal := &Refusal{Err: fmt.Errorf("HTTP %s", response.Status)}
	var details statuspb.Status
	if proto.Unmarshal(answer, &details) == nil && details.GetMessage() != "" {
		refusal.Err = fmt.Errorf("HTTP %s: %s", response.Status, details.GetMessage())
	}
	switch response.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		refusal.Retry = true
	}
	refusal.After = retryAfter(response.Header.Get("Retry-After"), time.Now())
	return refusal
}

// retryAfter reads seconds or a date; 0 if it is neither.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(header); err == nil {
		return time.Duration(max(0, seconds)) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
