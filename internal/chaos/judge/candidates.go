// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"slices"
	"time"

	"github.com/agentconnect/x-operator/internal/xsim"
)

// judgeCandidates looks at each revocation: what a connection that is wanted works
// with must never be revoked by the operator. A set that a newer consent took the
// place of may be.
func judgeCandidates(c *court, v *Verdict) {
	for _, event := range c.Books.Events {
		if !revokes(event) {
			continue
		}
		conn := c.byLogin[event.Grant]
		own := conn.Account == c.grants[event.Grant].Username
		if !own || !conn.wantedAt(event.At) || c.replaced(event) || c.KeepEarlierLogins && !c.worked(event.Grant, event.At) {
			continue
		}
		v.breach(CandidateCost, "%s of %s was revoked at %s by %s", event.Grant, conn.Name, event.At.Format(stamp), c.name(event.Host))
	}
}

// replaced tells whether the person had consented again before the grant was
// revoked. A twin's login takes no place of it.
func (c *court) replaced(revoked xsim.Event) bool {
	started := c.grants[revoked.Grant].StartedAt
	return slices.ContainsFunc(c.loginsOf[c.personOf(revoked.Grant)], func(login xsim.Event) bool {
		return login.Grant != revoked.Grant && login.At.After(started) && login.At.Before(revoked.At)
	})
}

// worked tells whether a grant was refreshed before a moment: a candidate never is.
func (c *court) worked(grant string, before time.Time) bool {
	return slices.ContainsFunc(c.Books.Events, func(event xsim.Event) bool {
		return event.Endpoint == xsim.EndpointRefresh && event.Grant == grant && event.At.Before(before)
	})
}
