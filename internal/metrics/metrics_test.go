// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/agentconnect/x-operator/internal/metrics"
)

// TestNames holds the metrics to Prometheus' conventions.
func TestNames(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	metrics.Register(registry)
	metrics.Calls.WithLabelValues("refresh", "ok").Inc()
	problems, err := testutil.GatherAndLint(registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Errorf("%s: %s", problem.Metric, problem.Text)
	}
	if got := testutil.ToFloat64(metrics.Calls.WithLabelValues("refresh", "ok")); got != 1 {
		t.Errorf("one call counts as %v", got)
	}
}
