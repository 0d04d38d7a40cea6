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

// options let everything be revoked unless the account is shared.
func options(shared string) redeem.RevokeOptions {
	return redeem.RevokeOptions{
		Credentials: func(context.Context, grant.App) (xapi.Credentials, error) { return app, nil },
		Shared: func(_ context.Context, _ *grant.Grant, of grant.Grantee) (bool, error) {
			return of.ClientID == "client" && of.UserID == shared, nil
		},
	}
}

func TestRevokeOne(t *testing.T) {
	away := errors.New("X is away")
	both := []string{"patch", "revoke refresh-1", "revoke access-1"}
	for name, test := range map[string]struct {
		arrange   func(*world)
		shared    string
		trail     []string
		left      []string
		forgotten bool
		err       error
	}{
		"it is revoked":         {func(*world) {}, "", append(both, "patch"), nil, false, nil},
		"another lives on it":   {func(*world) {}, "7", []string{"forgo", "patch"}, nil, true, nil},
		"X does not answer":     {func(w *world) { w.revoke = func() error { return away } }, "", append(both[:2:2], "patch"), []string{"access-1"}, false, away},
		"the store is away":     {func(w *world) { w.writes = []fault{fine, lost, lost} }, "", append(both, "patch", "patch", "patch"), nil, false, nil},
		"written with an error": {func(w *world) { w.writes = []fault{fine, writtenBut(lost)} }, "", append(both, "patch"), nil, false, nil},
		"another was first":     {func(w *world) { w.writes = []fault{conflict} }, "", both[:1], []string{"access-1"}, false, grant.ErrConflict},
		"nobody knows whose": {func(w *world) {
			w.alter(func(g *grant.Grant) { g.Retired[0].Account = grant.Account{} })
		}, "7", []string{"me", "forgo", "patch"}, nil, true, nil},
		"X says to nobody whose": {func(w *world) {
			w.alter(func(g *grant.Grant) { g.Retired[0].Account = grant.Account{} })
			w.me = func() (xapi.User, error) { return xapi.User{}, &xapi.Error{Kind: xapi.KindForbidden} }
		}, "", []string{"me", "forgo, whoever it is", "patch"}, nil, true, nil},
		"X does not say whose": {func(w *world) {
			w.alter(func(g *grant.Grant) { g.Retired[0].Account = grant.Account{} })
			w.me = func() (xapi.User, error) { return xapi.User{}, away }
		}, "", []string{"me"}, []string{"access-1"}, false, away},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.connected()
				w.alter(func(g *grant.Grant) { g.Forget() })
				test.arrange(w)
				how := options(test.shared)
				how.Forgo = func(unknown bool) {
					w.trail = append(w.trail, map[bool]string{false: "forgo", true: "forgo, whoever it is"}[unknown])
				}
				result, err := w.RevokeOne(t.Context(), w.stored(), how)
				if !errors.Is(err, test.err) || result.Forgotten != test.forgotten || !slices.Equal(w.trail, test.trail) {
					t.Errorf("forgotten %t (%v) after %q, want %t (%v) after %q", result.Forgotten, err, w.trail, test.forgotten, test.err, test.trail)
				}
				if _, _, left := w.accesses(); !slices.Equal(left, test.left) {
					t.Errorf("%q still waits, want %q", left, test.left)
				}
				if w.stored().Revoking != nil {
					t.Error("a revocation is still under way")
				}
			})
		})
	}
}

// What X says of whose the tokens are is kept: when they ended, it does not say it again.
func TestRevocationKeepsTheAccount(t *testing.T) {
	away := errors.New("X is away")
	for name, fail := range map[string]func(*world, *redeem.RevokeOptions){
		"X is away": func(w *world, _ *redeem.RevokeOptions) { w.revoke = func() error { return away } },
		"no credentials": func(_ *world, o *redeem.RevokeOptions) {
			o.Credentials = func(context.Context, grant.App) (xapi.Credentials, error) { return xapi.Credentials{}, away }
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.connected()
				w.alter(func(g *grant.Grant) {
					g.Forget()
					g.Retired[0].Account = grant.Account{}
				})
				o := options("")
				fail(w, &o)
				if _, err := w.RevokeOne(t.Context(), w.stored(), o); !errors.Is(err, away) {
					t.Fatalf("it ends with %v", err)
				}
				if left := w.stored().Retired; len(left) != 1 || left[0].Account.UserID != "7" {
					t.Errorf("left are %+v", left)
				}
			})
		})
	}
}

// A set that can't be revoked, as of an app that is gone, does not keep the others
// from it.
func TestRevokeOthersMeanwhile(t *testing.T) {
	refused := errors.New("X refuses the app")
	for name, fail := range map[string]func(*world, *redeem.RevokeOptions){
		"X refuses": func(w *world, _ *redeem.RevokeOptions) {
			w.revoke = func() error {
				if w.calls("revoke refresh-1") == 1 && w.calls("revoke other refresh") == 0 {
					return refused
				}
				return nil
			}
		},
		"no credentials": func(_ *world, o *redeem.RevokeOptions) {
			o.Credentials = func(_ context.Context, a grant.App) (xapi.Credentials, error) {
				if a.ClientID == "client" {
					return xapi.Credentials{}, refused
				}
				return app, nil
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.connected()
				w.alter(func(g *grant.Grant) {
					g.Forget()
					other := grant.Tokens{App: grant.App{ClientID: "other"}, AccessToken: secret.New("other access"), RefreshToken: secret.New("other refresh")}
					g.Retired = append(g.Retired, grant.Retired{Tokens: other, Account: grant.Account{UserID: "8"}})
				})
				o := options("")
				fail(w, &o)
				result, err := w.RevokeOne(t.Context(), w.stored(), o)
				if !errors.Is(err, refused) {
					t.Fatalf("the first ends with %v", err)
				}
				if _, err := w.RevokeOne(t.Context(), result.Grant, o); err != nil {
					t.Fatal(err)
				}
				if _, _, left := w.accesses(); !slices.Equal(left, []string{"access-1"}) || w.calls("revoke other refresh") != 1 {
					t.Errorf("%q still wait after %q, want access-1 alone", left, w.trail)
				}
			})
		})
	}
}

