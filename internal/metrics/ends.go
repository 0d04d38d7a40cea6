// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const day = 24 * time.Hour

var (
	// An access token lives two hours and is refreshed after an hour and a half.
	accessTokenBuckets = []time.Duration{
		0, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 90 * time.Minute, 2 * time.Hour,
	}
	// A refresh token counts as old after 180 days, and a person is asked 14 days before.
	refreshTokenBuckets = []time.Duration{0, day, 7 * day, 14 * day, 30 * day, 60 * day, 90 * day, 180 * day}
)

// ends is a distribution of the times that tokens have left, negative once they
// ended. It is a snapshot: unlike another histogram it is not to be put through rate().
type ends struct {
	bounds  []time.Duration
	within  map[float64]uint64
	count   uint64
	sum     time.Duration
	soonest time.Duration
}

func newEnds(bounds []time.Duration) *ends {
	within := map[float64]uint64{}
	for _, bound := range bounds {
		within[bound.Seconds()] = 0
	}
	return &ends{bounds: bounds, within: within}
}

func (e *ends) add(left time.Duration) {
	if e.count == 0 || left < e.soonest {
		e.soonest = left
	}
	e.count++
	e.sum += left
	for _, bound := range e.bounds {
		if left <= bound {
			e.within[bound.Seconds()]++
		}
	}
}

// emit gives the distribution, and the soonest end if there is any token.
func (e *ends) emit(metrics chan<- prometheus.Metric, distribution, soonest *prometheus.Desc) {
	metrics <- prometheus.MustNewConstHistogram(distribution, e.count, e.sum.Seconds(), e.within)
	if e.count > 0 {
		metrics <- gauge(soonest, e.soonest.Seconds())
	}
}
