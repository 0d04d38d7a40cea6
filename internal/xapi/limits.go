// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// lastReset is the end of the year 9999: a reset behind it is nonsense.
	lastReset = 253402300799
	// longestWait bounds what is believed of a reset: X's longest period is a month.
	longestWait = 31 * 24 * time.Hour
)

// Limits is what X says of its limits with an answer; each part may be absent.
type Limits struct {
	// Window is the endpoint's window, mostly of 15 minutes.
	Window Window
	// User24Hour and App24Hour are the daily windows of the user and of the app.
	User24Hour Window
	App24Hour  Window
	// RetryAfter is how long X asks to wait (RFC 9110, section 10.2.3).
	RetryAfter time.Duration
}

// Window is one limit. The zero Window says nothing.
type Window struct {
	// Limit is how many calls the window allows; 0 if X did not say.
	Limit int
	// Remaining is how many are left. It says nothing where Limit is 0.
	Remaining int
	// ResetAt is when the window begins anew; zero if X did not say.
	ResetAt time.Time
}

// Exhausted tells whether no call is left.
func (w Window) Exhausted() bool { return w.Limit > 0 && w.Remaining == 0 }

// LimitsFrom reads the limits from an answer's header. What can't be read counts
// as absent.
func LimitsFrom(header http.Header) Limits {
	return Limits{
		Window:     windowFrom(header, "x-rate-limit"),
		User24Hour: windowFrom(header, "x-user-limit-24hour"),
		App24Hour:  windowFrom(header, "x-app-limit-24hour"),
		RetryAfter: retryAfter(header),
	}
}

func windowFrom(header http.Header, prefix string) Window {
	var window Window
	limit, okLimit := number(header.Get(prefix + "-limit"))
	remaining, okRemaining := number(header.Get(prefix + "-remaining"))
	if okLimit && okRemaining {
		window.Limit, window.Remaining = int(limit), int(remaining)
	}
	if reset, ok := number(header.Get(prefix + "-reset")); ok && reset > 0 {
		window.ResetAt = time.Unix(reset, 0).UTC()
	}
	return window
}

func number(text string) (int64, bool) {
	value, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	return value, err == nil && value >= 0 && value <= lastReset
}

// retryAfter reads seconds, or a date against the answer's own Date, so that no
// clock but X's counts.
func retryAfter(header http.Header) time.Duration {
	text := header.Get("Retry-After")
	if seconds, ok := number(text); ok {
		return time.Duration(min(seconds, int64(longestWait/time.Second))) * time.Second
	}
	until, err := http.ParseTime(text)
	sentAt, dateErr := http.ParseTime(header.Get("Date"))
	if err != nil || dateErr != nil {
		return 0
	}
	return min(max(until.Sub(sentAt), 0), longestWait)
}

// resetAt is when a refused call may be tried again: the latest end of what is
// used up, else the end of the endpoint's window. A time that is past, as with a
// clock that runs ahead of X's, says nothing.
func (l Limits) resetAt(now time.Time) time.Time {
	var at time.Time
	for _, window := range []Window{l.Window, l.User24Hour, l.App24Hour} {
		if window.Exhausted() && window.ResetAt.After(at) {
			at = window.ResetAt
		}
	}
	if l.RetryAfter > 0 && now.Add(l.RetryAfter).After(at) {
		at = now.Add(l.RetryAfter)
	}
	if at.IsZero() {
		at = l.Window.ResetAt
	}
	return believable(at, now)
}

func believable(at, now time.Time) time.Time {
	if !at.After(now) {
		return time.Time{}
	}
	if latest := now.Add(longestWait); at.After(latest) {
		return latest
	}
	return at
}
