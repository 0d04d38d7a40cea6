// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package redeem_test

import (
	"testing"

	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/redeem"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// TestLateConsent: whoever comes back too late is told so, and the object too. Nothing is
// exchanged, and what an earlier link began is not concluded.
func TestLateConsent(t *testing.T) {
	for name, test := range map[string]struct {
		epoch  int64
		stored string
	}{
		"to the invitation of now":      {3, "session_expired"},
		"to one that was long replaced": {2, ""},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.connected()
				late := back()
				late.Late, late.Epoch, late.Credentials = true, test.epoch, xapi.Credentials{}
				result, err := w.Consent(t.Context(), late)
				if err != nil || result.Code != "session_expired" || w.calls("exchange code") != 0 {
					t.Errorf("it comes to %+v (%v) after %q", result, err, w.trail)
				}
				outcome := w.stored().Consent.Outcome
				if got := codeOf(outcome); got != test.stored {
					t.Errorf("the outcome is %q, want %q", got, test.stored)
				}
				w.exchange = func() (xapi.Tokens, error) { return fresh("access-c", "refresh-c"), nil }
				if result, err := w.Consent(t.Context(), nth(1)); err != nil || result.Code != redeem.CodeConnected {
					t.Errorf("the next one comes to %+v (%v)", result, err)
				}
			})
		})
	}
}

func codeOf(outcome *grant.Outcome) string {
	if outcome == nil {
		return ""
	}
	return outcome.Code
}

// TestRefusedCredentialsAreNoted: the process that finishes consents is mostly another
// one than that which keeps the XApp's status.
func TestRefusedCredentialsAreNoted(t *testing.T) {
	for name, test := range map[string]struct {
		kind xapi.Kind
		want string
	}{
		"refused":      {xapi.KindCredentials, app.ClientSecret.Hash()},
		"a wrong code": {xapi.KindNotVerdict, ""},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.connected()
				w.exchange = func() (xapi.Tokens, error) { return xapi.Tokens{}, &xapi.Error{Kind: test.kind} }
				if _, err := w.Consent(t.Context(), back()); err != nil {
					t.Fatal(err)
				}
				if got := w.stored().Consent.Outcome.RefusedSecret; got != test.want {
					t.Errorf("the refused secret is %q, want %q", got, test.want)
				}
			})
		})
	}
	inBubble(t, func(t *testing.T, w *world) {
		for _, want := range []redeem.Hold{redeem.HoldRefused, redeem.HoldNone} {
			w.Hear(app, want == redeem.HoldRefused)
			if got := w.Gate.Look(app); got != want {
				t.Errorf("after hearsay the gate says %q, want %q", got, want)
			}
		}
		w.Gate.Report(app, moment, &xapi.Error{Kind: xapi.KindRateLimited})
		w.Hear(app, false)
		if got := w.Gate.Look(app); got != redeem.HoldLimited {
			t.Errorf("hearsay ended a limit: the gate says %q", got)
		}
	})
}

// TestConsentToAForeignGrant: a grant that another cluster made takes no consent: X might
// end the login that the other cluster uses.
func TestConsentToAForeignGrant(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.connected()
		w.alter(func(g *grant.Grant) { g.ClusterID = "another" })
		result, err := w.Consent(t.Context(), back())
		if err != nil || result.Code != "session_expired" || len(w.trail) != 0 {
			t.Errorf("it comes to %+v (%v) after %q", result, err, w.trail)
		}
	})
}
