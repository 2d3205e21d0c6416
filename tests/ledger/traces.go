package main

import (
	"bufio"
	"context"
	"fmt"

	"tracing/ledger/internal/record"
)

// tracesCommand prints one line per trace, in the order in which they were begun: trace id, "error" or "ok",
// operation, separated by tabs. It is what a test needs to compute which traces sampling keeps, for verify --kept.
func tracesCommand(f *flags) func() action {
	ledger := ledgerFlag(f)
	return func() action {
		_, facts := ledger()
		return func(_ context.Context, out console) error {
			lines := bufio.NewWriter(out.results)
			seen := map[record.TraceID]bool{}
			for _, export := range facts.Exports {
				for _, group := range export.Groups {
					if seen[group.Trace] {
						continue
					}
					seen[group.Trace] = true
					status := "ok"
					if group.Failed {
						status = "error"
					}
					fmt.Fprintf(lines, "%s\t%s\t%s\n", group.Trace, status, facts.Operations[group.Operation])
				}
			}
			return lines.Flush()
		}
	}
}
