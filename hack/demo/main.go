// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command demo walks a connection's whole life on this machine: a real Kubernetes
// control plane, the simulator of X, and the operator's own binary with its
// ordinary flags, started and stopped by it. Each step prints what a person would
// type and what came back, and is checked; the exit code is 0 only if every step
// really happened.
//
//	go run ./hack/demo          # make demo
//	go run ./hack/demo --stay   # make run: stays up, with a link to click
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// exitInterrupted is the exit code of a program that an interrupt ended.
const exitInterrupted = 130

func main() {
	os.Exit(run())
}

func run() int {
	options, err := parse(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	// Interrupts stay caught to the end: stopping takes a moment, and an impatient
	// second one would leave processes behind.
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if err == nil {
		err = walk(ctx, options, os.Stdout)
	}
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "\ndemo: interrupted at", err)
		return exitInterrupted
	default:
		fmt.Fprintln(os.Stderr, "\ndemo:", err)
		return 1
	}
}
