// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"k8s.io/cli-runtime/pkg/printers"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/cmd/kubectl-xconnection/internal/terminal"
)

// consent walks a person through a consent: it shows the link and follows what
// comes of it.
type consent struct {
	*factory
	waiting
	tells *teller
	// browse says whether to open the link in a browser.
	browse bool
	// request is the reconnect request that must have been answered; empty: any
	// connected account will do.
	request string

	// shown is the link that the person has.
	shown string
	// looked says that there was a look before, and last what it found of an attempt.
	looked bool
	last   *v1alpha1.ConsentOutcome
}

// walk shows the link and, if wanted, waits until the account is connected.
func (c *consent) walk(ctx context.Context, client *connections, conn *v1alpha1.XConnection) error {
	_, err := client.until(ctx, c.waiting, c.tells, conn, "a consent", func(conn *v1alpha1.XConnection) (bool, error) {
		return c.step(ctx, conn)
	})
	return err
}

// step looks at one version of the object.
func (c *consent) step(ctx context.Context, conn *v1alpha1.XConnection) (bool, error) {
	if err := checkUsable(conn); err != nil {
		return false, err
	}
	switch {
	case !observed(conn):
		c.tells.Wait("Waiting for the operator to look at %s", title(conn))
		return false, nil
	case c.answered(conn):
		return c.finish(conn)
	case isTrue(conn, v1alpha1.ConditionStalled):
		return false, notReady(conn)
	case conn.Status.AuthorizeURL == "":
		c.tells.trouble(conn)
		c.tells.Wait("Waiting for a link")
		return false, nil
	}
	if err := c.attempt(conn); err != nil {
		return false, err
	}
	c.show(ctx, conn.Status.AuthorizeURL)
	if !c.wait {
		return true, nil
	}
	c.tells.Wait("Waiting for a person's consent")
	return false, nil
}

// answered tells whether an account is connected and nothing more is asked of a
// person.
func (c *consent) answered(conn *v1alpha1.XConnection) bool {
	return conn.Status.Connected && conn.Status.AuthorizeURL == "" &&
		(c.request == "" || conn.Status.LastHandledReconnectAt == c.request)
}

// finish ends the walk once the operator is done as well.
func (c *consent) finish(conn *v1alpha1.XConnection) (bool, error) {
	switch {
	case isReady(conn):
		c.tells.Say("%s is connected as %s", title(conn), account(conn))
		return true, nil
	case isTrue(conn, v1alpha1.ConditionReconciling):
		c.tells.trouble(conn)
		c.tells.Wait("Connected as %s, waiting for the token", account(conn))
		return false, nil
	default:
		return false, &problem{
			code: ExitNotReady,
			what: fmt.Sprintf("%s is connected as %s, but not ready: %s", title(conn), account(conn), because(conn)),
			next: nextStep(conn),
		}
	}
}

// attempt looks at what came of the last attempt to consent. What the first look
// finds is an earlier one's; a later one that failed ends the walk, unless an account
// stays connected meanwhile: then it is told.
func (c *consent) attempt(conn *v1alpha1.XConnection) error {
	last, first := conn.Status.LastConsent, !c.looked
	failed := last != nil && last.Reason != v1alpha1.ReasonConnected
	news := failed && !sameOutcome(c.last, last)
	c.last, c.looked = last, true
	switch {
	case news && first && !conn.Status.Connected:
		c.tells.Say("The last attempt to connect %s failed: %s", title(conn), failure(conn))
		c.tells.told = because(conn)
	case news && !first && !conn.Status.Connected:
		return &problem{
			code: ExitNotReady,
			what: fmt.Sprintf("%s was not connected: %s", title(conn), failure(conn)),
			next: "To try again: " + call("connect", conn),
		}
	case news && !first && !strings.Contains(because(conn), last.Reason):
		c.tells.Say("That consent failed: %s. The present token stays", last.Reason)
		c.tells.trouble(conn)
	default:
		c.tells.trouble(conn)
	}
	return nil
}

// sameOutcome tells whether two looks found the same attempt: two may fail alike.
func sameOutcome(one, other *v1alpha1.ConsentOutcome) bool {
	return one != nil && other != nil && one.Reason == other.Reason && one.Time.Equal(&other.Time)
}

// failure words how the last attempt failed. The condition mostly has the operator's own
// words for it, and something that weighs more at times.
func failure(conn *v1alpha1.XConnection) string {
	stands, reason := because(conn), conn.Status.LastConsent.Reason
	if strings.Contains(stands, reason) {
		return stands
	}
	return reason + ", and then " + stands
}

// show prints the link, and opens it, once. Standard output gets the link alone.
func (c *consent) show(ctx context.Context, link string) {
	if link == c.shown {
		return
	}
	opened := c.shown != ""
	c.shown = link
	c.tells.Say("Open this link and consent with the X account to connect:")
	c.tells.Aside(func() { _ = printers.WriteEscaped(c.Out, link+"\n") })
	if !c.browse || opened {
		return
	}
	err := c.Open(ctx, link)
	if err != nil && !errors.Is(err, terminal.ErrNoBrowser) {
		c.tells.Say("The link could not be opened here: %v", err)
	}
}
