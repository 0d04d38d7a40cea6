// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"net/http"
	"time"
)

// tokenAnswer is the body of RFC 6749, section 5.1, in X's order.
type tokenAnswer struct {
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
	AccessToken  string `json:"access_token"`
	Scope        string `json:"scope"`
	RefreshToken string `json:"refresh_token,omitempty"`
}

// token is POST /2/oauth2/token.
func (s *Server) token(c *call) answer {
	now := s.clock.now()
	e := s.log(c, now)
	a := s.tokenByGrantType(c, e, now)
	a.event = e
	return a
}

func (s *Server) tokenByGrantType(c *call, e *event, now time.Time) answer {
	app, refusal := s.authenticate(c)
	if refusal != nil {
		s.counters.Unauthorized++
		return *refusal
	}
	switch c.form.Get("grant_type") {
	case "authorization_code":
		return s.exchange(c, app, e, now)
	case "refresh_token":
		return s.refresh(c, app, e, now)
	case "":
		return missing("grant_type")
	}
	return badRequest("unsupported_grant_type", "Value passed for the grant type was invalid.")
}

// give answers with a pair of tokens and books it.
func give(e *event, p pair, outcome Outcome, now time.Time) answer {
	g := p.access.grant
	e.grant, e.answer, e.outcome = g, p, outcome
	body := tokenAnswer{
		TokenType:   "bearer",
		ExpiresIn:   int(p.access.expires.Sub(now).Seconds()),
		AccessToken: p.access.value,
		Scope:       g.scope(),
	}
	if p.refresh != nil {
		body.RefreshToken = p.refresh.value
	}
	return answerJSON(http.StatusOK, body)
}
