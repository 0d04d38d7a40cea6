// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"sync"
	"time"
)

// sightings remembers when an unfinished attempt was first seen, by what names its object. The
// times are this process's own, and monotonic: the holder's clock is never
// compared.
type sightings[ID comparable] struct {
	mu   sync.Mutex
	byID map[ID]sighting
}

type sighting struct {
	attempt string
	first   time.Time
}

func (s *sightings[ID]) first(id ID, attempt string, now time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID == nil {
		s.byID = map[ID]sighting{}
	}
	if s.byID[id].attempt != attempt {
		s.byID[id] = sighting{attempt: attempt, first: now}
	}
	return s.byID[id].first
}

func (s *sightings[ID]) forget(id ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, id)
}
