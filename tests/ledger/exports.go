package main

import (
	"bufio"
	"context"
	"fmt"
	"time"

	"tracing/ledger/internal/record"
)

var outcomeNames = map[record.Outcome]string{
	record.Unacknowledged: "unacknowledged", record.Acknowledged: "acknowledged",
	record.Uncertain: "uncertain", record.Refused: "refused",
}

// exportsCommand prints one line per export that was answered: when the first attempt began (ms since 1970), how long it took until the
// last answer (ms), attempts, outcome and spans, separated by tabs. A test tells by it how a sender fared meanwhile.
func exportsCommand(f *flags) func() action {
	ledger := ledgerFlag(f)
	return func() action {
		_, facts := ledger()
		return func(_ context.Context, out console) error {
			lines := bufio.NewWriter(out.results)
			for _, export := range facts.Exports {
				if export.At == 0 {
					continue
				}
				spans := 0
				for _, group := range export.Groups {
					spans += len(group.Spans)
				}
				began := time.Unix(0, export.At).Add(-export.Latency)
				fmt.Fprintf(lines, "%d\t%.3f\t%d\t%s\t%d\n",
					began.UnixMilli(), export.Latency.Seconds()*1000, export.Attempts, outcomeNames[export.Outcome], spans)
			}
			return lines.Flush()
		}
	}
}
