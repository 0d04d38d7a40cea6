// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
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
