// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package oauth

import (
	"net/http"

	"github.com/agentconnect/x-operator/api/v1alpha1"
)

// entry is what a person is told of one error: what happened, what to do next and
// who has to do it.
type entry struct {
	status                 int
	title, what, next, who string
}

const (
	whoYou      = "You"
	whoAppOwner = "The owner of the X app"
)

// catalogue has every code of the API's error catalogue.
var catalogue = map[v1alpha1.ErrorCode]entry{
	v1alpha1.ErrorMissingParams: {
		status: http.StatusBadRequest,
		title:  "This address is incomplete",
		what:   "X sends people back here with its answer in the address. This address holds no complete answer, so nothing was done.",
		next:   "Open the link that you were given again, and go through X’s page from the start.",
		who:    whoYou,
	},
	v1alpha1.ErrorAuthorizationDenied: {
		status: http.StatusForbidden,
		title:  "Access was not given",
		what:   "X reports that access to the account was declined. Nothing was connected; a connection that worked before goes on working.",
		next:   "If that was a mistake, start again. If X showed an error in place of its question, the owner of the X app should check that OAuth 2.0 is set up there.",
		who:    whoYou + ", or the owner of the X app",
	},
	v1alpha1.ErrorSessionExpired: {
		status: http.StatusGone,
		title:  "This attempt is no longer valid",
		what:   "It took too long, was begun in another browser, or was replaced by a newer link. Nothing was connected.",
		next:   "Open the newest link that you were given, and stay in one browser until the end. You have 15 minutes at X.",
		who:    whoYou,
	},
	v1alpha1.ErrorTokenExchangeFailed: {
		status: http.StatusBadGateway,
		title:  "X did not hand over access",
		what:   "You agreed, but X would not give access in exchange for its own answer. Nothing was connected.",
		next:   "Start again once. If it fails again, the owner of the X app should compare its client secret and its callback address with what X has.",
		who:    whoAppOwner,
	},
	v1alpha1.ErrorAgentNotFound: {
		status: http.StatusNotFound,
		title:  "There is nothing behind this link",
		what:   "The connection that it was made for is gone, or the link is not complete.",
		next:   "Check that you copied the whole link. If you did, ask whoever sent it to you for a new one.",
		who:    "Whoever sent you the link",
	},
	v1alpha1.ErrorInvalidConfig: {
		status: http.StatusConflict,
		title:  "The X app is not set up",
		what:   "The X app that should ask for access has no usable credentials here. Nothing was connected.",
		next:   "There is nothing you can do. Tell the owner of the X app that its Secret needs a valid clientId and clientSecret; then open the link again.",
		who:    whoAppOwner,
	},
	v1alpha1.ErrorAccountMismatch: {
		status: http.StatusForbidden,
		title:  "This is another account than expected",
		what:   "This connection is for one particular account, and you agreed with a different one. The access that X gave to that account is given back.",
		next:   "At X, switch to the right account, then start again.",
		who:    whoYou,
	},
	v1alpha1.ErrorInternalError: {
		status: http.StatusServiceUnavailable,
		title:  "Something failed on our side",
		what:   "The request could not be carried out.",
		next:   "Open the link again in a minute. If it keeps failing, tell whoever runs this service: its log says why.",
		who:    "Whoever runs this service",
	},
}
