// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"runtime/debug"
	"time"

	"k8s.io/client-go/rest"
)

const (
	// tidyFirst is when a start is over, whose lists made most garbage.
	tidyFirst = time.Minute
	// tidyEvery is rarely enough to cost nothing, and soon after a backlog.
	tidyEvery = 10 * time.Minute
)

// tidyMemory gives back to the system, now and then, what garbage took. The runtime
// lets garbage grow to as much as all caches together and keeps the memory for the next
// time: a few refreshes a second make so little of it that the process would hold for
// good what it needed once, when it filled its caches.
func (o *operator) tidyMemory(ctx context.Context, _ *rest.Config) error {
	go func() {
		for wait := tidyFirst; ; wait = tidyEvery {
			select {
			case <-time.After(wait):
				debug.FreeOSMemory()
			case <-ctx.Done():
				return
			}
		}
	}()
	return nil
}
