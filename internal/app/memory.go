// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/rest"
)

const (
	// tidyFirst is when a start is over, whose lists made most garbage.
	tidyFirst = time.Minute
	// tidyEvery is rarely enough to cost nothing, and soon after a backlog.
	tidyEvery = 10 * time.Minute
	// startGarbage is how much garbage there may be while the caches fill, in percent of
	// what lives. Garbage of that time leaves holes between what stays for good, and a
	// page with one object in it can't be given back.
	startGarbage = 25
	// firstPasses is how long the passes over all objects take that follow.
	firstPasses = 10 * time.Second
	// busyStart is how many calls to X end a start before that: much is due then, as after an
	// outage, and to collect its garbage four times as often as usual would slow it down.
	busyStart = 100
)

// frugalStart allows little garbage until end is called, once or more.
func frugalStart() (end func()) {
	usual := debug.SetGCPercent(startGarbage)
	return sync.OnceFunc(func() { debug.SetGCPercent(usual) })
}

// atCall gives what is to be called for each call to X: it calls end at one of them.
func atCall(number int64, end func()) func() {
	var calls atomic.Int64
	return func() {
		if end != nil && calls.Add(1) == number {
			end()
		}
	}
}

// tidyMemory gives back to the system, now and then, what garbage took. The runtime
// lets garbage grow to as much as all caches together and keeps the memory for the next
// time: a few refreshes a second make so little of it that the process would hold for
// good what it needed once, when it filled its caches.
func tidyMemory(ctx context.Context) {
	for wait := tidyFirst; ; wait = tidyEvery {
		select {
		case <-time.After(wait):
			debug.FreeOSMemory()
		case <-ctx.Done():
			return
		}
	}
}

// tellFilled calls filled once the caches are and all objects were looked at. In a busy start
// the calls to X do so before: see atCall.
func (o *operator) tellFilled(context.Context, *rest.Config) error {
	if o.filled == nil {
		return nil
	}
	return o.mgr.Add(everywhere(func(ctx context.Context) error {
		select {
		case <-time.After(firstPasses):
			o.filled()
		case <-ctx.Done():
		}
		return nil
	}))
}

// everywhere is what runs on each replica, leader or not, once the caches are filled.
type everywhere func(context.Context) error

// Start implements manager.Runnable.
func (run everywhere) Start(ctx context.Context) error { return run(ctx) }

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (everywhere) NeedLeaderElection() bool { return false }
