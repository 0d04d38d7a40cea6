// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"slices"
	"time"

	"github.com/agentconnect/x-operator/internal/xsim"
)

// judgeAnswers looks for each answer that reached the operator.
func judgeAnswers(c *court, v *Verdict) {
	for _, event := range c.Books.Events {
		if !redeems(event) || !reached(event) || c.safe(event) {
			continue
		}
		run := c.runs[event.Host]
		longest, _ := c.able(run, event.At, run.Ended)
		switch {
		case (run.End == Killed || run.End == Exhausted) && longest < patience:
			c.lost[event.Refresh] = true
			v.Losses = append(v.Losses, Loss{At: event.At, Endpoint: event.Endpoint, Grant: event.Grant, Run: run})
		case c.supersededBy(event):
			c.superseded[event.Refresh] = true
			v.Superseded++
		default:
			v.breach(AnswerLost, "%s of %s at %s by %s, which %s", event.Endpoint, event.Grant, event.At.Format(stamp), c.name(event.Host), fate(run))
		}
	}
}

func fate(run Run) string {
	if run.Ended.IsZero() {
		return "is alive"
	}
	return "ended at " + run.Ended.Format(stamp) + ": " + string(run.End)
}

// supersededBy tells whether an answer was dropped for another one of the same
// person that is kept: of the same token, or of a consent that came before the
// answer could be stored.
func (c *court) supersededBy(event xsim.Event) bool {
	kept := func(other xsim.Event) bool {
		return other.Refresh != event.Refresh && reached(other) && c.safe(other)
	}
	for _, other := range c.byPresent[event.Presented] {
		if kept(other) {
			return true
		}
	}
	run := c.runs[event.Host]
	for _, login := range c.loginsOf[c.personOf(event.Grant)] {
		switch longest, _ := c.able(run, event.At, login.At); {
		case login.Grant == event.Grant, !kept(login), longest >= patience:
		case event.At.Sub(login.At) > settleWithin:
		case !run.Ended.IsZero() && run.Ended.Before(login.At):
		case c.missed(event, login.At):
		default:
			return true
		}
	}
	return false
}

// missed tells whether an answer was needed before a moment: the token that it was
// given for was presented again, though the holder of the answer could have stored
// it.
func (c *court) missed(event xsim.Event, before time.Time) bool {
	return slices.ContainsFunc(c.byPresent[event.Presented], func(again xsim.Event) bool {
		return redeems(again) && again.At.After(event.At) && again.At.Before(before) && c.couldStore(event, again)
	})
}
