// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package redeem_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/redeem"
	"github.com/agentconnect/x-operator/internal/secret"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// back is what comes back from X to the invitation of connected.
func back() redeem.ConsentRequest {
	return redeem.ConsentRequest{
		Owner: "uid", Nonce: "nonce", Epoch: 3, Code: secret.New("code"),
		Verifier: secret.New("verifier"), RedirectURI: "https://operator/callback", Credentials: app,
	}
}

func TestConsent(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.connected()
		w.me = func() (xapi.User, error) {
			if _, candidate, _ := w.accesses(); candidate != "access-c" {
				t.Errorf("while X is asked whose they are the candidate is %q, want access-c", candidate)
			}
			return xapi.User{ID: "7", Username: "renamed"}, nil
		}
		result, err := w.Consent(t.Context(), back())
		want := redeem.ConsentResult{Code: redeem.CodeConnected, Message: "The account is connected.", Username: "renamed"}
		if err != nil || result != want {
			t.Errorf("the result is %+v (%v), want %+v", result, err, want)
		}
		if order := []string{"patch", "exchange code", "patch", "me", "patch"}; !slices.Equal(w.trail, order) {
			t.Errorf("the order is %q, want %q", w.trail, order)
		}
		after := w.stored()
		if working, candidate, retired := w.accesses(); working != "access-c" || candidate != "" || retired != nil {
			t.Errorf("working %q, candidate %q, retired %q; want access-c alone", working, candidate, retired)
		}
		if after.Account.Username != "renamed" || after.Consent.Wanted || after.Consent.Epoch != 4 || after.Consent.Outcome.Code != redeem.CodeConnected {
			t.Errorf("stored is the account %+v and the consent %+v", after.Account, after.Consent)
		}
		// The same link again: the first result, and nothing is asked of X.
		steps := len(w.trail)
		again, err := w.Consent(t.Context(), back())
		want.Replayed = true
		if err != nil || again != want || len(w.trail) != steps {
			t.Errorf("again it is %+v (%v) after %q, want %+v and no more steps", again, err, w.trail[steps:], want)
		}
	})
}

// outcome is what a flow comes to, by what happens on its way.
type outcome struct {
	arrange func(*world, *redeem.ConsentRequest)
	code    string
	calls   int
	working string
	retired []string
}

// Before the code is sent nothing is risked: the working set stays.
func TestConsentEndsEarly(t *testing.T) {
	refused := &xapi.Error{Kind: xapi.KindDeadToken, Status: 400, Sent: true}
	for name, test := range map[string]outcome{
		"denied": {func(_ *world, r *redeem.ConsentRequest) {
			r.Denied, r.Code, r.Credentials = "access_denied", secret.Token{}, xapi.Credentials{}
		}, "authorization_denied", 0, "access-1", nil},
		"an old link": {func(_ *world, r *redeem.ConsentRequest) { r.Epoch = 2 }, "session_expired", 0, "access-1", nil},
		"not wanted": {func(w *world, _ *redeem.ConsentRequest) {
			w.alter(func(g *grant.Grant) { g.Consent.Wanted = false })
		}, "session_expired", 0, "access-1", nil},
		"other scopes are wanted by now": {func(w *world, _ *redeem.ConsentRequest) {
			w.alter(func(g *grant.Grant) { g.Invite(true, g.Consent.App, []string{"tweet.read", "tweet.write"}, "") })
		}, "session_expired", 0, "access-1", nil},
		"for another app": {func(_ *world, r *redeem.ConsentRequest) { r.Credentials.ClientID = "b" }, "session_expired", 0, "access-1", nil},
		"another is under way": {func(w *world, _ *redeem.ConsentRequest) {
			w.alter(func(g *grant.Grant) { g.Claim("another", "id", moment) })
		}, "", 0, "access-1", nil},
		"the code is refused": {func(w *world, _ *redeem.ConsentRequest) {
			w.exchange = func() (xapi.Tokens, error) { return xapi.Tokens{}, refused }
		}, "token_exchange_failed", 1, "access-1", nil},
	} {
		t.Run(name, func(t *testing.T) { test.check(t) })
	}
}

