// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/cache"
	"k8s.io/client-go/util/flowcontrol"

	"github.com/agentconnect/x-operator/webhook/places"
)

// turnstile bounds the reviews that one address, or one tenant, has the API server
// make: how many at once, so that they can't take all of the server's places, and how
// many a second, so that they neither keep the API server busy nor push the answers
// about others out of what is kept.
type turnstile struct {
	clock clock
	busy  *places.Places[string]

	mu sync.Mutex
	// rates are of those who had a review lately. Whoever had none for a second has
	// all of its burst again, so nothing is lost with an old one.
	rates *cache.LRUExpireCache
}

func newTurnstile(clock clock) *turnstile {
	return &turnstile{clock: clock, busy: places.New[string](maxReviewing), rates: cache.NewLRUExpireCacheWithClock(maxReviews, clock)}
}

// enter lets a review of a key begin, which calls leave when it ends. It gives a fault
// if that key has had its share.
func (t *turnstile) enter(key string) (leave func(), err error) {
	if !t.rate(key).TryAccept() || !t.busy.Enter(key) {
		return nil, &fault{reasonBusy, "Too many new callers at this address, or new calls of this namespace, have to be looked at.", t.clock.Now().Add(time.Second)}
	}
	return func() { t.busy.Leave(key) }, nil
}

func (t *turnstile) rate(key string) flowcontrol.PassiveRateLimiter {
	t.mu.Lock()
	defer t.mu.Unlock()
	rate, ok := t.rates.Get(key)
	if !ok {
		rate = flowcontrol.NewTokenBucketPassiveRateLimiterWithClock(reviewsPerSecond, reviewBurst, t.clock)
	}
	t.rates.Add(key, rate, reviewKept)
	return rate.(flowcontrol.PassiveRateLimiter)
}

// clock is Options.Now as the libraries want it: cache.Clock and clock.PassiveClock.
type clock func() time.Time

// Now is the time.
func (c clock) Now() time.Time { return c() }

// Since is how long ago another time was.
func (c clock) Since(at time.Time) time.Duration { return c().Sub(at) }
