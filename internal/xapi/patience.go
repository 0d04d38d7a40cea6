// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi

import (
	"context"
	"time"
)

const (
	// asleepBy is how late a timeout must be noticed for the process to have been
	// stopped meanwhile: a frozen container, a machine that slept.
	asleepBy = time.Second
	// wakeGrace is how much longer a call may then take: what X answered while nobody
	// read waits in the socket, and is worth more than the timeout.
	wakeGrace = 5 * time.Second
)

// withTimeout is context.WithTimeout for a process that may be stopped and woken.
// Without the grace, the timeout and the answer would be found at the same moment
// at the wake-up, and the answer lost by the toss of a coin.
func withTimeout(ctx context.Context, clock func() time.Time, timeout time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	startedAt := clock()
	expire := func() { cancel(context.DeadlineExceeded) }
	timer := time.AfterFunc(timeout, func() {
		if clock().Sub(startedAt) > timeout+asleepBy {
			time.AfterFunc(wakeGrace, expire)
			return
		}
		expire()
	})
	return ctx, func() {
		timer.Stop()
		cancel(nil)
	}
}