// Once X has answered, its answer is in use, or owed a revocation.
func TestConsentOutcomes(t *testing.T) {
	for name, test := range map[string]outcome{
		"another account": {func(w *world, _ *redeem.ConsentRequest) {
			w.me = func() (xapi.User, error) { return xapi.User{ID: "8", Username: "sports"}, nil }
		}, "account_mismatch", 1, "access-1", []string{"access-c"}},
		"not the named one": {func(_ *world, r *redeem.ConsentRequest) { r.Pin = "sports" }, "account_mismatch", 1, "access-c", nil},
		"X does not tell whose": {func(w *world, _ *redeem.ConsentRequest) {
			w.me = func() (xapi.User, error) { return xapi.User{}, &xapi.Error{Kind: xapi.KindForbidden, Status: 403} }
		}, "account_mismatch", 1, "access-1", []string{"access-c"}},
		"X refuses its own token": {func(w *world, _ *redeem.ConsentRequest) {
			w.me = func() (xapi.User, error) { return xapi.User{}, &xapi.Error{Kind: xapi.KindUnauthorized, Status: 401} }
		}, "token_exchange_failed", 1, "access-1", []string{"access-c"}},
		"the epoch moves meanwhile": {func(w *world, _ *redeem.ConsentRequest) {
			w.exchange = func() (xapi.Tokens, error) {
				w.alter(func(g *grant.Grant) { g.Consent.Epoch++ })
				return fresh("access-c", "refresh-c"), nil
			}
		}, "session_expired", 1, "access-1", []string{"access-c"}},
		"it is disconnected meanwhile": {func(w *world, _ *redeem.ConsentRequest) {
			w.exchange = func() (xapi.Tokens, error) {
				w.alter(func(g *grant.Grant) { g.Forget() })
				return fresh("access-c", "refresh-c"), nil
			}
		}, "session_expired", 1, "", []string{"access-1", "access-c"}},
		"the claim is written, with an error": {func(w *world, _ *redeem.ConsentRequest) {
			w.writes = []fault{writtenBut(lost)}
		}, redeem.CodeConnected, 1, "access-c", nil},
		"the candidate is written, with an error": {func(w *world, _ *redeem.ConsentRequest) {
			w.writes = []fault{fine, writtenBut(lost)}
		}, redeem.CodeConnected, 1, "access-c", nil},
		"the store is away for a while": {func(w *world, _ *redeem.ConsentRequest) {
			w.writes = []fault{fine, lost, forbidden, conflict, lost}
		}, redeem.CodeConnected, 1, "access-c", nil},
	} {
		t.Run(name, func(t *testing.T) { test.check(t) })
	}
}

func (o outcome) check(t *testing.T) {
	t.Helper()
	inBubble(t, func(t *testing.T, w *world) {
		w.connected()
		request := back()
		o.arrange(w, &request)
		result, err := w.Consent(t.Context(), request)
		if err != nil || result.Code != o.code || w.calls("exchange code") != o.calls {
			t.Errorf("%+v (%v) after %q, want the code %q and %d exchanges", result, err, w.trail, o.code, o.calls)
		}
		working, candidate, retired := w.accesses()
		if working != o.working || candidate != "" || !slices.Equal(retired, o.retired) {
			t.Errorf("working %q, candidate %q, retired %q; want %q, none, %q", working, candidate, retired, o.working, o.retired)
		}
	})
}

// While X does not say whose the tokens are they wait, and the controller finishes.
func TestConsentFinishedLater(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.connected()
		whose := w.me
		w.me = func() (xapi.User, error) { return xapi.User{}, &xapi.Error{Kind: xapi.KindUnknown, Status: 503} }
		result, err := w.Consent(t.Context(), back())
		if err != nil || result.Code != "" {
			t.Fatalf("the result is %+v (%v), want one without a code", result, err)
		}
		if working, candidate, _ := w.accesses(); working != "access-1" || candidate != "access-c" {
			t.Fatalf("working %q, candidate %q; want access-1 and access-c", working, candidate)
		}
		w.me = whose
		after, result, err := w.SettleCandidate(t.Context(), w.stored(), "")
		if err != nil || result.Code != redeem.CodeConnected || after.Tokens.AccessToken.Reveal() != "access-c" {
			t.Errorf("the controller came to %+v (%v)", result, err)
		}
	})
}

