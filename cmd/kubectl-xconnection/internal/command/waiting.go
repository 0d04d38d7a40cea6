// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	watchtools "k8s.io/client-go/tools/watch"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/cmd/kubectl-xconnection/internal/terminal"
)

// waiting are the flags of commands that wait for the operator.
type waiting struct {
	wait    bool
	timeout time.Duration
}

func (w *waiting) addFlags(cmd *cobra.Command, usage string) {
	cmd.Flags().BoolVar(&w.wait, "wait", w.wait, usage)
	cmd.Flags().DurationVar(&w.timeout, "timeout", w.timeout,
		"How long to wait before giving up, such as 30s or 10m. Zero means to wait for ever.")
}

func (w *waiting) validate() error {
	if w.timeout < 0 {
		return &problem{code: ExitError, what: fmt.Sprintf("--timeout must not be negative, and is %s", w.timeout)}
	}
	return nil
}

// routine are the reasons that nobody needs to be told of.
var routine = []string{
	v1alpha1.ReasonConnected, v1alpha1.ReasonProgressing, v1alpha1.ReasonConsentRequired, v1alpha1.ReasonDisconnected,
}

// teller tells a person what is waited for and, once each, what stands in the way.
type teller struct {
	*terminal.Progress
	told string
}

func (f *factory) teller() *teller {
	return &teller{Progress: terminal.NewProgress(f.ErrOut, f.Screen.ErrColours, f.Clock)}
}

// trouble tells how an object stands, if that is news.
func (t *teller) trouble(conn *v1alpha1.XConnection) {
	stands := because(conn)
	if stands == t.told || !observed(conn) || slices.Contains(routine, ready(conn).Reason) {
		return
	}
	t.told = stands
	t.Say("%s", stands)
}

// until follows an object until step says that it is done, and gives the version
// that it was done with. goal says what is waited for, as in "the refresh"; it
// appears if the time runs out.
func (w *waiting) until(
	ctx context.Context, c *connections, tells *teller,
	conn *v1alpha1.XConnection, goal string, step func(*v1alpha1.XConnection) (bool, error),
) (*v1alpha1.XConnection, error) {
	bounded, cancel := watchtools.ContextWithOptionalTimeout(ctx, w.timeout)
	defer cancel()
	defer tells.Stop()
	last := conn
	err := c.follow(bounded, conn, func(version *v1alpha1.XConnection) (bool, error) {
		last = version
		return step(version)
	})
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return nil, w.overdue(last, goal)
	}
	return last, err
}

// overdue says that the time ran out, and how things stand. A command that is
// called again goes on where this one ended.
func (w *waiting) overdue(conn *v1alpha1.XConnection, goal string) error {
	stands := because(conn)
	if !observed(conn) {
		stands = "the operator does not answer: is it running?"
	}
	return &problem{
		code: ExitTimeout,
		what: fmt.Sprintf("%s did not see %s within %s: %s", title(conn), goal, w.timeout, stands),
		next: fmt.Sprintf("What was asked for stands. To look again: %s", call("status", conn)),
	}
}
