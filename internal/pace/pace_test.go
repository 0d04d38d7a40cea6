// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pace_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/agentconnect/x-operator/internal/pace"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// clock is set by hand.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func newPacer() (*pace.Pacer, *clock) {
	c := &clock{at: time.Date(2031, 3, 7, 9, 0, 0, 0, time.UTC)}
	return pace.New(c.now), c
}

// by is a call by a tenant's own account.
func by(tenant string) pace.Call {
	return pace.Call{Endpoint: xapi.EndpointCreatePost, App: "app", Account: tenant + "-account", Tenant: tenant}
}

func TestLimits(t *testing.T) {
	start := time.Date(2031, 3, 7, 9, 0, 0, 0, time.UTC)
	window := func(remaining int, in time.Duration) xapi.Window {
		return xapi.Window{Limit: 100, Remaining: remaining, ResetAt: start.Add(in)}
	}
	limited := func(in time.Duration) error {
		err := &xapi.Error{Kind: xapi.KindRateLimited}
		if in != 0 {
			err.ResetAt = start.Add(in)
		}
		return err
	}
	for name, test := range map[string]struct {
		limits xapi.Limits
		err    error
		// mine is what holds back the next call of the same account, others what holds
		// back another account of the app; wait is for how long.
		mine, others pace.Hold
		wait         time.Duration
	}{
		"no word":                   {xapi.Limits{}, nil, "", "", 0},
		"calls are left":            {xapi.Limits{Window: window(1, time.Minute)}, nil, "", "", 0},
		"the window is used up":     {xapi.Limits{Window: window(0, time.Minute)}, nil, pace.HoldAccount, "", time.Minute},
		"a window that is past":     {xapi.Limits{Window: window(0, -time.Minute)}, nil, "", "", 0},
		"the user's day is used up": {xapi.Limits{Window: window(0, time.Minute), User24Hour: window(0, time.Hour)}, nil, pace.HoldAccount, "", time.Hour},
		"the app's day is used up":  {xapi.Limits{App24Hour: window(0, time.Hour)}, nil, pace.HoldApp, pace.HoldApp, time.Hour},
		"a 429 of the app's day":    {xapi.Limits{App24Hour: window(0, time.Hour)}, limited(time.Hour), pace.HoldApp, pace.HoldApp, time.Hour},
		"a 429 with a reset":        {xapi.Limits{}, limited(time.Minute), pace.HoldAccount, "", time.Minute},
		"a 429 without a word":      {xapi.Limits{}, limited(0), pace.HoldAccount, "", 15 * time.Minute},
		"a cap":                     {xapi.Limits{}, &xapi.Error{Kind: xapi.KindUsageCap}, pace.HoldCapped, pace.HoldCapped, time.Hour},
		"another error":             {xapi.Limits{}, errors.New("reset"), "", "", 0},
	} {
		pacer, c := newPacer()
		pacer.Report(by("one"), test.limits, test.err)
		if hold, until := pacer.Take(by("one")); hold != test.mine || until.Sub(c.at) != test.wait {
			t.Errorf("%s: held by %q for %s, want %q for %s", name, hold, until.Sub(c.at), test.mine, test.wait)
		}
		if hold, _ := pacer.Take(by("two")); hold != test.others {
			t.Errorf("%s: another account is held by %q, want %q", name, hold, test.others)
		}
		elsewhere := by("one")
		elsewhere.App = "another"
		if hold, _ := pacer.Take(elsewhere); hold != pace.HoldNone {
			t.Errorf("%s: another app is held by %q", name, hold)
		}
		c.at = c.at.Add(test.wait)
		if hold, _ := pacer.Take(by("one")); hold != pace.HoldNone {
			t.Errorf("%s: once it is over the call is held by %q", name, hold)
		}
	}
}

// One who wants a call tried opens its own account's way, and nobody else's.
func TestReopen(t *testing.T) {
	limited := &xapi.Error{Kind: xapi.KindRateLimited}
	for name, test := range map[string]struct {
		app  error
		used bool
		want pace.Hold
	}{
		"the account's limit":  {want: pace.HoldNone},
		"and a cap of the app": {app: &xapi.Error{Kind: xapi.KindUsageCap}, want: pace.HoldCapped},
		"and the app's day":    {used: true, want: pace.HoldApp},
	} {
		pacer, c := newPacer()
		for _, tenant := range []string{"one", "two"} {
			pacer.Report(by(tenant), xapi.Limits{}, limited)
		}
		if test.used {
			pacer.Report(by("one"), xapi.Limits{App24Hour: xapi.Window{Limit: 100, ResetAt: c.at.Add(time.Hour)}}, nil)
		}
		pacer.Report(by("one"), xapi.Limits{}, test.app)
		pacer.Reopen(by("one"))
		if hold, _ := pacer.Take(by("one")); hold != test.want {
			t.Errorf("%s: the call is held by %q, want %q", name, hold, test.want)
		}
		pacer.ReopenApp(by("one"))
		if hold, _ := pacer.Take(by("one")); hold != pace.HoldNone {
			t.Errorf("%s: the call of the app's owner is held by %q", name, hold)
		}
		if hold, _ := pacer.Take(by("two")); hold != pace.HoldAccount {
			t.Errorf("%s: another account, limited as well, is held by %q", name, hold)
		}
	}
}

