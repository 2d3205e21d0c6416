// Command ledger judges whether a tracing stack loses spans: it sends spans over OTLP, keeps the ids of all that were
// acknowledged, and compares them with the ids stored in Elasticsearch. See README.md.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Exit codes.
const (
	exitOK          = 0
	exitFault       = 1 // something is lost, duplicated or unexpected, or was not acknowledged
	exitUsage       = 2
	exitUnreachable = 3
)

const overview = `Sends spans over OTLP, remembers every acknowledged one, and looks for it in storage.

  ledger send    --endpoint HOST:PORT --traces N    send, and write a ledger file
  ledger verify  --ledger FILE --elasticsearch URL  compare a ledger file with Elasticsearch
  ledger run     all flags of send and verify       send, then verify
  ledger traces  --ledger FILE                      list the traces of a ledger file
  ledger exports --ledger FILE                      list the exports of a ledger file: when, how long, attempts, outcome
  ledger latency --endpoint HOST:PORT --jaeger URL  time from export until Jaeger returns the trace

"ledger COMMAND --help" lists the flags. Results are one JSON object on stdout, progress is on stderr.
Exit codes: 0 nothing wrong; 1 spans lost, duplicated, unexpected or not acknowledged; 2 usage; 3 a system cannot be
reached.
`

// command defines its flags on f. Once they are parsed, resolve checks them and returns what to do; that is done only
// if f has no faults.
type command func(f *flags) (resolve func() action)

type action func(ctx context.Context, out console) error

var commands = map[string]command{
	"send": sendCommand, "verify": verifyCommand, "run": runCommand, "traces": tracesCommand,
	"exports": exportsCommand, "latency": latencyCommand,
}

// errFault ends with exitFault; the result has been printed.
var errFault = errors.New("not all is well")

// unreachable ends with exitUnreachable.
type unreachable struct{ error }

func (u unreachable) Unwrap() error { return u.error }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(execute(ctx, os.Args[1:], console{os.Stdout, os.Stderr}))
}

func execute(ctx context.Context, args []string, out console) int {
	if len(args) == 0 {
		fmt.Fprint(out.progress, overview)
		return exitUsage
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		fmt.Fprint(out.results, overview)
		return exitOK
	}
	define, found := commands[args[0]]
	if !found {
		fmt.Fprintf(out.progress, "found command %q, want one of:\n\n%s", args[0], overview)
		return exitUsage
	}
	f := newFlags(args[0])
	resolve := define(f)
	if errors.Is(f.parse(args[1:]), flag.ErrHelp) {
		fmt.Fprintf(out.results, "ledger %s\n\n", args[0])
		f.help(out.results)
		return exitOK
	}
	do := resolve()
	err := f.check()
	if err == nil {
		err = do(ctx, out)
	}
	if errors.As(err, &unreachable{}) && ctx.Err() != nil {
		err = ctx.Err() // interrupted, which says nothing of the other side
	}
	return out.exit(args[0], err)
}

// console is where a command writes: results for programs, progress for people.
type console struct{ results, progress io.Writer }

func (c console) exit(command string, err error) int {
	if err == nil {
		return exitOK
	}
	if errors.Is(err, errFault) {
		return exitFault
	}
	if usage := (&usageError{}); errors.As(err, &usage) {
		fmt.Fprintf(c.progress, "%v\n\"ledger %s --help\" lists the flags.\n", usage, command)
		return exitUsage
	}
	fmt.Fprintf(c.progress, "ledger %s: %v\n", command, err)
	if errors.As(err, &unreachable{}) {
		return exitUnreachable
	}
	return exitFault
}

func (c console) say(format string, args ...any) { fmt.Fprintf(c.progress, format+"\n", args...) }

func (c console) print(result any) error {
	encoder := json.NewEncoder(c.results)
	encoder.SetIndent("", "  ")
	return encoder.Encode(result)
}

// follow says line every five seconds until the function it returns is called.
func (c console) follow(line func() string) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(5 * time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				c.say("%s", line())
			case <-done:
				return
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}
