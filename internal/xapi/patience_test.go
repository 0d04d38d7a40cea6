// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestTimeout(t *testing.T) {
	for _, test := range []struct {
		name string
		// slept is how long the process was stopped.
		slept time.Duration
		want  time.Duration
	}{
		{"awake", 0, time.Minute},
		{"a busy machine", asleepBy, time.Minute},
		{"asleep", time.Hour, time.Minute + wakeGrace},
	} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			var slept atomic.Int64
			clock := func() time.Time { return time.Now().Add(time.Duration(slept.Load())) }
			ctx, cancel := withTimeout(t.Context(), clock, time.Minute)
			defer cancel()
			slept.Store(int64(test.slept))
			<-ctx.Done()
			if got := time.Since(start); got != test.want || !errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
				t.Errorf("%s: it ended after %s: %v", test.name, got, context.Cause(ctx))
			}
		})
	}
}

func TestTimeoutIsCancelled(t *testing.T) {
	ctx, cancel := withTimeout(t.Context(), time.Now, time.Minute)
	cancel()
	if !errors.Is(context.Cause(ctx), context.Canceled) {
		t.Errorf("it ended for %v", context.Cause(ctx))
	}
}
