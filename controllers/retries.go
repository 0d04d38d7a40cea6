// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// retryFirst and retryMax bound the waits between tries of what X, an app's Secret
	// or a tenant's namespace made fail, refreshes apart: those have the grant's own
	// journal.
	retryFirst = 2 * time.Second
	retryMax   = 2 * time.Minute
)

// setback is what an action last failed of, and when it may be tried again; zero if
// nothing failed.
type setback struct {
	err      error
	at       time.Time
	failures int
}

// retries is the back-off of one kind of action, by what names an object. It lives in
// memory: after a restart all are tried at once.
type retries[ID comparable] struct {
	mu   sync.Mutex
	byID map[ID]setback
}

// note keeps how an action ended; nil ends the back-off.
func (r *retries[ID]) note(id ID, now time.Time, err error) setback {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		delete(r.byID, id)
		return setback{}
	}
	if r.byID == nil {
		r.byID = map[ID]setback{}
	}
	last := r.byID[id]
	wait := min(retryFirst<<min(last.failures, 10), retryMax)
	r.byID[id] = setback{err: err, at: now.Add(wait/2 + rand.N(wait/2)), failures: last.failures + 1}
	return r.byID[id]
}

func (r *retries[ID]) of(id ID) setback {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byID[id]
}

func (r *retries[ID]) forget(id ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byID, id)
}
