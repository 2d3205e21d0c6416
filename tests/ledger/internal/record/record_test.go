package record

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

var (
	header = Header{RunID: "1a2b", Service: "ledger-1a2b", Started: time.Unix(1_700_000_000, 5).UTC(), Seed: 42,
		Operations: []string{"GET /", "POST /api/auth/login"}}
	exports = []Export{
		{
			Groups: []Group{
				{Trace: TraceID{0: 0, 15: 1}, Operation: 1, Failed: true, Bytes: 70_000, Spans: []SpanID{{7: 1}, {7: 2}}},
				{Trace: TraceID{0: 255}, Spans: []SpanID{{0: 9}}},
			},
			Answer: Answer{Outcome: Acknowledged, Attempts: 3, Latency: 1500 * time.Millisecond, At: 1_800_000_000_123_456_789},
		},
		{
			Groups: []Group{{Trace: TraceID{3: 3}, Spans: []SpanID{{7: 7}}}},
			Answer: Answer{Outcome: Uncertain, Attempts: 1, Latency: time.Millisecond},
		},
		{Groups: []Group{{Trace: TraceID{4: 4}, Spans: []SpanID{{7: 8}}}}}, // never answered
		{
			Groups: []Group{{Trace: TraceID{5: 5}, Spans: []SpanID{{7: 9}}}},
			Answer: Answer{Outcome: Refused, Attempts: 1, Latency: time.Millisecond},
		},
	}
)

func write(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run.ledger")
	w, err := Create(path, header)
	if err != nil {
		t.Fatal(err)
	}
	for i, export := range exports {
		number, err := w.Sent(export.Groups)
		if err != nil || number != uint32(i) {
			t.Fatalf("export %d, %v", number, err)
		}
	}
	for _, i := range []uint32{3, 1, 0} { // answers come in any order
		if err := w.Answered(i, exports[i].Answer); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(3 * time.Second); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRoundTrip(t *testing.T) {
	got, err := Read(write(t))
	want := &Ledger{Header: header, Exports: exports, Elapsed: 3 * time.Second}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\ngot  %+v\nwant %+v", err, got, want)
	}
}

// A killed sender leaves a file that ends anywhere. All before the last, incomplete entry has to be readable.
func TestEveryTruncation(t *testing.T) {
	whole, err := os.ReadFile(write(t))
	if err != nil {
		t.Fatal(err)
	}
	headerEnds := len(magic) + overhead + bytes.IndexByte(whole[len(magic)+5:], '}') + 1
	acknowledged := 0
	for length := range whole {
		got, err := decode(bytes.NewReader(whole[:length]))
		if length < headerEnds {
			if err == nil {
				t.Fatalf("%d bytes, less than the header, are taken for a ledger", length)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%d bytes: %v", length, err)
		}
		if got.Elapsed != 0 {
			t.Fatalf("%d bytes: ended", length)
		}
		now := 0
		for _, export := range got.Exports {
			if export.Outcome == Acknowledged {
				now++
			}
		}
		if now < acknowledged {
			t.Fatalf("%d bytes: an acknowledgement is gone", length)
		}
		acknowledged = now
	}
	if acknowledged != 1 {
		t.Errorf("%d exports acknowledged before the end, want 1", acknowledged)
	}
}

func TestDamageIsNotTakenForTruncation(t *testing.T) {
	whole, err := os.ReadFile(write(t))
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Clone(whole)
	damaged[len(whole)/2] ^= 1
	if _, err := decode(bytes.NewReader(damaged)); err == nil {
		t.Error("a flipped bit goes unnoticed")
	}
	if _, err := decode(strings.NewReader("something else")); err == nil {
		t.Error("any file is a ledger")
	}
}

func TestLedgerIsNotOverwritten(t *testing.T) {
	path := write(t)
	if _, err := Create(path, header); err == nil {
		t.Error("an existing ledger is overwritten")
	}
}

// What follows an incomplete entry could not be read, so nothing may.
func TestNothingIsWrittenAfterAFailure(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.ledger")
	w, err := Create(path, header)
	if err != nil {
		t.Fatal(err)
	}
	w.file.Close()
	_, first := w.Sent(exports[0].Groups)
	if w.file, err = os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0); err != nil {
		t.Fatal(err)
	}
	second := w.Answered(0, exports[0].Answer)
	if first == nil || second == nil {
		t.Errorf("after a failed write: %v, then %v", first, second)
	}
}

func TestIDsWithAndWithoutLeadingZeros(t *testing.T) {
	want := TraceID{14: 0x0a, 15: 0xbc}
	for _, text := range []string{"abc", "0abc", strings.Repeat("0", 29) + "abc", strings.Repeat("0", 29) + "ABC"} {
		if got, err := ParseTraceID(text); err != nil || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	if id, err := ParseSpanID("1"); err != nil || id.String() != "0000000000000001" {
		t.Errorf("%v, %v", id, err)
	}
	for _, text := range []string{"", "xyz", strings.Repeat("0", 33)} {
		if _, err := ParseTraceID(text); err == nil {
			t.Errorf("%q is taken for a trace id", text)
		}
	}
}
