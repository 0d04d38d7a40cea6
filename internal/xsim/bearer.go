// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import "net/http"

// caller is whom an access token speaks for.
type caller struct {
	account  Account
	clientID string
}

// api wraps an endpoint that a bearer token opens: token, scopes, limits, and
// the limits' headers on whatever comes of it.
func (s *Server) api(do handler, scopes ...string) handler {
	return func(c *call) answer {
		if refusal := s.bearer(c, scopes); refusal != nil {
			return *refusal
		}
		usage := s.use(c)
		a := usage.exceeded()
		if a == nil {
			done := do(c)
			a = &done
		}
		if !s.policies.OmitLimitHeaders {
			usage.headers(a.header)
		}
		return *a
	}
}

// bearer finds the caller; an answer means that the call ends here.
func (s *Server) bearer(c *call, scopes []string) *answer {
	t := s.tokens[c.Token]
	if t == nil {
		s.see("unknown token", c.Token)
	}
	if t == nil || t.kind != KindAccess || !t.alive(c.now) {
		s.counters.Unauthorized++
		refusal := problem(http.StatusUnauthorized, "Unauthorized")
		return &refusal
	}
	c.who = caller{t.grant.account, t.grant.client}
	if c.event != nil {
		c.event.grant, c.event.client = t.grant, t.grant.client
	}
	if !hasScopes(t.grant.scopes, scopes...) {
		refusal := problem(http.StatusForbidden, "Your client app is not configured with the appropriate oauth2 scopes for this endpoint.")
		return &refusal
	}
	return nil
}
