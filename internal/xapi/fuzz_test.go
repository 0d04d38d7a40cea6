// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package xapi_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/agentconnect/x-operator/internal/xapi"
)

// FuzzAnswers gives every call an answer of any kind. None may panic, tell what
// was sent, or fail with anything but our error.
func FuzzAnswers(f *testing.F) {
	for _, body := range []string{
		`{"access_token":"a","expires_in":"1e9","refresh_token":null}`,
		`{"error":"invalid_request","error_description":"Value passed for the token was invalid."}`,
		`{"errors":[{"code":88,"message":"Rate limit exceeded"}]}`,
		`{"type":"https://api.x.com/2/problems/credits","title":"CreditsDepleted","detail":""}`,
		listed, echoing(refreshToken), echoing(clientSecret), echoing(accessToken), "null", "[]", "<html>", "",
	} {
		for _, status := range []int{101, 200, 302, 400, 401, 403, 429, 503} {
			f.Add(status, body)
		}
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		for name, attempt := range attempts {
			err := attempt.call(t.Context(), answer(status, body))
			var failed *xapi.Error
			if err != nil && (!errors.As(err, &failed) || attempt.leaks(err)) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// FuzzTokens reads any successful answer: what it gives is a token or an error
// that says that the old one may be spent.
func FuzzTokens(f *testing.F) {
	for _, body := range []string{
		`{"token_type":"bearer","expires_in":7200,"access_token":"a","scope":"b","refresh_token":"c"}`,
		`{"access_token":"a","expires_in":-1}`, `{"access_token":1}`, `{"access_token":"a"`, "{}",
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		tokens, err := refresh(t.Context(), answer(200, body))
		if err != nil {
			if got := plain(failure(t, err)); got != (xapi.Error{Kind: xapi.KindUnknown, Status: 200, Sent: true}) {
				t.Errorf("%q: %+v", body, got)
			}
			return
		}
		if tokens.AccessToken.IsZero() || tokens.ExpiresIn <= 0 || tokens.ExpiresIn > 30*24*time.Hour {
			t.Errorf("%q: %+v", body, tokens)
		}
	})
}

// FuzzLimits reads any header. A time that it gives can be written as JSON, and a
// limit ends within a month.
func FuzzLimits(f *testing.F) {
	f.Add("75", "0", "1930640761", "30", "Fri, 07 Mar 2031 09:05:01 GMT")
	f.Add("-1", "x", "253402300799", "Fri, 07 Mar 2031 09:05:01 GMT", "")
	f.Fuzz(func(t *testing.T, limit, remaining, reset, retry, date string) {
		header := http.Header{
			"X-Rate-Limit-Limit": {limit}, "X-Rate-Limit-Remaining": {remaining}, "X-Rate-Limit-Reset": {reset},
			"X-App-Limit-24hour-Limit": {limit}, "X-App-Limit-24hour-Remaining": {remaining},
			"X-App-Limit-24hour-Reset": {reset}, "Retry-After": {retry}, "Date": {date},
		}
		limits := xapi.LimitsFrom(header)
		if _, err := limits.Window.ResetAt.MarshalJSON(); err != nil || limits.RetryAfter < 0 {
			t.Errorf("%+v: %v", limits, err)
		}
		_, err := refresh(t.Context(), clientOn("https://x.test", &canned{status: 429, header: header}))
		at := failure(t, err).ResetAt
		if !at.IsZero() && (!at.After(now) || at.After(now.Add(31*24*time.Hour))) {
			t.Errorf("the limit ends at %s", at)
		}
	})
}
