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
	v1alpha1.ReasonPublished, v1alpha1.ReasonPublishing,
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
func (t *teller) trouble(object subject) {
	stands := because(object)
	if stands == t.told || !observed(object) || slices.Contains(routine, ready(object).Reason) {
		return
	}
	t.told = stands
	t.Say("%s", stands)
}

// awaiting makes a step of what tells whether an object is as wanted: until it is, people
// are told what stands in the way and what is waited for.
func awaiting[T subject](tells *teller, what string, reached func(T) (bool, error)) func(T) (bool, error) {
	return func(object T) (bool, error) {
		done, err := reached(object)
		if !done && err == nil {
			tells.trouble(object)
			tells.Wait(what, title(object))
		}
		return done, err
	}
}

// until follows an object until step says that it is done, and gives the version
// that it was done with. goal says what is waited for, as in "the refresh"; it
// appears if the time runs out.
func (c *objects[T]) until(
	ctx context.Context, w waiting, tells *teller,
	object T, goal string, step func(T) (bool, error),
) (T, error) {
	bounded, cancel := watchtools.ContextWithOptionalTimeout(ctx, w.timeout)
	defer cancel()
	defer tells.Stop()
	last := object
	err := c.follow(bounded, object, func(version T) (bool, error) {
		last = version
		return step(version)
	})
	if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return last, w.overdue(last, goal)
	}
	return last, err
}

// overdue says that the time ran out, and how things stand. A command that is
// called again goes on where this one ended.
func (w waiting) overdue(object subject, goal string) error {
	stands := because(object)
	if !observed(object) {
		stands = "the operator does not answer: is it running?"
	}
	return &problem{
		code: ExitTimeout,
		what: fmt.Sprintf("%s did not see %s within %s: %s", title(object), goal, w.timeout, stands),
		next: "What was asked for stands. To look again: " + lookAgain(object),
	}
}

// lookAgain is how to see how an object stands.
func lookAgain(object subject) string {
	if conn, ok := object.(*v1alpha1.XConnection); ok {
		return call("status", conn)
	}
	return fmt.Sprintf("kubectl get xpost %s -n %s", object.GetName(), object.GetNamespace())
}
