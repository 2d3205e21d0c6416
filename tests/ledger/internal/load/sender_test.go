package load_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"tracing/ledger/internal/fake"
	"tracing/ledger/internal/judge"
	"tracing/ledger/internal/load"
	"tracing/ledger/internal/record"
)

var shape = load.Shape{
	Service: "test", SpansPerTrace: 10, Attributes: 11,
	Operations: []load.Operation{{Method: "POST", Path: "/api/auth/login"}}, Seed: 1,
}

// protocols are the two ways to the same receiver.
func protocols(t *testing.T, test func(t *testing.T, stack *fake.Stack, to func() load.Target)) {
	for _, http := range []bool{false, true} {
		name := map[bool]string{false: "grpc", true: "http"}[http]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stack := &fake.Stack{}
			test(t, stack, func() load.Target {
				start := map[bool]func(testing.TB) string{false: stack.GRPC, true: stack.HTTP}[http]
				return load.Target{Endpoint: start(t), HTTP: http}
			})
		})
	}
}

func send(t *testing.T, target load.Target, plan load.Plan) (*record.Ledger, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run.ledger")
	log, err := record.Create(path, record.Header{})
	if err != nil {
		t.Fatal(err)
	}
	plan.Timeout = 2 * time.Second
	sent := load.Send(t.Context(), load.NewGenerator(shape), plan, target, log, &load.Progress{})
	if err := log.Close(time.Second); err != nil {
		t.Fatal(err)
	}
	ledger, err := record.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return ledger, sent
}

func TestTokenIsReadAnewForEachExport(t *testing.T) {
	protocols(t, func(t *testing.T, stack *fake.Stack, to func() load.Target) {
		target := to()
		target.TokenFile = filepath.Join(t.TempDir(), "token")
		write := func(token string) {
			if err := os.WriteFile(target.TokenFile, []byte(token+"\n"), 0o600); err != nil {
				t.Error(err)
			}
		}
		write("first")
		stack.Answer = func(int) fake.Answer {
			write("second")
			return fake.Answer{}
		}
		if _, err := send(t, target, load.Plan{Traces: 2, Batch: 10, Connections: 1}); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, arrival := range stack.Arrivals() {
			got = append(got, arrival.Authorization)
		}
		if want := []string{"Bearer first", "Bearer second"}; !slices.Equal(got, want) {
			t.Errorf("came with %v, want %v", got, want)
		}
	})
}

func TestBatches(t *testing.T) {
	protocols(t, func(t *testing.T, stack *fake.Stack, to func() load.Target) {
		ledger, err := send(t, to(), load.Plan{Traces: 10, Batch: 32, Connections: 3})
		if want := (judge.Counts{Sent: 100, Acknowledged: 100}); err != nil || judge.Count(ledger.Exports) != want {
			t.Errorf("%v, %+v", err, judge.Count(ledger.Exports))
		}
		var sizes []int
		for _, arrival := range stack.Arrivals() {
			sizes = append(sizes, len(arrival.Request.ResourceSpans[0].ScopeSpans[0].Spans))
		}
		slices.Sort(sizes)
		if !slices.Equal(sizes, []int{4, 32, 32, 32}) {
			t.Errorf("exports of %v spans", sizes)
		}
	})
}

func TestRetryUntilAccepted(t *testing.T) {
	for _, code := range []codes.Code{codes.Unavailable, codes.ResourceExhausted} {
		t.Run(code.String(), func(t *testing.T) {
			protocols(t, func(t *testing.T, stack *fake.Stack, to func() load.Target) {
				stack.Answer = func(n int) fake.Answer {
					if n < 2 {
						return fake.Answer{Code: code}
					}
					return fake.Answer{}
				}
				ledger, err := send(t, to(), load.Plan{Traces: 1, Batch: 512, Connections: 1, RetryFor: time.Minute})
				if err != nil || len(ledger.Exports) != 1 {
					t.Fatalf("%v, %d exports", err, len(ledger.Exports))
				}
				if got := ledger.Exports[0].Answer; got.Outcome != record.Acknowledged || got.Attempts != 3 {
					t.Errorf("%+v", got)
				}
			})
		})
	}
}

func TestTheReceiversWaitIsHonoured(t *testing.T) {
	protocols(t, func(t *testing.T, stack *fake.Stack, to func() load.Target) {
		stack.Answer = func(n int) fake.Answer {
			if n == 0 {
				return fake.Answer{Code: codes.Unavailable, RetryAfter: time.Second}
			}
			return fake.Answer{}
		}
		if _, err := send(t, to(), load.Plan{Traces: 1, Batch: 512, Connections: 1, RetryFor: time.Minute}); err != nil {
			t.Fatal(err)
		}
		arrivals := stack.Arrivals()
		if waited := arrivals[1].At.Sub(arrivals[0].At); waited < time.Second {
			t.Errorf("came back after %v, asked to wait 1s", waited)
		}
	})
}

