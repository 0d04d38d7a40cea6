// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package judge

import "github.com/agentconnect/x-operator/internal/xsim"

// judgeCalls looks at when tokens and posts were sent: never so long after the store went
// away that no intent can have been written before, and never so long after a
// process was asked to stop.
func judgeCalls(c *court, v *Verdict) {
	for _, event := range c.Books.Events {
		if !redeems(event) && event.Endpoint != xsim.EndpointPost {
			continue
		}
		for _, outage := range c.Outages {
			if event.At.After(outage.Down.From.Add(sendWithin)) && event.At.Before(outage.Down.To) {
				v.breach(StoreAway, "%s of %s at %s by %s", event.Endpoint, event.Grant, event.At.Format(stamp), c.name(event.Host))
			}
		}
		run := c.runs[event.Host]
		if !run.Asked.IsZero() && event.At.After(run.Asked.Add(sendWithin)) {
			v.breach(AfterStop, "%s of %s at %s by %s, asked to stop at %s", event.Endpoint, event.Grant, event.At.Format(stamp),
				c.name(event.Host), run.Asked.Format(stamp))
		}
	}
}

func judgePanics(c *court, v *Verdict) {
	for _, run := range c.Runs {
		if run.Panicked {
			v.breach(Panicked, "%s", c.name(run.Host))
		}
	}
}
