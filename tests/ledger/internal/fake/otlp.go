// Package fake stands in for the tracing stack in tests, with faults on demand.
package fake

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"tracing/ledger/internal/record"
)

// Stack receives OTLP and shows what it stored the way Elasticsearch and Jaeger do. The zero value has no faults; set
// the fields before it is used.
type Stack struct {
	// Answer decides on export n, counted from 0; nil accepts all.
	Answer func(n int) Answer
	// Copies says how often span n of those accepted, counted from 0, is stored; nil means once.
	Copies func(n int, span record.Span) int
	// Password, if not empty, is what Elasticsearch asks of the user elastic.
	Password string

	mu                sync.Mutex
	exports, accepted int
	arrivals          []Arrival
	stored            []document
	visible           int
}

// Answer is the reply to an export.
type Answer struct {
	Code codes.Code
	// RetryAfter is sent with a Code other than OK.
	RetryAfter time.Duration
	// Rejected is reported as a partial success. The spans are stored all the same.
	Rejected int64
	// StoreAnyway stores the spans though the Code says they were refused.
	StoreAnyway bool
}

// Arrival is one export as it came in.
type Arrival struct {
	At      time.Time
	Request *collectorpb.ExportTraceServiceRequest
	// Authorization is the header that it came with.
	Authorization string
}

type document struct {
	service string
	span    record.Span
}

// Arrivals returns the exports so far, refused ones included.
func (s *Stack) Arrivals() []Arrival {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Arrival(nil), s.arrivals...)
}

// Plant stores a span that nobody sent.
func (s *Stack) Plant(service string, span record.Span) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stored = append(s.stored, document{service, span})
}

// GRPC starts an OTLP/gRPC receiver and returns its host:port.
func (s *Stack) GRPC(t testing.TB) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	collectorpb.RegisterTraceServiceServer(server, &receiver{stack: s})
	go server.Serve(listener)
	t.Cleanup(server.Stop)
	return listener.Addr().String()
}

// HTTP starts an OTLP/HTTP receiver and returns its host:port.
func (s *Stack) HTTP(t testing.TB) string {
	server := httptest.NewServer(http.HandlerFunc(s.postTraces))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// HTTPS is HTTP with TLS; authority is the certificate to trust, as PEM.
func (s *Stack) HTTPS(t testing.TB) (endpoint string, authority []byte) {
	server := httptest.NewTLSServer(http.HandlerFunc(s.postTraces))
	t.Cleanup(server.Close)
	authority = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	return server.Listener.Addr().String(), authority
}

type receiver struct {
	collectorpb.UnimplementedTraceServiceServer
	stack *Stack
}

func (r *receiver) Export(
	ctx context.Context, request *collectorpb.ExportTraceServiceRequest,
) (*collectorpb.ExportTraceServiceResponse, error) {
	return r.stack.receive(request, strings.Join(metadata.ValueFromIncomingContext(ctx, "authorization"), ","))
}

func (s *Stack) receive(
	request *collectorpb.ExportTraceServiceRequest, authorization string,
) (*collectorpb.ExportTraceServiceResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var answer Answer
	if s.Answer != nil {
		answer = s.Answer(s.exports)
	}
	s.exports++
	s.arrivals = append(s.arrivals, Arrival{time.Now(), request, authorization})
	if answer.Code == codes.OK || answer.StoreAnyway {
		s.store(request)
	}
	if answer.Code != codes.OK {
		refusal := status.New(answer.Code, "refused by the test")
		if answer.RetryAfter > 0 {
			refusal, _ = refusal.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(answer.RetryAfter)})
		}
		return nil, refusal.Err()
	}
	response := &collectorpb.ExportTraceServiceResponse{}
	if answer.Rejected > 0 {
		response.PartialSuccess = &collectorpb.ExportTracePartialSuccess{RejectedSpans: answer.Rejected}
	}
	return response, nil
}

func (s *Stack) store(request *collectorpb.ExportTraceServiceRequest) {
	for _, resource := range request.ResourceSpans {
		service := ""
		for _, attribute := range resource.Resource.Attributes {
			if attribute.Key == "service.name" {
				service = attribute.Value.GetStringValue()
			}
		}
		for _, scope := range resource.ScopeSpans {
			for _, span := range scope.Spans {
				id := record.Span{Trace: record.TraceID(span.TraceId), ID: record.SpanID(span.SpanId)}
				copies := 1
				if s.Copies != nil {
					copies = s.Copies(s.accepted, id)
				}
				s.accepted++
				for range copies {
					s.stored = append(s.stored, document{service, id})
				}
			}
		}
	}
}

func (s *Stack) postTraces(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	request := &collectorpb.ExportTraceServiceRequest{}
	if err == nil {
		err = proto.Unmarshal(body, request)
	}
	if r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
		err = errors.New("not an OTLP export")
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	response, err := s.receive(request, r.Header.Get("Authorization"))
	if err != nil {
		s.refuseByHTTP(w, status.Convert(err))
		return
	}
	answer, _ := proto.Marshal(response)
	w.Header().Set("Content-Type", "application/x-protobuf")
	w.Write(answer)
}

func (s *Stack) refuseByHTTP(w http.ResponseWriter, refusal *status.Status) {
	for _, detail := range refusal.Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			w.Header().Set("Retry-After", strconv.Itoa(int(info.RetryDelay.AsDuration().Seconds())))
		}
	}
	code := http.StatusBadRequest
	switch refusal.Code() {
	case codes.Unavailable:
		code = http.StatusServiceUnavailable
	case codes.ResourceExhausted:
		code = http.StatusTooManyRequests
	}
	w.WriteHeader(code)
	body, _ := proto.Marshal(refusal.Proto())
	w.Write(body)
}
