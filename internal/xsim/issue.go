// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import "time"

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
