// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/agentconnect/x-operator/internal/xsim"
)

func TestRevocationIsChecked(t *testing.T) {
	f := newFixture(t, nil)
	issued := f.login("jane_doe")
	tests := map[string]struct {
		form        url.Values
		code        string
		description string
	}{
		"no token":   {url.Values{"token_type_hint": {"refresh_token"}}, "invalid_request", "Missing required parameter [token]."},
		"no hint":    {url.Values{"token": {issued.refresh}}, "invalid_request", "Missing required parameter [token_type_hint]."},
		"other hint": {url.Values{"token": {issued.refresh}, "token_type_hint": {"id_token"}}, "unsupported_token_type", "Value passed for the token type hint was invalid."},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			wantError(t, f.send(f.post(xsim.PathRevoke, test.form)), 400, test.code, test.description)
		})
	}
	f.tokensOf(f.refresh(issued.refresh))
}

func TestRevocation(t *testing.T) {
	tests := map[string]struct {
		whole bool
		kind  xsim.Kind
		// What works afterwards.
		access, refresh bool
	}{
		"the refresh token alone":    {false, xsim.KindRefresh, true, false},
		"the access token alone":     {false, xsim.KindAccess, false, true},
		"the grant by refresh token": {true, xsim.KindRefresh, false, false},
		"the grant by access token":  {true, xsim.KindAccess, false, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, func(c *xsim.Config) { c.Policies.RevokeWholeGrant = test.whole })
			issued, other := f.login("jane_doe"), f.login("john_roe")
			token := map[xsim.Kind]string{xsim.KindAccess: issued.access, xsim.KindRefresh: issued.refresh}[test.kind]
			if got := f.revoke(token, string(test.kind)+"_token"); got.status != http.StatusOK || got.body != `{"revoked":true}` {
				t.Errorf("HTTP %d: %s", got.status, got.body)
			}
			if f.works(issued.access) != test.access || f.record(issued.refresh).Alive != test.refresh {
				t.Errorf("afterwards: %+v, %+v", f.record(issued.access), f.record(issued.refresh))
			}
			if got := f.record(token); got.RevokedAt == nil || got.KilledWhy != xsim.EndRevoked {
				t.Errorf("the revoked token's record: %+v", got)
			}
			if !f.works(other.access) || f.sim.Counters().Revocations != 1 {
				t.Errorf("counters: %+v", f.sim.Counters())
			}
		})
	}
}

func TestRevocationOfAWholeAccount(t *testing.T) {
	f := newFixture(t, func(c *xsim.Config) {
		c.Policies.KeepEarlierLogins, c.Policies.RevokeWholeAccount = true, true
	})
	first, second, other := f.login("jane_doe"), f.login("jane_doe"), f.login("john_roe")
	f.revoke(first.access, "access_token")
	for _, ended := range []string{first.access, second.access} {
		if f.works(ended) {
			t.Errorf("it still works: %+v", f.record(ended))
		}
	}
	if f.record(second.refresh).KilledWhy != xsim.EndRevoked || !f.works(other.access) {
		t.Errorf("afterwards: %+v, %+v", f.record(second.refresh), f.record(other.refresh))
	}
}

func TestRevokedRefreshTokenIsDeadAndNoReplay(t *testing.T) {
	f := newFixture(t, nil)
	issued := f.login("jane_doe")
	f.revoke(issued.refresh, "refresh_token")
	wantDead(t, f.refresh(issued.refresh))
	if got := f.sim.Counters().Replays; got != 0 {
		t.Errorf("%d replays", got)
	}
}

func TestRevocationOfAnUnknownTokenIsNoError(t *testing.T) {
	f := newFixture(t, func(c *xsim.Config) { c.Policies.RevokeAnswersEmpty = true })
	if got := f.revoke("unknown-token", "refresh_token"); got.status != http.StatusOK || got.body != "" {
		t.Errorf("HTTP %d: %s", got.status, got.body)
	}
	if got := f.sim.Counters().Revocations; got != 0 {
		t.Errorf("%d revocations", got)
	}
}

func TestUserRevokesInTheSettings(t *testing.T) {
	f := newFixture(t, nil)
	issued := f.login("jane_doe")
	if got := f.sim.RevokeByUser("Jane_Doe", clientID); got != 1 {
		t.Errorf("%d grants ended, want 1", got)
	}
	wantDead(t, f.refresh(issued.refresh))
	if f.works(issued.access) || f.record(issued.refresh).KilledWhy != xsim.EndUser {
		t.Errorf("afterwards: %+v", f.record(issued.refresh))
	}
	if got := f.sim.RevokeByUser("jane_doe", clientID); got != 0 {
		t.Errorf("%d grants ended, want none", got)
	}
}
