package main

import (
	"time"

	"tracing/ledger/internal/judge"
	"tracing/ledger/internal/record"
)

// run is what any report on a ledger begins with. Seconds are null where they are not known.
type run struct {
	RunID   string `json:"runId"`
	Service string `json:"service"`
	Ledger  string `json:"ledger"`
	Exports int    `json:"exports"`
	// Retries is attempts beyond the first of each export. Each may have stored the spans once more.
	Retries int `json:"retries"`
	// SenderEnded is false if the sender was killed.
	SenderEnded bool     `json:"senderEnded"`
	SendSeconds *float64 `json:"sendSeconds"`
	// AchievedRate is acknowledged spans per second of SendSeconds.
	AchievedRate *float64 `json:"achievedRate"`
	// ExportLatency is of acknowledged exports, from the first attempt to the answer.
	ExportLatency judge.Quantiles `json:"exportLatencySeconds"`
}

// sendReport is the result of send.
type sendReport struct {
	run
	judge.Counts
}

// verifyReport is the result of verify and run.
type verifyReport struct {
	run
	judge.Verdict
	// StoredSeconds is from the start of sending until all that was expected was seen in storage, to within the time
	// between two looks; an upper bound if verify was started later. Null if something is lost.
	StoredSeconds *float64 `json:"storedSeconds"`
}

func summarise(path string, ledger *record.Ledger) run {
	r := run{
		RunID: ledger.RunID, Service: ledger.Service, Ledger: path,
		Exports: len(ledger.Exports), SenderEnded: ledger.Elapsed > 0,
	}
	var latencies []time.Duration
	for _, export := range ledger.Exports {
		r.Retries += max(0, export.Attempts-1)
		if export.Outcome == record.Acknowledged {
			latencies = append(latencies, export.Latency)
		}
	}
	r.ExportLatency = judge.QuantilesOf(latencies)
	if r.SenderEnded {
		seconds := ledger.Elapsed.Seconds()
		rate := float64(judge.Count(ledger.Exports).Acknowledged) / seconds
		r.SendSeconds, r.AchievedRate = &seconds, &rate
	}
	return r
}
