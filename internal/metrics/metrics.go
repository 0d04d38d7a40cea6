// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package metrics holds the operator's own Prometheus metrics. Their labels come
// from short fixed lists: no object's name is one.
package metrics

import "github.com/prometheus/client_golang/prometheus"

var (
	// Calls counts calls to X's token and revocation endpoints by operation
	// (exchange, refresh, revoke) and result: "ok", or xapi's kind of failure.
	Calls = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "xoperator_x_calls_total",
		Help: "Calls to X's token and revocation endpoints, by operation and result.",
	}, []string{"operation", "result"})

	// Held counts failed attempts to store an answer of X, each tried again. While it
	// grows, do not kill the process.
	Held = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "xoperator_answer_store_failures_total",
		Help: "Failed attempts to store an answer of X; the answer is kept and tried again.",
	})

	// Dropped counts answers that were not stored since a newer grant was there.
	Dropped = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "xoperator_answers_superseded_total",
		Help: "Answers of X that were not stored because a newer grant was.",
	})

	// NotRevoked counts sets of tokens that X did not revoke within a day.
	NotRevoked = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "xoperator_tokens_not_revoked_total",
		Help: "Sets of tokens of deleted connections that X did not revoke within 24 hours.",
	})
)

// Register registers all of them; once a process.
func Register(registry prometheus.Registerer) {
	registry.MustRegister(Calls, Held, Dropped, NotRevoked)
}
