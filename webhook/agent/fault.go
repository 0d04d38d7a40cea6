// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package agent

import (
	"time"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/outcome"
	"github.com/agentconnect/x-operator/internal/pace"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// The reasons of the door's own. All others are those of XPost's conditions, so that
// an agent and kubectl use the same words.
const (
	reasonUnauthorized    = "Unauthorized"
	reasonForbidden       = "Forbidden"
	reasonNotFound        = "NotFound"
	reasonInvalid         = "Invalid"
	reasonBusy            = "Busy"
	reasonInternal        = "InternalError"
	reasonCanceled        = "Canceled"
	reasonRequestIDReused = "RequestIDReused"
	reasonNotPublished    = "NotPublishedHere"
	reasonWholeThread     = "WholeThread"
	reasonWithdrawn       = "Withdrawn"
)

const (
	// unavailableFor is when to come again to an X that is away and does not say.
	unavailableFor = 30 * time.Second
	// mendsFor is when to come again for a connection that the operator mends by itself,
	// or after X refused a token: a refresh takes moments, but at most one a minute is made.
	mendsFor = 90 * time.Second
)

// fault is a failure that a caller is told: a reason for programs, a message for
// people and agents that says what to do next, and when trying again may help.
type fault struct {
	reason  string
	message string
	// retryAt is zero if trying again does not help by itself.
	retryAt time.Time
}

// Error implements error.
func (f *fault) Error() string {
	text := f.reason + ": " + f.message
	if !f.retryAt.IsZero() {
		text += " Try again after " + f.retry() + "."
	}
	return text
}

// retry is retryAt for the caller, who should not come a moment early.
func (f *fault) retry() string { return stamp(f.retryAt.Add(time.Second - 1)) }

// stamp writes a time as all of the door's answers do.
func stamp(at time.Time) string { return at.UTC().Truncate(time.Second).Format(time.RFC3339) }

// faultOf turns a failed call to X into what a caller is told; now is when it failed.
func faultOf(err error, now time.Time) *fault {
	kind := xapi.KindOf(err)
	f := &fault{reason: v1alpha1.ReasonRefused, message: "X refuses the request (" + err.Error() + "). Sending it again does not help."}
	switch kind {
	case xapi.KindRateLimited:
		f.reason, f.message = v1alpha1.ReasonRateLimited, "X limits these calls."
		f.retryAt = xapi.ResetOf(err, now, 15*time.Minute)
	case xapi.KindUsageCap:
		f.reason, f.message = v1alpha1.ReasonUsageCapExceeded, outcome.OfKind(kind).Advice
		f.retryAt = xapi.ResetOf(err, now, time.Hour)
	case xapi.KindUnauthorized:
		f.reason, f.retryAt = v1alpha1.ReasonNotConnected, now.Add(mendsFor)
		f.message = "X does not accept the access token of this connection. If it stays so, a person must connect the account again."
	case xapi.KindNotEnrolled:
		f.reason, f.message = v1alpha1.ReasonNotEnrolled, "The X app is not enrolled for X's API: its owner must do that in X's developer portal."
	case xapi.KindNotFound:
		f.reason, f.message = reasonNotFound, "X does not have what was asked for, or does not show it to this account."
	case xapi.KindInvalid:
		f.reason, f.message = reasonInvalid, "X does not take the request ("+err.Error()+"). Correct the arguments."
	case xapi.KindUnknown, xapi.KindNotVerdict, xapi.KindAborted:
		f.reason, f.message = v1alpha1.ReasonXUnavailable, "X gives no readable answer."
		f.retryAt = xapi.ResetOf(err, now, unavailableFor)
	}
	return f
}

// held is what a caller is told whose call has to wait.
func held(hold pace.Hold, until time.Time) *fault {
	switch hold {
	case pace.HoldCapped:
		return &fault{v1alpha1.ReasonUsageCapExceeded, outcome.OfKind(xapi.KindUsageCap).Advice, until}
	case pace.HoldApp:
		return &fault{v1alpha1.ReasonRateLimited, "X limits these calls for all users of the X app.", until}
	case pace.HoldTurn:
		return &fault{v1alpha1.ReasonRateLimited, "X limits these calls of the X app, and its tenants take turns.", until}
	default:
		return &fault{v1alpha1.ReasonRateLimited, "X limits these calls of this account.", until}
	}
}
