// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xsim

import (
	"sync/atomic"
	"time"
)

// clock is the simulator's own time: another clock, moved.
type clock struct {
	base   func() time.Time
	offset atomic.Int64
}

func newClock(base func() time.Time) *clock {
	if base == nil {
		base = time.Now //nolint:forbidigo // a simulator that runs alone has no other clock to be given
	}
	return &clock{base: base}
}

func (c *clock) now() time.Time { return c.base().Add(time.Duration(c.offset.Load())).UTC() }

// Now is the simulator's time, in UTC.
func (s *Server) Now() time.Time { return s.clock.now() }

// Advance moves the simulator's clock by d, forward or back. It has no effect on
// injected latency, which is real.
func (s *Server) Advance(d time.Duration) { s.clock.offset.Add(int64(d)) }
