// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package pace holds calls to X's API back while a limit lasts. It learns from what
// X says with each answer, shares what it learnt of an app among all who use it,
// and lets tenants take turns while an app's calls are scarce. It lives in memory:
// after a restart the first call of an app, or of an account, finds out again.
package pace

import (
	"sync"
	"time"

	"github.com/agentconnect/x-operator/internal/xapi"
)

// Hold is why a call has to wait.
type Hold string

// The reasons to wait.
const (
	// HoldNone: the call may be made.
	HoldNone Hold = ""
	// HoldAccount: X limits the account.
	HoldAccount Hold = "Account"
	// HoldApp: X limits the app, for all of its accounts.
	HoldApp Hold = "App"
	// HoldCapped: the app's cap or credits are used up.
	HoldCapped Hold = "Capped"
	// HoldTurn: the app's calls are scarce, and others have had fewer of them.
	HoldTurn Hold = "Turn"
)

// Call says what is called, through which app, for whose account, and by which
// tenant.
type Call struct {
	// Endpoint is one of xapi's names.
	Endpoint string
	// App is the client id.
	App string
	// Account is the user's id at X.
	Account string
	// Tenant is the namespace.
	Tenant string
}

// Pacer is safe for concurrent use.
type Pacer struct {
	now func() time.Time

	mu       sync.Mutex
	apps     map[appKey]*appPace
	accounts map[accountKey]time.Time
}

type appKey struct{ endpoint, app string }

type accountKey struct{ endpoint, app, account string }

// appPace is what is known of one endpoint's limits for one app.
type appPace struct {
	// until is the end of the limit; capped tells which kind it is.
	until  time.Time
	capped bool
	// day is the app's own window, as last told.
	day   xapi.Window
	turns turns
}

// New makes a pacer that knows nothing yet.
func New(now func() time.Time) *Pacer {
	return &Pacer{now: now, apps: map[appKey]*appPace{}, accounts: map[accountKey]time.Time{}}
}

// Take asks for one call. If it has to wait, Take says why and when to ask again.
func (p *Pacer) Take(call Call) (Hold, time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if until := p.accounts[call.accountKey()]; now.Before(until) {
		return HoldAccount, until
	}
	delete(p.accounts, call.accountKey())
	app := p.app(call)
	if now.Before(app.until) {
		app.turns.waits(call.Tenant, app.until)
		return app.hold(), app.until
	}
	if app.few(now) && app.turns.hadShare(call.Tenant, app.day.Limit, now) {
		app.turns.waits(call.Tenant, app.day.ResetAt)
		return HoldTurn, app.day.ResetAt
	}
	if now.Before(app.until.Add(reopening)) && !app.turns.mayGo(call.Tenant, now) {
		app.turns.waits(call.Tenant, now)
		return HoldTurn, now.Add(turnDelay)
	}
	app.turns.went(call.Tenant, now)
	return HoldNone, now
}

// Report tells how a call ended: what X said of its limits, and the error, if any.
func (p *Pacer) Report(call Call, limits xapi.Limits, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, app := p.now(), p.app(call)
	app.learn(limits.App24Hour)
	if usedUp(limits.App24Hour, now) {
		app.until, app.capped = limits.App24Hour.ResetAt, false
	}
	for _, window := range []xapi.Window{limits.Window, limits.User24Hour} {
		if usedUp(window, now) {
			p.holdAccount(call, window.ResetAt)
		}
	}
	switch xapi.KindOf(err) {
	case xapi.KindUsageCap:
		app.until, app.capped = xapi.ResetOf(err, now, xapi.CappedFor), true
	case xapi.KindRateLimited:
		// X does not say whose limit it is. It is the app's if the app's day is used up.
		if !now.Before(app.until) {
			p.holdAccount(call, xapi.ResetOf(err, now, xapi.LimitedFor))
		}
	}
}

// Reopen forgets the limit of a call's account: its owner knows better, and wants it
// tried. What X said of the whole app stands: one tenant must neither spend what all
// wait for nor go before the turns of the others.
func (p *Pacer) Reopen(call Call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.accounts, call.accountKey())
}

// ReopenApp forgets the limit of a call's app as well: who owns the app has bought
// credits, say. It is not for an app that tenants share.
func (p *Pacer) ReopenApp(call Call) {
	p.Reopen(call)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.app(call).until = time.Time{}
}

func (p *Pacer) holdAccount(call Call, until time.Time) {
	if until.After(p.accounts[call.accountKey()]) {
		p.accounts[call.accountKey()] = until
	}
}

func (p *Pacer) app(call Call) *appPace {
	key := appKey{call.Endpoint, call.App}
	if p.apps[key] == nil {
		p.apps[key] = &appPace{}
	}
	return p.apps[key]
}

func (c Call) accountKey() accountKey { return accountKey{c.Endpoint, c.App, c.Account} }

func (a *appPace) hold() Hold {
	if a.capped {
		return HoldCapped
	}
	return HoldApp
}

// learn takes up what X says of the app's day. With a new day all shares are new.
func (a *appPace) learn(day xapi.Window) {
	if day.Limit == 0 {
		return
	}
	if !day.ResetAt.Equal(a.day.ResetAt) {
		a.turns.newDay()
	}
	a.day = day
}

// few tells whether less than a tenth of the app's day is left: that is kept for
// tenants who have not had their share.
func (a *appPace) few(now time.Time) bool {
	return now.Before(a.day.ResetAt) && a.day.Remaining < a.day.Limit/10
}

func usedUp(window xapi.Window, now time.Time) bool {
	return window.Exhausted() && window.ResetAt.After(now)
}
