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

// neighbour stores the grant of another connection, which change alters.
func (w *world) neighbour(change func(*grant.Grant)) {
	w.t.Helper()
	made, err := w.others.Create(w.t.Context(), &grant.Grant{
		Owner: grant.Owner{Namespace: "team", Name: "other", UID: "other"}, ClusterID: "cluster",
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.others.Update(w.t.Context(), made, change); err != nil {
		w.t.Fatal(err)
	}
}

// alterNeighbour is a write to the other connection's grant.
func (w *world) alterNeighbour(change func(*grant.Grant)) {
	w.t.Helper()
	g, err := w.others.GetLive(w.t.Context(), "other")
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.others.Update(w.t.Context(), g, change); err != nil {
		w.t.Fatal(err)
	}
}

func revoking(clientID, userID string, at time.Time) func(*grant.Grant) {
	return func(g *grant.Grant) {
		g.BeginRevocation("revocation", grant.Grantee{ClientID: clientID, UserID: userID}, at)
	}
}

func ended(g *grant.Grant) { g.EndRevocation("revocation") }

// While another connection's tokens of the same account and app are being revoked, X may
// end those of a consent as well: it counts once X named the account after that.
func TestConsentMeetsAnothersRevocation(t *testing.T) {
	none := func(*grant.Grant) {}
	for name, test := range map[string]struct {
		before, meanwhile func(*grant.Grant)
		waits             bool
	}{
		"of the same account":              {revoking("client", "7", moment), none, true},
		"of an account that X keeps to it": {revoking("client", "", moment), none, true},
		"begun while X was asked":          {none, revoking("client", "7", moment), true},
		"ended while X was asked":          {revoking("client", "7", moment), ended, true},
		"of another account":               {revoking("client", "8", moment), none, false},
		"of another app":                   {revoking("other", "7", moment), none, false},
		"left behind long ago":             {revoking("client", "7", moment.Add(-time.Hour)), none, false},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.connected()
				w.neighbour(test.before)
				w.me = func() (xapi.User, error) {
					if w.calls("me") == 1 {
						w.alterNeighbour(test.meanwhile)
					}
					return xapi.User{ID: "7", Username: "news"}, nil
				}
				result, err := w.Consent(t.Context(), back())
				if _, candidate, _ := w.accesses(); err != nil || (candidate != "") != test.waits || (result.Code == "") != test.waits {
					t.Fatalf("the result is %+v (%v) with the candidate %q", result, err, candidate)
				}
				if !test.waits {
					return
				}
				w.alterNeighbour(ended)
				if _, result, err := w.SettleCandidate(t.Context(), w.stored(), ""); err != nil || result.Code != redeem.CodeConnected {
					t.Errorf("after it the result is %+v (%v)", result, err)
				}
				if w.calls("me") != 2 {
					t.Errorf("X was asked %d times, want twice", w.calls("me"))
				}
			})
		})
	}
}

// candidate gives a grant tokens of a consent that was answered at a time.
func candidate(clientID string, at time.Time) func(*grant.Grant) {
	return func(g *grant.Grant) {
		g.Candidate = &grant.Candidate{Nonce: "n", Tokens: grant.Tokens{
			App: grant.App{ClientID: clientID}, AccessToken: secret.New("their access"), ReceivedAt: at,
		}}
	}
}

// A revocation gives way to another connection's consent that may be of its account.
func TestRevocationMeetsAnothersConsent(t *testing.T) {
	for name, test := range map[string]struct {
		theirs  func(*grant.Grant)
		overdue bool
		waits   bool
	}{
		"of the same app":               {candidate("client", moment), false, true},
		"of another app":                {candidate("other", moment), false, false},
		"whose account X does not tell": {candidate("client", moment.Add(-time.Hour)), false, false},
		"again and again":               {candidate("client", moment), true, false},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.connected()
				w.alter(func(g *grant.Grant) { g.Forget() })
				w.neighbour(test.theirs)
				o := options("")
				o.Overdue = test.overdue
				_, err := w.RevokeOne(t.Context(), w.stored(), o)
				_, _, left := w.accesses()
				if (err != nil) != test.waits || (len(left) == 1) != test.waits || (w.calls("revoke refresh-1") == 0) != test.waits {
					t.Errorf("%q is left after %q (%v)", left, w.trail, err)
				}
				if w.stored().Revoking != nil {
					t.Error("a revocation is still under way")
				}
			})
		})
	}
}

// A consent whose account becomes known between the two looks is seen by one of them.
func TestRevocationMeetsAPromotion(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.connected()
		w.alter(func(g *grant.Grant) { g.Forget() })
		w.neighbour(candidate("client", moment))
		_, err := w.RevokeOne(t.Context(), w.stored(), lookedTwice(func() bool {
			w.alterNeighbour(func(g *grant.Grant) {
				g.Candidate.Account.UserID = "7"
				g.Promote()
			})
			return false
		}))
		if err == nil || w.calls("revoke refresh-1") != 0 {
			t.Errorf("the error is %v after %q", err, w.trail)
		}
	})
}

// lookedTwice is as options, but for what is found at the second look: others could see by then
// that a revocation is under way.
func lookedTwice(second func() bool) redeem.RevokeOptions {
	o := options("")
	looks := 0
	o.Shared = func(context.Context, *grant.Grant, grant.Grantee) (bool, error) {
		looks++
		return looks == 2 && second(), nil
	}
	return o
}

func TestRevocationLooksAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.connected()
		w.alter(func(g *grant.Grant) { g.Forget() })
		result, err := w.RevokeOne(t.Context(), w.stored(), lookedTwice(func() bool { return true }))
		if err != nil || !result.Forgotten || !slices.Equal(w.trail, []string{"patch", "patch"}) {
			t.Errorf("forgotten %t (%v) after %q", result.Forgotten, err, w.trail)
		}
		if g := w.stored(); g.Revoking != nil || len(g.Retired) != 0 {
			t.Errorf("stored is the revocation %v, and %d sets wait", g.Revoking, len(g.Retired))
		}
	})
}

// A process that was paused must not wake up and revoke what came since.
func TestRevocationThatWakesUpLate(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.connected()
		w.alter(func(g *grant.Grant) { g.Forget() })
		_, err := w.RevokeOne(t.Context(), w.stored(), lookedTwice(func() bool {
			w.pass(46 * time.Second)
			return false
		}))
		var refusal *xapi.Error
		if !errors.As(err, &refusal) || refusal.Kind != xapi.KindAborted || !slices.Equal(w.trail, []string{"patch", "patch"}) {
			t.Errorf("the error is %v after %q", err, w.trail)
		}
		if g := w.stored(); g.Revoking != nil || len(g.Retired) != 1 {
			t.Errorf("stored is the revocation %v, and %d sets wait, want one", g.Revoking, len(g.Retired))
		}
	})
}