func TestUnacknowledgedAfterPatienceEnds(t *testing.T) {
	protocols(t, func(t *testing.T, stack *fake.Stack, to func() load.Target) {
		stack.Answer = func(n int) fake.Answer {
			if n == 0 {
				return fake.Answer{}
			}
			return fake.Answer{Code: codes.Unavailable}
		}
		ledger, err := send(t, to(), load.Plan{Traces: 2, Batch: 10, Connections: 1, RetryFor: 300 * time.Millisecond})
		want := judge.Counts{Sent: 20, Acknowledged: 10, Unacknowledged: 10}
		if err != nil || judge.Count(ledger.Exports) != want {
			t.Errorf("%v, %+v", err, judge.Count(ledger.Exports))
		}
	})
}

func TestRefusedForGoodIsNotRetried(t *testing.T) {
	protocols(t, func(t *testing.T, stack *fake.Stack, to func() load.Target) {
		stack.Answer = func(n int) fake.Answer {
			if n == 1 {
				return fake.Answer{Code: codes.InvalidArgument}
			}
			return fake.Answer{}
		}
		ledger, err := send(t, to(), load.Plan{Traces: 3, Batch: 10, Connections: 1, RetryFor: time.Minute})
		want := judge.Counts{Sent: 30, Acknowledged: 20, Unacknowledged: 10, Refused: 10}
		if err != nil || judge.Count(ledger.Exports) != want || len(stack.Arrivals()) != 3 {
			t.Errorf("%v, %+v, %d arrivals", err, judge.Count(ledger.Exports), len(stack.Arrivals()))
		}
	})
}

// A receiver's limit is not a full receiver: what is too large today is too large in a minute.
func TestTooLargeForGRPCIsRefusedForGood(t *testing.T) {
	stack := &fake.Stack{}
	large := shape
	large.SpansPerTrace, large.Profile = 5000, load.Mixed // some 8 MiB; a gRPC server takes 4
	path := filepath.Join(t.TempDir(), "run.ledger")
	log, err := record.Create(path, record.Header{})
	if err != nil {
		t.Fatal(err)
	}
	plan := load.Plan{Traces: 1, Batch: 5000, Connections: 1, RetryFor: time.Minute, Timeout: 10 * time.Second}
	sent := load.Send(t.Context(), load.NewGenerator(large), plan, load.Target{Endpoint: stack.GRPC(t)}, log, &load.Progress{})
	if err := log.Close(time.Second); err != nil {
		t.Fatal(err)
	}
	ledger, err := record.Read(path)
	if err != nil || !errors.Is(sent, load.ErrNoReceiver) {
		t.Fatalf("%v, %v", sent, err)
	}
	if got := ledger.Exports[0].Answer; got.Outcome != record.Refused || got.Attempts != 1 {
		t.Errorf("%+v", got)
	}
}

func TestExportsHaveABoundInBytes(t *testing.T) {
	const bound = 4000 // bytes; about ten of these spans, less than the smallest batch by number
	protocols(t, func(t *testing.T, stack *fake.Stack, to func() load.Target) {
		ledger, err := send(t, to(), load.Plan{Traces: 10, Batch: 512, BatchBytes: bound, Connections: 1})
		if want := (judge.Counts{Sent: 100, Acknowledged: 100}); err != nil || judge.Count(ledger.Exports) != want {
			t.Errorf("%v, %+v", err, judge.Count(ledger.Exports))
		}
		for _, arrival := range stack.Arrivals() {
			list := arrival.Request.ResourceSpans[0].ScopeSpans[0]
			if size := proto.Size(list); size > bound || size < bound/3 && len(list.Spans) > 10 {
				t.Errorf("an export of %d spans in %d bytes", len(list.Spans), size)
			}
		}
		if exports := len(ledger.Exports); exports < 9 || exports > 20 {
			t.Errorf("%d exports", exports)
		}
	})
}

func TestASpanAboveTheBoundLeavesAlone(t *testing.T) {
	stack := &fake.Stack{}
	ledger, err := send(t, load.Target{Endpoint: stack.GRPC(t)}, load.Plan{Traces: 2, Batch: 512, BatchBytes: 1, Connections: 1})
	if err != nil || len(ledger.Exports) != 20 {
		t.Errorf("%v, %d exports of 20 spans", err, len(ledger.Exports))
	}
}

