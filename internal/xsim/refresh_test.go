// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/agentconnect/x-operator/internal/xsim"
)

func TestRefreshRotates(t *testing.T) {
	f := newFixture(t, nil)
	first := f.login("jane_doe")
	second := f.tokensOf(f.refresh(first.refresh))
	if second.refresh == first.refresh || second.access == first.access || second.refresh == "" {
		t.Errorf("nothing has rotated: %v, %v", first, second)
	}
	if !f.works(first.access) || !f.works(second.access) {
		t.Error("both access tokens must work")
	}
	spent, next := f.record(first.refresh), f.record(second.refresh)
	if spent.Alive || spent.SpentAt == nil || spent.Spent != 1 || spent.KilledAt != nil {
		t.Errorf("the spent token's record: %+v", spent)
	}
	if !next.Alive || next.SpentAt != nil || next.Parent != spent.Hash || next.Grant != spent.Grant {
		t.Errorf("the new token's record: %+v", next)
	}
	if got := f.sim.Counters(); got.Refreshes != 1 || got.Replays != 0 {
		t.Errorf("counters: %+v", got)
	}
}

func TestRefreshIsChecked(t *testing.T) {
	f := newFixture(t, nil)
	issued := f.login("jane_doe")
	wantDead(t, f.refresh("unknown-refresh-token"))
	wantDead(t, f.refresh(issued.access))
	wantError(t, f.refresh(""), 400, "invalid_request", "Missing required parameter [refresh_token].")
	f.tokensOf(f.refresh(issued.refresh))
}

func TestReplayOfASpentToken(t *testing.T) {
	const grace = xsim.Duration(time.Minute)
	tests := map[string]struct {
		policies xsim.Policies
		wait     time.Duration
		// honoured: the replay gives tokens; alive: the family survives it.
		honoured, alive bool
	}{
		"by default":            {xsim.Policies{}, 0, false, false},
		"kill":                  {xsim.Policies{Reuse: xsim.ReuseKills, Grace: grace}, 0, false, false},
		"refuse":                {xsim.Policies{Reuse: xsim.ReuseRefused, Grace: grace}, 0, false, true},
		"same within grace":     {xsim.Policies{Reuse: xsim.ReuseSame, Grace: grace}, time.Minute - 1, true, true},
		"same after grace":      {xsim.Policies{Reuse: xsim.ReuseSame, Grace: grace}, time.Minute, false, false},
		"next within grace":     {xsim.Policies{Reuse: xsim.ReuseNext, Grace: grace}, time.Minute - 1, true, true},
		"next after grace":      {xsim.Policies{Reuse: xsim.ReuseNext, Grace: grace}, time.Minute, false, false},
		"same without a period": {xsim.Policies{Reuse: xsim.ReuseSame}, 0, false, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, func(c *xsim.Config) { c.Policies = test.policies })
			first := f.login("jane_doe")
			second := f.tokensOf(f.refresh(first.refresh))
			f.sim.Advance(test.wait)
			got := f.refresh(first.refresh)
			if honoured := got.status == http.StatusOK; honoured != test.honoured {
				t.Errorf("the replay gives HTTP %d: %s", got.status, got.body)
			}
			if !test.honoured {
				wantDead(t, got)
			}
			if f.works(second.access) != test.alive || f.record(second.refresh).Alive != test.alive {
				t.Errorf("the family: %+v", f.record(second.refresh))
			}
			if killed := f.record(second.refresh).KilledWhy; (killed == xsim.EndReplay) == test.alive {
				t.Errorf("killed by %q", killed)
			}
			if counters := f.sim.Counters(); counters.Replays != 1 || f.record(first.refresh).Replays != 1 {
				t.Errorf("counters: %+v", counters)
			}
		})
	}
}

func TestGraceGivesTheSameAnswerUntilItIsUsed(t *testing.T) {
	f := newFixture(t, func(c *xsim.Config) {
		c.Policies = xsim.Policies{Reuse: xsim.ReuseSame, Grace: xsim.Duration(time.Hour)}
	})
	first := f.login("jane_doe")
	second := f.tokensOf(f.refresh(first.refresh))
	f.sim.Advance(time.Minute)
	got := f.refresh(first.refresh)
	if again := f.tokensOf(got); again != second {
		t.Errorf("got %v, want %v", again, second)
	}
	if left := got.json(t)["expires_in"]; left != 7140.0 {
		t.Errorf("expires_in is %v, want what is left", left)
	}
	third := f.tokensOf(f.refresh(second.refresh))
	wantDead(t, f.refresh(first.refresh))
	wantDead(t, f.refresh(third.refresh))
}

