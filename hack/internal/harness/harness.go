// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package harness is what the commands of the benchmark and of the crash suite
// have in common.
package harness

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"
)

// Main runs a command and exits: with 0 if it finds that all is well, with 1 if it
// finds that something is not, and with 2 if it could not be carried out. An
// interrupt ends the command's context.
func Main(name string, run func(ctx context.Context, args []string, out, diagnostics io.Writer) (well bool, err error)) {
	// What a client says to logs tells nothing here.
	ctrl.SetLogger(logr.Discard())
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	well, err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
	}
	os.Exit(code(well, err))
}

func code(well bool, err error) int {
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case !well:
		return 1
	default:
		return 0
	}
}

// Described lists what there is to choose from, for the help of a flag.
func Described(choices map[string]string) string {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(choices)) {
		_, _ = fmt.Fprintf(&text, "%s: %s\n", name, choices[name])
	}
	return strings.TrimSuffix(text.String(), "\n")
}
