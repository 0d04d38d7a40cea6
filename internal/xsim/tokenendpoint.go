// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import "net/http"

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
	app, refusal := s.authenticate(c)
	if refusal != nil {
		s.counters.Unauthorized++
		return *refusal
	}
	switch c.form.Get("grant_type") {
	case "authorization_code":
		return s.exchange(c, app)
	case "refresh_token":
		return s.refresh(c, app)
	case "":
		return missing("grant_type")
	}
	return badRequest("unsupported_grant_type", "Value passed for the grant type was invalid.")
}

// give answers with a pair of tokens and books it.
func give(c *call, p pair, outcome Outcome) answer {
	g := p.access.grant
	c.event.grant, c.event.answer, c.event.outcome = g, p, outcome
	body := tokenAnswer{
		TokenType:   "bearer",
		ExpiresIn:   int(p.access.expires.Sub(c.now).Seconds()),
		AccessToken: p.access.value,
		Scope:       g.scope(),
	}
	if p.refresh != nil {
		body.RefreshToken = p.refresh.value
	}
	return answerJSON(http.StatusOK, body)
}
