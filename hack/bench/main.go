// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command bench measures what the operator costs, against targets and against a raw
// loop that does the same work with client-go and nothing else:
//
//	go run ./hack/bench --connections 1000
//
// It prints a table, and writes it with JSON, benchstat's format and a plot into
// .bench. It ends with 0 if every target was met, with 1 if one was missed, and with 2 if
// it could not be carried out. See internal/bench.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/agentconnect/x-operator/internal/bench"
)

func main() {
	// What a client says to logs tells nothing here.
	ctrl.SetLogger(logr.Discard())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, out, diagnostics io.Writer) int {
	if len(args) > 0 && args[0] == "raw-loop" {
		if err := rawLoop(ctx, args[1:], out); err != nil {
			_, _ = fmt.Fprintln(diagnostics, "raw-loop:", err)
			return 2
		}
		return 0
	}
	options, err := parse(args, diagnostics)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		_, _ = fmt.Fprintln(diagnostics, "bench:", err)
		return 2
	}
	options.Progress = diagnostics
	report, err := bench.Measure(ctx, options)
	report.Print(out)
	if err := errors.Join(err, report.Write(options.Folder)); err != nil {
		_, _ = fmt.Fprintln(diagnostics, "bench:", err)
		return 2
	}
	_, _ = fmt.Fprintln(diagnostics, "the results and logs are in", options.Folder)
	if report.Missed() {
		return 1
	}
	return 0
}

// rawLoop is the other arm: a process of its own, which the bench starts.
func rawLoop(ctx context.Context, args []string, out io.Writer) error {
	const arguments, workers = 6, 16
	if len(args) != arguments {
		return fmt.Errorf("it takes %d arguments: the bench starts it", arguments)
	}
	due, err := time.Parse(time.RFC3339Nano, args[5])
	if err != nil {
		return err
	}
	loop := bench.RawLoop{
		Kubeconfig: args[0], Home: args[1], TokenURL: args[2], ClientID: args[3], ClientSecret: args[4],
		Due: due, Workers: workers,
	}
	return loop.Run(ctx, out)
}
