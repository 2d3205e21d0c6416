package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"tracing/ledger/internal/judge"
	"tracing/ledger/internal/load"
	"tracing/ledger/internal/record"
)

// sending is what the flags of send mean.
type sending struct {
	runID  string
	target load.Target
	shape  load.Shape
	plan   load.Plan
	out    string
}

func sendFlags(f *flags) func(target load.Target) sending {
	var out string
	shape, plan := shapeFlags(f), planFlags(f)
	f.text(&out, "out", "", "ledger `file` to write, which must not exist; default: <service>.ledger")
	return func(target load.Target) sending {
		s := sending{runID: newRunID(), target: target, out: out}
		s.shape = shape(s.runID)
		s.plan = plan(s.shape.SpansPerTrace)
		if s.out == "" {
			s.out = s.shape.Service + ".ledger"
		}
		return s
	}
}

func newRunID() string { return fmt.Sprintf("%08x", rand.Uint32()) }

func sendCommand(f *flags) func() action {
	trust, target, sending := trustFlags(f), targetFlags(f), sendFlags(f)
	return func() action {
		s := sending(target(trust()))
		return func(ctx context.Context, out console) error {
			ledger, err := s.send(ctx, out)
			if ledger == nil {
				return err
			}
			result := sendReport{summarise(s.out, ledger), judge.Count(ledger.Exports)}
			if printing := out.print(result); err != nil || printing != nil {
				return errors.Join(err, printing)
			}
			if result.Acknowledged < result.Sent {
				return errFault
			}
			return nil
		}
	}
}

// send writes the ledger and reads it back: what is reported is what the file says. The ledger is nil only if there is
// no file.
func (s sending) send(ctx context.Context, out console) (*record.Ledger, error) {
	header := record.Header{RunID: s.runID, Service: s.shape.Service, Started: time.Now(), Seed: s.shape.Seed}
	for _, operation := range s.shape.Operations {
		header.Operations = append(header.Operations, operation.String())
	}
	writer, err := record.Create(s.out, header)
	if err != nil {
		return nil, &usageError{[]string{fmt.Sprintf("--out: found %q, want a new file: %v", s.out, err)}}
	}
	out.say("run %s: service %s, seed %d, ledger %s", s.runID, s.shape.Service, s.shape.Seed, s.out)

	progress := &load.Progress{}
	stop := out.follow(func() string { return sendLine(progress, time.Since(header.Started)) })
	sent := load.Send(ctx, load.NewGenerator(s.shape), s.plan, s.target, writer, progress)
	stop()
	elapsed := time.Since(header.Started)
	out.say("%s", sendLine(progress, elapsed))
	if errors.Is(sent, load.ErrNoReceiver) {
		sent = unreachable{fmt.Errorf("%s: %w", s.target.Endpoint, sent)}
	}
	closed := writer.Close(elapsed)
	ledger, read := record.Read(s.out)
	return ledger, errors.Join(sent, closed, read)
}

func sendLine(progress *load.Progress, elapsed time.Duration) string {
	acknowledged := progress.Acknowledged.Load()
	line := fmt.Sprintf("%5.1f s: sent %d, acknowledged %d (%.0f/s), unacknowledged %d, uncertain %d, retries %d",
		elapsed.Seconds(), progress.Sent.Load(), acknowledged, float64(acknowledged)/elapsed.Seconds(),
		progress.Unacknowledged.Load(), progress.Uncertain.Load(), progress.Retries.Load())
	if refusal := progress.LastRefusal.Load(); refusal != nil {
		line += "; last refusal: " + *refusal
	}
	return line
}
