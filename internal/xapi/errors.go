// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what an answer of X means for what was sent. Each kind is one row of
// the answer table in docs; what to do about it is decided elsewhere.
type Kind string

// The kinds of failure.
const (
	// KindDeadToken is a verdict: the refresh token (or, for Exchange, the code)
	// is not valid: invalid_grant, or invalid_request with X's documented
	// description.
	KindDeadToken Kind = "DeadToken"
	// KindRedirectMismatch is Exchange's 400 for a redirect URI that is not the
	// one of the authorization request.
	KindRedirectMismatch Kind = "RedirectMismatch"
	// KindCredentials means that X refuses the app: 401, invalid_client or
	// unauthorized_client at the token or revocation endpoint. Nothing was spent.
	KindCredentials Kind = "Credentials"
	// KindRateLimited is a 429 that waiting cures. Nothing was spent.
	KindRateLimited Kind = "RateLimited"
	// KindUsageCap is a 402, or a 429 or 403 that says a cap or the credits are
	// used up: no short wait cures it. Nothing was spent.
	KindUsageCap Kind = "UsageCap"
	// KindUnknown is no readable answer: 5xx, a reset, a timeout, a 200 that can't
	// be read. If Sent, X may have spent the token.
	KindUnknown Kind = "Unknown"
	// KindNotVerdict is any other answer: another 4xx, a 3xx, HTML.
	KindNotVerdict Kind = "NotVerdict"
	// KindAborted means that the guard forbade the call: nothing was written.
	KindAborted Kind = "Aborted"
	// KindUnauthorized is a 401 to a bearer token at the API.
	KindUnauthorized Kind = "Unauthorized"
	// KindForbidden is a 403 at the API that is none of the kinds below.
	KindForbidden Kind = "Forbidden"
	// KindDuplicate is the 403 for a post with duplicate content.
	KindDuplicate Kind = "Duplicate"
	// KindReplyNotAllowed is the 403 for a reply that X does not allow this app.
	KindReplyNotAllowed Kind = "ReplyNotAllowed"
	// KindNotEnrolled is the 403 client-forbidden of an app that X has not enrolled.
	KindNotEnrolled Kind = "NotEnrolled"
	// KindNotFound is a 404 at the API.
	KindNotFound Kind = "NotFound"
	// KindInvalid is a 400 at the API: the request is wrong. With no status, it is a
	// request so wrong that it was not sent.
	KindInvalid Kind = "Invalid"
)

// Error is the only error type that calls to X return. Its message holds no
// token, code or secret, and nothing of the body but X's own error code, title
// and a description cut short and stripped of control characters.
type Error struct {
	Kind Kind
	// Status is the HTTP status; 0 if there was no answer.
	Status int
	// Code is the OAuth "error", the end of the problem's type or the older API's
	// number, if it is a plain token.
	Code string
	// Description is X's text for people: at most 200 printable characters, and
	// never one that holds something that was sent.
	Description string
	// Sent tells whether any byte of the body, and so of the token, may have
	// reached X; of a call without a body, whether the call may have.
	Sent bool
	// ResetAt is when a limit ends by X's headers, or when to come back to an X that
	// is away; zero if they say nothing, and never in the past.
	ResetAt time.Time
	// Err is the transport's error, or why an answer is of no use, if any: its text
	// never holds a token.
	Err error
}

// Error implements error.
func (e *Error) Error() string {
	text := "X: " + string(e.Kind)
	if e.Status != 0 {
		text += fmt.Sprintf(" (HTTP %d)", e.Status)
	}
	if e.Code != "" {
		text += ": " + e.Code
	}
	if e.Description != "" {
		text += ": " + e.Description
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap gives Err.
func (e *Error) Unwrap() error { return e.Err }

// KindOf gives the kind of an error that a call to X returned: empty for nil,
// KindUnknown for a stranger.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	var xerr *Error
	if errors.As(err, &xerr) {
		return xerr.Kind
	}
	return KindUnknown
}

// WasSent tells whether a call that failed may have reached X; a stranger's error may.
func WasSent(err error) bool {
	var xerr *Error
	return !errors.As(err, &xerr) || xerr.Sent
}

const (
	// LimitedFor is how long a limit is taken to last if X does not say.
	LimitedFor = 15 * time.Minute
	// CappedFor is the same for a cap or credits that are used up, which no short wait
	// cures.
	CappedFor = time.Hour
)

// ResetOf is when X says that a limit ends, or when to come back to an X that is away; a
// time from now if it does not say.
func ResetOf(err error, now time.Time, otherwise time.Duration) time.Time {
	var xerr *Error
	if errors.As(err, &xerr) && xerr.ResetAt.After(now) {
		return xerr.ResetAt
	}
	return now.Add(otherwise)
}
