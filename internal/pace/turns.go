// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package pace

import (
	"maps"
	"time"
)

const (
	// turnDelay is when somebody whose turn it is not asks again.
	turnDelay = time.Second
	// patience is how long somebody who waits keeps others back without asking.
	patience = 10 * time.Second
	// reopening is how long after the end of a limit tenants take turns.
	reopening = time.Minute
	// forgotten is when a tenant's last call does not matter any more.
	forgotten = 24 * time.Hour
)

// turns lets tenants go in the order in which they last went: one with a thousand
// posts gets no more than one with a single post, while both wait.
type turns struct {
	byTenant map[string]turn
}

// turn is when a tenant last went, until when it is taken to wait, and how many
// calls it has had of this day's.
type turn struct {
	went, waitsUntil time.Time
	had              int
}

// mayGo tells whether nobody waits who went longer ago than the tenant.
func (t *turns) mayGo(tenant string, now time.Time) bool {
	t.forget(now)
	mine := t.byTenant[tenant].went
	for other, its := range t.byTenant {
		if other != tenant && now.Before(its.waitsUntil) && its.went.Before(mine) {
			return false
		}
	}
	return true
}

// hadShare tells whether a tenant has had an equal share of so many calls, among
// all tenants of the last 24 hours.
func (t *turns) hadShare(tenant string, calls int, now time.Time) bool {
	t.forget(now)
	return t.byTenant[tenant].had*len(t.byTenant) >= calls
}

// forget leaves out tenants that went long ago and wait no more.
func (t *turns) forget(now time.Time) {
	maps.DeleteFunc(t.byTenant, func(_ string, its turn) bool {
		return now.Sub(its.went) > forgotten && now.After(its.waitsUntil)
	})
}

// newDay begins to count anew.
func (t *turns) newDay() {
	for tenant, its := range t.byTenant {
		its.had = 0
		t.byTenant[tenant] = its
	}
}

// waits notes that a tenant would go at a time, if it could.
func (t *turns) waits(tenant string, at time.Time) {
	its := t.byTenant[tenant]
	its.waitsUntil = at.Add(patience)
	t.set(tenant, its)
}

// went notes that a tenant goes, and waits no more.
func (t *turns) went(tenant string, now time.Time) {
	t.set(tenant, turn{went: now, had: t.byTenant[tenant].had + 1})
}

func (t *turns) set(tenant string, its turn) {
	if t.byTenant == nil {
		t.byTenant = map[string]turn{}
	}
	t.byTenant[tenant] = its
}
