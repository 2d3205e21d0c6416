package record

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Ledger is a ledger file in memory: about 20 bytes per span with ten spans per trace.
type Ledger struct {
	Header
	Exports []Export
	// Elapsed is from Started to the last answer; 0 if the sender did not end by itself.
	Elapsed time.Duration
	// Truncated says that the last entry is incomplete: the sender was killed while it wrote.
	Truncated bool
}

// Export is one OTLP request: the spans in it and what became of it.
type Export struct {
	Groups []Group
	Answer
}

// Read loads a ledger. A file that ends within an entry is what a killed sender leaves: what precedes is returned and
// Truncated is set. Anything else that does not fit the format is an error.
func Read(path string) (*Ledger, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	ledger, err := decode(bufio.NewReaderSize(file, 1<<20))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return ledger, nil
}

func decode(from io.Reader) (*Ledger, error) {
	start := make([]byte, len(magic))
	if _, err := io.ReadFull(from, start); err != nil || string(start) != magic {
		return nil, errors.New("not a ledger file")
	}
	ledger := &Ledger{}
	for entries := 0; ; entries++ {
		kind, payload, err := readEntry(from)
		switch {
		case errors.Is(err, io.EOF) && entries > 0:
			return ledger, nil
		case errors.Is(err, io.ErrUnexpectedEOF) && entries > 0:
			ledger.Truncated = true
			return ledger, nil
		case err != nil:
			return nil, fmt.Errorf("entry %d: %w", entries, err)
		case (kind == kindHeader) != (entries == 0):
			return nil, fmt.Errorf("entry %d: the header is the first entry and only that", entries)
		}
		if err := ledger.add(kind, payload); err != nil {
			return nil, fmt.Errorf("entry %d: %w", entries, err)
		}
	}
}

// readEntry returns io.EOF at the end of the file and io.ErrUnexpectedEOF within an entry.
func readEntry(from io.Reader) (kind byte, payload []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(from, head[:]); err != nil {
		return 0, nil, err
	}
	length := binary.LittleEndian.Uint32(head[1:])
	if length > maxPayload {
		return 0, nil, fmt.Errorf("length %d, at most %d", length, maxPayload)
	}
	body := make([]byte, length+4)
	if _, err := io.ReadFull(from, body); err != nil {
		return 0, nil, io.ErrUnexpectedEOF
	}
	kind, payload = head[0], body[:length]
	if checksum(kind, payload) != binary.LittleEndian.Uint32(body[length:]) {
		return 0, nil, errors.New("checksum differs")
	}
	return kind, payload, nil
}

func (l *Ledger) add(kind byte, payload []byte) error {
	switch kind {
	case kindHeader:
		return json.Unmarshal(payload, &l.Header)
	case kindSent:
		groups, err := decodeSent(payload)
		if err != nil {
			return err
		}
		l.Exports = append(l.Exports, Export{Groups: groups})
	case kindAnswered:
		number, answer, err := decodeAnswer(payload)
		if err != nil {
			return err
		}
		if int(number) >= len(l.Exports) {
			return fmt.Errorf("an answer to export %d of %d", number, len(l.Exports))
		}
		l.Exports[number].Answer = answer
	case kindEnded:
		if len(payload) != 8 {
			return fmt.Errorf("end entry of %d bytes", len(payload))
		}
		l.Elapsed = time.Duration(binary.LittleEndian.Uint64(payload))
	default:
		return fmt.Errorf("unknown kind %q", kind)
	}
	return nil
}
