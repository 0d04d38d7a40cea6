// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/agentconnect/x-operator/internal/xsim"
)

// minutesOfCycle is how many minutes the interval has that X's tokens allow: a
// cycle that is shorter here is cut into as many parts.
const minutesOfCycle = 90

// steady lets connections be as if made together just now, and measures how they are
// refreshed from then on: the second cycle if there is time for it, else a part of
// the first.
func (s *suite) steady(ctx context.Context, w *World) error {
	if err := s.invitePeople(ctx, w, "steady"); err != nil {
		return err
	}
	if err := w.SetInterval(ctx, s.Interval); err != nil {
		return err
	}
	if err := w.Spread(ctx); err != nil {
		return err
	}
	made := time.Now()
	second := s.Steady >= s.Interval
	from := made.Add(s.Interval)
	if !second {
		from = made.Add(min(s.Steady, s.Interval-s.Steady))
	}
	return s.during(ctx, w, nil, func(o *Operator) error {
		if err := o.passed(ctx, s.count(w)); err != nil {
			return err
		}
		people := s.consenting(ctx, w, "steady", max(time.Until(from)/time.Duration(s.Consents+1)-poll, 0))
		if err := pause(ctx, time.Until(from)); err != nil {
			return err
		}
		latencies, err := people()
		if err != nil {
			return err
		}
		s.add(consentFigure("a new consent while others are refreshed: seconds until the token is published, 99th percentile", latencies))
		if err := s.window(ctx, w, o, min(s.Steady, s.Interval)); err != nil {
			return err
		}
		if second {
			if err := s.evenness(ctx, w, from); err != nil {
				return err
			}
		}
		return s.curve(ctx, w, "steady refresh", made)
	})
}

// window counts for a while.
func (s *suite) window(ctx context.Context, w *World, o *Operator, length time.Duration) error {
	before, err := w.Count(ctx, o)
	if err != nil {
		return err
	}
	cpu, err := o.CPU()
	if err != nil {
		return err
	}
	if err := pause(ctx, length); err != nil {
		return err
	}
	used, err := o.CPU()
	if err != nil {
		return err
	}
	resident, err := o.Resident()
	if err != nil {
		return err
	}
	after, err := w.Count(ctx, o)
	if err != nil {
		return err
	}
	cost := after.Less(before)
	if cost.Refreshes == 0 {
		return fmt.Errorf("nothing was refreshed in %s", length)
	}
	s.add(figure{Name: "steady refresh: API writes each", Value: per(cost.Writes, cost.Refreshes), Target: atMost(4)})
	s.add(figure{Name: "steady refresh: API reads each", Value: per(cost.Reads+cost.Lists, cost.Refreshes), Target: atMost(0)})
	s.add(figure{Name: "steady refresh: passes of the reconciler each", Value: per(cost.Passes, cost.Refreshes), Target: atMost(2.1)})
	s.add(figure{Name: "steady refresh: events each", Value: per(cost.Events, cost.Refreshes), Target: atMost(0)})
	s.add(figure{Name: "steady refresh: tokens presented twice", Value: float64(cost.Replays), Target: atMost(0)})
	s.add(figure{Name: "steady refresh: own CPU each, ms", Value: (used - cpu).Seconds() * 1000 / float64(cost.Refreshes),
		Note: fmt.Sprintf("%d refreshes in %s, with what the process does beside", cost.Refreshes, length)})
	s.add(figure{Name: "steady refresh: memory above an empty operator, KB per connection", Value: s.aboveEmpty(w, resident)})
	return nil
}

// evenness compares the busiest minute with the mean.
func (s *suite) evenness(ctx context.Context, w *World, from time.Time) error {
	books, err := w.X.Books(ctx)
	if err != nil {
		return err
	}
	calls := series{from: from, to: from.Add(s.Interval), bucket: s.Interval / minutesOfCycle}
	for _, event := range books.Events {
		if event.ClientID == AppMain+"-client" && event.Endpoint == xsim.EndpointRefresh {
			calls.add(event.At)
		}
	}
	f := figure{Name: "calls to X, busiest minute against the mean, second cycle", Value: float64(calls.busiest()) / (calls.mean() * calls.bucket.Seconds()),
		Note: fmt.Sprintf("a cycle of %s in %d parts instead of one of 90 minutes", s.Interval, minutesOfCycle)}
	if s.count(w) >= 10_000 {
		f.Target = atMost(1.3)
	}
	s.add(f)
	return nil
}
