// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// ErrorCode is the value of x_error in the redirect to spec.redirectURL: how a
// consent that a person began went wrong. ReasonFor gives the condition's reason
// for the same error.
type ErrorCode string

const (
	// ErrorMissingParams means that the callback was reached without state or code.
	// The person starts again.
	ErrorMissingParams ErrorCode = "missing_params"

	// ErrorAuthorizationDenied means that the person declined, or that OAuth 2.0 is
	// not set up in the X app.
	ErrorAuthorizationDenied ErrorCode = "authorization_denied"

	// ErrorSessionExpired means that more than 15 minutes passed, that another browser
	// came back than the one that left, or that too many consents failed in a quarter of
	// an hour. The person opens the link again.
	ErrorSessionExpired ErrorCode = "session_expired"

	// ErrorTokenExchangeFailed means that X would not exchange the code. The app's
	// owner checks its secret and its callback URI.
	ErrorTokenExchangeFailed ErrorCode = "token_exchange_failed"

	// ErrorAgentNotFound means that the link belongs to an object that is gone or going.
	// Whoever sent the link mends it. The reason for it, AgentNotFound, also tells that
	// agentRef names a workload that does not exist, which stands in no consent's way.
	ErrorAgentNotFound ErrorCode = "useragent_not_found"

	// ErrorInvalidConfig means that the app's Secret is missing, lacks a key, or that
	// X refuses what it holds. The app's owner mends it.
	ErrorInvalidConfig ErrorCode = "invalid_config"

	// ErrorAccountMismatch means that another account than the pinned one consented.
	// The person logs in with the right one.
	ErrorAccountMismatch ErrorCode = "account_mismatch"

	// ErrorInternalError means that the operator failed. The person tries again; the
	// operator's logs say more.
	ErrorInternalError ErrorCode = "internal_error"
)

var reasons = map[ErrorCode]string{
	ErrorMissingParams:       ReasonMissingParams,
	ErrorAuthorizationDenied: ReasonAuthorizationDenied,
	ErrorSessionExpired:      ReasonSessionExpired,
	ErrorTokenExchangeFailed: ReasonTokenExchangeFailed,
	ErrorAgentNotFound:       ReasonAgentNotFound,
	ErrorInvalidConfig:       ReasonInvalidConfig,
	ErrorAccountMismatch:     ReasonAccountMismatch,
	ErrorInternalError:       ReasonInternalError,
}

// ReasonFor gives the reason that conditions and events carry for an error; an
// unknown code is an InternalError.
func ReasonFor(code ErrorCode) string {
	if reason, ok := reasons[code]; ok {
		return reason
	}
	return ReasonInternalError
}