// A token that ended before X said whose it is is not X's fault: the person is told so.
func TestConsentWhoseTokenEnded(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.connected()
		w.me = func() (xapi.User, error) { return xapi.User{}, &xapi.Error{Kind: xapi.KindUnknown, Status: 503} }
		if _, err := w.Consent(t.Context(), back()); err != nil {
			t.Fatal(err)
		}
		w.pass(2 * time.Hour)
		w.me = func() (xapi.User, error) { return xapi.User{}, &xapi.Error{Kind: xapi.KindUnauthorized, Status: 401} }
		_, result, err := w.SettleCandidate(t.Context(), w.stored(), "")
		want := redeem.ConsentResult{Code: "token_exchange_failed", Message: "X did not tell whose account consented before the token ended."}
		if err != nil || result != want {
			t.Errorf("the result is %+v (%v), want %+v", result, err, want)
		}
		if working, candidate, retired := w.accesses(); working != "access-1" || candidate != "" || !slices.Equal(retired, []string{"access-c"}) {
			t.Errorf("working %q, candidate %q, retired %q; want access-1, none, access-c", working, candidate, retired)
		}
	})
}

// A grant that is deleted while the code is exchanged is made again with the
// candidate, however often that takes; or with what X gave, to be revoked.
func TestConsentOfDeletedGrant(t *testing.T) {
	owed := []string{"access-1", "access-c"}
	for name, test := range map[string]struct {
		standing redeem.Standing
		writes   []fault
		working  string
		retired  []string
	}{
		"wanted":                         {redeem.Connectable, nil, "access-c", nil},
		"wanted, and not made at first":  {redeem.Connectable, []fault{fine, fine, lost, forbidden}, "access-c", nil},
		"wanted, and made with an error": {redeem.Connectable, []fault{fine, fine, writtenBut(lost)}, "access-c", nil},
		"disconnected":                   {redeem.Disconnected, nil, "", owed},
		"gone, and made with an error":   {redeem.Gone, []fault{fine, fine, writtenBut(lost)}, "", owed},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.connected()
				w.writes, w.standing = test.writes, test.standing
				w.exchange = func() (xapi.Tokens, error) {
					w.remove()
					return fresh("access-c", "refresh-c"), nil
				}
				if _, err := w.Consent(t.Context(), back()); err != nil {
					t.Fatal(err)
				}
				working, candidate, retired := w.accesses()
				if working != test.working || candidate != "" || !slices.Equal(retired, test.retired) {
					t.Errorf("working %q, retired %q after %q; want %q, %q", working, retired, w.trail, test.working, test.retired)
				}
				if buried := w.stored().Tombstone != nil; buried != (test.standing == redeem.Gone) {
					t.Errorf("it is a tombstone: %t", buried)
				}
			})
		})
	}
}

// A claim that cannot be written spends nothing.
func TestConsentWithoutStore(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.connected()
		w.writes = slices.Repeat([]fault{lost}, 5)
		if _, err := w.Consent(t.Context(), back()); !errors.Is(err, redeem.ErrUnavailable) {
			t.Errorf("the error is %v, want ErrUnavailable", err)
		}
		w.Keeper.Stop()
		if _, err := w.Consent(t.Context(), back()); !errors.Is(err, redeem.ErrUnavailable) {
			t.Errorf("while stopping the error is %v, want ErrUnavailable", err)
		}
		if w.calls("exchange code") != 0 {
			t.Errorf("the code was sent: %q", w.trail)
		}
	})
}

// A browser that leaves does not end the flow.
func TestConsentGoesOnWithoutTheBrowser(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.connected()
		ctx, leave := context.WithCancel(t.Context())
		w.exchange = func() (xapi.Tokens, error) {
			leave()
			return fresh("access-c", "refresh-c"), nil
		}
		w.writes = []fault{fine, lost}
		result, err := w.Consent(ctx, back())
		if err != nil || result.Code != "" {
			t.Errorf("the browser that left is told %+v (%v)", result, err)
		}
		w.Keeper.Drain()
		if working, _, _ := w.accesses(); working != "access-c" {
			t.Errorf("working is %q, want access-c", working)
		}
	})
}
