// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package redeem_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/redeem"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// tooMany is what a person is told who has to wait.
var tooMany = redeem.ConsentResult{
	Code:    "session_expired",
	Message: "Too many consents of this connection failed in a short time: wait a quarter of an hour, then open the link again.",
}

// nth is the nth consent that comes back, of a browser that begins again each time.
func nth(n int) redeem.ConsentRequest {
	request := back()
	request.Nonce = fmt.Sprint("nonce-", n)
	return request
}

func denied(request redeem.ConsentRequest) redeem.ConsentRequest {
	request.Denied, request.Credentials = "access_denied", xapi.Credentials{}
	return request
}

// Codes that X refuses are not brought to it without end: X would limit the app, for
// all who share it.
func TestInventedCodes(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.connected()
		works := w.exchange
		w.exchange = func() (xapi.Tokens, error) {
			return xapi.Tokens{}, &xapi.Error{Kind: xapi.KindDeadToken, Status: 400, Sent: true}
		}
		for n := range 20 {
			want := "token_exchange_failed"
			if n >= 5 {
				want = tooMany.Code
			}
			if result, err := w.Consent(t.Context(), nth(n)); err != nil || result.Code != want {
				t.Errorf("consent %d comes to %+v (%v), want %s", n, result, err, want)
			}
		}
		steps := len(w.trail)
		if result, err := w.Consent(t.Context(), nth(20)); err != nil || result != tooMany || w.calls("exchange code") != 5 || len(w.trail) != steps {
			t.Errorf("one more comes to %+v (%v) after %q, want %+v and no more steps", result, err, w.trail[steps:], tooMany)
		}
		if result, _ := w.Consent(t.Context(), nth(0)); !result.Replayed || result.Code != "token_exchange_failed" {
			t.Errorf("the first one again comes to %+v, want its own result", result)
		}
		if result, _ := w.Consent(t.Context(), denied(nth(21))); result.Code != "authorization_denied" {
			t.Errorf("a denial comes to %+v", result)
		}
		w.exchange = works
		w.pass(15 * time.Minute)
		if result, err := w.Consent(t.Context(), nth(22)); err != nil || result.Code != redeem.CodeConnected {
			t.Errorf("after the wait it comes to %+v (%v)", result, err)
		}
	})
}

// What is counted is what X refused since the last consent that connected an account;
// all that came back in vain is counted to no more than the grant remembers.
func TestVainConsents(t *testing.T) {
	const refused, denial, mismatch, away = "token_exchange_failed", "authorization_denied", "account_mismatch", "internal_error"
	for name, test := range map[string]struct {
		// earlier are the results of those that came back, the first of them first.
		earlier []string
		// code and no are what one more comes to: with a code, and denied.
		code, no string
	}{
		"four are refused": {slices.Repeat([]string{refused}, 4), redeem.CodeConnected, denial},
		"five are refused": {slices.Repeat([]string{refused}, 5), tooMany.Code, denial},
		"one connected since": {
			append(slices.Repeat([]string{refused}, 5), redeem.CodeConnected, refused), redeem.CodeConnected, denial,
		},
		"denials hide no failures": {
			append(slices.Repeat([]string{refused}, 4), slices.Repeat([]string{denial}, 12)...), tooMany.Code, tooMany.Code,
		},
		"what nobody invents": {slices.Repeat([]string{mismatch, away}, 7), redeem.CodeConnected, denial},
	} {
		requests := []redeem.ConsentRequest{back(), denied(back())}
		for i, want := range []string{test.code, test.no} {
			inBubble(t, func(t *testing.T, w *world) {
				w.connected()
				w.alter(func(g *grant.Grant) {
					for n, code := range test.earlier {
						g.Claim(nth(n).Nonce, "id", moment)
						g.Conclude(nth(n).Nonce, grant.Outcome{Code: code, At: moment})
					}
				})
				if result, err := w.Consent(t.Context(), requests[i]); err != nil || result.Code != want {
					t.Errorf("%s: one more comes to %+v (%v), want %s", name, result, err, want)
				}
			})
		}
	}
}

// While X limits the app no code is brought to it, and the same link works later. An X
// that is away, or refused the credentials, is tried: a person waits.
func TestConsentAtAClosedGate(t *testing.T) {
	for name, test := range map[string]struct {
		err   error
		times int
		calls int
		// after is what the second try waits for.
		after time.Duration
	}{
		"limited": {failing(xapi.KindRateLimited, moment.Add(7*time.Minute)), 1, 0, 7 * time.Minute},
		"capped":  {failing(xapi.KindUsageCap, time.Time{}), 1, 0, time.Hour},
		"away":    {failing(xapi.KindUnknown, time.Time{}), 5, 1, 0},
		"refused": {failing(xapi.KindCredentials, time.Time{}), 1, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.connected()
				for range test.times {
					w.Gate.Report(app, moment, test.err)
				}
				result, err := w.Consent(t.Context(), back())
				if err != nil || w.calls("exchange code") != test.calls {
					t.Fatalf("it comes to %+v (%v) after %q, want %d calls", result, err, w.trail, test.calls)
				}
				if test.calls == 0 {
					want := "X limits the app that this connection uses: open the link again after " +
						moment.Add(test.after).Format("15:04 UTC on 2 January") + "."
					if result.Code != "token_exchange_failed" || result.Message != want || len(w.trail) != 0 {
						t.Errorf("the person is told %+v after %q, want %q", result, w.trail, want)
					}
					w.pass(test.after)
					result, _ = w.Consent(t.Context(), back())
				}
				if result.Code != redeem.CodeConnected {
					t.Errorf("the consent comes to %+v", result)
				}
			})
		})
	}
}
