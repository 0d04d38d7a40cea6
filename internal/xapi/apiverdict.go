// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi

import "net/http"

// apiVerdict says what a failure of the API means.
func apiVerdict(status int, said problem) Kind {
	switch {
	case status >= 500:
		return KindUnknown
	case status < 400:
		return KindNotVerdict
	case status == http.StatusPaymentRequired, said.capped():
		return KindUsageCap
	}
	switch status {
	case http.StatusBadRequest:
		return KindInvalid
	case http.StatusUnauthorized:
		return KindUnauthorized
	case http.StatusForbidden:
		return forbidden(said)
	case http.StatusNotFound:
		return KindNotFound
	case http.StatusTooManyRequests:
		return KindRateLimited
	}
	return KindNotVerdict
}

// forbidden tells the kinds of a 403 apart, where X's words are the only sign.
func forbidden(said problem) Kind {
	switch {
	case said.mentions("duplicate content", "status is a duplicate"):
		return KindDuplicate
	case said.mentions(
		"reply to this conversation is not allowed",
		"not been mentioned or otherwise engaged",
		"only reply to or quote posts where you are mentioned",
		"not allowed to reply",
		"restricted who can reply",
	):
		return KindReplyNotAllowed
	case said.isOf("client-forbidden") && said.notEnrolled():
		return KindNotEnrolled
	}
	return KindForbidden
}

// partialVerdict says what a 200 that holds nothing but errors means.
func partialVerdict(said problem) Kind {
	switch {
	case said.isOf("resource-not-found"):
		return KindNotFound
	case said.isOf("not-authorized-for-resource", "resource-unavailable", "disallowed-resource"):
		return KindForbidden
	case said.isOf("invalid-request"):
		return KindInvalid
	}
	return KindUnknown
}
