// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package command holds the plugin's commands, a file each. They are built as
// kubectl's own are: flags from cli-runtime, results on standard output, everything
// that is told on the way on standard error.
package command

import (
	"context"

	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/clock"

	"github.com/agentconnect/x-operator/cmd/kubectl-xconnection/internal/terminal"
)

// Options are what the commands meet of the world outside the cluster.
type Options struct {
	genericiooptions.IOStreams
	// Screen tells what the output streams are.
	Screen terminal.Screen
	// Clock gives times for people, and the values of requests.
	Clock clock.WithTicker
	// Open opens a link in the person's browser.
	Open func(ctx context.Context, link string) error
}

// Real are the options of a real run.
func Real(streams genericiooptions.IOStreams) Options {
	return Options{
		IOStreams: streams,
		Screen:    terminal.Look(streams),
		Clock:     clock.RealClock{},
		Open:      terminal.Open,
	}
}
