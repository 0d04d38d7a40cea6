// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import "time"

// refresh redeems a refresh token, once.
func (s *Server) refresh(c *call, app App, e *event, now time.Time) answer {
	if c.Token == "" {
		return missing("refresh_token")
	}
	t := s.tokens[c.Token]
	if t == nil || t.kind != KindRefresh || t.grant.client != app.ClientID {
		s.see("unknown token", c.Token)
		e.outcome = OutcomeDead
		return s.dead("token")
	}
	e.grant = t.grant
	switch {
	case !t.spent.IsZero():
		return s.replay(t, e, now)
	case !t.alive(now):
		e.outcome = OutcomeDead
		return s.dead("token")
	}
	s.counters.Refreshes++
	p := s.issue(t.grant, t, now)
	if p.refresh == nil {
		return give(e, p, OutcomeKept, now)
	}
	t.spent, t.uses, t.answer = now, 1, p
	return give(e, p, OutcomeIssued, now)
}

// replay is a spent token presented again.
func (s *Server) replay(t *token, e *event, now time.Time) answer {
	s.counters.Replays++
	t.replays++
	if s.honours(t, now) {
		s.counters.GraceAnswers++
		t.uses++
		if s.policies.Reuse == ReuseNext {
			return give(e, s.issue(t.grant, t, now), OutcomeGrace, now)
		}
		return give(e, t.answer, OutcomeGrace, now)
	}
	if s.policies.Reuse != ReuseRefused {
		t.grant.end(now, EndReplay)
	}
	e.outcome = OutcomeReplay
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
