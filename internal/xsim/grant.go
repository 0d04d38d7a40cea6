// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"fmt"
	"strings"
	"time"
)

// Kind is what a token is.
type Kind string

// The kinds of token.
const (
	KindAccess  Kind = "access"
	KindRefresh Kind = "refresh"
)

// End says why a token or a grant can't be used any more.
type End string

// The ends. A refresh token that was spent in good order has none.
const (
	EndReplay   End = "replay"
	EndNewLogin End = "new login"
	EndRevoked  End = "revoked"
	EndExpired  End = "expired"
	EndUser     End = "user"
	// EndRefresh is an access token's end by RefreshEndsAccess.
	EndRefresh End = "refresh"
)

// login is an account with an app: what one consent after another is about.
type login struct{ client, user string }

// loginBook holds a login's grants that may still be alive, and counts.
type loginBook struct {
	codes, grants int
	open          []*grant
}

// ending is when and why; zero while it has not come.
type ending struct {
	at  time.Time
	why End
}

// set keeps the first end.
func (e *ending) set(at time.Time, why End) {
	if e.at.IsZero() {
		*e = ending{at, why}
	}
}

// grant is one consent and the family of tokens that came of it.
type grant struct {
	id      string
	client  string
	account Account
	scopes  []string
	started time.Time
	// refreshEnd and accessEnd are apart, since a new login ends the refresh token
	// alone. They end every token of their kind at once.
	refreshEnd, accessEnd ending
	rotations             int
	access                []*token
}

// token is one bearer value that was issued, for ever.
type token struct {
	kind    Kind
	value   string
	grant   *grant
	parent  *token
	issued  time.Time
	expires time.Time
	spent   time.Time
	uses    int
	replays int
	revoked time.Time
	end     ending
	// answer is what a spent refresh token was changed for.
	answer pair
}

// pair is what one answer of the token endpoint carries.
type pair struct{ access, refresh *token }

// startGrant opens the family of a new login, and ends the earlier one's refresh
// token unless the policy keeps it.
func (s *Server) startGrant(k *code, now time.Time) *grant {
	book := s.loginBook(login{k.client, k.account.ID})
	if !s.policies.KeepEarlierLogins {
		for _, earlier := range book.open {
			earlier.refreshEnd.set(now, EndNewLogin)
		}
	}
	book.grants++
	g := &grant{
		id:      fmt.Sprintf("%s/%s#%d", k.client, k.account.Username, book.grants),
		client:  k.client,
		account: k.account,
		scopes:  k.scopes,
		started: now,
	}
	book.open = append(book.open, g)
	s.grants = append(s.grants, g)
	return g
}

func (s *Server) loginBook(of login) *loginBook {
	book := s.logins[of]
	if book == nil {
		book = &loginBook{}
		s.logins[of] = book
	}
	return book
}

// end ends every token of the grant.
func (g *grant) end(now time.Time, why End) {
	g.refreshEnd.set(now, why)
	g.accessEnd.set(now, why)
}

func (g *grant) scope() string { return strings.Join(g.scopes, " ") }

// endOf is the token's end: its own, its grant's, or its age.
func (t *token) endOf(now time.Time) ending {
	end := t.end
	whole := t.grant.accessEnd
	if t.kind == KindRefresh {
		whole = t.grant.refreshEnd
	}
	if !whole.at.IsZero() {
		end.set(whole.at, whole.why)
	}
	if end.at.IsZero() && !now.Before(t.expires) {
		end = ending{t.expires, EndExpired}
	}
	return end
}

// alive tells whether the token can be used.
func (t *token) alive(now time.Time) bool {
	return t.spent.IsZero() && t.endOf(now).at.IsZero()
}

// issue makes the next tokens of a grant; with parent, in exchange for it.
func (s *Server) issue(g *grant, parent *token, now time.Time) pair {
	if s.policies.RefreshEndsAccess {
		for _, old := range g.access {
			old.end.set(now, EndRefresh)
		}
		g.access = nil
	}
	g.rotations++
	expires := now.Add(time.Duration(s.lifetimes.Access))
	p := pair{access: s.addToken(&token{kind: KindAccess, grant: g, parent: parent, issued: now, expires: expires})}
	g.access = append(g.access, p.access)
	if s.givesRefreshToken(g, parent) {
		expires = g.started.Add(time.Duration(s.lifetimes.Refresh))
		p.refresh = s.addToken(&token{kind: KindRefresh, grant: g, parent: parent, issued: now, expires: expires})
	}
	return p
}

// givesRefreshToken: only with offline.access, and not in a refresh that the
// policy has answered without one.
func (s *Server) givesRefreshToken(g *grant, parent *token) bool {
	if parent != nil && s.policies.OmitRefreshToken {
		return false
	}
	return hasScopes(g.scopes, "offline.access")
}

func (s *Server) addToken(t *token) *token {
	t.value = s.mint.value(string(t.kind), t.grant.id, t.grant.rotations)
	s.tokens[t.value] = t
	s.issued = append(s.issued, t)
	return t
}
