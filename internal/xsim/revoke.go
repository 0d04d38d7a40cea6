// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"net/http"
	"time"
)

// revoke is POST /2/oauth2/revoke (RFC 7009). A token that is unknown or ended
// is answered like one that is revoked (section 2.2).
func (s *Server) revoke(c *call) answer {
	app, refusal := s.authenticate(c)
	if refusal != nil {
		s.counters.Unauthorized++
		return *refusal
	}
	for _, parameter := range []string{"token", "token_type_hint"} {
		if c.form.Get(parameter) == "" {
			return missing(parameter)
		}
	}
	if hint := c.form.Get("token_type_hint"); hint != "access_token" && hint != "refresh_token" {
		return badRequest("unsupported_token_type", "Value passed for the token type hint was invalid.")
	}
	t := s.tokens[c.Token]
	switch {
	case t == nil:
		s.see("unknown token", c.Token)
		c.event.outcome = OutcomeDead
		return s.revoked()
	case t.grant.client != app.ClientID:
		c.event.outcome = OutcomeDead
		return s.dead("token")
	}
	s.counters.Revocations++
	c.event.grant, c.event.outcome = t.grant, OutcomeRevoked
	s.endByRevocation(t, c.now)
	return s.revoked()
}

func (s *Server) endByRevocation(t *token, now time.Time) {
	t.revoked = now
	t.end.set(now, EndRevoked)
	if s.policies.RevokeWholeGrant {
		t.grant.end(now, EndRevoked)
	}
	if s.policies.RevokeWholeAccount {
		for _, g := range s.loginBook(login{t.grant.client, t.grant.account.ID}).open {
			g.end(now, EndRevoked)
		}
	}
}

func (s *Server) revoked() answer {
	if s.policies.RevokeAnswersEmpty {
		return answerBody(http.StatusOK, typeJSON, nil)
	}
	return answerJSON(http.StatusOK, map[string]bool{"revoked": true})
}

// RevokeByUser ends every grant that the account has given the app, as a person
// does in X's settings. It returns how many were alive.
func (s *Server) RevokeByUser(username, clientID string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, ended := s.clock.now(), 0
	for _, g := range s.loginBook(login{clientID, s.accounts[handleKey(username)].ID}).open {
		if g.refreshEnd.at.IsZero() || g.accessEnd.at.IsZero() {
			ended++
		}
		g.end(now, EndUser)
	}
	return ended
}
