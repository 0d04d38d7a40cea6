// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command kubectl-xconnection is the kubectl plugin of the X operator: it connects
// X accounts, shows how they stand, and refreshes and disconnects them. It talks to
// the API server alone, with the person's own rights, and never shows a token.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/agentconnect/x-operator/cmd/kubectl-xconnection/internal/command"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	os.Exit(command.Run(ctx, command.Arguments(os.Args), command.Real(streams))) //nolint:forbidigo // This is a main.
}
