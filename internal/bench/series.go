// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"time"

	"github.com/agentconnect/x-operator/internal/xsim"
)

// series counts what happens from one time to another, in parts of equal length.
type series struct {
	from, to time.Time
	bucket   time.Duration
	counts   []int
}

func (s *series) add(at time.Time) {
	if at.Before(s.from) || !at.Before(s.to) {
		return
	}
	i := int(at.Sub(s.from) / s.bucket)
	for len(s.counts) <= i {
		s.counts = append(s.counts, 0)
	}
	s.counts[i]++
}

func (s *series) total() int {
	total := 0
	for _, count := range s.counts {
		total += count
	}
	return total
}

// mean is how many there were a second.
func (s *series) mean() float64 { return float64(s.total()) / s.to.Sub(s.from).Seconds() }

// busiest is the number of the fullest part.
func (s *series) busiest() int {
	most := 0
	for _, count := range s.counts {
		most = max(most, count)
	}
	return most
}

// curve keeps how many refreshes X made each second since a time, for the plot.
func (s *suite) curve(ctx context.Context, w *World, title string, from time.Time) error {
	books, err := w.X.Books(ctx)
	if err != nil {
		return err
	}
	refreshes := series{from: from, to: books.Now, bucket: time.Second}
	for _, event := range books.Events {
		if event.Endpoint == xsim.EndpointRefresh && event.Outcome == xsim.OutcomeIssued {
			refreshes.add(event.At)
		}
	}
	s.report.Curves = append(s.report.Curves, Curve{Title: title, PerSecond: refreshes.counts})
	return nil
}
