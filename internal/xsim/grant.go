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
	state   string
	started time.Time
	// refreshEnd and accessEnd are apart, since a new login ends the refresh token
	// alone. They end every token of their kind at once.
	refreshEnd, accessEnd ending
	rotations             int
	access                []*token
}

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
		state:   k.state,
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
