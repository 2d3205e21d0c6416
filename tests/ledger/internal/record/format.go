package record

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// The file is the magic line followed by entries. Integers are little-endian.
//
//	entry    = kind (1 byte), length of payload (4), payload, CRC-32 of kind and payload (4)
//	header   = JSON of Header
//	sent     = per trace: trace id (16), operation (1), flags (1), number of spans (2), their bytes (4), span ids (8 each)
//	answered = which sent entry, counted from 0 (4), Outcome (1), attempts (4), latency in ns (8), when, in ns since 1970 (8)
//	ended    = ns from Header.Started to the last answer (8)
//
// A "sent" entry is in the file before the export leaves, so whatever reaches storage is known to the ledger even
// if the sender is killed. An export without an answer is unacknowledged.
const magic = "TRACING LEDGER 3\n"

const (
	kindHeader   = 'H'
	kindSent     = 'S'
	kindAnswered = 'A'
	kindEnded    = 'E'
)

// maxPayload bounds what a reader believes of a length field. An export of 4,096 spans, each of another trace,
// takes 128 KiB.
const maxPayload = 16 << 20

const (
	overhead    = 1 + 4 + 4
	groupBytes  = 16 + 1 + 1 + 2 + 4
	answerBytes = 4 + 1 + 4 + 8 + 8
	flagError   = 1
)

// Outcome says what is known of an export.
type Outcome uint8

const (
	// Unacknowledged: no answer in time, or none but "later". Its spans may be stored or not; neither is a fault.
	Unacknowledged Outcome = iota
	// Acknowledged: accepted in full. Its spans have to be stored, unless sampling drops their trace.
	Acknowledged
	// Uncertain: a partial success that rejected some spans without saying which. Treated like Unacknowledged.
	Uncertain
	// Refused: the receiver will never take it, and a client has to give it up. Otherwise like Unacknowledged.
	Refused
)

// Header is the first entry.
type Header struct {
	RunID   string `json:"runId"`
	Service string `json:"service"`
	// Started is when the sender began; wall clock.
	Started time.Time `json:"started"`
	// Seed is what all ids of the run derive from.
	Seed uint64 `json:"seed"`
	// Operations is what Group.Operation indexes.
	Operations []string `json:"operations"`
}

// Group is the spans of one trace within one export.
type Group struct {
	Trace TraceID
	// Operation is the trace's index in Header.Operations; Failed says that its root span has status ERROR.
	// Both belong to the trace: they let a test compute what sampling should keep.
	Operation uint8
	Failed    bool
	// Bytes is what these spans take as protobuf.
	Bytes uint32
	Spans []SpanID
}

// Answer is what became of one export.
type Answer struct {
	Outcome Outcome
	// Attempts counts how often the export was sent, the first time included; 0 if there was no answer.
	Attempts int
	// Latency is from the first attempt to the last answer, waits between attempts included.
	Latency time.Duration
	// At is when the answer came, in nanoseconds since 1970; 0 if there was none.
	At int64
}

func encodeSent(groups []Group) []byte {
	var out []byte
	for _, g := range groups {
		var flags uint8
		if g.Failed {
			flags |= flagError
		}
		out = append(append(out, g.Trace[:]...), g.Operation, flags)
		out = binary.LittleEndian.AppendUint16(out, uint16(len(g.Spans)))
		out = binary.LittleEndian.AppendUint32(out, g.Bytes)
		for _, id := range g.Spans {
			out = append(out, id[:]...)
		}
	}
	return out
}

func decodeSent(payload []byte) (groups []Group, err error) {
	for len(payload) > 0 {
		if len(payload) < groupBytes {
			return nil, errors.New("a sent entry ends within a trace")
		}
		g := Group{Trace: TraceID(payload[:16]), Operation: payload[16], Failed: payload[17]&flagError != 0}
		count := int(binary.LittleEndian.Uint16(payload[18:]))
		g.Bytes = binary.LittleEndian.Uint32(payload[20:])
		payload = payload[groupBytes:]
		if len(payload) < 8*count {
			return nil, errors.New("a sent entry ends within a trace")
		}
		g.Spans = make([]SpanID, count)
		for i := range g.Spans {
			g.Spans[i] = SpanID(payload[8*i:])
		}
		payload = payload[8*count:]
		groups = append(groups, g)
	}
	return groups, nil
}

func encodeAnswer(number uint32, a Answer) []byte {
	out := binary.LittleEndian.AppendUint32(make([]byte, 0, answerBytes), number)
	out = append(out, uint8(a.Outcome))
	out = binary.LittleEndian.AppendUint32(out, uint32(a.Attempts))
	out = binary.LittleEndian.AppendUint64(out, uint64(a.Latency))
	return binary.LittleEndian.AppendUint64(out, uint64(a.At))
}

func decodeAnswer(payload []byte) (number uint32, a Answer, err error) {
	if len(payload) != answerBytes || Outcome(payload[4]) > Refused {
		return 0, a, fmt.Errorf("malformed answer entry % x", payload)
	}
	return binary.LittleEndian.Uint32(payload), Answer{
		Outcome:  Outcome(payload[4]),
		Attempts: int(binary.LittleEndian.Uint32(payload[5:])),
		Latency:  time.Duration(binary.LittleEndian.Uint64(payload[9:])),
		At:       int64(binary.LittleEndian.Uint64(payload[17:])),
	}, nil
}