// One who wants a call tried again and again, while the app's limit lasts and after it,
// does not go before those who have waited longer.
func TestReopenKeepsTurns(t *testing.T) {
	pacer, c := newPacer()
	pacer.Take(by("many"))
	c.at = c.at.Add(time.Second)
	pacer.Report(by("many"), xapi.Limits{}, &xapi.Error{Kind: xapi.KindUsageCap})
	pacer.Take(by("one"))
	c.at = c.at.Add(time.Hour)
	for _, tenant := range []string{"many", "one"} {
		pacer.Reopen(by(tenant))
		want := map[string]pace.Hold{"many": pace.HoldTurn, "one": pace.HoldNone}[tenant]
		if hold, _ := pacer.Take(by(tenant)); hold != want {
			t.Errorf("%s is held by %q, want %q", tenant, hold, want)
		}
	}
}

// run has tenants ask again and again, all of them in the same order each second,
// as long as they have posts left, and gives the order in which they went.
func run(pacer *pace.Pacer, c *clock, seconds int, posts map[string]int) []string {
	var order []string
	for range seconds {
		for _, tenant := range []string{"many", "few", "one"} {
			for posts[tenant] > 0 {
				if hold, _ := pacer.Take(by(tenant)); hold != pace.HoldNone {
					break
				}
				order = append(order, tenant)
				posts[tenant]--
				c.at = c.at.Add(time.Millisecond)
			}
		}
		c.at = c.at.Add(time.Second)
	}
	return order
}

// After a limit of the app, tenants take turns.
func TestTurnsAfterALimit(t *testing.T) {
	pacer, c := newPacer()
	pacer.Report(by("many"), xapi.Limits{}, &xapi.Error{Kind: xapi.KindUsageCap})
	posts := map[string]int{"many": 5, "few": 2, "one": 1}
	run(pacer, c, 1, posts)
	c.at = c.at.Add(time.Hour - time.Second)
	want := []string{"many", "few", "one", "many", "few", "many", "many", "many"}
	if got := run(pacer, c, 40, posts); !slices.Equal(got, want) {
		t.Errorf("they went in the order %q, want %q", got, want)
	}
}

// The last tenth of the app's day is for tenants who have had less than their
// share, until the next day.
func TestShares(t *testing.T) {
	pacer, c := newPacer()
	reset := c.at.Add(time.Hour)
	day := func(remaining int) xapi.Limits {
		return xapi.Limits{App24Hour: xapi.Window{Limit: 20, Remaining: remaining, ResetAt: reset}}
	}
	steps := []struct {
		tenant    string
		remaining int
		want      pace.Hold
	}{
		{"few", 19, ""},
		{"many", 3, ""}, {"many", 3, ""}, {"many", 3, ""}, {"many", 3, ""}, {"many", 3, ""}, {"many", 3, ""},
		{"many", 3, ""}, {"many", 3, ""}, {"many", 3, ""}, {"many", 2, ""},
		// Ten of twenty are its share of two.
		{"many", 1, pace.HoldTurn},
		{"few", 1, ""},
		{"new", 1, ""},
	}
	for i, step := range steps {
		pacer.Report(by("many"), day(step.remaining), nil)
		if hold, _ := pacer.Take(by(step.tenant)); hold != step.want {
			t.Errorf("step %d: %s is held by %q, want %q", i, step.tenant, hold, step.want)
		}
	}
	if _, until := pacer.Take(by("many")); !until.Equal(reset) {
		t.Errorf("the one who had its share waits until %s, want %s", until, reset)
	}
	c.at, reset = reset, reset.Add(24*time.Hour)
	pacer.Report(by("few"), day(1), nil)
	if hold, _ := pacer.Take(by("many")); hold != pace.HoldNone {
		t.Errorf("on the next day it is held by %q", hold)
	}
}

// Tenants who went more than a day ago have no share: that of the others is larger.
func TestSharesOfThoseWhoCall(t *testing.T) {
	pacer, c := newPacer()
	for _, tenant := range []string{"one", "two", "three", "four", "five"} {
		pacer.Take(by(tenant))
	}
	c.at = c.at.Add(25 * time.Hour)
	for _, remaining := range []int{15, 15, 15, 15, 1} {
		pacer.Report(by("many"), xapi.Limits{App24Hour: xapi.Window{Limit: 20, Remaining: remaining, ResetAt: c.at.Add(time.Hour)}}, nil)
		if hold, _ := pacer.Take(by("many")); hold != pace.HoldNone {
			t.Errorf("with %d calls left it is held by %q", remaining, hold)
		}
	}
}

// One who waits and does not ask any more keeps nobody back for long.
func TestTurnsDoNotHang(t *testing.T) {
	pacer, c := newPacer()
	pacer.Take(by("many"))
	c.at = c.at.Add(time.Second)
	pacer.Report(by("many"), xapi.Limits{}, &xapi.Error{Kind: xapi.KindUsageCap})
	pacer.Take(by("gone"))
	c.at = c.at.Add(time.Hour)
	if hold, _ := pacer.Take(by("many")); hold != pace.HoldTurn {
		t.Errorf("with another first in turn it is held by %q", hold)
	}
	c.at = c.at.Add(10 * time.Second)
	if hold, _ := pacer.Take(by("many")); hold != pace.HoldNone {
		t.Errorf("after the other's time it is held by %q", hold)
	}
}
