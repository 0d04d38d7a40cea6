// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"slices"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/event"
)

// TestTellLate: each controller hears of a leap, and one that does not listen keeps none of the
// others waiting.
func TestTellLate(t *testing.T) {
	o := &operator{changed: make(chan event.GenericEvent, 1)}
	one, other := o.newLate(), o.newLate()
	for range 2 {
		o.tellLate()
		<-one
	}
	if len(o.changed) != 1 || len(one) != 0 || len(other) != 1 {
		t.Errorf("waiting are %d, %d and %d pieces of news", len(o.changed), len(one), len(other))
	}
}

// TestClocks: a time of day that leaps is noticed, once, in both directions; time that passes,
// and an adjustment, are none.
func TestClocks(t *testing.T) {
	wall, running := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC), time.Minute
	var leaps []time.Duration
	c := newClocks(func(by time.Duration) { leaps = append(leaps, by) })
	c.wall, c.running = func() time.Time { return wall }, func() time.Duration { return running }
	c.lastWall, c.lastRunning = wall, running
	for _, step := range []struct {
		name          string
		wall, running time.Duration
		want          []time.Duration
	}{
		{"time passes", 30 * time.Second, 30 * time.Second, nil},
		{"the clock is adjusted", 31 * time.Second, 30 * time.Second, nil},
		{"a busy machine ticks late", 5 * time.Minute, 5 * time.Minute, nil},
		{"the machine slept", 3*time.Hour + 30*time.Second, 30 * time.Second, []time.Duration{3 * time.Hour}},
		{"afterwards", 30 * time.Second, 30 * time.Second, nil},
		{"the clock was set back", -time.Hour + 30*time.Second, 30 * time.Second, []time.Duration{-time.Hour}},
		{"it was set by little", 35 * time.Second, 30 * time.Second, []time.Duration{5 * time.Second}},
	} {
		leaps = nil
		wall, running = wall.Add(step.wall), running+step.running
		if c.compare(); !slices.Equal(leaps, step.want) {
			t.Errorf("%s: leaps %s, want %s", step.name, leaps, step.want)
		}
	}
}
