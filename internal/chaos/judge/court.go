// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"slices"
	"time"

	"github.com/agentconnect/x-operator/internal/xsim"
)

const (
	// patience is how long an undisturbed process may take from X's answer to the
	// store: far more than it ever needs, on a machine that is busy.
	patience = 10 * time.Second
	// sendWithin is how long after its intent a redeem may still be sent, and a
	// little for the machine.
	sendWithin = 6 * time.Second
	// settleWithin is how long a redeem may take from its call to the store: X's
	// slowest answer.
	settleWithin = 30 * time.Second
)

// court is the evidence, put in order.
type court struct {
	Evidence
	runs       map[string]Run
	tokens     map[string]xsim.TokenRecord
	grants     map[string]xsim.GrantRecord
	byPresent  map[string][]xsim.Event
	stored     map[string]bool
	byLogin    map[string]Connection
	loginsOf   map[person][]xsim.Event
	superseded map[string]bool
	lost       map[string]bool
}

func newCase(e Evidence) *court {
	c := &court{
		Evidence:   e,
		runs:       map[string]Run{},
		tokens:     map[string]xsim.TokenRecord{},
		grants:     map[string]xsim.GrantRecord{},
		byPresent:  map[string][]xsim.Event{},
		stored:     map[string]bool{},
		byLogin:    map[string]Connection{},
		loginsOf:   map[person][]xsim.Event{},
		superseded: map[string]bool{},
		lost:       map[string]bool{},
	}
	for _, run := range e.Runs {
		c.runs[run.Host] = run
	}
	for _, token := range e.Books.Tokens {
		c.tokens[token.Hash] = token
	}
	for _, grant := range e.Books.Grants {
		c.grants[grant.ID] = grant
	}
	for _, conn := range e.Connections {
		for _, login := range conn.Logins {
			c.byLogin[login] = conn
		}
		for _, hash := range conn.Stored {
			c.stored[hash] = true
		}
	}
	for _, event := range e.Books.Events {
		c.byPresent[event.Presented] = append(c.byPresent[event.Presented], event)
		if event.Endpoint == xsim.EndpointExchange && event.Outcome == xsim.OutcomeIssued {
			who := c.personOf(event.Grant)
			c.loginsOf[who] = append(c.loginsOf[who], event)
		}
	}
	return c
}

// person is who consents for a connection, logged in at X as an account.
type person struct{ connection, account string }

func (c *court) personOf(login string) person {
	return person{c.byLogin[login].Name, c.grants[login].Username}
}

// wantedAt tells whether a connection was not deleted yet.
func (c Connection) wantedAt(at time.Time) bool { return c.Wanted || at.Before(c.Removed) }

// able is the longest stretch of a time in which a process could have stored an
// answer, and whether that was all of the time.
func (c *court) able(run Run, from, to time.Time) (longest time.Duration, always bool) {
	disturbed := slices.Clone(run.Stops)
	for _, outage := range c.Outages {
		disturbed = append(disturbed, outage.Span)
	}
	if !run.Ended.IsZero() {
		disturbed = append(disturbed, Span{From: run.Ended})
	}
	slices.SortFunc(disturbed, func(a, b Span) int { return a.From.Compare(b.From) })
	at, always := from, true
	for _, span := range disturbed {
		if !span.From.Before(to) || !span.To.IsZero() && !span.To.After(at) {
			continue
		}
		always = false
		longest = max(longest, span.From.Sub(at))
		if span.To.IsZero() {
			return longest, false
		}
		at = span.To
	}
	return max(longest, to.Sub(at)), always
}

// stopped tells whether a process was stopped at some time between two moments.
func (r Run) stopped(from, to time.Time) bool {
	return slices.ContainsFunc(r.Stops, func(stop Span) bool {
		return stop.From.Before(to) && (stop.To.IsZero() || stop.To.After(from))
	})
}

// reached tells whether X's answer with a refresh token came whole to its caller.
func reached(e xsim.Event) bool {
	return e.Refresh != "" && e.Delivery == xsim.DeliveryComplete
}

// safe tells whether the refresh token of an answer is known to have been kept: it
// is or was stored, or was presented later.
func (c *court) safe(e xsim.Event) bool {
	return c.stored[e.Refresh] || c.Seen[e.Refresh] || len(c.byPresent[e.Refresh]) > 0
}

// revokes tells whether X revoked tokens that it was asked to revoke.
func revokes(e xsim.Event) bool {
	return e.Endpoint == xsim.EndpointRevoke && e.Outcome == xsim.OutcomeRevoked
}

// redeems tells whether a call presents a one-time token.
func redeems(e xsim.Event) bool {
	return e.Endpoint == xsim.EndpointRefresh || e.Endpoint == xsim.EndpointExchange
}
