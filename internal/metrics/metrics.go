// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package metrics holds the operator's own Prometheus metrics. Their labels come
// from short fixed lists and from XApps, which administrators make; the name of a
// tenant's object is a label only of series that were asked for by a flag.
package metrics

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

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

	// Dropped counts answers that were not put into use, since a newer set of tokens was.
	Dropped = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "xoperator_answers_superseded_total",
		Help: "Answers of X that were not put into use because a newer set of tokens was.",
	})

	// NotRevoked counts sets of tokens that X did not revoke within a day, or, if they
	// could not be stored to be revoked, at once; those that were forgotten since X does not
	// tell whose they are; and deleted connections whose grant was lost, could not be read
	// or was another cluster's.
	NotRevoked = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "xoperator_tokens_not_revoked_total",
		Help: "Sets of tokens that may live on at X: not revoked in time, of an unknown account, or of a grant that was lost.",
	})

	// PostAttempts counts attempts to publish one post by result: Published, or the
	// reason that the XPost then has.
	PostAttempts = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "xoperator_post_attempts_total",
		Help: "Attempts to publish a post at X, by result: Published, or the XPost's reason.",
	}, []string{"result"})

	// ConsentPages counts answers of the consent door by step of the flow and result:
	// "connected", an x_error of the catalogue, or another word for a page.
	ConsentPages = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "xoperator_consent_pages_total",
		Help: "Answers of the consent pages, by step of the flow and result (connected, an x_error, or what was shown).",
	}, []string{"step", "result"})

	// AgentCalls counts calls at the agents' door by what was called (a tool, "token", or
	// "mcp" for what came to no tool) and result: "ok", or the reason of the refusal.
	AgentCalls = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "xoperator_agent_calls_total",
		Help: "Calls at the agents' door, by what was called (a tool, token, or mcp for what came to no tool) and result (ok, or a reason).",
	}, []string{"call", "result"})

	requests = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "xoperator_x_request_duration_seconds",
		Help: "How long calls to X took, by endpoint and class of the HTTP status; none means that no answer came.",
		// X answers within a second; calls end after 30 s at the latest.
		Buckets: []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30},
	}, []string{"endpoint", "status"})
)

// Register registers all of them; once a process. Of the fleet see Watch.
func Register(registry prometheus.Registerer) {
	registry.MustRegister(Calls, Held, Dropped, NotRevoked, PostAttempts, ConsentPages, AgentCalls, requests, theFleet)
}

// Requested counts a call to X. The endpoint is one of xapi's names; the status is 0
// if no answer came.
func Requested(endpoint string, status int, took time.Duration) {
	requests.WithLabelValues(endpoint, class(status)).Observe(took.Seconds())
}

// class is the class of an HTTP status, such as 2xx, but 429 by itself: a limit is no
// failure of a request.
func class(status int) string {
	switch {
	case status == 429:
		return "429"
	case status >= 100 && status < 600:
		return strconv.Itoa(status/100) + "xx"
	default:
		return "none"
	}
}

// Build tells which build runs which components, as a metric that is always 1.
func Build(registry prometheus.Registerer, version, commit, goVersion, components string) {
	registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "xoperator_build_info",
		Help: "The operator's version, commit and toolchain, and the components that the process runs. Always 1.",
		ConstLabels: prometheus.Labels{
			"version": version, "commit": commit, "goversion": goVersion, "components": components,
		},
	}, func() float64 { return 1 }))
}
