// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"math/rand/v2"
	"time"

	"github.com/agentconnect/x-operator/internal/redeem"
)

const (
	// minDelay keeps a schedule alive: controller-runtime takes a delay of zero for
	// no delay at all.
	minDelay = 10 * time.Millisecond
	// raceDelay is when to look again after another writer was first: time for the
	// caches to catch up.
	raceDelay = 250 * time.Millisecond

	// The priorities of a pass: of one that is scheduled, and of one that follows a
	// person's consent. Other events come with 0; what is listed at a start comes below
	// all of these.
	priorityRoutine = -10
	priorityUrgent  = 10
	priorityPeople  = 20
	// urgentBefore is how close to the token's end a refresh goes before all else.
	urgentBefore = 10 * time.Minute

	// holdMin and holdMax bound the wait for an app whose gate is closed because X
	// is away: spread, so that what waited does not come back at once.
	holdMin = 5 * time.Second
	holdMax = time.Minute
)

// priorityFor ranks the next pass: routine refreshes never queue before people,
// and a token that is about to end goes before all but a consent.
func priorityFor(s *scope) int {
	if s.grant != nil && s.grant.Tokens != nil && s.grant.Journal.Verdict == nil &&
		s.grant.Tokens.ExpiresAt.Sub(s.now) < urgentBefore {
		return priorityUrgent
	}
	return priorityRoutine
}

// holdDelay is when to ask a closed gate again. A limit ends at a time that X
// named; for an X that is away the wait is drawn by lot, and shorter the less
// time is left to the token.
func holdDelay(hold redeem.Hold, at, now, expires time.Time) time.Time {
	spread := holdMax - holdMin
	if left := expires.Sub(now) / 4; hold == redeem.HoldAway && left < spread {
		spread = max(left, holdMin)
	}
	if hold == redeem.HoldAway {
		at = now.Add(holdMin)
	}
	return at.Add(rand.N(spread))
}
