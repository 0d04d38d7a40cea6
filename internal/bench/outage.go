// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/agentconnect/x-operator/internal/xsim"
)

const (
	// settling is how long the first calls into an outage are left out of its rate:
	// until the breaker has seen enough of them.
	settling = 15 * time.Second
	// leftAfter is how long tokens live once X is back.
	leftAfter = 10 * time.Minute
)

// outage takes X away from the main app while all its tokens are due.
func (s *suite) outage(ctx context.Context, w *World) error {
	if err := s.invitePeople(ctx, w, "outage"); err != nil {
		return err
	}
	if err := w.Reset(ctx, s.count(w), time.Now().Add(-time.Minute)); err != nil {
		return err
	}
	if err := w.EndAt(ctx, time.Now().Add(s.Outage+leftAfter)); err != nil {
		return err
	}
	away := xsim.Fault{Kind: xsim.FaultStatus, Status: 503, Endpoint: xsim.EndpointRefresh, ClientID: AppMain + "-client", Times: -1}
	if err := w.X.Inject(ctx, away); err != nil {
		return err
	}
	before, err := w.Count(ctx, nil)
	if err != nil {
		return err
	}
	return s.during(ctx, w, nil, func(o *Operator) error {
		began := time.Now()
		people := s.consenting(ctx, w, "outage", s.Outage/time.Duration(s.Consents+1))
		if err := pause(ctx, s.Outage); err != nil {
			return err
		}
		latencies, err := people()
		if err != nil {
			return err
		}
		back := time.Now()
		if err := w.X.ClearFaults(ctx); err != nil {
			return err
		}
		if err := w.refreshed(ctx, before.Refreshes+s.count(w)); err != nil {
			return err
		}
		recovered := time.Since(back)
		if _, err := o.Rest(ctx, s.count(w)); err != nil {
			return err
		}
		return s.outageFigures(ctx, w, began, back, recovered, latencies)
	})
}

func (s *suite) outageFigures(ctx context.Context, w *World, began, back time.Time, recovered time.Duration, latencies []time.Duration) error {
	connected, err := w.Connected(ctx)
	if err != nil {
		return err
	}
	books, err := w.X.Books(ctx)
	if err != nil {
		return err
	}
	calls := series{from: began.Add(settling), to: back, bucket: time.Second}
	for _, event := range books.Events {
		if event.ClientID == AppMain+"-client" && event.Endpoint == xsim.EndpointRefresh {
			calls.add(event.At)
		}
	}
	minutes := fmt.Sprintf("%.0f minutes without X: ", s.Outage.Minutes())
	s.add(figure{Name: minutes + "connections lost", Value: float64(s.count(w) - connected), Target: atMost(0)})
	s.add(figure{Name: minutes + "calls per second to the app that is away", Value: calls.mean(), Target: atMost(3),
		Note: fmt.Sprintf("%d in the busiest second", calls.busiest())})
	s.add(consentFigure(minutes+"a consent on another app, seconds until the token is published, 99th percentile", latencies))
	s.add(figure{Name: minutes + "seconds from X's return until all are refreshed", Value: recovered.Seconds()})
	return s.curve(ctx, w, minutes+"refreshes", began)
}
