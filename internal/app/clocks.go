// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"time"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/event"
)

const (
	// clocksEvery is how often the two clocks are compared.
	clocksEvery = 30 * time.Second
	// leapNoticed is how far apart they may come in that time: far more than a clock is
	// adjusted by that is merely inexact.
	leapNoticed = 5 * time.Second
)

// clocks notice that the time of day leapt, because the machine slept or its clock was set.
// Timers run by the monotonic clock, which knows nothing of that: what waits for a time of
// day would come late by as much.
type clocks struct {
	wall func() time.Time
	// running is how long the process has run by the monotonic clock.
	running func() time.Duration
	// leapt is told of each leap.
	leapt func(by time.Duration)

	lastWall    time.Time
	lastRunning time.Duration
}

func newClocks(leapt func(by time.Duration)) *clocks {
	start := time.Now()
	c := &clocks{
		wall:    func() time.Time { return time.Now().Round(0) },
		running: func() time.Duration { return time.Since(start) },
		leapt:   leapt,
	}
	c.lastWall, c.lastRunning = c.wall(), c.running()
	return c
}

// compare tells of a leap since the last comparison.
func (c *clocks) compare() {
	wall, running := c.wall(), c.running()
	leap := wall.Sub(c.lastWall) - (running - c.lastRunning)
	c.lastWall, c.lastRunning = wall, running
	if leap.Abs() >= leapNoticed {
		c.leapt(leap)
	}
}

// watch compares until ctx ends.
func (c *clocks) watch(ctx context.Context) error {
	ticker := time.NewTicker(clocksEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			c.compare()
		case <-ctx.Done():
			return nil
		}
	}
}

// addClocks has all that waits for a time looked at anew when the time of day leapt.
func (o *operator) addClocks(context.Context, *rest.Config) error {
	if !o.Runs(ComponentControllers) {
		return nil
	}
	log := o.mgr.GetLogger()
	watched := newClocks(func(by time.Duration) {
		log.Info("The clock leapt: all objects are looked at anew", "by", by.Round(time.Second).String())
		o.tellLate()
	})
	return o.mgr.Add(everywhere(watched.watch))
}

// tellLate has every controller look at its objects.
func (o *operator) tellLate() {
	tell(o.changed)
	for _, late := range o.late {
		tell(late)
	}
}

// newLate is a controller's own news of leaps.
func (o *operator) newLate() <-chan event.GenericEvent {
	late := make(chan event.GenericEvent, 1)
	o.late = append(o.late, late)
	return late
}
