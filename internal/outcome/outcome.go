// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package outcome is the one table from what X answered to what people and
// programs see of it: the condition's reason, the consent door's x_error, and what to
// do next.
package outcome

import (
	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// Outcome is one row of the table.
type Outcome struct {
	// Reason is that of the condition.
	Reason string
	// Code is the x_error of a consent that fails so.
	Code v1alpha1.ErrorCode
	// Advice is a sentence for conditions and pages: what to do next.
	Advice string
}

var table = map[xapi.Kind]Outcome{
	xapi.KindDeadToken: {
		Reason: v1alpha1.ReasonReauthorizationRequired,
		Code:   v1alpha1.ErrorTokenExchangeFailed,
		Advice: "X does not accept the refresh token any more: open the link in status.authorizeURL to consent again.",
	},
	xapi.KindRedirectMismatch: {
		Reason: v1alpha1.ReasonInvalidConfig,
		Code:   v1alpha1.ErrorTokenExchangeFailed,
		Advice: "Enter the operator's callback URL at X, exactly.",
	},
	xapi.KindCredentials: {
		Reason: v1alpha1.ReasonInvalidConfig,
		Code:   v1alpha1.ErrorTokenExchangeFailed,
		Advice: "X refuses the app's client id or client secret: copy both again from the X developer portal into the Secret.",
	},
	xapi.KindRateLimited: {
		Reason: v1alpha1.ReasonRateLimited,
		Code:   v1alpha1.ErrorInternalError,
		Advice: "X limits the app: the operator waits for the reset.",
	},
	xapi.KindUsageCap: {
		Reason: v1alpha1.ReasonUsageCapExceeded,
		Code:   v1alpha1.ErrorInternalError,
		Advice: "The X app's cap or credits are used up: its owner must raise the plan or buy credits at X.",
	},
	xapi.KindUnknown: {
		Reason: v1alpha1.ReasonXUnavailable,
		Code:   v1alpha1.ErrorInternalError,
		Advice: "X did not give a readable answer: the operator tries again.",
	},
	xapi.KindNotVerdict: {
		Reason: v1alpha1.ReasonRefreshFailed,
		Code:   v1alpha1.ErrorTokenExchangeFailed,
		Advice: "X gave an answer that settles nothing: the operator tries again.",
	},
	xapi.KindAborted: {
		Reason: v1alpha1.ReasonXUnavailable,
		Code:   v1alpha1.ErrorInternalError,
		Advice: "The operator was too slow to call X safely: it tries again.",
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
