// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import "time"

// refresh redeems a refresh token, once.
func (s *Server) refresh(c *call, app App) answer {
	if c.Token == "" {
		return missing("refresh_token")
	}
	t := s.tokens[c.Token]
	if t == nil || t.kind != KindRefresh || t.grant.client != app.ClientID {
		s.see("unknown token", c.Token)
		c.event.outcome = OutcomeDead
		return s.dead("token")
	}
	c.event.grant = t.grant
	switch {
	case !t.spent.IsZero():
		return s.replay(c, t)
	case !t.alive(c.now):
		c.event.outcome = OutcomeDead
		return s.dead("token")
	}
	s.counters.Refreshes++
	p := s.issue(t.grant, t, c.now)
	if p.refresh == nil {
		return give(c, p, OutcomeKept)
	}
	t.spent, t.uses, t.answer = c.now, 1, p
	return give(c, p, OutcomeIssued)
}

// replay is a spent token presented again.
func (s *Server) replay(c *call, t *token) answer {
	s.counters.Replays++
	t.replays++
	if s.honours(t, c.now) {
		s.counters.GraceAnswers++
		t.uses++
		if s.policies.Reuse == ReuseNext {
			return give(c, s.issue(t.grant, t, c.now), OutcomeGrace)
		}
		return give(c, t.answer, OutcomeGrace)
	}
	if s.policies.Reuse != ReuseRefused {
		t.grant.end(c.now, EndReplay)
	}
	c.event.outcome = OutcomeReplay
	return s.dead("token")
}

// honours tells whether the grace period lets a spent token pass: the family
// lives, and for ReuseSame nobody has used the first answer's refresh token.
func (s *Server) honours(t *token, now time.Time) bool {
	inTime := now.Before(t.spent.Add(time.Duration(s.policies.Grace))) && t.endOf(now).at.IsZero()
	switch s.policies.Reuse {
	case ReuseSame:
		return inTime && t.answer.refresh.alive(now)
	case ReuseNext:
		return inTime
	}
	return false
}
