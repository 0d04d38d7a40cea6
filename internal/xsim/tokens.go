// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import "time"

// token is one bearer value that was issued, for ever.
type token struct {
	kind    Kind
	value   string
	grant   *grant
	parent  *token
	issued  time.Time
	expires time.Time
	spent   time.Time
	uses    int
	replays int
	revoked time.Time
	end     ending
	// answer is what a spent refresh token was changed for.
	answer pair
}

// pair is what one answer of the token endpoint carries.
type pair struct{ access, refresh *token }

// endOf is the token's end: its own, its grant's, or its age.
func (t *token) endOf(now time.Time) ending {
	end := t.end
	whole := t.grant.accessEnd
	if t.kind == KindRefresh {
		whole = t.grant.refreshEnd
	}
	if !whole.at.IsZero() {
		end.set(whole.at, whole.why)
	}
	if end.at.IsZero() && !now.Before(t.expires) {
		end = ending{t.expires, EndExpired}
	}
	return end
}

// alive tells whether the token can be used.
func (t *token) alive(now time.Time) bool {
	return t.spent.IsZero() && t.endOf(now).at.IsZero()
}
