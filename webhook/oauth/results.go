// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package oauth

// Results that are told to the Observer beside the codes of the error catalogue
// and "connected".
const (
	// resultAsked: the start page asked for consent.
	resultAsked = "asked"
	// resultSent: the browser was sent to X.
	resultSent = "sent"
	// resultFinishing: the same answer of X came twice and the first is still being
	// worked on.
	resultFinishing = "finishing"
	// resultNoCookie: a form came without the start page's cookie, so that the page
	// was shown again.
	resultNoCookie = "no_cookie"
	// resultForeignForm: a form of another site was refused.
	resultForeignForm = "foreign_form"
	// A link that is good, but for which no consent is wanted.
	resultAlreadyConnected = "already_connected"
	resultDisconnected     = "disconnected"
	resultSuspended        = "suspended"
	resultNotWanted        = "not_wanted"
	// Requests that belong to no flow.
	resultWrongHost   = "wrong_host"
	resultWrongMethod = "wrong_method"
	resultNoSuchPage  = "no_such_page"
)
