package load

import (
	"context"
	"strings"
	"time"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

type grpcExporter struct {
	connection *grpc.ClientConn
	client     collectorpb.TraceServiceClient
	target     Target
}

func dialGRPC(target Target) (Exporter, error) {
	secrecy := insecure.NewCredentials()
	if target.TLS != nil {
		secrecy = credentials.NewTLS(target.TLS)
	}
	connection, err := grpc.NewClient(target.Endpoint,
		grpc.WithTransportCredentials(secrecy),
		// The library's own waits grow to two minutes, which would measure the client and not the outage.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: firstWait, Multiplier: 2, Jitter: 0.2, MaxDelay: 2 * time.Second},
			MinConnectTimeout: 5 * time.Second,
		}))
	if err != nil {
		return nil, err
	}
	return &grpcExporter{connection, collectorpb.NewTraceServiceClient(connection), target}, nil
}

func (e *grpcExporter) Close() error { return e.connection.Close() }

func (e *grpcExporter) Export(
	ctx context.Context, request *collectorpb.ExportTraceServiceRequest,
) (rejected int64, err error) {
	authorization, err := e.target.authorization()
	if err != nil {
		return 0, err
	}
	if authorization != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", authorization)
	}
	response, err := e.client.Export(ctx, request)
	if err != nil {
		return 0, refusalOf(status.Convert(err))
	}
	return response.GetPartialSuccess().GetRejectedSpans(), nil
}

// tooLarge is what a gRPC server says of a message above its limit, which no later try can pass.
const tooLarge = "larger than max"

// refusalOf follows the OTLP specification's table of codes, except that RESOURCE_EXHAUSTED is tried again without
// RetryInfo too: that is what a Collector's memory limiter answers when it is full.
func refusalOf(from *status.Status) *Refusal {
	refusal := &Refusal{Err: from.Err()}
	switch from.Code() {
	case codes.Canceled, codes.DeadlineExceeded, codes.Aborted, codes.OutOfRange, codes.Unavailable, codes.DataLoss:
		refusal.Retry = true
	case codes.ResourceExhausted:
		refusal.Retry = !strings.Contains(from.Message(), tooLarge)
	}
	for _, detail := range from.Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			refusal.After = info.GetRetryDelay().AsDuration()
		}
	}
	return refusal
}
