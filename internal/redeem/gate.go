// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package redeem

import (
	"sync"
	"time"

	"github.com/agentconnect/x-operator/internal/xapi"
)

const (
	// breakAfter is how many calls in a row must find X away before the app's
	// breaker opens; probeEvery is the time from the end of a call that it then lets
	// through to the next, and probeWait from its beginning. Calls into a black hole take
	// half a minute each: a place for calls to X is for others too.
	breakAfter = 5
	probeEvery = time.Second
	probeWait  = 10 * time.Second
	// refusedProbe is the time between probes with credentials that X refuses.
	refusedProbe = 15 * time.Minute
	// mostApps is how many apps are remembered: a tenant can make as many as it likes, and
	// have X complain of each.
	mostApps = 1024
)

// Hold is why the gate holds a call back.
type Hold string

// The reasons to hold a call back.
const (
	// HoldNone: the call may be made.
	HoldNone Hold = ""
	// HoldLimited: X limits the app.
	HoldLimited Hold = "Limited"
	// HoldCapped: the app's cap or credits are used up.
	HoldCapped Hold = "Capped"
	// HoldRefused: X refuses the app's credentials.
	HoldRefused Hold = "Refused"
	// HoldAway: X is away.
	HoldAway Hold = "Away"
)

// Gate remembers what X lately said to each app, so that its connections learn
// from one another instead of each asking. It lives in memory: after a restart
// the first call of an app finds out again.
type Gate struct {
	mu   sync.Mutex
	now  func() time.Time
	apps map[string]*appGate
}

type appGate struct {
	// limitedUntil holds every call back, since limitedAt; capped tells why.
	limitedAt    time.Time
	limitedUntil time.Time
	capped       bool
	// refused tells that X refuses the credentials; nextProbe is the time of the next
	// try with them.
	refused   bool
	nextProbe time.Time
	// away counts calls in a row that found X away; nextCall is when the breaker lets
	// the next one through.
	away     int
	nextCall time.Time
	// heardAt is when X last said something to the app.
	heardAt time.Time
}

// NewGate makes a gate that knows nothing yet.
func NewGate(now func() time.Time) *Gate {
	return &Gate{now: now, apps: map[string]*appGate{}}
}

// Take asks for one call with these credentials. If it is held back, it gives why
// and when to ask again. A call that may be made counts as made.
func (g *Gate) Take(creds xapi.Credentials) (Hold, time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	app, now := g.app(creds), g.now()
	if hold := app.limit(now); hold != HoldNone {
		return hold, app.limitedUntil
	}
	if app.refused {
		if now.Before(app.nextProbe) {
			return HoldRefused, app.nextProbe
		}
		app.nextProbe = now.Add(refusedProbe)
	}
	if app.away >= breakAfter {
		if now.Before(app.nextCall) {
			return HoldAway, app.nextCall
		}
		app.nextCall = now.Add(probeWait)
	}
	return HoldNone, now
}

// Look tells what Take would say, without taking.
func (g *Gate) Look(creds xapi.Credentials) Hold {
	g.mu.Lock()
	defer g.mu.Unlock()
	app, now := g.app(creds), g.now()
	switch {
	case app.limit(now) != HoldNone:
		return app.limit(now)
	case app.refused:
		return HoldRefused
	case app.away >= breakAfter:
		return HoldAway
	default:
		return HoldNone
	}
}

// Until is the later of a time and the end of the app's limit.
func (g *Gate) Until(creds xapi.Credentials, at time.Time) time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	if until := g.app(creds).limitedUntil; until.After(at) {
		return until.UTC().Round(0)
	}
	return at
}

// Report tells the gate how a call at the token endpoint ended that was begun at a
// time. It tells whether the app's standing changed: its XApp and connections are
// then worth a look. A call that was begun before X limited the app says nothing of
// the limit.
func (g *Gate) Report(creds xapi.Credentials, begun time.Time, err error) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	app, now := g.app(creds), g.now()
	refusedBefore, limitedBefore := app.refused, app.limit(now)
	app.hear(begun, now, err)
	app.heardAt = now
	if app.blameless() {
		delete(g.apps, gateKey(creds))
	} else {
		g.apps[gateKey(creds)] = app
		g.forgetOldest()
	}
	return app.refused != refusedBefore || app.limit(now) != limitedBefore
}

// forgetOldest forgets the app that X said something to longest ago, if there are too many.
// Its next call finds out again.
func (g *Gate) forgetOldest() {
	if len(g.apps) <= mostApps {
		return
	}
	var oldest string
	for key, app := range g.apps {
		if oldest == "" || app.heardAt.Before(g.apps[oldest].heardAt) {
			oldest = key
		}
	}
	delete(g.apps, oldest)
}

// hear takes up how a call ended.
func (a *appGate) hear(begun, now time.Time, err error) {
	kind := xapi.KindOf(err)
	if kind == xapi.KindUnknown {
		a.away++
	}
	if kind == xapi.KindUnknown || kind == xapi.KindAborted {
		if a.away >= breakAfter {
			a.nextCall = now.Add(probeEvery)
		}
		return
	}
	a.away = 0
	switch kind {
	case xapi.KindCredentials:
		a.refused, a.nextProbe = true, now.Add(refusedProbe)
	case xapi.KindRateLimited:
		a.hold(now, xapi.ResetOf(err, now, xapi.LimitedFor), false)
	case xapi.KindUsageCap:
		a.hold(now, xapi.ResetOf(err, now, xapi.CappedFor), true)
	default:
		a.refused = false
		if !begun.Before(a.limitedAt) {
			a.hold(time.Time{}, time.Time{}, false)
		}
	}
}

// blameless tells whether X has nothing to complain of.
func (a *appGate) blameless() bool { return !a.refused && a.away == 0 && a.limitedUntil.IsZero() }

// app is what is known of an app. Only what X has to complain of is kept: a tenant can
// make as many apps as it likes.
func (g *Gate) app(creds xapi.Credentials) *appGate {
	if app := g.apps[gateKey(creds)]; app != nil {
		return app
	}
	return &appGate{}
}

// gateKey tells apps apart. The client id alone would not do: it is public, and a
// tenant that names another's must not open or close that one's gate.
func gateKey(creds xapi.Credentials) string {
	return creds.ClientID + "|" + creds.ClientSecret.Hash()
}

func (a *appGate) limit(now time.Time) Hold {
	switch {
	case !now.Before(a.limitedUntil):
		return HoldNone
	case a.capped:
		return HoldCapped
	default:
		return HoldLimited
	}
}

func (a *appGate) hold(at, until time.Time, capped bool) {
	a.limitedAt, a.limitedUntil, a.capped = at, until, capped
}
