package load

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
)

// Target is where spans go.
type Target struct {
	// Endpoint is host:port.
	Endpoint string
	// HTTP is OTLP over HTTP with protobuf bodies; otherwise gRPC.
	HTTP bool
	// TLS is nil for plain text.
	TLS *tls.Config
	// TokenFile holds a bearer token that each export carries. It is read anew for each, so that it may change
	// meanwhile. Empty: no token.
	TokenFile string
}

// authorization is the header of an export; empty without a token.
func (t Target) authorization() (string, error) {
	if t.TokenFile == "" {
		return "", nil
	}
	token, err := os.ReadFile(t.TokenFile)
	return "Bearer " + strings.TrimSpace(string(token)), err
}

// Exporter is one connection. An export that was not accepted is a *Refusal; rejected is what a partial success
// reports.
type Exporter interface {
	Export(ctx context.Context, request *collectorpb.ExportTraceServiceRequest) (rejected int64, err error)
	Close() error
}

// Refusal is an export that was not acknowledged.
type Refusal struct {
	// Retry says that the same export may be accepted later.
	Retry bool
	// After is how long the receiver asks to wait; 0 if it does not say.
	After time.Duration
	Err   error
}

func (r *Refusal) Error() string { return r.Err.Error() }

func (r *Refusal) Unwrap() error { return r.Err }

// Dial prepares a connection. It does not connect: that happens with the first export, and an endpoint that cannot
// be reached is a Refusal.
func (t Target) Dial() (Exporter, error) {
	if t.HTTP {
		return dialHTTP(t), nil
	}
	return dialGRPC(t)
}

// Waits between attempts double from the first to the longest; half of each is at random, so that senders do not
// come back together.
const (
	firstWait   = 200 * time.Millisecond
	longestWait = 5 * time.Second
)

// patience is how long exports are tried.
type patience struct {
	// attempt bounds one attempt, total the start of the last one.
	attempt, total time.Duration
}

// deliver exports until it is accepted, refused for good, or patience ends. onRetry sees each refusal that another
// attempt follows.
func deliver(
	ctx context.Context, to Exporter, request *collectorpb.ExportTraceServiceRequest,
	p patience, jitter func() float64, onRetry func(error),
) (rejected int64, attempts int, err error) {
	deadline := time.Now().Add(p.total)
	for backoff := firstWait; ; backoff = min(2*backoff, longestWait) {
		attempts++
		rejected, err = attempt(ctx, to, request, p.attempt)
		if err == nil {
			return rejected, attempts, nil
		}
		refusal := &Refusal{}
		if ctx.Err() != nil || !errors.As(err, &refusal) || !refusal.Retry {
			return 0, attempts, err
		}
		wait := max(refusal.After, time.Duration(float64(backoff)*(1+jitter())/2))
		if time.Now().Add(wait).After(deadline) {
			return 0, attempts, fmt.Errorf("not accepted within %v: %w", p.total, err)
		}
		onRetry(err)
		if !sleep(ctx, wait) {
			return 0, attempts, err
		}
	}
}

func attempt(
	ctx context.Context, to Exporter, request *collectorpb.ExportTraceServiceRequest, limit time.Duration,
) (rejected int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return to.Export(ctx, request)
}

// sleep reports false if ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
