// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package redeem_test

import (
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/redeem"
	"github.com/agentconnect/x-operator/internal/secret"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// other stores the grant of another connection, of an account and with the same app.
func (w *world) other(userID string) {
	w.t.Helper()
	_, err := w.others.Create(w.t.Context(), &grant.Grant{
		Owner: grant.Owner{Namespace: "team", Name: "other", UID: types.UID("other-" + userID)}, ClusterID: "cluster",
		Tokens:  &grant.Tokens{App: grant.App{ClientID: "client"}, AccessToken: secret.New("a"), RefreshToken: secret.New("r")},
		Account: grant.Account{UserID: userID},
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// The callback may not make grants. An answer to a consent whose grant was deleted
// meanwhile ends there: X is asked to revoke what nobody wants, and nothing is held on to.
func TestConsentWhereGrantsMayNotBeMade(t *testing.T) {
	away := &xapi.Error{Kind: xapi.KindUnknown, Status: 503}
	revoked := []string{"revoke refresh-c", "revoke access-c", "ended"}
	for name, test := range map[string]struct {
		standing redeem.Standing
		arrange  func(*world)
		// want is what happens after the first refusal to make the grant.
		want []string
	}{
		"gone":         {redeem.Gone, func(*world) {}, slices.Concat([]string{"me"}, revoked)},
		"disconnected": {redeem.Disconnected, func(*world) {}, slices.Concat([]string{"me"}, revoked)},
		"gone, and X does not tell whose": {redeem.Gone, func(w *world) {
			w.me = func() (xapi.User, error) { return xapi.User{}, &xapi.Error{Kind: xapi.KindForbidden, Status: 403} }
		}, slices.Concat([]string{"me"}, revoked)},
		"gone, another connection of the account": {redeem.Gone, func(w *world) { w.other("7") }, []string{"me", "ended"}},
		"gone, another connection of the app":     {redeem.Gone, func(w *world) { w.other("8") }, slices.Concat([]string{"me"}, revoked)},
		"gone, X is away for a moment": {redeem.Gone, func(w *world) {
			w.revoke = func() error {
				w.revoke = func() error { return nil }
				return away
			}
		}, slices.Concat([]string{"me", "revoke refresh-c", "create", "me"}, revoked)},
		"gone, X stays away": {redeem.Gone, func(w *world) {
			w.revoke = func() error {
				w.pass(30 * time.Second)
				return away
			}
		}, []string{"me", "revoke refresh-c", "create", "me", "revoke refresh-c", "ended alive"}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.connected()
				w.standing = test.standing
				test.arrange(w)
				w.forbidden = true
				w.exchange = func() (xapi.Tokens, error) {
					w.remove()
					return fresh("access-c", "refresh-c"), nil
				}
				if _, err := w.Consent(t.Context(), back()); err != nil {
					t.Fatal(err)
				}
				w.Keeper.Drain()
				if after := w.trail[slices.Index(w.trail, "create")+1:]; !slices.Equal(after, test.want) {
					t.Errorf("then %q, want %q", after, test.want)
				}
			})
		})
	}
}

// While the owner wants to be connected its answer is kept: the controllers make the
// grant anew, and it is stored there.
func TestConsentKeptForTheOwner(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		lost := w.connected()
		w.forbidden = true
		w.exchange = func() (xapi.Tokens, error) {
			w.remove()
			return fresh("access-c", "refresh-c"), nil
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_, _ = w.Consent(t.Context(), back())
		}()
		time.Sleep(time.Hour)
		placeholder := &grant.Grant{Owner: lost.Owner, ClusterID: "cluster", Consent: lost.Consent}
		if _, err := w.others.Create(t.Context(), placeholder); err != nil {
			t.Fatal(err)
		}
		<-ended
		if working, _, retired := w.accesses(); working != "access-c" || retired != nil || w.calls("revoke refresh-c") != 0 {
			t.Errorf("working %q, retired %q, after %d calls to revoke; want access-c alone", working, retired, w.calls("revoke refresh-c"))
		}
	})
}