func TestPartialSuccessIsUncertain(t *testing.T) {
	protocols(t, func(t *testing.T, stack *fake.Stack, to func() load.Target) {
		stack.Answer = func(n int) fake.Answer {
			if n == 1 {
				return fake.Answer{Rejected: 3}
			}
			return fake.Answer{}
		}
		ledger, err := send(t, to(), load.Plan{Traces: 3, Batch: 10, Connections: 1})
		want := judge.Counts{Sent: 30, Acknowledged: 20, Uncertain: 10}
		if err != nil || judge.Count(ledger.Exports) != want {
			t.Errorf("%v, %+v", err, judge.Count(ledger.Exports))
		}
	})
}

func TestNoReceiver(t *testing.T) {
	for _, http := range []bool{false, true} {
		target := load.Target{Endpoint: "127.0.0.1:1", HTTP: http}
		ledger, err := send(t, target, load.Plan{Duration: time.Minute, Batch: 10, Connections: 2, RetryFor: 300 * time.Millisecond})
		counts := judge.Count(ledger.Exports)
		if !errors.Is(err, load.ErrNoReceiver) || counts.Acknowledged != 0 || counts.Unacknowledged != counts.Sent {
			t.Errorf("http %v: %v, %+v", http, err, counts)
		}
	}
}

func TestInterruptedRunHasAnAnswerForEachExport(t *testing.T) {
	stack := &fake.Stack{}
	path := filepath.Join(t.TempDir(), "run.ledger")
	log, err := record.Create(path, record.Header{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(300*time.Millisecond, func() { cancel(errors.New("signal")) })
	plan := load.Plan{Duration: time.Minute, Batch: 100, Connections: 4, Timeout: time.Second, RetryFor: time.Minute}
	if err := load.Send(ctx, load.NewGenerator(shape), plan, load.Target{Endpoint: stack.GRPC(t)}, log, &load.Progress{}); err != nil {
		t.Error(err)
	}
	if err := log.Close(time.Second); err != nil {
		t.Fatal(err)
	}
	ledger, err := record.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, export := range ledger.Exports {
		if export.Attempts == 0 {
			t.Errorf("export %d of %d has no answer", i, len(ledger.Exports))
		}
	}
	if judge.Count(ledger.Exports).Acknowledged == 0 {
		t.Error("nothing was acknowledged before the interruption")
	}
}

func TestALogThatFailsStopsSending(t *testing.T) {
	stack := &fake.Stack{}
	full := errors.New("disk full")
	err := load.Send(context.Background(), load.NewGenerator(shape),
		load.Plan{Traces: 100, Batch: 10, Connections: 1, Timeout: time.Second},
		load.Target{Endpoint: stack.GRPC(t)}, brokenLog{full}, &load.Progress{})
	if !errors.Is(err, full) || len(stack.Arrivals()) != 0 {
		t.Errorf("%v, %d exports left unrecorded", err, len(stack.Arrivals()))
	}
}

type brokenLog struct{ err error }

func (b brokenLog) Sent([]record.Group) (uint32, error)        { return 0, b.err }
func (b brokenLog) Answered(uint32, record.Answer) (err error) { return b.err }

func TestRate(t *testing.T) {
	stack := &fake.Stack{}
	started := time.Now()
	plan := load.Plan{Traces: 100, Batch: 512, Connections: 2, Rate: 1000}
	if _, err := send(t, load.Target{Endpoint: stack.GRPC(t)}, plan); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(started); took < 900*time.Millisecond || took > 10*time.Second {
		t.Errorf("1000 spans at 1000/s took %v", took)
	}
	if exports := len(stack.Arrivals()); exports < 4 {
		t.Errorf("%d exports: spans waited for full ones", exports)
	}
}

func TestTraceDuration(t *testing.T) {
	stack := &fake.Stack{}
	plan := load.Plan{Traces: 5, Batch: 512, Connections: 1, Rate: 100, TraceDuration: time.Second}
	ledger, err := send(t, load.Target{Endpoint: stack.GRPC(t)}, plan)
	if counts := judge.Count(ledger.Exports); err != nil || counts.Acknowledged != 50 {
		t.Fatalf("%v, %+v", err, counts)
	}
	first, roots := map[string]time.Time{}, 0
	for _, arrival := range stack.Arrivals() {
		for _, span := range arrival.Request.ResourceSpans[0].ScopeSpans[0].Spans {
			trace := string(span.TraceId)
			if _, seen := first[trace]; !seen {
				first[trace] = arrival.At
			}
			if span.Kind != tracepb.Span_SPAN_KIND_SERVER {
				continue
			}
			roots++
			if late := arrival.At.Sub(first[trace]); late < 600*time.Millisecond || late > 5*time.Second {
				t.Errorf("the root came %v after the first span, want about 1s", late)
			}
			if length := time.Duration(span.EndTimeUnixNano - span.StartTimeUnixNano); length < 900*time.Millisecond {
				t.Errorf("a trace of 1s has a root of %v", length)
			}
		}
	}
	if roots != 5 {
		t.Errorf("%d roots", roots)
	}
}
