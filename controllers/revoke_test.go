// Copyright The X Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/agentconnect/x-operator/api/v1alpha1"
	"github.com/agentconnect/x-operator/internal/grant"
	"github.com/agentconnect/x-operator/internal/latecache"
	"github.com/agentconnect/x-operator/internal/secret"
	"github.com/agentconnect/x-operator/internal/xapi"
)

// TestTwoThatEndTogether: two connections of one account are given up at the same time,
// as when their namespace is deleted. However late the cache is, one at least must
// ask X to revoke: each that sees the other alive leaves the account to it.
func TestTwoThatEndTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late, show := latecache.New(t, func() *fake.ClientBuilder {
			return fake.NewClientBuilder().WithIndex(&corev1.Secret{}, indexGrantee, granteeHashesOf)
		})
		store := &grant.Store{Client: late, Live: late, Namespace: "operator", ClusterID: "cluster"}
		of := grant.Grantee{ClientID: "client", UserID: "7"}
		connect := func(name string) *grant.Grant {
			g, err := store.Create(t.Context(), &grant.Grant{
				Owner: grant.Owner{Namespace: "team", Name: name, UID: types.UID(name)}, ClusterID: "cluster",
				Account: grant.Account{UserID: of.UserID},
				Tokens:  &grant.Tokens{App: grant.App{ClientID: of.ClientID}, AccessToken: secret.New(name)},
			})
			if err != nil {
				t.Fatal(err)
			}
			return g
		}
		giveUp := func(g *grant.Grant) *grant.Grant {
			given, err := store.Update(t.Context(), g, func(g *grant.Grant) { g.Forget() })
			if err != nil {
				t.Fatal(err)
			}
			return given
		}
		shared := revokeOptions(late, store).Shared
		first, second := connect("first"), connect("second")
		show()
		first = giveUp(first)
		answers := make(chan bool, 1)
		go func() {
			is, err := shared(t.Context(), first, of)
			if err != nil {
				t.Error(err)
			}
			answers <- is
		}()
		synctest.Wait()
		select {
		case is := <-answers:
			t.Fatalf("shared is %t before the cache shows what was given up", is)
		default:
		}
		show()
		if !<-answers {
			t.Error("the first does not leave the account to the second, which is alive")
		}
		second = giveUp(second)
		show()
		if is, err := shared(t.Context(), second, of); err != nil || is {
			t.Errorf("the second leaves the account to the first, which was given up: %t (%v)", is, err)
		}
	})
}

// TestRevocationThatTakesPerson: a revocation that nothing but a person's change of the app
// helps is Stalled, so that who waits for it is told; X's troubles pass.
func TestRevocationThatTakesPerson(t *testing.T) {
	for name, test := range map[string]struct {
		err     error
		stalled bool
	}{
		"nothing failed":          {nil, false},
		"no credentials":          {fmt.Errorf("%w: the Secret is gone", grant.ErrNoCredentials), true},
		"refused credentials":     {fmt.Errorf("revoking: %w", &xapi.Error{Kind: xapi.KindCredentials}), true},
		"an X that is away":       {fmt.Errorf("revoking: %w", &xapi.Error{Kind: xapi.KindUnknown}), false},
		"an API server's trouble": {errors.New("no leader"), false},
	} {
		s := connectedScope()
		disconnect(s)
		retire(s)
		s.grant.Tokens, s.revoking.err = nil, test.err
		if v := judge(s); v.reason != v1alpha1.ReasonNotRevoked || v.stalled != test.stalled || v.reconciling == test.stalled {
			t.Errorf("%s: %s, stalled %t, reconciling %t", name, v.reason, v.stalled, v.reconciling)
		}
	}
}

// Tokens from before that stay alive under a connection that works are told of once, and
// not at the first failure.
func TestEarlierTokensThatAreNotRevoked(t *testing.T) {
	deleted := metav1.NewTime(someTime)
	for name, test := range map[string]struct {
		deletion *metav1.Time
		failures int
		tells    bool
	}{
		"failed for a minute":      {nil, tellNotRevoked, true},
		"failed for a moment":      {nil, 1, false},
		"told before":              {nil, tellNotRevoked + 1, false},
		"of an object that leaves": {&deleted, tellNotRevoked, false},
	} {
		t.Run(name, func(t *testing.T) {
			recorder := events.NewFakeRecorder(2)
			r := &XConnectionReconciler{Recorder: recorder}
			r.tellNotRevoked(&scope{
				conn:     &v1alpha1.XConnection{ObjectMeta: metav1.ObjectMeta{DeletionTimestamp: test.deletion}},
				revoking: setback{err: errors.New("the reason"), failures: test.failures},
			})
			close(recorder.Events)
			told := <-recorder.Events
			if tells := strings.HasPrefix(told, "Warning NotRevokedYet") && strings.HasSuffix(told, ": the reason"); tells != test.tells {
				t.Errorf("the event is %q", told)
			}
		})
	}
}
