// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// Standing is whether X may be called for the account of a connection.
type Standing struct {
	// Problem is why it may not, as what is said of the connection: "is suspended". Empty
	// if it may.
	Problem string
	// Ended is true if nothing mends it by itself.
	Ended bool
	// Mends is true if the operator mends it by itself: it refreshes a token that ended or
	// that X refused, say. Otherwise a person must act.
	Mends bool
}

// StandingOf judges a connection and its grant, which may be nil. A missing workload is
// told to people and stands in nobody's way.
func StandingOf(conn *v1alpha1.XConnection, g *Grant, now time.Time) Standing {
	ready := meta.FindStatusCondition(conn.Status.Conditions, v1alpha1.ConditionReady)
	switch {
	case !conn.DeletionTimestamp.IsZero():
		return Standing{Problem: "is being deleted", Ended: true}
	case conn.Spec.State == v1alpha1.StateDisconnected:
		return Standing{Problem: "is disconnected: set its spec.state to Connected", Ended: true}
	case conn.Spec.Suspend:
		return Standing{Problem: "is suspended: set its spec.suspend to false"}
	case ready == nil:
		return Standing{Problem: "is not ready yet", Mends: true}
	case ready.Status != metav1.ConditionTrue && ready.Reason != v1alpha1.ReasonAgentNotFound:
		return Standing{
			Problem: fmt.Sprintf("is not ready (%s): %s", ready.Reason, ready.Message),
			Mends:   meta.IsStatusConditionTrue(conn.Status.Conditions, v1alpha1.ConditionReconciling),
		}
	case g == nil || g.Tokens == nil || g.Journal.Verdict != nil || !now.Before(g.Tokens.ExpiresAt):
		return Standing{Problem: "has no valid token yet", Mends: !needsConsent(g)}
	case g.AccessRefused():
		return Standing{Problem: "has a token that X refuses: the operator refreshes it", Mends: true}
	default:
		return Standing{}
	}
}

// needsConsent tells whether no refresh gives a grant another token. One that is not there
// is about to be: the connection says that it is ready.
func needsConsent(g *Grant) bool {
	return g != nil && (g.Journal.Verdict != nil || g.Tokens != nil && g.Tokens.RefreshToken.IsZero())
}
