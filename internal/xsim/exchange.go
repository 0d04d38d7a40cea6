// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import "time"

// code is one authorization code.
type code struct {
	value       string
	client      string
	account     Account
	scopes      []string
	redirectURI string
	challenge   string
	state       string
	expires     time.Time
	// grant is what it was changed for; nil while it is not used.
	grant *grant
}

// exchange redeems an authorization code (RFC 6749, section 4.1.3). A code that
// is refused for another parameter is not used up.
func (s *Server) exchange(c *call, app App) answer {
	for _, parameter := range []string{"code", "redirect_uri", "code_verifier"} {
		if c.form.Get(parameter) == "" {
			return missing(parameter)
		}
	}
	verifier := c.form.Get("code_verifier")
	s.see("verifier", verifier)
	k := s.codes[c.Token]
	switch {
	case k == nil || k.client != app.ClientID:
		s.see("code", c.Token)
		c.event.outcome = OutcomeDead
		return s.dead("authorization code")
	case k.grant != nil:
		return s.replayCode(c, k)
	case !c.now.Before(k.expires):
		c.event.outcome = OutcomeDead
		return s.dead("authorization code")
	case c.form.Get("redirect_uri") != k.redirectURI:
		return badRequest(invalidRequest, "Value passed for the redirect uri did not match the uri of the authorization code.")
	case !verifierForm.MatchString(verifier) || challengeOf(verifier) != k.challenge:
		return badRequest(invalidRequest, "Value passed for the code verifier did not match the code challenge.")
	}
	s.counters.Exchanges++
	k.grant = s.startGrant(k, c.now)
	return give(c, s.issue(k.grant, nil, c.now), OutcomeIssued)
}

// replayCode refuses a code that was used before.
func (s *Server) replayCode(c *call, k *code) answer {
	s.counters.CodeReplays++
	c.event.grant, c.event.outcome = k.grant, OutcomeReplay
	if s.policies.CodeReplayEndsGrant {
		k.grant.end(c.now, EndReplay)
	}
	return s.dead("authorization code")
}
