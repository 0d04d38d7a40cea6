// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"path"
	"slices"
	"time"

	"github.com/agentconnect/x-operator/internal/xsim"
)

// overdue is how long after a deletion the operator waits no more for X to say whose a
// consent is: docs/token-safety.md.
const overdue = 10 * time.Minute

// judgeTwins looks at each revocation: X may end all that the account gave the app by it,
// so it must not be asked while another connection lives there. That X's revocations end
// one token alone in some worlds excuses nothing: the operator cannot know.
func judgeTwins(c *court, v *Verdict) {
	for _, event := range c.Books.Events {
		if !revokes(event) {
			continue
		}
		for _, twin := range c.twinsOf(event.Grant) {
			if login, lives := c.livesBeside(twin, event); lives {
				v.breach(TwinCost, "%s of %s was revoked at %s by %s, while %s lived on %s", event.Grant, c.byLogin[event.Grant].Name,
					event.At.Format(stamp), c.name(event.Host), twin.Name, login)
			}
		}
	}
}

// twinsOf are the other connections on the account of a login.
func (c *court) twinsOf(login string) []Connection {
	return slices.DeleteFunc(slices.Clone(c.Connections), func(conn Connection) bool {
		return conn.Account != c.grants[login].Username || conn.Name == c.byLogin[login].Name
	})
}

// livesBeside finds the login that a twin lives on while another connection's is revoked:
// the newest that was there when the operator looked, unless X has ended it. A twin lives
// no less for not knowing yet that it is dead, but has nothing to lose.
func (c *court) livesBeside(twin Connection, revoked xsim.Event) (login string, lives bool) {
	if !twin.wantedAt(revoked.At) {
		return "", false
	}
	for _, login := range slices.Backward(c.loginsOf[person{twin.Name, twin.Account}]) {
		known := login.At.Before(revoked.At) && reached(login) && c.safe(login)
		if known && !c.crossed(login, revoked) && !c.forsaken(twin, login.At, revoked.At) {
			return login.Grant, c.aliveAt(login.Grant, revoked.At)
		}
	}
	return "", false
}

// crossed tells whether a login may have been stored only after the operator had looked
// for it and before it asked X. X may end both then, and nobody can keep it from that:
// X gives tokens before anybody can write that it did. The operator promises for these
// that such a consent does not count, and that one which X does not tell the account of
// is waited for, for ten minutes.
func (c *court) crossed(login, revoked xsim.Event) bool {
	holder, revoker := c.runs[login.Host], c.runs[revoked.Host]
	stored, _ := c.able(holder, login.At, revoked.At)
	looked, _ := c.able(revoker, login.At, revoked.At)
	removed := c.byLogin[revoked.Grant].Removed
	switch {
	case c.worked(login.Grant, revoked.At):
		return false
	case !removed.IsZero() && revoked.At.Sub(removed) > overdue:
		return true
	case !holder.Ended.IsZero() && holder.Ended.Before(revoker.Started):
		// Only its holder can have stored it.
		return false
	default:
		return min(stored, looked) < patience
	}
}

// forsaken tells whether the operator said that it gives up tokens of a connection, since
// X does not tell whose they are: nobody lives on these.
func (c *court) forsaken(conn Connection, from, to time.Time) bool {
	return slices.ContainsFunc(c.Runs, func(run Run) bool {
		return slices.ContainsFunc(wordsFor(conn, run.GivenUp), func(at time.Time) bool {
			return !at.Before(from) && at.Before(to)
		})
	})
}

// aliveAt tells whether a refresh token of a login could be used at a moment.
func (c *court) aliveAt(login string, at time.Time) bool {
	return slices.ContainsFunc(c.Books.Tokens, func(t xsim.TokenRecord) bool {
		ended := t.SpentAt != nil && t.SpentAt.Before(at) || t.KilledAt != nil && t.KilledAt.Before(at)
		return t.Kind == xsim.KindRefresh && t.Grant == login && !t.IssuedAt.After(at) && !ended
	})
}

// leftToTwin tells whether a token of a deleted connection was left alive because another
// one held tokens of the account, and the operator said so.
func (c *court) leftToTwin(token xsim.TokenRecord, conn Connection) bool {
	for _, run := range c.Runs {
		for _, at := range wordsFor(conn, run.LeftToTwin) {
			if !at.Before(token.IssuedAt) && slices.ContainsFunc(c.twinsOf(token.Grant), func(twin Connection) bool { return c.holds(twin, at) }) {
				return true
			}
		}
	}
	return false
}

// holds tells whether a connection held tokens of its account at a moment, as the operator
// knew it: its person had consented, X had not said that this is over, and it had not given
// them up. Of two that are deleted together the last one has X revoke.
func (c *court) holds(conn Connection, at time.Time) bool {
	logins := slices.DeleteFunc(slices.Clone(c.loginsOf[person{conn.Name, conn.Account}]), func(login xsim.Event) bool {
		return !login.At.Before(at) || !reached(login) || !c.safe(login)
	})
	if len(logins) == 0 || c.condemned(logins[len(logins)-1].Grant, at) {
		return false
	}
	gone := c.gaveUpAt(conn)
	return conn.Wanted || gone.IsZero() || at.Before(gone)
}

// condemned tells whether X had said that a login has ended, so long before a moment that
// the operator had stored it.
func (c *court) condemned(login string, at time.Time) bool {
	return slices.ContainsFunc(c.Books.Events, func(event xsim.Event) bool {
		dead := event.Outcome == xsim.OutcomeDead || event.Outcome == xsim.OutcomeReplay
		if event.Grant != login || event.Endpoint != xsim.EndpointRefresh || !dead || event.Delivery != xsim.DeliveryComplete || !event.At.Before(at) {
			return false
		}
		longest, _ := c.able(c.runs[event.Host], event.At, at)
		return longest >= patience
	})
}

// gaveUpAt is when a deleted connection is first known to have given up its tokens: X was
// asked to revoke them, or the operator said that it is not. It is zero if nothing tells.
// A word that was decided on before X was asked for this one may be written after.
func (c *court) gaveUpAt(conn Connection) time.Time {
	var signs []time.Time
	for _, event := range c.Books.Events {
		own := c.personOf(event.Grant) == person{conn.Name, conn.Account}
		if own && event.Endpoint == xsim.EndpointRevoke && event.At.After(conn.Removed) {
			signs = append(signs, event.At.Add(patience))
		}
	}
	for _, run := range c.Runs {
		for _, at := range slices.Concat(wordsFor(conn, run.LeftToTwin), wordsFor(conn, run.GivenUp)) {
			if at.After(conn.Removed) {
				signs = append(signs, at)
			}
		}
	}
	if len(signs) == 0 {
		return time.Time{}
	}
	return slices.MinFunc(signs, time.Time.Compare)
}

// wordsFor are the times of what was said of a connection.
func wordsFor(conn Connection, told []GivenUp) []time.Time {
	var times []time.Time
	for _, word := range told {
		if word.Connection == path.Base(conn.Name) {
			times = append(times, word.At)
		}
	}
	return times
}
