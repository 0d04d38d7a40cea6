// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Conditions follow kstatus: Ready and Connected are normal when True,
// Reconciling and Stalled are present only while they are True.
const (
	// ConditionReady summarises an object, XApp or XConnection. For an XConnection
	// it is True while the token Secret holds a valid token and nothing needs a
	// person; for an XApp while its credentials can be used.
	//
	// Reasons for True:
	//
	// * Connected
	// * ReauthorizationDue
	// * RefreshFailed, RateLimited, UsageCapExceeded, XUnavailable and
	//   RotationUncertain, while the token is still valid
	//
	// Reasons for False:
	//
	// * ConsentRequired, ReauthorizationRequired, and what the last consent came
	//   to: MissingParams, AuthorizationDenied, SessionExpired,
	//   TokenExchangeFailed, AccountMismatch, InternalError
	// * InvalidConfig, AgentNotFound, TokenSecretConflict
	// * RefreshFailed, RateLimited, UsageCapExceeded, XUnavailable and
	//   RotationUncertain, once the token has ended
	// * Suspended, Disconnected, NotRevoked
	ConditionReady = "Ready"

	// ConditionConnected tells of an XConnection whether an X account is connected:
	// whether the operator holds tokens that X has not declared dead.
	//
	// Reasons for True: Connected, ReauthorizationDue, RotationUncertain.
	//
	// Reasons for False: ConsentRequired, ReauthorizationRequired, Disconnected.
	ConditionConnected = "Connected"

	// ConditionReconciling is True while the operator itself works towards Ready
	// or tries again.
	//
	// Reasons: Progressing, RefreshFailed, RateLimited, XUnavailable,
	// RotationUncertain, InternalError.
	ConditionReconciling = "Reconciling"

	// ConditionStalled is True while no more tries help and somebody must change
	// something. Waiting for a person's consent is not stalled.
	//
	// Reasons: InvalidConfig, TokenSecretConflict, AgentNotFound,
	// UsageCapExceeded.
	ConditionStalled = "Stalled"
)

// Reasons of the error catalogue, each with an ErrorCode of its own: how the last
// consent ended, or why none can begin. They pair with Ready=False.
const (
	// ReasonMissingParams: the callback was reached without state or code.
	ReasonMissingParams = "MissingParams"
	// ReasonAuthorizationDenied: the person declined, or OAuth 2.0 is not set up in
	// the X app.
	ReasonAuthorizationDenied = "AuthorizationDenied"
	// ReasonSessionExpired: the person took longer than 15 minutes or came back in
	// another browser.
	ReasonSessionExpired = "SessionExpired"
	// ReasonTokenExchangeFailed: X would not exchange the code; the app's secret or
	// its callback URI is wrong.
	ReasonTokenExchangeFailed = "TokenExchangeFailed"
	// ReasonAgentNotFound: agentRef names a workload that does not exist. Refreshes
	// go on; it mends itself when the workload appears.
	ReasonAgentNotFound = "AgentNotFound"
	// ReasonInvalidConfig: there is no app to use. The Secret is missing, lacks a
	// key or its label, X refuses what it holds, or the XApp is missing or does not
	// allow this namespace or these scopes. Also of an XApp, with Ready=False.
	ReasonInvalidConfig = "InvalidConfig"
	// ReasonAccountMismatch: another account than the pinned one consented; its
	// tokens were revoked and a working connection was left alone.
	ReasonAccountMismatch = "AccountMismatch"
	// ReasonInternalError: the operator failed, its logs say more.
	ReasonInternalError = "InternalError"
)

// Reasons of a connection's life.
const (
	// ReasonConnected pairs with Ready=True and Connected=True: all is well.
	ReasonConnected = "Connected"
	// ReasonAvailable pairs with Ready=True of an XApp: its credentials are there
	// and X has not refused them.
	ReasonAvailable = "Available"
	// ReasonProgressing pairs with Reconciling=True: the operator is at work, and no
	// person is waited for.
	ReasonProgressing = "Progressing"
	// ReasonConsentRequired pairs with Ready=False and Connected=False: a person
	// opens status.authorizeURL.
	ReasonConsentRequired = "ConsentRequired"
	// ReasonReauthorizationDue pairs with Ready=True and Connected=True: the refresh
	// token nears its age of 180 days, and a person should consent again soon.
	ReasonReauthorizationDue = "ReauthorizationDue"
	// ReasonReauthorizationRequired pairs with Ready=False and Connected=False: X
	// has declared the refresh token dead, and a person must consent again.
	ReasonReauthorizationRequired = "ReauthorizationRequired"
	// ReasonDisconnected pairs with Ready=False and Connected=False: spec.state is
	// Disconnected, and the tokens are revoked and forgotten.
	ReasonDisconnected = "Disconnected"
	// ReasonSuspended pairs with Ready=False: spec.suspend is true, and X is not
	// called.
	ReasonSuspended = "Suspended"
)

// Reasons of trouble with a connection that stands. While the access token is
// still valid they pair with Ready=True, later with Ready=False.
const (
	// ReasonRefreshFailed: X gave an answer that is no verdict; it is tried again.
	ReasonRefreshFailed = "RefreshFailed"
	// ReasonRateLimited: X's limit is used up until its reset, for every connection
	// of the app.
	ReasonRateLimited = "RateLimited"
	// ReasonUsageCapExceeded: a cap or the credits of the X app are used up; waiting
	// a while does not help, its owner must act at X.
	ReasonUsageCapExceeded = "UsageCapExceeded"
	// ReasonXUnavailable: X cannot be reached or fails; it is tried again.
	ReasonXUnavailable = "XUnavailable"
	// ReasonRotationUncertain: a refresh was sent and its answer lost, so that nobody
	// knows which refresh token is the live one until X is asked again. Connected
	// stays True.
	ReasonRotationUncertain = "RotationUncertain"
	// ReasonTokenSecretConflict: a Secret of that name belongs to somebody else, and
	// is not touched. Always with Ready=False.
	ReasonTokenSecretConflict = "TokenSecretConflict"
	// ReasonNotRevoked: X would not revoke the tokens within the deadline. Always
	// with Ready=False, or, once the object is gone, an event alone.
	ReasonNotRevoked = "NotRevoked"
)
