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
	"fmt"
	"io"
	"time"

	"github.com/agentconnect/x-operator/hack/internal/harness"
	"github.com/agentconnect/x-operator/internal/bench"
)

func main() { harness.Main("bench", run) }

func run(ctx context.Context, args []string, out, diagnostics io.Writer) (met bool, err error) {
	if len(args) > 0 && args[0] == "raw-loop" {
		return true, rawLoop(ctx, args[1:], out)
	}
	options, err := parse(args, diagnostics)
	if err != nil {
		return false, err
	}
	options.Progress = diagnostics
	report, err := bench.Measure(ctx, options)
	report.Print(out)
	if err := errors.Join(err, report.Write(options.Folder)); err != nil {
		return false, err
	}
	_, _ = fmt.Fprintln(diagnostics, "the results and logs are in", options.Folder)
	return !report.Missed(), nil
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
