// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// scenario is one thing to measure. Each finds the connections connected, with
// nothing due and no operator running, and leaves them so; the first one makes them.
type scenario struct {
	name string
	does string
	run  func(*suite, context.Context, *World) error
}

var scenarios = []scenario{
	{"publication", "a GitOps tool applies all connections at once; then all people consent at once", (*suite).publication},
	{"restart", "the operator is restarted with nothing due", (*suite).restart},
	{"failover", "the leader of two replicas is killed", (*suite).failover},
	{"arms", "the raw loop and the operator refresh the same connections in turn", (*suite).armsOnDisk},
	{"backlog", "everything is due at once, as after two hours of outage, and people consent meanwhile", (*suite).backlog},
	{"outage", "X is away for one app while everything is due, and people consent on another app", (*suite).outage},
	{"steady", "connections made together are refreshed by their interval, and people consent meanwhile", (*suite).steady},
}

// Scenarios says for each scenario what it does.
func Scenarios() map[string]string {
	all := map[string]string{}
	for _, scenario := range scenarios {
		all[scenario.name] = scenario.does
	}
	return all
}

// wants tells whether a scenario is asked for. The first one always is: without it
// there are no connections.
func (s *suite) wants(name string) bool {
	return len(s.Scenarios) == 0 || name == scenarios[0].name || slices.Contains(s.Scenarios, name)
}

// during runs an operator while something is done with it.
func (s *suite) during(ctx context.Context, w *World, flags []string, do func(*Operator) error) error {
	o, err := w.StartOperator(ctx, s.binary, flags...)
	if err != nil {
		return err
	}
	done := do(o)
	return errors.Join(done, o.Stop())
}

// publication makes the connections.
func (s *suite) publication(ctx context.Context, w *World) error {
	return s.during(ctx, w, nil, func(o *Operator) error {
		if _, err := o.Rest(ctx, 0); err != nil {
			return err
		}
		if err := pause(ctx, settled); err != nil {
			return err
		}
		var err error
		if s.report.EmptyRSS, err = o.Resident(); err != nil {
			return err
		}
		s.say("an empty operator takes %d MB", s.report.EmptyRSS>>20)
		if err := s.applied(ctx, w, o, time.Now()); err != nil {
			return err
		}
		return s.consented(ctx, w, o)
	})
}

// warm is how long a standby has to fill its caches. settled is how long an operator does
// nothing before its memory is read: the garbage of a start goes back to the system
// about a minute after it.
const (
	warm    = 10 * time.Second
	settled = 90 * time.Second
)

func (s *suite) applied(ctx context.Context, w *World, o *Operator, began time.Time) error {
	before, err := w.Count(ctx, o)
	if err != nil {
		return err
	}
	if err := w.Apply(ctx, s.count(w), Interval); err != nil {
		return err
	}
	at, err := o.Rest(ctx, s.count(w))
	if err != nil {
		return err
	}
	after, err := w.Count(ctx, o)
	if err != nil {
		return err
	}
	counts := after.Less(before)
	counts.Writes -= s.count(w) // The tool's own.
	s.add(figure{Name: "GitOps apply: connections invited per second", Value: float64(s.count(w)) / at.Sub(began).Seconds()})
	s.add(figure{Name: "GitOps apply: API writes per connection", Value: per(counts.Writes, s.count(w))})
	return nil
}

func (s *suite) consented(ctx context.Context, w *World, o *Operator) error {
	before, err := w.Count(ctx, o)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := w.Connect(ctx, time.Now().Add(time.Hour)); err != nil {
		return err
	}
	at, err := o.Rest(ctx, before.Passes+s.count(w))
	if err != nil {
		return err
	}
	connected, err := w.Connected(ctx)
	if err != nil {
		return err
	}
	if connected != s.count(w) {
		return fmt.Errorf("only %d of %d connections are connected", connected, s.count(w))
	}
	s.add(figure{Name: "first publication: tokens published per second", Value: float64(s.count(w)) / at.Sub(began).Seconds()})
	return nil
}

// restart starts an operator with nothing due, and measures its memory.
func (s *suite) restart(ctx context.Context, w *World) error {
	before, err := w.Count(ctx, nil)
	if err != nil {
		return err
	}
	began := time.Now()
	return s.during(ctx, w, nil, func(o *Operator) error {
		at, err := o.Rest(ctx, s.count(w))
		if err != nil {
			return err
		}
		after, err := w.Count(ctx, o)
		if err != nil {
			return err
		}
		cost := after.Less(before)
		s.add(figure{Name: "restart, nothing due: calls to X", Value: float64(cost.Calls), Target: atMost(0)})
		s.add(figure{Name: "restart, nothing due: API writes", Value: float64(cost.Writes), Target: atMost(0)})
		s.add(figure{Name: "restart, nothing due: reads per object", Value: per(cost.Reads, s.count(w)), Target: atMost(0.01),
			Note: fmt.Sprintf("%d reads in all, of the cluster's identity and the keys", cost.Reads)})
		s.add(figure{Name: "restart, nothing due: seconds from the start of the process until all were looked at", Value: at.Sub(began).Seconds()})
		if err := pause(ctx, settled); err != nil {
			return err
		}
		s.report.RSS, err = o.Resident()
		if err != nil {
			return err
		}
		s.add(figure{Name: "memory above an empty operator, KB per connection", Value: s.aboveEmpty(w, s.report.RSS), Target: atMost(10)})
		return nil
	})
}

// aboveEmpty is what a connection takes of an operator's memory, in KB.
func (s *suite) aboveEmpty(w *World, resident int64) float64 {
	return float64(resident-s.report.EmptyRSS) / 1000 / float64(s.count(w))
}

func (s *suite) armsOnDisk(ctx context.Context, w *World) error { return s.compare(ctx, w, "disk") }

// backlog lets everything be due when the operator starts.
func (s *suite) backlog(ctx context.Context, w *World) error {
	if err := s.invitePeople(ctx, w, "backlog"); err != nil {
		return err
	}
	if err := w.Reset(ctx, s.count(w), time.Now().Add(-2*time.Hour+Interval)); err != nil {
		return err
	}
	if err := w.EndAt(ctx, time.Now().Add(-time.Minute)); err != nil {
		return err
	}
	before, err := w.Count(ctx, nil)
	if err != nil {
		return err
	}
	began := time.Now()
	return s.during(ctx, w, nil, func(o *Operator) error {
		people := s.consenting(ctx, w, "backlog", 0)
		if err := w.refreshed(ctx, before.Refreshes+s.count(w)); err != nil {
			return err
		}
		took := time.Since(began)
		latencies, err := people()
		if err != nil {
			return err
		}
		if _, err := o.Rest(ctx, s.count(w)); err != nil {
			return err
		}
		s.add(figure{Name: "everything due at once: refreshes per second, from the start of the process on", Value: float64(s.count(w)) / took.Seconds()})
		s.add(consentFigure("a new consent while everything is due: seconds until the token is published, 99th percentile", latencies))
		return s.curve(ctx, w, "everything due at once", began)
	})
}