// X may end an account's tokens all together: a consent that comes back while X is
// asked to revoke waits, and one that came first is not met by a revocation.
func TestRevocationAndConsentExclude(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.connected()
		w.alter(func(g *grant.Grant) {
			g.Forget()
			g.Consent.Wanted, g.Consent.Epoch = true, 3
		})
		early := w.stored()
		w.revoke = func() error {
			if _, err := w.Consent(t.Context(), back()); !errors.Is(err, redeem.ErrUnavailable) {
				t.Errorf("a consent during the revocation: %v", err)
			}
			return nil
		}
		if _, err := w.RevokeOne(t.Context(), early, options("")); err != nil {
			t.Fatal(err)
		}
		if w.calls("exchange code") != 0 {
			t.Errorf("the code was exchanged during the revocation: %q", w.trail)
		}
		if result, err := w.Consent(t.Context(), back()); err != nil || result.Code != redeem.CodeConnected {
			t.Errorf("after the revocation the consent is %+v (%v)", result, err)
		}
		revoked := w.calls("revoke refresh-1")
		if _, err := w.RevokeOne(t.Context(), early, options("")); !errors.Is(err, grant.ErrConflict) || w.calls("revoke refresh-1") != revoked {
			t.Errorf("a revocation that was decided on before the consent: %v after %q", err, w.trail)
		}
	})
}

// Two processes may hold one grant for a while, as when a lease changes hands: the second
// would end its fence against consents while the first is yet to call X.
func TestRevocationWaitsForAnothers(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.connected()
		w.alter(func(g *grant.Grant) { g.Forget() })
		w.revoke = func() error {
			w.revoke = func() error { return nil }
			if _, err := w.RevokeOne(t.Context(), w.stored(), options("")); !errors.Is(err, grant.ErrConflict) {
				t.Errorf("a second revocation meanwhile: %v", err)
			}
			if w.stored().Revoking == nil {
				t.Error("the first one's fence is gone")
			}
			return nil
		}
		if _, err := w.RevokeOne(t.Context(), w.stored(), options("")); err != nil {
			t.Fatal(err)
		}
		if w.calls("revoke refresh-1") != 1 || w.calls("revoke access-1") != 1 {
			t.Errorf("X was asked %q", w.trail)
		}
	})
}

// A process that was paused before it calls X does not revoke when it wakes up: a
// person may have consented again.
func TestRevocationWakesUpLate(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.connected()
		w.alter(func(g *grant.Grant) { g.Forget() })
		w.writes = []fault{func(apply func() error) error {
			err := apply()
			w.pass(time.Minute)
			return err
		}}
		result, err := w.RevokeOne(t.Context(), w.stored(), options(""))
		if err == nil || w.calls("revoke refresh-1") != 0 || result.Grant.Revoking != nil || len(result.Grant.Retired) != 1 {
			t.Errorf("%v after %q, with %+v", err, w.trail, result.Grant)
		}
	})
}

// An answer that another process stores in the place of the set that is being
// revoked is not taken for it: it waits for a revocation of its own.
func TestRevokeLeavesWhatCameMeanwhile(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		before := w.connected()
		late := *before.Tokens
		late.AccessToken, late.RefreshToken = secret.New("access-2"), secret.New("refresh-2")
		attempt := grant.Attempt{ID: "late", TokenHash: before.Tokens.RefreshToken.Hash()}
		w.alter(func(g *grant.Grant) { g.Forget() })
		w.revoke = func() error {
			w.alter(func(g *grant.Grant) { g.Place(attempt, late, before.Account) })
			return nil
		}
		if _, err := w.RevokeOne(t.Context(), w.stored(), options("")); err != nil {
			t.Fatal(err)
		}
		if _, _, left := w.accesses(); !slices.Equal(left, []string{"access-2"}) {
			t.Errorf("%q waits to be revoked, want access-2", left)
		}
	})
}

// What a process knows of an attempt of its own, of its pod's earlier run and of others.
func TestSeen(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		release := make(chan struct{})
		ctx, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		err := w.Keeper.Do(ctx, "busy", func(context.Context) { <-release })
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		for _, test := range []struct {
			id, pod, start string
			mine, gone     bool
		}{
			{"busy", "pod", "run", true, false},
			{"over", "pod", "run", false, true},
			{"busy", "pod", "earlier", false, true},
			{"busy", "another", "theirs", false, false},
		} {
			mine, gone := w.Seen(grant.Attempt{ID: test.id, Holder: grant.Holder{Pod: test.pod, Start: test.start}})
			if mine != test.mine || gone != test.gone {
				t.Errorf("%s of %s %s: mine %t, gone %t; want %t, %t", test.id, test.pod, test.start, mine, gone, test.mine, test.gone)
			}
		}
		close(release)
		w.Keeper.Drain()
	})
}
