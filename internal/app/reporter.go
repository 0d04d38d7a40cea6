// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package app

import (
	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/metrics"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// reporter tells logs and metrics what happens to answers of X.
type reporter struct {
	log     logr.Logger
	changed chan<- event.GenericEvent
	// called is called for each call to X.
	called func()
}

// Held implements redeem.Reporter.
func (r reporter) Held(owner grant.Owner, err error) {
	metrics.Held.Inc()
	r.log.Error(err, "An answer of X can't be stored yet; it is kept and tried again",
		"namespace", owner.Namespace, "name", owner.Name)
}

// Dropped implements redeem.Reporter.
func (r reporter) Dropped(owner grant.Owner) {
	metrics.Dropped.Inc()
	r.log.Info("An answer of X came late: a newer set of tokens is in use",
		"namespace", owner.Namespace, "name", owner.Name)
}

// Ended implements redeem.Reporter.
func (r reporter) Ended(owner grant.Owner, err error) {
	if err != nil {
		metrics.NotRevoked.Inc()
		r.log.Error(err, "An answer of X that no connection wants could be neither stored nor revoked: revoke the app's access in the account's settings at X",
			"namespace", owner.Namespace, "name", owner.Name)
		return
	}
	r.log.Info("An answer of X that no connection wants was given up", "namespace", owner.Namespace, "name", owner.Name)
}

// Called implements redeem.Reporter.
func (r reporter) Called(operation string, err error) {
	r.called()
	result := "ok"
	if err != nil {
		result = string(xapi.KindOf(err))
	}
	metrics.Calls.WithLabelValues(operation, result).Inc()
	if err != nil {
		r.log.V(1).Info("A call to X failed", "operation", operation, "error", err.Error())
	}
}

// AppChanged implements redeem.Reporter.
func (r reporter) AppChanged() { tell(r.changed) }

// tell passes news on; one piece of it that waits is enough.
func tell(news chan<- event.GenericEvent) {
	select {
	case news <- event.GenericEvent{}:
	default:
	}
}
