// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"syscall"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/agentconnect/x-operator/cmd/kubectl-xconnection/internal/terminal"
)

// The exit codes, for scripts. They are documented in the help of the root command.
const (
	// ExitOK: what was asked for is done.
	ExitOK = 0
	// ExitError: it is not, as with a wrong flag, a missing right or a missing object.
	ExitError = 1
	// ExitNotReady: the connection is not ready, or somebody must act first.
	ExitNotReady = 2
	// ExitTimeout: it did not happen in time. What was asked for stands.
	ExitTimeout = 3
	// ExitInterrupted: a signal ended the waiting, as a shell says it.
	ExitInterrupted = 130
)

// problem is an error that says by itself what happened to which object, and what
// to do next.
type problem struct {
	code int
	// what happened, to which object.
	what string
	// next is what to do; empty if what says it all.
	next string
}

// Error implements error.
func (p *problem) Error() string { return p.what }

// report prints an error as kubectl would and gives the exit code. Of several the
// lowest code wins: that something failed weighs more than that somebody must act.
func report(ctx context.Context, err error, options Options) int {
	if err == nil {
		return ExitOK
	}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return ExitInterrupted
	}
	return reportAll(err, options)
}

// reportAll prints each error of several that were joined.
func reportAll(err error, options Options) int {
	var several interface{ Unwrap() []error }
	if !errors.As(err, &several) {
		return reportOne(err, options)
	}
	code := ExitInterrupted
	for _, one := range several.Unwrap() {
		code = min(code, reportAll(one, options))
	}
	return code
}

func reportOne(err error, options Options) int {
	code, next := ExitError, ""
	var known *problem
	if errors.As(err, &known) {
		code, next = known.code, known.next
	}
	label, text := message(err)
	if options.Screen.ErrColours {
		label = terminal.Paint(terminal.Red, label)
	}
	_, _ = fmt.Fprintf(options.ErrOut, "%s %s\n", label, printers.EscapeTerminal(strings.TrimSpace(text)))
	if next != "" {
		_, _ = fmt.Fprintln(options.ErrOut, printers.EscapeTerminal(next))
	}
	return code
}

// message words an error as kubectl does: who says so, and what.
func message(err error) (label, text string) {
	var status apierrors.APIStatus
	var connection *url.Error
	switch {
	case errors.As(err, &status):
		return serverMessage(status.Status(), err)
	case errors.Is(err, syscall.ECONNREFUSED) && errors.As(err, &connection):
		return "error:", fmt.Sprintf("the connection to the server %s was refused: is the right cluster chosen? See: kubectl config current-context", host(connection))
	case errors.As(err, &connection):
		return "error:", fmt.Sprintf("can't reach the server %s: %v", host(connection), connection.Err)
	default:
		return "error:", err.Error()
	}
}

// serverMessage words an answer of the API server.
func serverMessage(status metav1.Status, err error) (label, text string) {
	switch {
	case status.Reason == metav1.StatusReasonUnauthorized:
		return "error:", fmt.Sprintf("You must be logged in to the server (%s)", status.Message)
	case unserved(err):
		return "error:", "this cluster knows no XConnections: the X operator is not installed here, or the wrong cluster is chosen. See: kubectl config current-context"
	case status.Reason == "":
		return "Error from server:", err.Error()
	default:
		return fmt.Sprintf("Error from server (%s):", status.Reason), err.Error()
	}
}

// unserved tells whether the API server does not know XConnections at all: that
// 404 is not one of the API's own answers.
func unserved(err error) bool {
	return apierrors.IsNotFound(err) && apierrors.IsUnexpectedServerError(err)
}

func host(err *url.Error) string {
	if address, parseErr := url.Parse(err.URL); parseErr == nil {
		return address.Host
	}
	return err.URL
}
