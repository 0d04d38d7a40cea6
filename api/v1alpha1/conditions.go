// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Conditions follow kstatus: Ready and Connected are always there, Reconciling and
// Stalled only while they are True.
const (
	// ConditionReady summarises an XApp or an XConnection. An XApp is ready while its
	// credentials can be used, an XConnection while its token Secret holds a valid
	// token and nothing waits for a person.
	//
	// Possible reasons for this condition to be True are:
	//
	// * Connected, ReauthorizationDue
	// * RefreshFailed, RateLimited, UsageCapExceeded, XUnavailable,
	//   RotationUncertain: while the token is still valid
	// * Available: of an XApp
	//
	// Possible reasons for this condition to be False are:
	//
	// * Progressing, ConsentRequired, ReauthorizationRequired
	// * AuthorizationDenied, SessionExpired, TokenExchangeFailed, AccountMismatch,
	//   InternalError: how the last consent went wrong
	// * InvalidConfig, AgentNotFound, TokenSecretConflict
	// * RefreshFailed, RateLimited, UsageCapExceeded, XUnavailable,
	//   RotationUncertain: once the token has ended
	// * Suspended, Disconnected, NotRevoked
	ConditionReady = "Ready"

	// ConditionConnected tells whether an XConnection has an X account: whether the
	// operator holds tokens that X has not declared dead.
	//
	// Possible reasons for this condition to be True are:
	//
	// * Connected, ReauthorizationDue, RotationUncertain
	// * ReauthorizationRequired, AccountMismatch: the spec names another app or
	//   account now, or the XApp allows fewer scopes; the present token keeps working
	//   until it ends
	//
	// Possible reasons for this condition to be False are:
	//
	// * Progressing, ConsentRequired, ReauthorizationRequired, InvalidConfig
	// * Suspended, Disconnected, NotRevoked
	// * InternalError: the stored grant can't be read
	ConditionConnected = "Connected"

	// ConditionReconciling is True while the operator itself works towards Ready, or
	// is going to try again.
	//
	// Possible reasons for this condition to be True are:
	//
	// * Progressing, RefreshFailed, RateLimited, UsageCapExceeded, XUnavailable,
	//   RotationUncertain
	// * NotRevoked: the operator still asks X to revoke the tokens
	ConditionReconciling = "Reconciling"

	// ConditionStalled is True while trying again does not help and somebody must
	// change something. Waiting for a person's consent is not stalled.
	//
	// Possible reasons for this condition to be True are:
	//
	// * InvalidConfig: unless something is merely missing, which may be on its way
	// * TokenSecretConflict
	// * InternalError: the stored grant can't be read
	// * UsageCapExceeded: once the token has ended
	ConditionStalled = "Stalled"
)

// Reasons of the error catalogue: each is an ErrorCode's, see ReasonFor.
const (
	// ReasonMissingParams stands for an address of the callback without state or code. It
	// tells nobody whose consent it was: people see it on a page, and no object has it.
	ReasonMissingParams = "MissingParams"

	// ReasonAuthorizationDenied is used with Ready (False) when the person declined,
	// or OAuth 2.0 is not set up in the X app.
	ReasonAuthorizationDenied = "AuthorizationDenied"

	// ReasonSessionExpired is used with Ready (False) when the person took longer than 15
	// minutes, or the connection changed while they were at X. Whoever comes back in
	// another browser sees it on a page alone: it may be a stranger.
	ReasonSessionExpired = "SessionExpired"

	// ReasonTokenExchangeFailed is used with Ready (False) when X would not exchange
	// the code: the app's secret or its callback URI is wrong.
	ReasonTokenExchangeFailed = "TokenExchangeFailed"

	// ReasonAgentNotFound is used with Ready (False) when agentRef names a workload
	// that does not exist. Refreshes go on, and it mends itself when the workload
	// appears, which is often applied together with the connection.
	ReasonAgentNotFound = "AgentNotFound"

	// ReasonInvalidConfig is used with Ready (False), of an XApp as well, when there is no
	// app to use: the Secret is missing, lacks a key or its label, X refuses what it
	// holds, or the XApp is missing or does not allow this namespace, these scopes or an
	// account that is not pinned. It goes with Stalled (True) unless something is merely
	// missing.
	ReasonInvalidConfig = "InvalidConfig"

	// ReasonAccountMismatch is used with Ready (False) when another account than the
	// pinned one consented, and its tokens were revoked; or when spec.username was
	// changed to another account than the connected one.
	ReasonAccountMismatch = "AccountMismatch"

	// ReasonInternalError is used with Ready (False) when the operator failed during
	// the last consent; its logs say more. With Connected (False) and Stalled (True) as
	// well when the stored grant can't be read.
	ReasonInternalError = "InternalError"
)