func TestGraceGivesAFurtherAnswerBesideTheFirst(t *testing.T) {
	f := newFixture(t, func(c *xsim.Config) {
		c.Policies = xsim.Policies{Reuse: xsim.ReuseNext, Grace: xsim.Duration(time.Hour)}
	})
	first := f.login("jane_doe")
	second := f.tokensOf(f.refresh(first.refresh))
	further := f.tokensOf(f.refresh(first.refresh))
	if further == second || f.record(first.refresh).Spent != 2 || f.sim.Counters().GraceAnswers != 1 {
		t.Errorf("the further answer %v after %v; %+v", further, second, f.sim.Counters())
	}
	f.tokensOf(f.refresh(second.refresh))
	f.tokensOf(f.refresh(further.refresh))
}

func TestReplayInADeadFamilyIsNotHonoured(t *testing.T) {
	f := newFixture(t, func(c *xsim.Config) {
		c.Policies = xsim.Policies{Reuse: xsim.ReuseNext, Grace: xsim.Duration(time.Hour)}
	})
	first := f.login("jane_doe")
	f.tokensOf(f.refresh(first.refresh))
	f.sim.RevokeByUser("jane_doe", clientID)
	wantDead(t, f.refresh(first.refresh))
	if got := f.sim.Counters().Replays; got != 1 {
		t.Errorf("%d replays, want 1", got)
	}
}

func TestRefreshCanEndEarlierAccessTokens(t *testing.T) {
	f := newFixture(t, func(c *xsim.Config) { c.Policies.RefreshEndsAccess = true })
	first := f.login("jane_doe")
	second := f.tokensOf(f.refresh(first.refresh))
	if f.works(first.access) || !f.works(second.access) {
		t.Error("only the newest access token may work")
	}
	if got := f.record(first.access).KilledWhy; got != xsim.EndRefresh {
		t.Errorf("killed by %q", got)
	}
}

func TestRefreshWithoutARefreshTokenKeepsTheOneSent(t *testing.T) {
	f := newFixture(t, nil)
	first := f.login("jane_doe")
	f.sim.SetPolicies(xsim.Policies{OmitRefreshToken: true})
	second := f.tokensOf(f.refresh(first.refresh))
	if second.refresh != "" || !f.record(first.refresh).Alive {
		t.Errorf("answer %v; the sent token: %+v", second, f.record(first.refresh))
	}
	f.sim.SetPolicies(xsim.Policies{})
	f.tokensOf(f.refresh(first.refresh))
	if got := f.sim.Counters().Replays; got != 0 {
		t.Errorf("%d replays", got)
	}
}

func TestDeadTokenByTheStandardsName(t *testing.T) {
	f := newFixture(t, func(c *xsim.Config) { c.Policies.DeadTokenError = "invalid_grant" })
	wantError(t, f.refresh("unknown-refresh-token"), 400, "invalid_grant", "Value passed for the token was invalid.")
}

func TestLifetimes(t *testing.T) {
	f := newFixture(t, nil)
	first := f.login("jane_doe")
	f.sim.Advance(2*time.Hour - 1)
	if !f.works(first.access) {
		t.Error("the access token must live 2 hours")
	}
	f.sim.Advance(1)
	if f.works(first.access) || f.record(first.access).KilledWhy != xsim.EndExpired {
		t.Errorf("the access token's record: %+v", f.record(first.access))
	}
	second := f.tokensOf(f.refresh(first.refresh))
	f.sim.Advance(180*24*time.Hour - 2*time.Hour)
	wantDead(t, f.refresh(second.refresh))
	if got := f.record(second.refresh); got.KilledWhy != xsim.EndExpired || !got.KilledAt.Equal(start.Add(180*24*time.Hour)) {
		t.Errorf("the refresh token's record: %+v", got)
	}
}

func TestLifetimesCanBeChanged(t *testing.T) {
	f := newFixture(t, func(c *xsim.Config) { c.Lifetimes.Access = xsim.Duration(time.Minute) })
	first := f.login("jane_doe")
	f.sim.SetLifetimes(xsim.Lifetimes{Access: xsim.Duration(time.Hour)})
	second := f.tokensOf(f.refresh(first.refresh))
	f.sim.Advance(time.Minute)
	if f.works(first.access) || !f.works(second.access) {
		t.Error("the lifetime must be that of the time of issue")
	}
}

func TestOneOfManyRefreshesWins(t *testing.T) {
	f := newFixture(t, func(c *xsim.Config) { c.Policies.Reuse = xsim.ReuseRefused })
	token := f.login("jane_doe").refresh
	var wg sync.WaitGroup
	for range 16 {
		request := f.post(xsim.PathToken, refreshForm(token))
		wg.Go(func() {
			if _, err := f.try(request); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := f.sim.Counters(); got.Refreshes != 1 || got.Replays != 15 {
		t.Errorf("counters: %+v", got)
	}
}
