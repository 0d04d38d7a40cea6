// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"slices"
	"time"

	"github.com/agentconnect/x-operator/internal/xsim"
)

// tellingReasons are the reasons of Ready=False that tell a person what to do,
// beside a link that does it.
var tellingReasons = []string{
	"ReauthorizationRequired", "ConsentRequired",
	// How the last consent went wrong; the link is there to try again.
	"AuthorizationDenied", "AccountMismatch", "SessionExpired", "TokenExchangeFailed", "InternalError",
}

// judgeConnections looks at each connection that is still wanted: it has a token
// that X honours and a refresh token that X would honour, or it says that it has
// not. One that was deleted is gone.
func judgeConnections(c *court, v *Verdict) {
	for _, conn := range c.Connections {
		if !conn.Wanted {
			if conn.Exists {
				v.breach(StillThere, "%s was deleted and is there, for the reason %q", conn.Name, conn.Reason)
			}
			continue
		}
		working := c.tokens[conn.Working].Alive
		usable := working && c.tokens[conn.Published].Alive && conn.Published == conn.Access
		says := conn.Link && slices.Contains(tellingReasons, conn.Reason)
		switch {
		case !conn.Exists:
			v.breach(DeadSilently, "%s does not exist", conn.Name)
		case conn.Ready && !usable:
			v.breach(DeadSilently, "%s says that it is ready (%s); its refresh token is good: %t, its published token: %t, which is the newest: %t",
				conn.Name, conn.Reason, working, c.tokens[conn.Published].Alive, conn.Published == conn.Access)
		case !conn.Ready && !says:
			v.breach(DeadSilently, "%s is not ready, for the reason %q, with a link: %t", conn.Name, conn.Reason, conn.Link)
		case !conn.Ready && working:
			v.breach(GaveUp, "%s is not ready, for the reason %q, although X honours its refresh token", conn.Name, conn.Reason)
		case conn.Ready && conn.Username != conn.Account:
			v.breach(CandidateCost, "%s is connected to @%s in the place of @%s", conn.Name, conn.Username, conn.Account)
		}
	}
}

// judgeLeftovers looks at what X still honours of the connections that are gone, and of
// the accounts that were refused. Where X lets an account's earlier logins live on, none
// of them may either.
func judgeLeftovers(c *court, v *Verdict) {
	for _, token := range c.Books.Tokens {
		if token.Kind != xsim.KindRefresh || !token.Alive {
			continue
		}
		conn := c.byLogin[token.Grant]
		switch {
		case !c.useless(token.Grant), c.lost[token.Hash], c.superseded[token.Hash], !c.arrived(token):
		case c.stored[token.Hash]:
			v.Owed++
		case c.gaveUp(token, conn):
			v.GivenUp++
		case c.leftToTwin(token, conn):
			v.LeftToTwin++
		default:
			v.breach(LeftAlive, "a token of %s of %s is alive, which %s has no use for", token.Grant, token.IssuedAt.Format(stamp), conn.Name)
		}
	}
}

// useless tells whether the connection that a login was made for has no use for its
// tokens: it is gone, or the account is a stranger to it.
func (c *court) useless(login string) bool {
	conn, known := c.byLogin[login]
	return known && (!conn.Wanted || c.grants[login].Username != conn.Account)
}

// gaveUp tells whether the operator said that it gives tokens of a connection up, when no
// access token of their login was alive any more that X would have named the account for.
func (c *court) gaveUp(token xsim.TokenRecord, conn Connection) bool {
	return slices.ContainsFunc(c.Runs, func(run Run) bool {
		return slices.ContainsFunc(wordsFor(conn, run.GivenUp), func(at time.Time) bool { return !c.named(token.Grant, at) })
	})
}

// named tells whether X would name the account of a login at a time.
func (c *court) named(grant string, at time.Time) bool {
	return slices.ContainsFunc(c.Books.Tokens, func(t xsim.TokenRecord) bool {
		return t.Kind == xsim.KindAccess && t.Grant == grant && at.Before(t.ExpiresAt) && (t.KilledAt == nil || at.Before(*t.KilledAt))
	})
}

// arrived tells whether any answer with the token reached the operator.
func (c *court) arrived(token xsim.TokenRecord) bool {
	return slices.ContainsFunc(c.Books.Events, func(event xsim.Event) bool {
		return event.Refresh == token.Hash && reached(event)
	})
}