// Reasons of a connection's ordinary life.
const (
	// ReasonConnected is used with Ready (True) and Connected (True) when all is well.
	ReasonConnected = "Connected"

	// ReasonAvailable is used with Ready (True) of an XApp when its credentials are
	// there and X has not refused them.
	ReasonAvailable = "Available"

	// ReasonProgressing is used with Ready (False) and Reconciling (True) when the
	// operator is at work and nobody is waited for.
	ReasonProgressing = "Progressing"

	// ReasonConsentRequired is used with Ready (False) and Connected (False) when a
	// person is to open status.authorizeURL.
	ReasonConsentRequired = "ConsentRequired"

	// ReasonReauthorizationDue is used with Ready (True) and Connected (True) when the
	// refresh token nears its age of 180 days, or X gave none: a person should consent
	// again soon.
	ReasonReauthorizationDue = "ReauthorizationDue"

	// ReasonReauthorizationRequired is used with Ready (False) and Connected (False)
	// when X has declared the refresh token dead, or gave none and the access token has
	// ended; and with Connected (True) when the spec names another X app now, or the XApp
	// does not allow all scopes of the tokens any more: a person must consent again.
	ReasonReauthorizationRequired = "ReauthorizationRequired"

	// ReasonSuspended is used with Ready (False) when spec.suspend is true: X is not
	// called, and the token is not kept fresh.
	ReasonSuspended = "Suspended"

	// ReasonDisconnected is used with Ready (False) and Connected (False) when
	// spec.state is Disconnected and the tokens are revoked and forgotten.
	ReasonDisconnected = "Disconnected"
)

// Reasons of trouble with a connection that stands.
const (
	// ReasonRefreshFailed is used with Ready (True while the token is valid, then
	// False) and Reconciling (True) when X gave an answer that is no verdict.
	ReasonRefreshFailed = "RefreshFailed"

	// ReasonRateLimited is used with Ready (True while the token is valid, then False)
	// and Reconciling (True) when X's limit is used up until its reset, for every
	// connection of the app.
	ReasonRateLimited = "RateLimited"

	// ReasonUsageCapExceeded is used with Ready (True) and Reconciling (True) while the
	// token is valid, then with Ready (False) and Stalled (True), when a cap or the
	// credits of the X app are used up: its owner must act at X.
	ReasonUsageCapExceeded = "UsageCapExceeded"

	// ReasonXUnavailable is used with Ready (True while the token is valid, then
	// False) and Reconciling (True) when X can't be reached or fails.
	ReasonXUnavailable = "XUnavailable"

	// ReasonRotationUncertain is used with Ready (True while the token is valid, then
	// False), Connected (True) and Reconciling (True) when a refresh was sent and its
	// answer lost: which refresh token lives is not known until X is asked again.
	ReasonRotationUncertain = "RotationUncertain"

	// ReasonTokenSecretConflict is used with Ready (False) and Stalled (True) when a
	// Secret of the wanted name belongs to somebody else, and so is not touched; or
	// when the API server refuses to write it, as for a quota. Refreshes go on.
	ReasonTokenSecretConflict = "TokenSecretConflict"

	// ReasonNotRevoked is used with Ready (False), Connected (False) and Reconciling
	// (True) when tokens that are to be revoked live on at X. Once the object is gone
	// it is an event's reason alone.
	ReasonNotRevoked = "NotRevoked"
)
