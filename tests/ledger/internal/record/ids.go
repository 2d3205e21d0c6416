// Package record is the ledger file: which spans a run has sent, and what became of each export.
package record

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// TraceID and SpanID are the ids as OTLP carries them; their text is lower-case hex of 32 and 16 characters.
type (
	TraceID [16]byte
	SpanID  [8]byte
)

// Span names one span of one trace. Only the pair is unique.
type Span struct {
	Trace TraceID
	ID    SpanID
}

func (t TraceID) String() string { return hex.EncodeToString(t[:]) }

func (s SpanID) String() string { return hex.EncodeToString(s[:]) }

func (s Span) String() string { return s.Trace.String() + "/" + s.ID.String() }

// ParseTraceID reads up to 32 hex characters. Fewer are taken as an id without its leading zeros: Jaeger writes
// ids in full, but documents of releases before 1.16, and other tools, leave the zeros out.
func ParseTraceID(text string) (id TraceID, err error) {
	return id, parseHex(id[:], text)
}

// ParseSpanID reads up to 16 hex characters, with or without leading zeros.
func ParseSpanID(text string) (id SpanID, err error) {
	return id, parseHex(id[:], text)
}

func parseHex(into []byte, text string) error {
	length := 2 * len(into)
	if text == "" || len(text) > length {
		return fmt.Errorf("id %q: want 1 to %d hex characters", text, length)
	}
	if _, err := hex.Decode(into, []byte(strings.Repeat("0", length-len(text))+text)); err != nil {
		return fmt.Errorf("id %q: want 1 to %d hex characters", text, length)
	}
	return nil
}
