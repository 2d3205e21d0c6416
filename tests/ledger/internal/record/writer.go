package record

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"sync"
	"time"
)

// Writer appends to a ledger file. Each entry is one write to the operating system, so a killed process loses none;
// it is not forced to disk, so a machine that loses power may. Safe for concurrent use.
type Writer struct {
	mu      sync.Mutex
	file    *os.File
	exports uint32
	// failed is the first write error. Nothing is written after it, so the file ends where a reader can still tell.
	failed error
}

// Create starts a ledger. It refuses a path that exists: a ledger is evidence.
func Create(path string, header Header) (*Writer, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	w := &Writer{file: file}
	text, err := json.Marshal(header)
	if err != nil {
		return nil, err
	}
	if _, err := file.WriteString(magic); err != nil {
		return nil, err
	}
	return w, w.append(kindHeader, text)
}

// Sent records an export that is about to leave and returns its number.
func (w *Writer) Sent(groups []Group) (number uint32, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	number = w.exports
	w.exports++
	return number, w.append(kindSent, encodeSent(groups))
}

// Answered records what became of an export.
func (w *Writer) Answered(number uint32, answer Answer) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.append(kindAnswered, encodeAnswer(number, answer))
}

// Close records that the sender ended by itself, elapsed after Header.Started, and closes the file.
func (w *Writer) Close(elapsed time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := w.append(kindEnded, binary.LittleEndian.AppendUint64(nil, uint64(elapsed)))
	return errors.Join(err, w.file.Close())
}

func (w *Writer) append(kind byte, payload []byte) error {
	entry := append(make([]byte, 0, overhead+len(payload)), kind)
	entry = binary.LittleEndian.AppendUint32(entry, uint32(len(payload)))
	entry = append(entry, payload...)
	entry = binary.LittleEndian.AppendUint32(entry, checksum(kind, payload))
	if w.failed != nil {
		return w.failed
	}
	if _, err := w.file.Write(entry); err != nil {
		w.failed = fmt.Errorf("ledger: %w", err)
	}
	return w.failed
}

func checksum(kind byte, payload []byte) uint32 {
	return crc32.Update(crc32.ChecksumIEEE([]byte{kind}), crc32.IEEETable, payload)
}
