// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"math/rand/v2"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// sightings remembers when an unfinished attempt was first seen, by object. The
// times are this process's own, and monotonic: the holder's clock is never
// compared.
type sightings struct {
	mu   sync.Mutex
	byID map[types.UID]sighting
}

type sighting struct {
	attempt string
	first   time.Time
}

func (s *sightings) first(id types.UID, attempt string, now time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID == nil {
		s.byID = map[types.UID]sighting{}
	}
	if s.byID[id].attempt != attempt {
		s.byID[id] = sighting{attempt: attempt, first: now}
	}
	return s.byID[id].first
}

func (s *sightings) forget(id types.UID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, id)
}

const (
	// retryFirst and retryMax bound the waits between tries of what X or an app's
	// Secret made fail, refreshes apart: those have the grant's own journal.
	retryFirst = 2 * time.Second
	retryMax   = 2 * time.Minute
)

// retries is the back-off of such actions, by object. It lives in memory: after a
// restart they are tried at once.
type retries struct {
	mu   sync.Mutex
	byID map[types.UID]retry
}

type retry struct {
	failures int
	at       time.Time
	err      error
}

func (r *retries) failed(id types.UID, now time.Time, err error) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byID == nil {
		r.byID = map[types.UID]retry{}
	}
	entry := r.byID[id]
	wait := min(retryFirst<<min(entry.failures, 10), retryMax)
	entry.failures++
	entry.at = now.Add(wait/2 + rand.N(wait/2))
	entry.err = err
	r.byID[id] = entry
	return entry.at
}

// of gives when to try again what failed, and what it failed of; zero for nothing.
func (r *retries) of(id types.UID) (at time.Time, trouble error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byID[id].at, r.byID[id].err
}

func (r *retries) forget(id types.UID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byID, id)
}
