// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package redeem_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/agentconnect/x-operator/internal/redeem"
	"github.com/agentconnect/x-operator/internal/secret"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// gate is a Gate with a clock that is set by hand.
type gate struct {
	*redeem.Gate
	now time.Time
}

func newGate() *gate {
	g := &gate{now: moment}
	g.Gate = redeem.NewGate(func() time.Time { return g.now })
	return g
}

// take asks for a call, and writes the answer relative to now.
func (g *gate) take(creds xapi.Credentials) string {
	hold, at := g.Take(creds)
	if hold == redeem.HoldNone {
		return "go"
	}
	return fmt.Sprintf("%s %s", hold, at.Sub(g.now))
}

// report tells of a call that was begun now.
func (g *gate) report(creds xapi.Credentials, err error) bool { return g.Report(creds, g.now, err) }

func failing(kind xapi.Kind, reset time.Time) error {
	return fmt.Errorf("refreshing: %w", &xapi.Error{Kind: kind, ResetAt: reset})
}

func TestGateLimits(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want string
		look redeem.Hold
		ends time.Duration
	}{
		"limited until":         {failing(xapi.KindRateLimited, moment.Add(7*time.Minute)), "Limited 7m0s", redeem.HoldLimited, 7 * time.Minute},
		"limited, unsaid":       {failing(xapi.KindRateLimited, time.Time{}), "Limited 15m0s", redeem.HoldLimited, 15 * time.Minute},
		"limited until before":  {failing(xapi.KindRateLimited, moment.Add(-time.Minute)), "Limited 15m0s", redeem.HoldLimited, 15 * time.Minute},
		"capped until":          {failing(xapi.KindUsageCap, moment.Add(24*time.Hour)), "Capped 24h0m0s", redeem.HoldCapped, 24 * time.Hour},
		"capped, unsaid":        {failing(xapi.KindUsageCap, time.Time{}), "Capped 1h0m0s", redeem.HoldCapped, time.Hour},
		"a dead token":          {failing(xapi.KindDeadToken, time.Time{}), "go", redeem.HoldNone, 0},
		"one that was not sent": {failing(xapi.KindAborted, time.Time{}), "go", redeem.HoldNone, 0},
	} {
		g := newGate()
		changed := g.report(app, test.err)
		if got := g.take(app); got != test.want || changed != (test.want != "go") || g.Look(app) != test.look {
			t.Errorf("%s: %s, seen as %q, changed %t; want %s, %q", name, got, g.Look(app), changed, test.want, test.look)
		}
		if got := g.Until(app, moment); !got.Equal(moment.Add(test.ends)) {
			t.Errorf("%s: until %s, want %s", name, got, moment.Add(test.ends))
		}
		if got := g.take(xapi.Credentials{ClientID: "another", ClientSecret: app.ClientSecret}); got != "go" {
			t.Errorf("%s: another app is held back too: %s", name, got)
		}
		g.now = moment.Add(test.ends)
		if got := g.take(app); got != "go" {
			t.Errorf("%s: at its end still %s", name, got)
		}
	}
}

// The answer to a call that was on its way when X limited another one says nothing of
// the limit; that to a later call does.
func TestGateOvertaken(t *testing.T) {
	g := newGate()
	begun := g.now
	g.now = begun.Add(time.Second)
	g.report(app, failing(xapi.KindRateLimited, begun.Add(time.Hour)))
	if g.Report(app, begun, nil) || g.Look(app) != redeem.HoldLimited {
		t.Error("a call that was begun before the limit ends it")
	}
	if !g.report(app, nil) || g.Look(app) != redeem.HoldNone {
		t.Error("a call that was begun under the limit, and answered, does not end it")
	}
}

// Credentials that X refuses are tried once every 15 minutes; others at once.
func TestGateRefused(t *testing.T) {
	g := newGate()
	if !g.report(app, failing(xapi.KindCredentials, time.Time{})) || g.report(app, failing(xapi.KindCredentials, time.Time{})) {
		t.Error("the first refusal is a change, the second is not")
	}
	replaced := xapi.Credentials{ClientID: app.ClientID, ClientSecret: secret.New("new")}
	for _, step := range []struct {
		after time.Duration
		creds xapi.Credentials
		want  string
	}{
		{0, app, "Refused 15m0s"},
		{0, replaced, "go"},
		{15*time.Minute - 1, app, "Refused 1ns"},
		{15 * time.Minute, app, "go"},
		{15 * time.Minute, app, "Refused 15m0s"},
		{30 * time.Minute, app, "go"},
	} {
		g.now = moment.Add(step.after)
		if got := g.take(step.creds); got != step.want {
			t.Errorf("after %s: %s, want %s", step.after, got, step.want)
		}
	}
	if !g.report(app, nil) || g.take(app) != "go" || g.Look(app) != redeem.HoldNone {
		t.Error("a success does not end the refusal")
	}
}

// What X said to many apps is not kept for ever: that would be a tenant's way to fill the
// memory.
func TestGateForgets(t *testing.T) {
	g := newGate()
	of := func(id int) xapi.Credentials {
		return xapi.Credentials{ClientID: fmt.Sprint(id), ClientSecret: app.ClientSecret}
	}
	for id := range 1025 {
		g.now = moment.Add(time.Duration(id) * time.Millisecond)
		g.report(of(id), failing(xapi.KindCredentials, time.Time{}))
	}
	for id, want := range map[int]redeem.Hold{0: redeem.HoldNone, 1: redeem.HoldRefused, 1024: redeem.HoldRefused} {
		if got := g.Look(of(id)); got != want {
			t.Errorf("the app %d is held back by %q, want %q", id, got, want)
		}
	}
}

// While X is away one call a second goes through, and none for a while beside one that
// hangs; its first answer closes the breaker.
func TestGateBreaker(t *testing.T) {
	g := newGate()
	unknown := failing(xapi.KindUnknown, time.Time{})
	for range 4 {
		g.report(app, unknown)
		if got := g.take(app); got != "go" {
			t.Fatalf("too early: %s", got)
		}
	}
	g.report(app, unknown)
	let := 0
	for range 100 {
		g.now = g.now.Add(100 * time.Millisecond)
		if g.take(app) == "go" {
			let++
			g.report(app, unknown)
		}
	}
	if let != 10 || g.Look(app) != redeem.HoldAway {
		t.Errorf("in ten seconds %d calls went through, want 10", let)
	}
	g.now = g.now.Add(time.Second)
	if got := g.take(app); got != "go" {
		t.Fatalf("a second later: %s", got)
	}
	for _, after := range []time.Duration{time.Second, 9 * time.Second} {
		g.now = g.now.Add(after - time.Nanosecond)
		if got := g.take(app); got == "go" {
			t.Errorf("while a call hangs another goes through within %s", after)
		}
	}
	g.report(app, failing(xapi.KindNotVerdict, time.Time{}))
	for range 3 {
		if got := g.take(app); got != "go" {
			t.Errorf("after an answer: %s", got)
		}
	}
}
