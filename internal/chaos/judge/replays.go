// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"strings"

	"github.com/agentconnect/x-operator/internal/xsim"
)

// Why a token may be presented again.
const (
	CauseCut  = "after an answer that never arrived whole"
	CauseKill = "after a kill while holding the answer"
	CauseStop = "after a stop while holding the answer"
)

// judgeReplays looks at each presentation of a token that was spent before: every
// earlier caller that X answered must have been unable to store the answer.
func judgeReplays(c *court, v *Verdict) {
	for _, events := range c.byPresent {
		for i, event := range events {
			if !redeems(event) || event.Outcome != xsim.OutcomeReplay && event.Outcome != xsim.OutcomeGrace {
				continue
			}
			if why, excused := c.whyAgain(events[:i], event); excused {
				v.Replays[why]++
			} else {
				v.breach(Replayed, "%s of %s at %s by %s; before it: %s", event.Endpoint, event.Grant, event.At.Format(stamp),
					c.name(event.Host), c.told(events[:i]))
			}
		}
	}
}

// whyAgain says why none of the earlier callers could have stored what X answered
// before the token was presented again.
func (c *court) whyAgain(earlier []xsim.Event, again xsim.Event) (why string, excused bool) {
	for _, holder := range earlier {
		if holder.Refresh == "" {
			continue
		}
		if why, excused = c.excuse(holder, again); !excused {
			return "", false
		}
	}
	return why, why != ""
}

func (c *court) excuse(holder, again xsim.Event) (why string, excused bool) {
	run := c.runs[holder.Host]
	if holder.Delivery == xsim.DeliveryCut && (holder.Fault != "" || run.End == Alive) {
		return CauseCut, true
	}
	switch {
	case c.couldStore(holder, again):
		return "", false
	case !run.Ended.IsZero() && run.Ended.Before(again.At):
		return CauseKill, true
	default:
		return CauseStop, true
	}
}

// couldStore tells whether the holder of an answer could have stored it before its token
// was presented again. A process that presents the token itself holds the answer no more:
// a store that is away excuses nobody from holding it, and only a stop may have kept the
// process from reading it. One that ended by itself held nothing back either: it ends
// once all is stored.
func (c *court) couldStore(holder, again xsim.Event) bool {
	run := c.runs[holder.Host]
	left := (run.End == Drained || run.End == Left) && run.Ended.Before(again.At)
	if left && !run.stopped(holder.At, run.Ended) {
		return true
	}
	if holder.Host == again.Host && !run.stopped(holder.At, again.At) {
		return true
	}
	longest, always := c.able(run, holder.At, again.At)
	return always || longest >= patience
}

// told tells of earlier presentations of the token.
func (c *court) told(events []xsim.Event) string {
	var all []string
	for _, event := range events {
		all = append(all, fmt.Sprintf("%s at %s (%s; %s%s) by %s, which %s", event.Outcome, event.At.Format(stamp),
			event.Endpoint, event.Delivery, event.Fault, c.name(event.Host), fate(c.runs[event.Host])))
	}
	return strings.Join(all, "; ")
}

const stamp = "15:04:05.000"

// name is how a report calls a process.
func (c *court) name(host string) string {
	run, known := c.runs[host]
	if !known {
		return "an unknown caller at " + host
	}
	return run.Replica + " (started " + run.Started.Format(stamp) + ")"
}
