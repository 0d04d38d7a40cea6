// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command kubectl-xconnection is the kubectl plugin of the X operator: it connects
// X accounts, shows how they stand, and publishes through them. It talks to the API
// server with the caller's own rights (to read mentions, to X or the agents' door as
// well), and never shows a token.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	// For a run in the operator's image, which has no certificates of its own. Where
	// the system has some, those count.
	_ "golang.org/x/crypto/x509roots/fallback"
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
