// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package outcome is the one table from what X answered to what people and
// programs see of it: the condition's reason, the consent door's x_error, who must
// act, and whether the operator tries again by itself.
package outcome

import (
	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// Actor is who must act.
type Actor string

// The actors.
const (
	// ActorNobody: the operator tries again by itself.
	ActorNobody Actor = "nobody"
	// ActorPerson: the person who consents.
	ActorPerson Actor = "person"
	// ActorAppOwner: the owner of the X developer app.
	ActorAppOwner Actor = "app owner"
)

// Outcome is one row of the table.
type Outcome struct {
	// Reason is that of the condition.
	Reason string
	// Code is the x_error of a consent that fails so.
	Code v1alpha1.ErrorCode
	// Actor must act.
	Actor Actor
	// Retry tells whether the operator tries again by itself.
	Retry bool
	// Advice is a sentence for conditions and pages: what to do next.
	Advice string
}

var table = map[xapi.Kind]Outcome{
	xapi.KindDeadToken: {
		v1alpha1.ReasonReauthorizationRequired, v1alpha1.ErrorTokenExchangeFailed, ActorPerson, false,
		"X does not accept the refresh token any more: open the link in status.authorizeURL to consent again.",
	},
	xapi.KindRedirectMismatch: {
		v1alpha1.ReasonInvalidConfig, v1alpha1.ErrorTokenExchangeFailed, ActorAppOwner, false,
		"Enter the operator's callback URL at X, exactly.",
	},
	xapi.KindCredentials: {
		v1alpha1.ReasonInvalidConfig, v1alpha1.ErrorTokenExchangeFailed, ActorAppOwner, true,
		"X refuses the app's client id or client secret: copy both again from the X developer portal into the Secret.",
	},
	xapi.KindRateLimited: {
		v1alpha1.ReasonRateLimited, v1alpha1.ErrorInternalError, ActorNobody, true,
		"X limits the app: the operator waits for the reset.",
	},
	xapi.KindUsageCap: {
		v1alpha1.ReasonUsageCapExceeded, v1alpha1.ErrorInternalError, ActorAppOwner, true,
		"The X app's cap or credits are used up: its owner must raise the plan or buy credits at X.",
	},
	xapi.KindUnknown: {
		v1alpha1.ReasonXUnavailable, v1alpha1.ErrorInternalError, ActorNobody, true,
		"X did not give a readable answer: the operator tries again.",
	},
	xapi.KindNotVerdict: {
		v1alpha1.ReasonRefreshFailed, v1alpha1.ErrorTokenExchangeFailed, ActorNobody, true,
		"X gave an answer that settles nothing: the operator tries again.",
	},
	xapi.KindAborted: {
		v1alpha1.ReasonXUnavailable, v1alpha1.ErrorInternalError, ActorNobody, true,
		"The operator was too slow to call X safely: it tries again.",
	},
}

// OfKind gives the row of a kind; a kind that the token endpoint does not give
// counts as an answer that settles nothing.
func OfKind(kind xapi.Kind) Outcome {
	if row, ok := table[kind]; ok {
		return row
	}
	return table[xapi.KindNotVerdict]
}

// ConsentCode gives the x_error of a failed exchange.
func ConsentCode(err error) string { return string(OfKind(xapi.KindOf(err)).Code) }
