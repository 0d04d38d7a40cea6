// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"net/http"
	"time"
)

// caller is whom an access token speaks for.
type caller struct {
	account  Account
	clientID string
}

// bearer finds the caller of an API endpoint; an answer means that the call ends
// here.
func (s *Server) bearer(c *call, now time.Time, scopes ...string) (caller, *answer) {
	t := s.tokens[c.Token]
	if t == nil {
		s.see("unknown token", c.Token)
	}
	if t == nil || t.kind != KindAccess || !t.alive(now) {
		s.counters.Unauthorized++
		refusal := problem(http.StatusUnauthorized, "Unauthorized")
		return caller{}, &refusal
	}
	if !hasScopes(t.grant.scopes, scopes...) {
		refusal := problem(http.StatusForbidden, "Your client app is not configured with the appropriate oauth2 scopes for this endpoint.")
		return caller{}, &refusal
	}
	return caller{t.grant.account, t.grant.client}, nil
}

// api wraps an endpoint that a bearer token opens: token, scopes, limits, and
// the limits' headers on whatever comes of it.
func (s *Server) api(handle func(*call, caller, time.Time) answer, scopes ...string) handler {
	return func(c *call) answer {
		now := s.clock.now()
		who, refusal := s.bearer(c, now, scopes...)
		if refusal != nil {
			return *refusal
		}
		state := s.use(c.Endpoint, who, now)
		a := state.exceeded()
		if a == nil {
			done := handle(c, who, now)
			a = &done
		}
		if !s.policies.OmitLimitHeaders {
			state.headers(a.header)
		}
		return *a
	}
}
