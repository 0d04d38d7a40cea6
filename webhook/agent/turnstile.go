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

// turnstile bounds what one address, or one tenant, has the API server do: how much at
// once, so that it can't take all of the server's places, and how much a second, so that
// it neither keeps the API server busy nor pushes what is about others out of what is kept.
type turnstile struct {
	share
	clock clock
	busy  *places.Places[string]

	mu sync.Mutex
	// rates are of those who came lately. Whoever did not for longer than its burst takes
	// to come back has all of it again, so nothing is lost with an old one.
	rates *cache.LRUExpireCache
}

// share is what one key may have.
type share struct {
	perSecond     float32
	burst, atOnce int
	// refusal is what those are told who had it.
	refusal string
}

var (
	reviewShare = share{reviewsPerSecond, reviewBurst, maxReviewing,
		"Too many new callers at this address, or new calls of this namespace, have to be looked at."}
	writeShare = share{writesPerSecond, writeBurst, maxWriting,
		"Too much is published and deleted at once for the accounts of this namespace. Nothing was done."}
)

func newTurnstile(clock clock, of share) *turnstile {
	return &turnstile{share: of, clock: clock, busy: places.New[string](of.atOnce), rates: cache.NewLRUExpireCacheWithClock(maxReviews, clock)}
}

// enter lets in what a key wants, which calls leave when it is done. It gives a fault if
// that key has had its share.
func (t *turnstile) enter(key string) (leave func(), err error) {
	if !t.rate(key).TryAccept() || !t.busy.Enter(key) {
		return nil, &fault{reasonBusy, t.refusal, t.clock.Now().Add(time.Second)}
	}
	return func() { t.busy.Leave(key) }, nil
}

func (t *turnstile) rate(key string) flowcontrol.PassiveRateLimiter {
	t.mu.Lock()
	defer t.mu.Unlock()
	rate, ok := t.rates.Get(key)
	if !ok {
		rate = flowcontrol.NewTokenBucketPassiveRateLimiterWithClock(t.perSecond, t.burst, t.clock)
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
